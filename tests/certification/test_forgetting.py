"""A person erased: nothing is left that names them, and what must be kept of receipts and calls is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import certifying, consent, erasure, forgetting, people, templates
from certification.erasure import Proof
from certification.evidence import Kind, Strength
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.seals import PLACES
from certification.store import (
    Base,
    Call,
    Evidence,
    KeptEvidence,
    LinePreference,
    Person,
    Phone,
    Recording,
    SpokenTurn,
    Staff,
)
from tests.certification.sealed import call, count, doubt, holds, recording, town


def erase(rt: Runtime, person_id: str) -> Proof:
    with rt.sessions.begin() as session:
        proof = forgetting.person(session, rt, person_id, "clerk")
    assert proof is not None
    return proof


def all_of(rt: Runtime) -> str:
    """All that the database holds, in one string."""
    with rt.sessions() as session:
        return "\n".join(
            str(tuple(row))
            for name, table in sorted(Base.metadata.tables.items())
            for row in session.execute(select(table))
            if name not in ("journal", "journal_head")
        )


def certified(rt: Runtime, person_id: str) -> str:
    """A receipt of theirs."""
    with rt.sessions.begin() as session:
        return certify(session, rt, person_id)


def certify(session: Session, rt: Runtime, person_id: str) -> str:
    recorded = certifying.record(
        session,
        rt,
        session.get_one(Person, person_id),
        kind=Kind.VOICE,
        strength=Strength.LIVE,
        source="call",
        ref="a",
        observed_at=rt.now(),
        detail={"score": 0.5},
        actor="worker",
    )
    return recorded.evidence.receipt


def test_of_an_erased_person_nothing_is_left_that_names_them(rt: Runtime) -> None:
    wu, li = town(rt)
    receipt = certified(rt, wu)
    doubt(rt, wu)
    with rt.sessions() as session:
        number = session.scalars(select(Phone).where(Phone.person_id == wu)).one()
        of = session.scalars(select(Call).where(Call.person_id == wu)).one()
    traces = [wu, number.number_index, number.id, of.sid, of.from_index]
    assert all(str(trace) in all_of(rt) for trace in traces)
    proof = erase(rt, wu)
    assert not [trace for trace in traces if str(trace) in all_of(rt)]
    assert proof.erased.keys() == {place.name for place in PLACES if place.table is not Staff}
    assert all(len(rows) == 1 for rows in proof.erased.values())
    assert set(proof.left.values()) == {0}
    assert proof.kept == {"receipts": 1, "calls": 1}
    with rt.sessions() as session:
        kept = session.scalars(select(KeptEvidence)).one()
        assert (kept.receipt, kept.kind, kept.strength, kept.region) == (receipt, "voice", 3, "kunming")
        assert session.get_one(Call, of.id).outcome == "certified"
        assert session.scalars(select(Evidence)).all() == []
        [entry] = erasure.entered(session, wu)
        assert (entry.facts["erased"], entry.back) == (proof.erased, ())
    assert holds(rt)
    with rt.sessions() as session:
        other = session.get_one(Person, li)
        assert templates.current(session, other) is not None and consent.given(session, other)
        assert people.dialect_of(session, rt.keys, "+8613888000002") == "cantonese"
        assert people.dialect_of(session, rt.keys, "+8613888000001") is None


def test_every_table_about_people_is_emptied_of_an_erased_one(rt: Runtime) -> None:
    wu, _ = town(rt)
    about_people = {
        name
        for name, table in Base.metadata.tables.items()
        for key in table.foreign_keys
        if key.column.table.name == "people"
    }
    assert "helpers" in about_people
    assert about_people - {"calls"} <= erase(rt, wu).rows.keys()


def test_what_a_household_shares_stays_with_the_others(rt: Runtime) -> None:
    wu, li = town(rt)
    with rt.sessions.begin() as session:
        number = people.number_of(rt.keys, session.get_one(Person, li)).text
        people.add(session, rt, id_number=number, name="吴1951", region="kunming", phone="13888000001")
        call(session, rt, session.get_one(Person, wu), "+8613888000001").person_id = None
    erase(rt, wu)
    assert count(rt, LinePreference) == 2
    assert count(rt, Call, Call.from_index.is_not(None)) == 2
    erase(rt, li)
    assert count(rt, LinePreference) == count(rt, Call, Call.from_index.is_not(None)) == 0


def test_a_call_from_their_number_in_which_nobody_was_named_loses_its_number(rt: Runtime) -> None:
    wu, _ = town(rt)
    with rt.sessions.begin() as session:
        made = call(session, rt, session.get_one(Person, wu), "+8613888000001")
        made.person_id = made.ended_at = made.outcome = made.seen_to_at = None
    proof = erase(rt, wu)
    assert len(proof.erased["calls.from_sealed"]) == 2
    with rt.sessions() as session:
        row = session.get_one(Call, made.id)
    assert (row.from_sealed, row.from_index, row.outcome) == (None, None, "erased")
    assert row.ended_at is not None and row.seen_to_at is not None, "no sweep has anything left to do for it"


def test_a_person_whose_numbers_cannot_be_read_can_be_erased(rt: Runtime) -> None:
    wu, _ = town(rt)
    other = replace(rt, keys=KeyRing.from_text(KeyRing.generate_text("other")))
    proof = erase(other, wu)
    assert set(proof.left.values()) == {0}
    assert count(rt, Person) == 1


def test_what_is_being_written_down_is_waited_for(rt: Runtime) -> None:
    """The receipt is kept, and the recording goes, however late they come."""
    wu, _ = town(rt)
    with ThreadPoolExecutor(1) as pool, rt.sessions() as session:
        receipt = certify(session, rt, wu)
        late = recording(session, rt, session.scalars(select(Call).where(Call.person_id == wu)).one())
        erasing = pool.submit(erase, rt, wu)
        wait([erasing], timeout=0.5)
        session.commit()
        proof = erasing.result()
    assert (proof.kept["receipts"], len(proof.erased["recordings.sealed"]), proof.left["recordings"]) == (1, 2, 0)
    assert late.id in proof.erased["recordings.sealed"]
    assert count(rt, KeptEvidence, KeptEvidence.receipt == receipt) == 1


def test_a_recording_alone_is_waited_for(rt: Runtime) -> None:
    """Nothing in it names the person: who holds their row does not hold it."""
    wu, _ = town(rt)
    with rt.sessions.begin() as session:
        of = session.scalars(select(Call).where(Call.person_id == wu)).one()
        spoken = SpokenTurn(call_id=of.id, n=9, token_hash="t", plan={}, state="listening", expires_at=rt.now())
        session.add(spoken)
    with ThreadPoolExecutor(1) as pool, rt.sessions() as session:
        session.execute(update(SpokenTurn).where(SpokenTurn.id == spoken.id).values(state="done"))
        late = recording(session, rt, of, spoken.id)
        erasing = pool.submit(erase, rt, wu)
        wait([erasing], timeout=0.5)
        session.commit()
        assert late.id in erasing.result().erased["recordings.sealed"]
    assert count(rt, Recording, Recording.call_id == of.id) == 0
