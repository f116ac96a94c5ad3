"""Erasing what is kept of a voice or of a whole person, with a proof in the journal of what exactly was erased."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from certification import journal
from certification.runtime import Runtime
from certification.store import (
    Assessment,
    Base,
    Call,
    Case,
    Consent,
    JournalEntry,
    Person,
    Recording,
    VoiceFingerprint,
    VoiceTemplate,
)

VOICE, PERSON, RECORDINGS = "voice erased", "person erased", "recordings erased"  # the journal's actions
ENROL = "enrol"  # the purpose of an assessment that makes a template
DECIDED = "decided"
BATCH = 500

Digests = dict[str, dict[str, str]]
Conditions = dict[Any, ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was erased and what is left.

    `erased`: by column, the SHA-256 of the sealed bytes of each row: who holds a backup can show that it was these.
    `left`: how many such rows there are after it, read back from the database. `kept`: what stays, for a while or for
    good without a person. `rows`: how many rows went, by table, where a whole person was erased.
    """

    erased: Digests
    left: dict[str, int]
    kept: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def anything(self) -> bool:
        """Whether anything was erased at all."""
        return any(self.erased.values())

    def facts(self) -> dict[str, Any]:
        """The proof as the journal has it."""
        return {"erased": self.erased, "left": self.left, "kept": self.kept, "rows": self.rows}


@dataclass(frozen=True, slots=True)
class Entered:
    """A proof as it stands in the journal. `back`: erased rows that are in the database again, as after a restore."""

    seq: int
    hash: str
    action: str
    facts: dict[str, Any]
    back: tuple[str, ...]


def voice(session: Session, rt: Runtime, person: Person, *, by: str, why: str) -> Proof:
    """Erase the person's templates, fingerprints and recordings, all but recordings that an open case needs.

    Those go with the first sweep after the case was decided, or when their days are over; the numbers of the voice in
    them go now. Journalled if there was anything.
    """
    mine = _recordings(session, person.id)
    needed = _needed(session, person.id) & mine
    conditions = _voice(person.id, mine - needed)
    proof = Proof(
        erased={_named(table): _erase(session, table, condition) for table, condition in conditions.items()},
        left={_named(table): _count(session, table, condition) for table, condition in conditions.items()},
        kept={"recordings of open cases": sorted(needed)} if needed else {},
    )
    if proof.anything:
        journal.write(session, rt.now(), by, VOICE, f"person:{person.id}", why=why, **proof.facts())
    return proof


def withdrawn(session: Session, purpose: str) -> list[str]:
    """People who took back every consent to this purpose, and of whose voice something is still there to erase."""
    mine = Consent.person_id == Person.id, Consent.purpose == purpose
    recorded = exists().where(Recording.call_id == Call.id, Call.person_id == Person.id)
    found = select(Person.id).where(
        Person.id.in_(select(Consent.person_id).where(Consent.withdrawn_at.is_not(None), Consent.purpose == purpose)),
        ~exists().where(*mine, Consent.withdrawn_at.is_(None)),
        or_(
            exists().where(VoiceTemplate.person_id == Person.id),
            exists().where(VoiceFingerprint.person_id == Person.id),
            recorded,
        ),
    )
    return [one for one in session.scalars(found) if _is_there(session, one)]


def outdated_recordings(session: Session, rt: Runtime, by: str) -> int:
    """Erase recordings whose days are over, at most BATCH; how many. Journalled."""
    over = Recording.erase_after <= rt.now()
    found = select(Recording.id, Recording.call_id).where(over).order_by(Recording.erase_after).limit(BATCH)
    batch = dict(session.execute(found).all())
    conditions: Conditions = {
        Recording: Recording.id.in_(batch),
        Assessment: and_(Assessment.call_id.in_(batch.values()), Assessment.voice_sealed.is_not(None)),
    }
    erased = {table: _erase(session, table, where) if batch else {} for table, where in conditions.items()}
    if count := len(erased[Recording]):
        left = {_named(table): _count(session, table, where) for table, where in conditions.items()}
        proof = Proof({_named(table): rows for table, rows in erased.items()}, left)
        journal.write(session, rt.now(), by, RECORDINGS, "recordings", count=count, **proof.facts())
    return count


def entered(session: Session, person_id: str) -> list[Entered]:
    """The proofs about a person that are in the journal, oldest first, held against the database as it is now."""
    about = select(JournalEntry).where(JournalEntry.subject == f"person:{person_id}")
    proofs = session.scalars(about.where(JournalEntry.action.in_((VOICE, PERSON))).order_by(JournalEntry.seq))
    return [_entered(session, entry) for entry in proofs]


def _entered(session: Session, entry: JournalEntry) -> Entered:
    facts = json.loads(entry.detail)
    back = []
    for column, rows in facts["erased"].items():
        table = Base.metadata.tables[column.partition(".")[0]]
        key = next(iter(table.primary_key))
        present = select(key).where(key.in_(list(rows)), table.columns[column.partition(".")[2]].is_not(None))
        back += [f"{column} {identifier}" for identifier in session.scalars(present)]
    return Entered(entry.seq, entry.hash, entry.action, facts, tuple(back))


def of_voice(session: Session, person_id: str) -> Conditions:
    """Where all of a person's voice lies, what open cases need as well."""
    return _voice(person_id, _recordings(session, person_id))


def _voice(person_id: str, recordings: Collection[str]) -> Conditions:
    return {
        VoiceFingerprint: VoiceFingerprint.person_id == person_id,
        VoiceTemplate: VoiceTemplate.person_id == person_id,
        Recording: Recording.id.in_(recordings),
        Assessment: and_(Assessment.person_id == person_id, Assessment.voice_sealed.is_not(None)),
    }


def _is_there(session: Session, person_id: str) -> bool:
    mine = _recordings(session, person_id) - _needed(session, person_id)
    return any(_count(session, table, condition) for table, condition in _voice(person_id, mine).items())


def _recordings(session: Session, person_id: str) -> set[str]:
    """Recordings of the person's calls and of their voice in others, but for what was weighed as somebody else's."""
    calls = select(Call.id).where(Call.person_id == person_id)
    of_calls = set(session.scalars(select(Recording.id).where(Recording.call_id.in_(calls))))
    weighed = select(Assessment.recordings)
    others = weighed.where(Assessment.call_id.in_(calls), Assessment.person_id != person_id)
    mine = _listed(session.scalars(weighed.where(Assessment.person_id == person_id)).all())
    return (of_calls - _listed(session.scalars(others).all())) | mine


def _needed(session: Session, person_id: str) -> set[str]:
    """Recordings still to be listened to: those of open cases, and of a certification that is yet to be weighed."""
    calls = select(Call.id).where(Call.person_id == person_id)
    details = select(Case.detail).where(
        or_(Case.person_id == person_id, Case.call_id.in_(calls)), Case.state != DECIDED
    )
    awaited = select(Assessment.recordings).where(
        Assessment.person_id == person_id, Assessment.state == "pending", Assessment.purpose != ENROL
    )
    of_cases = [detail.get("recordings", []) for detail in session.scalars(details)]
    return _listed([*of_cases, *session.scalars(awaited)])


def _listed(lists: Collection[Collection[str]]) -> set[str]:
    return {identifier for listed in lists for identifier in listed}


def _erase(session: Session, table: Any, condition: ColumnElement[bool]) -> dict[str, str]:
    """Delete these rows, of an assessment the voice alone; the digests of their sealed bytes, by identifier."""
    if table is Assessment:
        voices = session.execute(select(Assessment.id, Assessment.voice_sealed).where(condition)).all()
        session.execute(update(Assessment).where(condition).values(voice_sealed=None))
        return {identifier: sha256(sealed).hexdigest() for identifier, sealed in voices if sealed is not None}
    gone = session.execute(delete(table).where(condition).returning(table.id, table.sealed)).all()
    return {identifier: sha256(sealed).hexdigest() for identifier, sealed in gone}


def _count(session: Session, table: Any, condition: ColumnElement[bool]) -> int:
    return session.scalars(select(func.count()).select_from(table).where(condition)).one()


def _named(table: Any) -> str:
    return f"{table.__tablename__}.{'voice_sealed' if table is Assessment else 'sealed'}"
