"""Whoever believed that they were certified, by a comparison that was undone, is asked again before a suspension."""

from __future__ import annotations

from sqlalchemy import update

from certification import certifying
from certification.contacts import Channel, Outcome
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Evidence, Person
from certification.suspension.checks import Block
from tests.certification.conftest import Clock
from tests.certification.suspending import overdue, tried
from tests.certification.test_suspension_lists import PROPOSED, proposed


def test_attempts_count_from_the_undoing_on(rt: Runtime, clock: Clock) -> None:
    person = overdue(rt, clock)
    assert proposed(rt) == {person.id: PROPOSED}
    with rt.sessions.begin() as session:
        known = session.get_one(Person, person.id)
        sign = {"source": "comparison: medical", "ref": "run:1", "observed_at": rt.now(), "actor": "comparison"}
        certifying.record(session, rt, known, kind=Kind.RECORD, strength=Strength.CLAIM, **sign)  # type: ignore[arg-type]
        session.execute(update(Evidence).values(withdrawn_at=rt.now()))
    assert proposed(rt) == {person.id: ("held", (Block.TOO_FEW_CHANNELS,))}
    with rt.sessions.begin() as session:
        clock.forward(days=1)
        tried(session, rt, session.get_one(Person, person.id), Channel.SMS, outcome=Outcome.DELIVERED)
        tried(session, rt, session.get_one(Person, person.id), Channel.CALL)
    assert proposed(rt) == {person.id: PROPOSED}
