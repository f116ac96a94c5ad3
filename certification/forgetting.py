"""A whole person erased: their data go, and what must be kept of receipts and calls stays without them."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session

from certification import erasure, guesses, journal, people, reasons, seals
from certification.cases import CaseKind
from certification.erasure import Proof
from certification.keys import KeyRing, SealBroken
from certification.runtime import Runtime
from certification.seals import PLACES
from certification.store import (
    AgentPerson,
    Appointment,
    Assessment,
    Attempt,
    Call,
    Case,
    Climb,
    ComparisonResult,
    Consent,
    Contact,
    EnrolmentCode,
    Evidence,
    Guesses,
    Helper,
    Judgement,
    KeptEvidence,
    LinePreference,
    Message,
    Need,
    NumberStanding,
    Paper,
    Period,
    Person,
    Phone,
    Pin,
    Recording,
    ReplyCode,
    SafeWord,
    SpokenTurn,
    Suspension,
    TakenBack,
    Text,
    Visit,
    VoiceFingerprint,
    VoiceTemplate,
    new_id,
)

Conditions = Mapping[Any, ColumnElement[bool]]


def person(session: Session, rt: Runtime, person_id: str, by: str, why: str | None = None) -> Proof | None:
    """Erase everything that is kept of a person; None when there is nobody (any more). Journalled, with `why`.

    Raises ReasonPersonal where `why` names them.

    Deleted: the person, telephones, helpers, PIN, codes, consents, voice, what was said in their calls, cases, failed
    attempts, periods, suspensions. Kept, with nobody in them: receipts (their number, kind, strength and times), calls
    (their times and outcome), and the journal, whose entries name people by an identifier that leads nowhere any more.
    """
    person = people.hold(session, person_id, to_erase=True)
    if person is None:
        return None
    reason = {} if why is None else {"why": reasons.about(rt.keys, person, why)}
    numbers = own_numbers(session, rt.keys, person)
    calls = list(session.scalars(select(Call.id).where(calls_of(rt.keys, person, numbers))))
    # a turn that is being written down is waited for: its recording goes as well
    session.execute(select(SpokenTurn.id).where(SpokenTurn.call_id.in_(calls)).with_for_update())
    conditions = _sealed(session, person, calls, texts_of(rt.keys, person, numbers))
    erased = {
        place.name: _digests(session, place, conditions[place.table]) for place in PLACES if place.table in conditions
    }
    receipts = _keep_receipts(session, rt, person)
    rows = _delete(session, person, calls, conditions, by_number(rt.keys, numbers))
    kept = {"receipts": receipts, "calls": len(calls)}
    proof = Proof(erased, _left(session, conditions), kept, rows)
    journal.write(session, rt.now(), by, erasure.PERSON, f"person:{person.id}", **proof.facts(), **reason)
    return proof


def own_numbers(session: Session, keys: KeyRing, person: Person) -> list[str]:
    """The numbers (E.164) at which nobody else is reached; one that does not open is passed over."""
    own = []
    for phone in session.scalars(select(Phone).where(Phone.person_id == person.id)):
        try:
            number = keys.open(phone.number_sealed, seals.phone(phone.id)).decode()
        except SealBroken:
            continue
        if {one.id for one in people.people_at(session, keys, number)} <= {person.id}:
            own.append(number)
    return own


def calls_of(keys: KeyRing, person: Person, numbers: list[str]) -> ColumnElement[bool]:
    """The person's calls, and those from their own number in which nobody was named."""
    indexes = [index for number in numbers for index in keys.indexes(number, seals.CALLING)]
    return or_(Call.person_id == person.id, and_(Call.person_id.is_(None), Call.from_index.in_(indexes)))


def texts_of(keys: KeyRing, person: Person, numbers: list[str]) -> ColumnElement[bool]:
    """What the person wrote, and what came from their own number and was taken for nobody's."""
    indexes = [index for number in numbers for index in keys.indexes(number, seals.TEXTING)]
    return or_(Text.person_id == person.id, and_(Text.person_id.is_(None), Text.from_index.in_(indexes)))


def _sealed(
    session: Session, person: Person, calls: list[str], texts: ColumnElement[bool]
) -> dict[Any, ColumnElement[bool]]:
    """Where the person is in each table with something sealed: of recordings, also those that come to their calls."""
    voice = erasure.of_voice(session, person.id)
    in_calls = Recording.call_id.in_(calls)
    others = session.scalars(select(Recording.id).where(in_calls, ~voice[Recording])).all()
    return {
        **voice,
        Recording: or_(voice[Recording], and_(in_calls, Recording.id.not_in(others))),
        Person: Person.id == person.id,
        Phone: Phone.person_id == person.id,
        Helper: Helper.person_id == person.id,
        Pin: Pin.person_id == person.id,
        Call: and_(Call.id.in_(calls), Call.from_sealed.is_not(None)),
        Visit: Visit.person_id == person.id,
        Suspension: Suspension.person_id == person.id,
        Message: Message.person_id == person.id,
        Text: texts,
        SafeWord: SafeWord.person_id == person.id,
    }


def _digests(session: Session, place: seals.Place, condition: ColumnElement[bool]) -> dict[str, str]:
    sealed, key = getattr(place.table, place.column), next(iter(place.table.__table__.primary_key))
    rows = session.execute(select(key, sealed).where(condition, sealed.is_not(None)))
    return {identifier: sha256(value).hexdigest() for identifier, value in rows}


def _keep_receipts(session: Session, rt: Runtime, person: Person) -> int:
    """Keep that receipts were given; not the voice's scores, nor the call they rest on."""
    given = session.scalars(select(Evidence).where(Evidence.person_id == person.id)).all()
    rows = [
        {
            "id": new_id(),
            "region": person.region,
            "kind": one.kind,
            "strength": one.strength,
            "receipt": one.receipt,
            "observed_at": one.observed_at,
            "recorded_at": one.recorded_at,
            "kept_at": rt.now(),
            "run_id": one.detail.get("run"),
            "withdrawn_at": one.withdrawn_at,
        }
        for one in given
    ]
    if rows:
        session.execute(insert(KeptEvidence), rows)
    return len(rows)


def by_number(keys: KeyRing, numbers: list[str]) -> dict[Any, ColumnElement[bool]]:
    """What is kept by the person's own numbers, under any key."""
    secrets = (guesses.CODE, guesses.NUMBER, guesses.RECEIPT, guesses.REPLY, guesses.STRANGER)
    guessed = [index for number in numbers for one in secrets for index in keys.indexes(number, guesses.purpose(one))]
    on_roll = [index for number in numbers for index in keys.indexes(number, seals.PHONE)]
    return {
        Guesses: Guesses.number_index.in_(guessed),
        LinePreference: LinePreference.number_index.in_(on_roll),
        NumberStanding: NumberStanding.number_index.in_(on_roll),
    }


def _delete(
    session: Session,
    person: Person,
    calls: list[str],
    sealed: Conditions,
    of_numbers: Conditions,
) -> dict[str, int]:
    """Delete the person's rows, those that others refer to last; how many of each table."""
    unkept = ~exists().where(Recording.spoken_turn_id == SpokenTurn.id)
    texts = Case.detail["text"].as_string().in_(select(Text.id).where(sealed[Text]))
    nobodys = and_(Case.person_id.is_(None), or_(Case.call_id.in_(calls), texts))
    of_nobody_left = ~exists().where(Assessment.shared_case_id == Case.id)
    emptied = and_(Case.kind == CaseKind.SHARED_VOICE.value, of_nobody_left)
    cases = or_(Case.person_id == person.id, nobodys, emptied)
    order: dict[Any, ColumnElement[bool]] = {
        VoiceFingerprint: sealed[VoiceFingerprint],
        VoiceTemplate: sealed[VoiceTemplate],
        Recording: sealed[Recording],
        SpokenTurn: and_(SpokenTurn.call_id.in_(calls), unkept),
        Assessment: Assessment.person_id == person.id,
        TakenBack: or_(TakenBack.person_id == person.id, TakenBack.case_id.in_(select(Case.id).where(cases))),
        Judgement: Judgement.case_id.in_(select(Case.id).where(cases)),
        Case: cases,
        Attempt: Attempt.person_id == person.id,
        Suspension: sealed[Suspension],
        Period: Period.person_id == person.id,
        Evidence: Evidence.person_id == person.id,
        EnrolmentCode: EnrolmentCode.person_id == person.id,
        Consent: Consent.person_id == person.id,
        **of_numbers,
        Pin: sealed[Pin],
        ReplyCode: ReplyCode.person_id == person.id,
        SafeWord: sealed[SafeWord],
        Message: sealed[Message],
        Text: sealed[Text],
        Phone: sealed[Phone],
        Helper: sealed[Helper],
        Climb: Climb.person_id == person.id,
        Contact: Contact.person_id == person.id,
        Need: Need.person_id == person.id,
        Visit: sealed[Visit],
        Paper: Paper.person_id == person.id,
        AgentPerson: AgentPerson.person_id == person.id,
        Appointment: Appointment.person_id == person.id,
        ComparisonResult: ComparisonResult.person_id == person.id,
    }
    rows = {}
    for table, condition in order.items():
        rows[table.__tablename__] = _gone(session, table, condition)
    _empty(session, calls)
    rows[Person.__tablename__] = _gone(session, Person, sealed[Person])
    return rows


def _empty(session: Session, calls: list[str]) -> None:
    """Leave of these calls their times and outcome."""
    session.execute(
        update(Call)
        .where(Call.id.in_(calls))
        .values(
            sid="erased:" + Call.id,  # the carrier knows a number by the one before
            from_sealed=None,
            from_index=None,
            person_id=None,
            state={},
            twiml="",
            outcome=func.coalesce(Call.outcome, "erased"),
            ended_at=func.coalesce(Call.ended_at, Call.touched_at),
            seen_to_at=func.coalesce(Call.seen_to_at, Call.touched_at),
        )
    )


def _gone(session: Session, table: Any, condition: ColumnElement[bool]) -> int:
    key = next(iter(table.__table__.primary_key))
    return len(session.execute(delete(table).where(condition).returning(key)).all())


def _left(session: Session, sealed: Conditions) -> dict[str, int]:
    """What is still there, read back."""
    return {
        table.__tablename__: session.scalars(select(func.count()).select_from(table).where(condition)).one()
        for table, condition in sealed.items()
    }
