"""A voice erased when its person takes consent back, and what is proved of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from certification import consent, erasure, people
from certification.erasure import Proof
from certification.runtime import Runtime
from certification.store import (
    Assessment,
    Call,
    Case,
    JournalEntry,
    Person,
    Recording,
    VoiceFingerprint,
    VoiceTemplate,
    forget_deleted,
    only_read,
    open_engine,
)
from tests.certification.conftest import Clock
from tests.certification.sealed import count, doubt, holds, recording, town, voice

VOICES: tuple[Any, ...] = (VoiceTemplate, VoiceFingerprint, Recording)


def withdraw(rt: Runtime, person_id: str) -> Proof | None:
    with rt.sessions.begin() as session:
        return consent.withdraw(session, rt, session.get_one(Person, person_id), by="clerk")


def digests(rt: Runtime) -> dict[str, str]:
    """The digests of all voices, by identifier, as a backup would show them."""
    with rt.sessions() as session:
        rows = {row.id: row.sealed for table in VOICES for row in session.scalars(select(table))}
        unmatched = select(Assessment.id, Assessment.voice_sealed).where(Assessment.voice_sealed.is_not(None))
        rows |= dict(session.execute(unmatched).all())
    return {identifier: sha256(sealed).hexdigest() for identifier, sealed in rows.items()}


def sweep(rt: Runtime) -> list[str]:
    """Whose voice the sweep finds and erases."""
    with rt.sessions() as session:
        found = erasure.withdrawn(session, consent.VOICEPRINT)
    for one in found:
        with rt.sessions.begin() as session:
            assert consent.see_to_withdrawn(session, rt, one, "schedule")
    return found


def test_a_consent_taken_back_takes_the_voice_with_it_and_proves_so(rt: Runtime) -> None:
    wu, li = town(rt)
    with rt.sessions.begin() as session:
        voice(session, rt, session.get_one(Person, wu))  # the one before it is retired, and goes as well
    before = digests(rt)
    proof = withdraw(rt, wu)
    after = digests(rt)
    assert proof is not None
    gone = {identifier: digest for rows in proof.erased.values() for identifier, digest in rows.items()}
    assert {column: len(rows) for column, rows in proof.erased.items()} == {
        "voice_templates.sealed": 2,
        "voice_fingerprints.sealed": 1,
        "recordings.sealed": 1,
        "assessments.voice_sealed": 1,
    }
    assert gone.items() == before.items() - after.items()
    assert set(proof.left.values()) == {0} and proof.left.keys() == proof.erased.keys()
    for table in (VoiceTemplate, VoiceFingerprint):
        assert count(rt, table, table.person_id == wu) == 0
        assert count(rt, table, table.person_id == li) == 1
    with rt.sessions() as session:
        [entry] = erasure.entered(session, wu)
        assert (entry.facts["erased"], entry.facts["why"], entry.back) == (proof.erased, "consent withdrawn", ())
        assert not erasure.entered(session, li)
    assert holds(rt)


def test_a_second_time_nothing_is_done(rt: Runtime) -> None:
    wu, _ = town(rt)
    withdraw(rt, wu)
    entries = count(rt, JournalEntry)
    assert withdraw(rt, wu) is None
    assert sweep(rt) == []
    assert count(rt, JournalEntry) == entries


def test_what_was_restored_from_a_backup_is_noticed(rt: Runtime) -> None:
    wu, _ = town(rt)
    with rt.sessions() as session:
        before = session.scalars(select(VoiceTemplate).where(VoiceTemplate.person_id == wu)).one()
    withdraw(rt, wu)
    with rt.sessions.begin() as session:
        columns = VoiceTemplate.__table__.columns.keys()
        session.add(VoiceTemplate(**{name: getattr(before, name) for name in columns}))
        session.flush()
        [entry] = erasure.entered(session, wu)
    assert entry.back == (f"voice_templates.sealed {before.id}",)


def test_what_an_open_case_needs_goes_once_it_is_decided(rt: Runtime) -> None:
    wu, _ = town(rt)
    needed = doubt(rt, wu)
    proof = withdraw(rt, wu)
    assert proof is not None
    assert proof.kept == {"recordings of open cases": [needed]}
    assert count(rt, Assessment, Assessment.person_id == wu, Assessment.voice_sealed.is_not(None)) == 0, (
        "only to listen"
    )
    assert count(rt, Recording, Recording.id == needed) == 1
    assert sweep(rt) == []
    with rt.sessions.begin() as session:
        session.execute(update(Case).values(state="taken"))
    assert sweep(rt) == []
    with rt.sessions.begin() as session:
        session.execute(update(Case).values(state="decided"))
    assert sweep(rt) == [wu]
    assert count(rt, Recording, Recording.id == needed) == 0
    with rt.sessions() as session:
        assert [list(one.facts["erased"]["recordings.sealed"]) for one in erasure.entered(session, wu)] == [
            [],
            [needed],
        ]


def test_what_an_open_case_needs_goes_when_its_days_are_over(rt: Runtime, clock: Clock) -> None:
    wu, _ = town(rt)
    needed = doubt(rt, wu)
    withdraw(rt, wu)
    clock.forward(days=91)
    with rt.sessions.begin() as session:
        assert erasure.outdated_recordings(session, rt, "schedule") == 2
    assert count(rt, Recording, Recording.id == needed) == 0


def test_what_is_still_to_be_weighed_is_kept_for_the_case_that_it_makes(rt: Runtime) -> None:
    wu, _ = town(rt)
    with rt.sessions.begin() as session:
        session.execute(update(Assessment).values(state="pending"))
    withdraw(rt, wu)
    assert count(rt, Recording) == 2
    with rt.sessions.begin() as session:
        session.execute(update(Assessment).values(state="done"))
    assert sweep(rt) == [wu]
    assert count(rt, Recording) == 1


def test_what_came_after_is_found_by_the_sweep_and_who_agreed_again_is_left_alone(rt: Runtime) -> None:
    wu, _ = town(rt)
    withdraw(rt, wu)
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu)
        recording(session, rt, session.scalars(select(Call).where(Call.person_id == wu)).one())
        consent.record(session, rt, person, text="同意", how="desk", by="clerk")
    assert sweep(rt) == []
    with rt.sessions.begin() as session:
        assert not consent.see_to_withdrawn(session, rt, wu, "schedule"), "agreed again since the sweep looked"
    assert count(rt, Recording) == 2
    withdraw(rt, wu)
    with rt.sessions.begin() as session:
        voice(session, rt, session.get_one(Person, wu))  # as a version before 2026-11-27 left it
    assert sweep(rt) == [wu]
    assert count(rt, VoiceTemplate, VoiceTemplate.person_id == wu) == 0


def test_the_voice_of_somebody_else_in_the_same_call_stays(rt: Runtime) -> None:
    wu, li = town(rt)
    with rt.sessions.begin() as session:
        of = session.scalars(select(Call).where(Call.person_id == wu)).one()
        theirs = recording(session, rt, of)
        row = {"call_id": of.id, "person_id": li, "purpose": "certify", "state": "done", "asked_at": rt.now()}
        session.add(Assessment(**row, recordings=[theirs.id]))
    withdraw(rt, wu)
    assert count(rt, Recording, Recording.id == theirs.id) == 1
    withdraw(rt, li)
    assert count(rt, Recording) == 0


def test_taking_back_waits_for_who_is_making_a_template(rt: Runtime) -> None:
    """Who keeps a template holds the person, and looks for the consent then: whichever comes first, none is left."""
    wu, _ = town(rt)
    with ThreadPoolExecutor(1) as pool, rt.sessions() as session:
        person = people.hold(session, wu)
        assert person is not None and consent.given(session, person)
        taking_back = pool.submit(withdraw, rt, wu)
        wait([taking_back], timeout=0.5)
        voice(session, rt, person)
        session.commit()
        assert taking_back.result() is not None
    assert count(rt, VoiceTemplate, VoiceTemplate.person_id == wu) == 0


def test_recordings_out_of_date_are_named_with_their_digests(rt: Runtime, clock: Clock) -> None:
    town(rt)
    before = digests(rt)
    clock.forward(days=91)
    with rt.sessions.begin() as session:
        assert erasure.outdated_recordings(session, rt, "schedule") == 2
        assert erasure.outdated_recordings(session, rt, "schedule") == 0
    with rt.sessions() as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "recordings erased")).one()
    named = {identifier for identifier in before if f'"{identifier}":"{before[identifier]}"' in entry.detail}
    assert named == before.keys() - digests(rt).keys() and len(named) == 4, "with each recording the voice in it"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_sqlite_the_bytes_themselves_are_gone(rt: Runtime, database_url: str) -> None:
    wu, li = town(rt)
    path = Path(database_url.removeprefix("sqlite:///"))

    def bytes_on_disk() -> bytes:
        return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))

    with rt.sessions() as session:
        mine = [row.sealed for row in session.scalars(select(Recording).join(Call).where(Call.person_id == wu))]
        mine += [row.sealed for row in session.scalars(select(VoiceTemplate).where(VoiceTemplate.person_id == wu))]
        theirs = session.scalars(select(VoiceTemplate.sealed).where(VoiceTemplate.person_id == li)).one()
    assert forget_deleted(rt.sessions)
    parts = [sealed[place : place + 64] for sealed in mine for place in range(0, len(sealed) - 64, 64)] + mine[1:]
    assert all(part in bytes_on_disk() for part in parts[:1] + parts[-1:])
    withdraw(rt, wu)
    with rt.sessions() as reader:
        only_read(reader)
        reader.execute(select(Person.id)).all()
        assert not forget_deleted(rt.sessions), "a reader may still need what the log holds"
    assert forget_deleted(rt.sessions)
    left = bytes_on_disk()
    assert not [part for part in parts if part in left]
    assert theirs in left


def test_deleted_bytes_are_overwritten_in_every_connection(tmp_path: Path) -> None:
    with open_engine(f"sqlite:///{tmp_path / 'a.db'}").connect() as connection:
        assert connection.execute(text("PRAGMA secure_delete")).scalar_one() == 1
