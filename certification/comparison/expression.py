"""The comparison itself, written once in Ibis: what the files say of each number, and what follows for each person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import cast

import ibis
import ibis.expr.types as ir

from certification.comparison.rules import REGISTER, Outcome, Rules

ibis.options.sql.fuse_selects = False  # each step is computed once, and the next goes on from it
_OLD, _UNSAID, _DEATHS = -1, -2, -10  # kinds of signals besides the places of the sources that show life
FLOOR = date(1900, 1, 1)  # a day before all others, where there is none
PEOPLE = {
    "roll_row": "int64",
    "number": "string",
    "opens": "date",
    "closed": "boolean",
    "backed_on": "date",
    "dead_on": "date",
    "alive_on_record": "date",
}
"""The roll as it is judged: each person with their present period, by their row of it. `backed_on`: the last day of
evidence on record that lets weaker evidence count. `dead_on`, `alive_on_record`: when a human last found that they had
died, or had not."""


def _trim(text: str) -> str:
    """DuckDB's own: without the spaces around it, Chinese ones too, as signals.Signals trims; strip() knows others."""
    raise NotImplementedError


_trimmed = cast("Callable[[ir.StringValue], ir.StringValue]", ibis.udf.scalar.builtin(_trim, name="trim"))


def gathered(signals: ir.Table, rules: Rules) -> ir.Table:
    """One row a `number`, from signals (`number`, `source`, `event`: strings as they are written; `seen`: date).

    `on_0`, `on_1`, …: the last day on which each source of the rules showed life, `on_old`: the last too long ago to
    count; `died_on`, `died_last`: the first and the last death on record, `died_as` which of the rules' events;
    `registered`, where the rules ask: 1 if the household register has the number. `unsaid` counts the signals that say
    nothing: of a source or an event that the rules do not know, of a day to come, long before all lives, or of none.
    """
    source, event = signals.source, signals.event
    kind = ibis.coalesce(  # what nearly every line says is found without a copy of its text
        _kind(source, event, signals.seen, rules),
        _kind(_trimmed(source), _trimmed(event).lower(), signals.seen, rules),
        _UNSAID,
    )
    in_time = signals.seen.between(_day(FLOOR), _day(rules.on)).fill_null(False)
    rows = signals.select("number", "source", "seen", kind=ibis.ifelse(in_time, kind, _UNSAID).cast("int8"))
    death = rows.kind <= _DEATHS
    registered = ((rows.kind != _UNSAID) & (_trimmed(rows.source) == REGISTER)).cast("int8").max()
    return rows.group_by("number").agg(
        **{f"on_{place}": rows.seen.max(where=rows.kind == place) for place in range(len(rules.sources))},
        on_old=rows.seen.max(where=rows.kind == _OLD),
        died_on=rows.seen.min(where=death),
        died_last=rows.seen.max(where=death),
        died_as=rows.kind.max(where=death),
        unsaid=rows.count(where=rows.kind == _UNSAID),
        **({"registered": registered} if rules.register_only else {}),
    )


def _kind(source: ir.StringValue, event: ir.StringValue, seen: ir.DateValue, rules: Rules) -> ir.IntegerValue:
    """What a signal shows: a place of the sources, _OLD, _DEATHS and below; nothing where no rule knows its words."""
    shows_life = event.isin([one for one in ("", *rules.alive) if one not in rules.dead])
    kinds = [
        (source == one.name, ibis.ifelse(seen >= _day(one.earliest), place, _OLD))
        for place, one in enumerate(rules.sources)
    ]
    deaths = [(event == one, _DEATHS - place) for place, one in enumerate(rules.dead)]
    return ibis.cases((shows_life, ibis.cases(*kinds)), *deaths)


def joined(rows: ir.Table) -> ir.Table:
    """Rows of gathered(), several of which may have one `number`, as one a number."""
    last = [name for name in rows.columns if name not in ("number", "died_on", "unsaid")]
    latest = {name: rows[name].max() for name in last}
    return rows.group_by("number").agg(**latest, died_on=rows.died_on.min(), unsaid=rows.unsaid.sum())


def judged(people: ir.Table, found: ir.Table, rules: Rules) -> ir.Table:
    """What the comparison says of each of the people (see PEOPLE), with what gathered() found under their numbers.

    `outcome` is one of Outcome; `source`, `strength` and `seen_on` name the sign that certifies, or else the last one
    there is, or that contradicts; `died_on` is the day of a death that no human found wrong, `died_as` the event that
    told of it, none where a human did. `stronger`, `stronger_strength`, `stronger_on`: a stronger sign than the one
    told, if there is one: it may back others for months. `found_row` is what `found` calls the row of their number.
    """
    rows, places = _told(_laid_side_by_side(people, found, rules), rules), range(len(rules.sources))
    outcome = ibis.cases(
        (rows.contradicted, Outcome.CONTRADICTION.value),
        (rows.death.notnull(), Outcome.DEATH.value),
        (rows.elsewhere, Outcome.ELSEWHERE.value),
        (rows.sure > _day(FLOOR), Outcome.CERTIFIED.value),
        (rows.closed, Outcome.ALREADY.value),
        else_=Outcome.UNRESOLVED.value,
    )
    names, strengths = zip(*((source.name, int(source.strength)) for source in rules.sources), strict=True)
    return rows.select(
        "roll_row",
        "found_row",
        outcome=outcome,
        source=_of(rows.told, names),
        strength=_of(rows.told, strengths),
        stronger=_of(rows.stronger, names),
        stronger_strength=_of(rows.stronger, strengths),
        stronger_on=_of(rows.stronger, [rows[f"on_{place}"] for place in places]),
        seen_on=ibis.cases(
            (rows.contradicted, rows.alive_on),
            (rows.sure > _day(FLOOR), rows.sure),
            (rows["last"] > _day(FLOOR), rows["last"]),
        ),
        died_on=rows.death,
        died_as=ibis.cases(
            *(
                (rows.death.notnull() & rows.dead_on.isnull() & (rows.died_as == _DEATHS - place), event)
                for place, event in enumerate(rules.dead)
            )
        ),
    )


def _told(rows: ir.Table, rules: Rules) -> ir.Table:
    """Which source is told of: the last that is sure, or else the last there is; and which stronger one beside it.

    `sure`: the last day on which a source suffices, `last`: on which any shows life; FLOOR where there is none.
    """
    places, floor = range(len(rules.sources)), _day(FLOOR)
    on = {place: f"on_{place}" for place in places}
    enough = {place: (rows[on[place]] >= rows.opens) & _suffices(rows, place, rules) for place in places}
    rows = rows.mutate(
        **{f"sure_{place}": ibis.ifelse(yes, rows[on[place]], floor) for place, yes in enough.items()},
        last=_latest([rows[on[place]] for place in places]),
        contradicted=(rows.alive_on > rows.death).fill_null(False),
    )
    rows = rows.mutate(sure=_latest([rows[f"sure_{place}"] for place in places]))
    rows = rows.mutate(
        told=ibis.ifelse(
            rows.sure > floor,
            ibis.cases(*((rows[f"sure_{place}"] == rows.sure, place) for place in places)),
            ibis.cases(*(((rows["last"] > floor) & (rows[on[place]] == rows["last"]), place) for place in places)),
        )
    )
    weaker = {place: than for place in places if (than := _weaker(rules, place))}  # the strongest come first
    stronger = (((rows[on[place]] > floor) & rows.told.isin(than), place) for place, than in weaker.items())
    return rows.mutate(stronger=ibis.cases(*stronger, (ibis.literal(False), -1), else_=-1))


def _laid_side_by_side(people: ir.Table, found: ir.Table, rules: Rules) -> ir.Table:
    """Each of the people with the days found; FLOOR where a source has none. `death`: the day of one that stands."""
    rows = people.left_join(found, people.number == found.number)
    days = {f"on_{place}": ibis.coalesce(rows[f"on_{place}"], _day(FLOOR)) for place in range(len(rules.sources))}
    return rows.select(
        *("roll_row", "found_row", "opens", "closed", "backed_on", "dead_on", "died_as"),
        **days,
        alive_on=_latest([*days.values(), ibis.coalesce(rows.on_old, _day(FLOOR))]),
        death=_death(rows),
        elsewhere=(rows.registered.fill_null(0) == 0) if rules.register_only else ibis.literal(False),
    )


def _of(place: ir.IntegerValue, values: Sequence[object]) -> ir.Value:
    """What stands at a place; nothing where there is none."""
    return ibis.cases(*((place == one, value) for one, value in enumerate(values)))


def _weaker(rules: Rules, place: int) -> list[int]:
    """The places of the sources that are weaker than this one."""
    least = rules.sources[place].strength
    return [other for other, source in enumerate(rules.sources) if source.strength < least]


def _suffices(rows: ir.Table, place: int, rules: Rules) -> ir.BooleanValue | ir.BooleanScalar:
    """As evidence.decide() has it: strong enough, or backed by stronger evidence of not long before.

    That is on record, or comes with the same files.
    """
    lesser, day, strength = rules.rule.lesser, rows[f"on_{place}"], rules.sources[place].strength
    if strength >= rules.rule.needs:
        return ibis.literal(True)
    if lesser is None or strength < lesser.counts:
        return ibis.literal(False)
    strong = [rows[f"on_{at}"] for at, one in enumerate(rules.sources) if one.strength >= lesser.backed_by]
    last = _latest([ibis.ifelse(one <= day, one, _day(FLOOR)) for one in (rows.backed_on, *strong)])
    return (last > _day(FLOOR)) & (last >= day - ibis.interval(months=lesser.months))


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
