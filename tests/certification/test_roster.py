"""Lists of people by where they stand: each is on the right ones, page by page, by an index, and in bounded steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest

from certification import bereavement, cases, certifying, contacts, desks, needs, opening, people, roster
from certification.bereavement import Verdict
from certification.cases import CaseKind
from certification.contacts import Channel, Outcome
from certification.evidence import Kind
from certification.needs import Declared
from certification.roster import Stand, Wanted
from certification.runtime import Runtime
from certification.store import Person
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.sealed import suspended
from tests.certification.test_reminders import plan

HERE = "kunming"


def resident(rt: Runtime, year: int, **more: Any) -> str:
    with rt.sessions.begin() as session:
        number = resident_number("530102", year, 5, 15)
        return people.add(session, rt, **{"id_number": number, "name": f"{year}", "region": HERE, **more}).id


def do(rt: Runtime, person_id: str, deed: Callable[..., object], *given: object, **more: object) -> None:
    with rt.sessions.begin() as session:
        deed(session, rt, session.get_one(Person, person_id), *given, **more)


def listed(rt: Runtime, size: int = 50, step: int = roster.STEP, **wanted: Any) -> list[str]:
    """Everybody on a list, gone through in pages, whose keys stand in addresses."""
    asked, found, after = Wanted(**wanted), list[str](), None
    with rt.sessions() as session:
        while True:
            some = roster.part(session, asked, certifying.day_of(rt.now()), size=size, after=after, step=step)
            assert len(some.people) <= size
            found += [one.person.id for one in some.people]
            if some.after is None:
                whole = [one.person.id for one in roster.everybody(session, asked, certifying.day_of(rt.now()))]
                assert sorted(found) == sorted(whole)
                return found
            after = roster.key_of(asked, roster.text_of(some.after))


@pytest.mark.parametrize("step", [1, 3, 20_000])
def test_everybody_is_on_the_list_of_where_they_stand(rt: Runtime, clock: Clock, step: int) -> None:
    late, tried, done, dead = (resident(rt, year) for year in range(1940, 1944))
    elsewhere = resident(rt, 1949, region="nanjing")
    clock.forward(days=30)  # into the next quarter
    opening.go_on(rt)
    do(rt, done, desks.certify, "clerk")
    do(rt, tried, contacts.note, channel=Channel.CALL, ref="1", outcome=Outcome.RUNG)
    do(rt, dead, bereavement.report, source="sms", ref="1", by="line")
    do(rt, dead, bereavement.answer, Verdict.DEAD, "clerk")
    overdue = partial(listed, rt, 2, step, region=HERE)
    assert set(overdue(stand=Stand.OVERDUE)) == {late, tried}
    assert overdue(stand=Stand.UNTRIED) == [late]
    assert set(overdue(stand=Stand.DUE, days=90)) == {late, tried}
    assert overdue(stand=Stand.DUE, days=1) == []
    assert overdue(stand=Stand.CERTIFIED) == overdue(route=Kind.DESK) == [done]
    assert overdue(stand=Stand.CERTIFIED, route=Kind.VOICE) == []
    assert set(overdue()) == {late, tried, done, dead}
    assert elsewhere in listed(rt, 2) and listed(rt, 2, region="nanjing") == [elsewhere]


def test_dialect_need_and_what_nobody_was_reached_for_narrow_a_list(rt: Runtime, clock: Clock) -> None:
    one, other = resident(rt, 1940, dialect="sichuanese"), resident(rt, 1941)
    do(rt, one, needs.declare, Declared.ALONE, "clerk")
    do(rt, other, needs.declare, Declared.ILLNESS, "clerk")
    with rt.sessions.begin() as session:
        for cause in ("a", "b"):
            person = session.get_one(Person, other)
            cases.open_case(session, rt, kind=CaseKind.UNREACHED, cause=cause, person=person)
    assert listed(rt, dialect="sichuanese") == listed(rt, need=Declared.ALONE) == [one]
    assert listed(rt, need=Declared.ALONE, dialect="sichuanese", stand=Stand.DUE) == [one]
    assert listed(rt, need=Declared.ALONE, region="nanjing") == []
    assert listed(rt, stand=Stand.UNREACHED) == [other]
    assert listed(rt, stand=Stand.SUSPENDED) == []
    do(rt, one, suspended)
    assert listed(rt, stand=Stand.SUSPENDED) == listed(rt, stand=Stand.SUSPENDED, need=Declared.ALONE) == [one]
    with rt.sessions() as session:
        [shown] = roster.part(session, Wanted(need=Declared.ALONE), certifying.day_of(rt.now()), size=9).people
    assert (shown.due, shown.certified, shown.route, shown.needs) == (date(2026, 3, 31), False, None, ("alone",))


def test_a_file_that_would_be_cut_is_not_made(rt: Runtime) -> None:
    for year in (1940, 1941):
        resident(rt, year)
    with rt.sessions() as session, pytest.raises(roster.TooMany, match="没有生成文件"):
        list(roster.everybody(session, Wanted(), certifying.day_of(rt.now()), most=1))


@pytest.mark.parametrize("text", ["", "x", "2026-03-31", "2026-03-31~a~b", "x~y"])
def test_what_is_no_key_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        roster.key_of(Wanted(stand=Stand.DUE), text)


@pytest.mark.parametrize("stand", [None, *Stand], ids=str)
def test_a_list_goes_by_an_index(rt: Runtime, stand: Stand | None) -> None:
    resident(rt, 1940)
    today = certifying.day_of(rt.now())
    for need in (None, Declared.ALONE):
        wanted = Wanted(region=HERE, stand=stand, need=need)
        walk = roster._walk(wanted, today)
        inner = walk.rows.order_by(*walk.order).limit(roster.STEP)
        with rt.sessions() as session:
            steps = plan(session, roster._filtered(inner.subquery("some"), wanted, walk, today).limit(51))
        assert not [step for step in steps if "Seq Scan" in step], steps
        assert not [
            step for step in steps if step.startswith("SCAN") and "INDEX" not in step and step != "SCAN some"
        ], steps


def test_who_comes_behind_the_first_few_rows_is_on_the_page(rt: Runtime) -> None:
    last = max(resident(rt, 1900 + one) for one in range(roster.FEW + 5))
    with rt.sessions.begin() as session:
        session.get_one(Person, last).dialect = "sichuanese"
    with rt.sessions() as session:
        part = roster.part(session, Wanted(dialect="sichuanese"), certifying.day_of(rt.now()), size=1)
    assert [one.person.id for one in part.people] == [last] and part.after is None
