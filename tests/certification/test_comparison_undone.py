"""What hangs on a comparison that was undone: attempts before a suspension, and receipts of the erased."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from certification import certificates, certifying, forgetting
from certification.comparison import undoing
from certification.contacts import Channel, Outcome
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Evidence, Person
from certification.suspension.checks import Block
from tests.certification.comparing import number, released, residents, signals
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


@pytest.mark.parametrize("erased_first", [True, False], ids=["erased-first", "undone-first"])
def test_a_receipt_of_somebody_erased_is_withdrawn_with_its_comparison(
    rt: Runtime, tmp_path: Path, erased_first: bool
) -> None:
    one, two = residents(rt, 2)
    runs = [
        released(rt, signals(tmp_path / f"{order}.csv", [(number(order), "medical", "2026-03-02", "alive")]))
        for order in (1, 2)
    ]
    with rt.sessions() as session:
        receipts = [
            session.scalars(select(Evidence.receipt).where(Evidence.person_id == who)).one() for who in (one, two)
        ]

    def erase() -> None:
        with rt.sessions.begin() as session:
            assert all(forgetting.person(session, rt, who, "clerk") for who in (one, two))

    if erased_first:
        erase()
        assert _told(rt, receipts) == [(True, False)] * 2
    undoing.undo(rt, runs[0].id, "supervisor", "why")
    if not erased_first:
        erase()
    assert _told(rt, receipts) == [(True, True), (True, False)], "the other run stands"


def _told(rt: Runtime, receipts: list[str]) -> list[tuple[bool, bool]]:
    """Of each, whether its person was erased, and whether it is withdrawn."""
    with rt.sessions() as session:
        found = [certificates.check(session, rt, one) for one in receipts]
    return [(one.erased, one.withdrawn) for one in found if one is not None]
