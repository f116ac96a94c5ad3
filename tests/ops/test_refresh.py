"""A template that keeps up with its person: refreshed by sure calls, kept in versions, taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update

from certification import templates
from certification.runtime import Runtime
from certification.store import Person, VoiceFingerprint, VoiceTemplate
from ops import jobs
from ops.voices import Bench, open_template
from tests.certification.conftest import Clock
from tests.ops.voices import OTHER, SAME, Desk


def versions(desk: Desk) -> list[tuple[str, bool]]:
    """What each of Mr Wu's templates was made from, oldest first, and whether it is in use."""
    with desk.rt.sessions() as session:
        rows = select(VoiceTemplate).where(VoiceTemplate.person_id == desk.wu.id).order_by(VoiceTemplate.created_at)
        return [(row.source.split()[0], row.retired_at is None) for row in session.scalars(rows)]


def test_a_sure_call_long_after_the_enrolment_refreshes_the_template_once(
    enrolled: Desk, clock: Clock, rt: Runtime
) -> None:
    clock.forward(days=200)
    asked = enrolled.ask(SAME)
    for _ in range(2):
        jobs.assess(asked)
    assert enrolled.outcome(asked) == "certified"
    assert versions(enrolled) == [("files", False), ("refresh", True)]
    with rt.sessions() as session:
        wu = session.get_one(Person, enrolled.wu.id)
        now, anchor = templates.current(session, wu), templates.anchor(session, wu)
        assert now is not None
        assert anchor is not None
        likeness = float(open_template(rt, now).direction @ open_template(rt, anchor).direction)
    assert 0.95 <= likeness < 0.9999


@pytest.mark.parametrize(("days", "turns"), [(10, SAME), (200, OTHER)], ids=["too soon", "somebody else"])
def test_no_other_call_does(enrolled: Desk, clock: Clock, days: int, turns: list[bytes]) -> None:
    clock.forward(days=days)
    jobs.assess(enrolled.ask(turns))
    assert versions(enrolled) == [("files", True)]


def test_a_replayed_call_does_not(enrolled: Desk, clock: Clock) -> None:
    jobs.assess(enrolled.ask(SAME))
    clock.forward(days=200)
    jobs.assess(enrolled.ask(SAME))
    assert versions(enrolled) == [("files", True)]


def test_an_anchor_that_cannot_be_read_stops_nobody(enrolled: Desk, clock: Clock, rt: Runtime) -> None:
    clock.forward(days=200)
    jobs.assess(enrolled.ask(SAME))
    with rt.sessions.begin() as session:
        session.execute(update(VoiceTemplate).where(VoiceTemplate.source == "files").values(sealed=b"altered"))
    clock.forward(days=200)
    again = enrolled.ask([SAME[0][800:], SAME[1]])
    with rt.sessions.begin() as session:
        session.execute(delete(VoiceFingerprint))
    jobs.assess(again)
    assert enrolled.outcome(again) == "certified"
    assert versions(enrolled) == [("files", False), ("refresh", True)]


def test_a_refresh_can_be_taken_back_an_enrolment_cannot(enrolled: Desk, clock: Clock, rt: Runtime) -> None:
    clock.forward(days=200)
    jobs.assess(enrolled.ask(SAME))
    with rt.sessions.begin() as session:
        wu = session.get_one(Person, enrolled.wu.id)
        assert templates.undo(session, rt, wu, "clerk").source == "files"
    assert versions(enrolled) == [("files", True), ("refresh", False)]
    with rt.sessions() as session, pytest.raises(templates.NothingToUndo):
        templates.undo(session, rt, session.get_one(Person, enrolled.wu.id), "clerk")


def test_without_consent_nothing_is_refreshed(enrolled: Desk, bench: Bench, clock: Clock, rt: Runtime) -> None:
    clock.forward(days=200)
    enrolled.disagrees()
    jobs.assess(enrolled.ask(SAME))
    assert versions(enrolled) == [("files", True)]
