"""The comparison itself, written once in Ibis: what the files say of each number, and what follows for each person."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from datetime import date
from functools import reduce

import ibis
import ibis.expr.types as ir

from certification.comparison.rules import REGISTER, Outcome, Rules

_OLD, _UNSAID, _DEATHS = -1, -2, -10  # kinds of signals besides the places of the sources that show life
FLOOR = date(1900, 1, 1)  # a day before all others, where there is none
PEOPLE = {
    "person_id": "string",
    "number": "string",
    "period_id": "string",
    "opens": "date",
    "due": "date",
    "closed": "boolean",
    "backed_on": "date",
    "dead_on": "date",
    "alive_on_record": "date",
}
"""The roll as it is judged: each person with their present period. `backed_on`: the last day of evidence on record that
lets weaker evidence count. `dead_on`, `alive_on_record`: when a human last found that they had died, or had not."""


def gathered(signals: ir.Table, rules: Rules) -> ir.Table:
    """One row a `number`, from signals (`number`, `source`, `event`: strings; `seen`: date).

    `on_0`, `on_1`, …: the last day on which each source of the rules showed life, `on_old`: the last too long ago to
    count; `died_on`, `died_last`: the first and the last death on record, `died_as` which of the rules' events;
    `registered`, where the rules ask: 1 if the household register has the number. `lines` counts the signals, `unsaid`
    those that say nothing: of a source or an event that the rules do not know, of a day to come, or of none.
    """
    deaths = [(signals.event == event, _DEATHS - place) for place, event in enumerate(rules.dead)]
    kinds = [
        (signals.source == source.name, ibis.ifelse(signals.seen >= _day(source.earliest), place, _OLD))
        for place, source in enumerate(rules.sources)
    ]
    in_time = (signals.seen <= _day(rules.on)).fill_null(False)
    shows_life = signals.event.isin(["", *rules.alive])
    kind = ibis.cases((~in_time, _UNSAID), *deaths, (~shows_life, _UNSAID), *kinds, else_=_UNSAID).cast("int8")
    rows = signals.select("number", "source", "seen", kind=kind)
    death = rows.kind <= _DEATHS
    registered = ((rows.kind != _UNSAID) & (rows.source == REGISTER)).cast("int8").max()
    return rows.group_by("number").agg(
        **{f"on_{place}": rows.seen.max(where=rows.kind == place) for place in range(len(rules.sources))},
        on_old=rows.seen.max(where=rows.kind == _OLD),
        died_on=rows.seen.min(where=death),
        died_last=rows.seen.max(where=death),
        died_as=rows.kind.max(where=death),
        lines=rows.count(),
        unsaid=rows.count(where=rows.kind == _UNSAID),
        **({"registered": registered} if rules.register_only else {}),
    )


def joined(rows: ir.Table) -> ir.Table:
    """Rows of gathered(), several of which may have one `number`, as one a number."""
    sums, first = ("lines", "unsaid"), ("died_on",)
    last = [name for name in rows.columns if name not in ("number", *sums, *first)]
    return rows.group_by("number").agg(
        **{name: rows[name].max() for name in last},
        **{name: rows[name].min() for name in first},
        **{name: rows[name].sum() for name in sums},
    )


def judged(people: ir.Table, found: ir.Table, rules: Rules) -> ir.Table:
    """What the comparison says of each of the people (see PEOPLE), with what gathered() found under their numbers.

    `outcome` is one of Outcome; `source`, `strength` and `seen_on` name the sign that certifies, or else the last one
    there is, or that contradicts; `died_on` is the day of a death that no human found wrong, `died_as` the event that
    told of it, none where a human did. `stronger`, `stronger_strength`, `stronger_on`: a stronger sign than the one
    told, if there is one: it may back others for months.
    """
    rows = people.left_join(found, people.number == found.number)
    days = [ibis.coalesce(rows[f"on_{place}"], _day(FLOOR)) for place in range(len(rules.sources))]
    enough = [(day >= rows.opens) & _suffices(rows, days, place, rules) for place, day in enumerate(days)]
    sure = _latest([ibis.ifelse(yes, day, _day(FLOOR)) for yes, day in zip(enough, days, strict=True)])
    last = _latest(days)
    certified, shown = sure > _day(FLOOR), last > _day(FLOOR)
    told = ibis.ifelse(
        certified,
        ibis.cases(*((yes & (day == sure), place) for place, (yes, day) in enumerate(zip(enough, days, strict=True)))),
        ibis.cases(*((shown & (day == last), place) for place, day in enumerate(days))),
    )
    died_on = _death(rows)
    alive_on = _latest([*days, ibis.coalesce(rows.on_old, _day(FLOOR))])
    contradicted = (alive_on > died_on).fill_null(False)
    on_record = died_on.notnull() & rows.dead_on.isnull()
    elsewhere = (rows.registered.fill_null(0) == 0) if rules.register_only else ibis.literal(False)
    outcome = ibis.cases(
        (contradicted, Outcome.CONTRADICTION.value),
        (died_on.notnull(), Outcome.DEATH.value),
        (elsewhere, Outcome.ELSEWHERE.value),
        (certified, Outcome.CERTIFIED.value),
        (rows.closed, Outcome.ALREADY.value),
        else_=Outcome.UNRESOLVED.value,
    )
    stronger = ibis.cases(  # the strongest come first
        *(
            ((day > _day(FLOOR)) & told.isin(_weaker(rules, place)), place)
            for place, day in enumerate(days)
            if _weaker(rules, place)
        ),
        (ibis.literal(False), -1),
        else_=-1,
    )
    return rows.select(
        "person_id",
        "period_id",
        "due",
        outcome=outcome,
        source=_of(told, [source.name for source in rules.sources]),
        strength=_of(told, [int(source.strength) for source in rules.sources]),
        stronger=_of(stronger, [source.name for source in rules.sources]),
        stronger_strength=_of(stronger, [int(source.strength) for source in rules.sources]),
        stronger_on=_of(stronger, days),
        seen_on=ibis.cases((contradicted, alive_on), (certified, sure), (shown, last)),
        died_on=died_on,
        died_as=ibis.cases(
            *((on_record & (rows.died_as == _DEATHS - place), event) for place, event in enumerate(rules.dead))
        ),
    )


def _of(place: ir.IntegerValue, values: Sequence[object]) -> ir.Value:
    """What stands at a place; nothing where there is none."""
    return ibis.cases(*((place == one, value) for one, value in enumerate(values)))


def _weaker(rules: Rules, place: int) -> list[int]:
    """The places of the sources that are weaker than this one."""
    least = rules.sources[place].strength
    return [other for other, source in enumerate(rules.sources) if source.strength < least]


def _suffices(rows: ir.Table, days: list[ir.DateValue], place: int, rules: Rules) -> ir.BooleanValue | ir.BooleanScalar:
    """As evidence.decide() has it: strong enough, or backed by stronger evidence of not long before.

    That is on record, or comes with the same files.
    """
    lesser, day, strength = rules.rule.lesser, days[place], rules.sources[place].strength
    if strength >= rules.rule.needs:
        return ibis.literal(True)
    if lesser is None or strength < lesser.counts:
        return ibis.literal(False)
    strong = [one for one, source in zip(days, rules.sources, strict=True) if source.strength >= lesser.backed_by]
    earliest = day - ibis.interval(months=lesser.months)
    return reduce(
        operator.or_, ((one <= day) & (one >= earliest) & (one > _day(FLOOR)) for one in (rows.backed_on, *strong))
    ).fill_null(False)


def _death(rows: ir.Table) -> ir.DateValue:
    """The day of a death that stands: found by a human, or on record and not since found wrong by one."""
    wrong = ibis.coalesce(rows.alive_on_record, _day(FLOOR))
    return ibis.cases(
        (rows.dead_on.notnull(), rows.dead_on),
        ((rows.died_on > wrong).fill_null(False), rows.died_on),
        ((rows.died_last > wrong).fill_null(False), rows.died_last),
    )


def _latest(days: list[ir.DateValue]) -> ir.DateValue:
    return ibis.greatest(*days) if len(days) > 1 else days[0]


def _day(day: date) -> ir.DateScalar:
    return ibis.date(day.year, day.month, day.day)
