"""A large region planned in two lanes on PostgreSQL: each person once, whoever is killed, fails or comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from threading import get_ident
from typing import Any

import pytest
from sqlalchemy import select

from certification.runtime import Runtime
from certification.store import Campaign, JournalEntry, Person
from sms import campaigns, planning, recipients
from tests.sms.outbox.test_campaigns import Add, add, counts, on, planned

__all__ = ["add", "on"]

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
PEOPLE = 9


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of two."""
    monkeypatch.setattr(planning, "SLICE", 2)


@pytest.fixture
def people(add: Add) -> list[Person]:
    """Nine people to be reminded, in the order of their identifiers: one more in the first half than in the second."""
    return sorted((add(1950 + n, f"1388800010{n}") for n in range(PEOPLE)), key=lambda one: one.id)


def lanes(rt: Runtime, identifier: str) -> list[dict[str, Any]]:
    with rt.sessions() as session:
        return list(session.get_one(Campaign, identifier).counts["lanes"])


def reminded(rt: Runtime) -> Counter[str | None]:
    return Counter(one.person_id for one in planned(rt))


def said(rt: Runtime) -> int:
    """How often the journal says that a campaign was planned."""
    with rt.sessions() as session:
        found = select(JournalEntry).where(JournalEntry.action == "campaign planned")
        return len(session.scalars(found).all())


def test_two_threads_plan_each_person_once(rt: Runtime, on: date, people: list[Person]) -> None:
    threads = set[int]()
    identifier = planning.plan(rt, rt.regions["kunming"], on, "clerk", lambda _: threads.add(get_ident()))
    assert reminded(rt) == {one.id: 1 for one in people}
    there = counts(rt, identifier)
    assert (there["people"], there["messages"], "lanes" in there, said(rt)) == (PEOPLE, PEOPLE, False, 1)
    assert len(threads) == 2
    assert get_ident() not in threads


def test_the_lanes_meet_in_the_middle(rt: Runtime, on: date, people: list[Person]) -> None:
    identifier = planning.begin(rt, rt.regions["kunming"], on, "clerk")
    first, second = lanes(rt, identifier)
    assert (first["after"], second["until"]) == ("", None)
    assert first["until"] == second["after"] == people[PEOPLE // 2].id
    while planning.go_on(rt, identifier, "clerk", 1) is not None:
        pass
    assert set(reminded(rt)) == {one.id for one in people[PEOPLE // 2 + 1 :]}
    assert campaign_state(rt, identifier) == "planning", "the other half is still to come"
    while planning.go_on(rt, identifier, "clerk", 0) is not None:
        pass
    assert (len(planned(rt)), campaign_state(rt, identifier)) == (PEOPLE, "planned")


def test_few_people_are_planned_in_one_lane(rt: Runtime, on: date, add: Add) -> None:
    for n in range(4):
        add(1950 + n, f"1388800010{n}")
    identifier = planning.begin(rt, rt.regions["kunming"], on, "clerk")
    with rt.sessions() as session:
        assert session.get_one(Campaign, identifier).counts == {}


def test_after_a_kill_each_lane_goes_on_where_it_was(rt: Runtime, on: date, people: list[Person]) -> None:
    def killed(_: int) -> None:
        raise KeyboardInterrupt

    kunming = rt.regions["kunming"]
    with pytest.raises(KeyboardInterrupt):
        planning.plan(rt, kunming, on, "clerk", killed)
    done = len(planned(rt))
    assert 0 < done < PEOPLE, "a slice or two"
    identifier = planning.plan(rt, kunming, on, "clerk")
    assert reminded(rt) == {one.id: 1 for one in people}
    assert (counts(rt, identifier)["messages"], said(rt)) == (PEOPLE, 1)


def test_where_another_planned_the_slice_meanwhile_it_is_counted_once(
    rt: Runtime, on: date, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier, summed = planning.begin(rt, rt.regions["kunming"], on, "clerk"), recipients.summed
    once = list[Callable[[], object]]([lambda: planning.go_on(rt, identifier, "another", 0)])

    def overtaken(*of: Any) -> Counter[str]:
        while once:
            once.pop()()
        return summed(*of)

    monkeypatch.setattr(recipients, "summed", overtaken)
    planning.plan(rt, rt.regions["kunming"], on, "clerk")
    assert reminded(rt) == {one.id: 1 for one in people}
    assert (counts(rt, identifier)["people"], said(rt)) == (PEOPLE, 1)


def test_stopped_in_one_lane_the_other_ends_too(rt: Runtime, on: date, people: list[Person]) -> None:
    identifier = planning.begin(rt, rt.regions["kunming"], on, "clerk")
    planning.plan(rt, rt.regions["kunming"], on, "clerk", lambda _: campaigns.stop(rt, identifier, "clerk"))
    assert campaign_state(rt, identifier) == "stopped"
    assert len(planned(rt)) < PEOPLE


def campaign_state(rt: Runtime, identifier: str) -> str:
    with rt.sessions() as session:
        return session.get_one(Campaign, identifier).state
