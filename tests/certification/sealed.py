"""A small town in which something is sealed in every place, under the newest key of a ring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import (
    agents,
    canary,
    cases,
    certifying,
    codes,
    consent,
    guesses,
    helpers,
    journal,
    papers,
    people,
    pins,
    seals,
    staff,
    templates,
    visits,
)
from certification.agents import AgentKind
from certification.cases import CaseKind
from certification.keys import KeyRing
from certification.papers import PaperKind
from certification.runtime import Runtime
from certification.seals import PLACES, Place
from certification.staff import Role
from certification.store import (
    Assessment,
    Base,
    Call,
    Message,
    NumberStanding,
    PaymentList,
    Person,
    Recording,
    ReplyCode,
    SafeWord,
    SpokenTurn,
    Suspension,
    Text,
    VoiceFingerprint,
    VoiceTemplate,
    insert_once,
    new_id,
)
from certification.suspension import files
from certification.visits import Outcome
from tests.certification.numbers import resident_number

PIN = "295038"
DAUGHTER = "13988000009"
VOICE, PRINT, AUDIO = b"a voice", b"a fingerprint", b"what was said" * 2000


def ringed(rt: Runtime, *names: str) -> Runtime:
    """The runtime with keys of these names before its own."""
    fresh = [KeyRing.generate_text(name) for name in names]
    text = ",".join([*fresh, rt.settings.keys])
    return replace(rt, keys=KeyRing.from_text(text), settings=replace(rt.settings, keys=text))


def only_newest(rt: Runtime) -> Runtime:
    """The runtime after every older key was taken out."""
    text = rt.settings.keys.partition(",")[0]
    return replace(rt, keys=KeyRing.from_text(text), settings=replace(rt.settings, keys=text))


def resident(rt: Runtime, year: int, phone: str) -> str:
    """Somebody with a voice, a call with a recording, and the dialect of their telephone; their identifier."""
    with rt.sessions.begin() as session:
        number = resident_number("530102", year, 5, 15)
        person = people.add(session, rt, id_number=number, name=f"吴{year}", region="kunming", phone=phone)
        consent.record(session, rt, person, text="同意", how="desk", by="clerk")
        e164 = f"+86{phone}"
        people.remember_dialect(session, rt.keys, e164, "cantonese", rt.now())
        guesses.guess(session, rt, guesses.NUMBER, e164, lambda: None)
        codes.issue(session, rt, person, "clerk")
        voice(session, rt, person)
        call(session, rt, person, e164)
        family(session, rt, person)
        elsewhere(session, rt, person)
        written_to(session, rt, person, e164)
    return person.id


def town(rt: Runtime) -> tuple[str, str]:
    """Two people, the first with a PIN, a supervisor, and the canary."""
    canary.check(rt.sessions, rt.keys, rt.now())
    wu, li = resident(rt, 1950, "13888000001"), resident(rt, 1951, "13888000002")
    with rt.sessions.begin() as session:
        pins.set_pin(session, rt, session.get_one(Person, wu), PIN, "clerk")
        staff.add(session, rt, name="李主管", role=Role.SUPERVISOR, password="correct horse battery", by="cli")
    return wu, li


def elsewhere(session: Session, rt: Runtime, person: Person) -> None:
    """What other routes keep of somebody: an agent, a form, a visit reported with a photograph."""
    agent = agents.add(session, rt, name="昆明机床厂", kind=AgentKind.EMPLOYER, region="kunming", by="clerk")
    agents.assign(session, rt, agent, person, "clerk")
    papers.issue(session, rt, person, PaperKind.OWN, "clerk")
    visit = visits.ask(session, rt, person, cause=f"clerk:{person.id}", by="clerk")
    visits.assign(session, rt, visit, visitor="李", on=rt.now().date(), by="clerk", address="翠湖北路 1 号")
    visits.report(session, rt, visit, visitor="李", outcome=Outcome.ABSENT, text="不在家", photo=b"\x89PNG a door")
    suspended(session, rt, person)


def suspended(session: Session, rt: Runtime, person: Person) -> None:
    """Somebody on a released list, with the number and name that it bears."""
    listed = {"kind": "suspension", "region": "kunming", "month": date(2026, 4, 1), "part": 1}
    more = {"id": new_id(), "version": 1, "proposed_by": "clerk", "proposed_at": rt.now(), "released_at": rt.now()}
    insert_once(session, PaymentList, **listed, **more)
    one = Suspension(
        id=new_id(),
        list_id=session.scalars(select(PaymentList.id)).one(),
        person_id=person.id,
        period_id=certifying.current_period(session, rt, person).id,
        state="suspended",
        blocks=[],
    )
    files.seal_payee(rt.keys, one, person)
    session.add(one)


def written_to(session: Session, rt: Runtime, person: Person, e164: str) -> None:
    """A message of ours to a number of nobody's, an answer to it, and a safe word."""
    sent, text = new_id(), new_id()
    about = {"reminder": f"test:{sent}", "purpose": "answer", "priority": 0, "words": "answer.thanks"}
    to = rt.keys.seal(e164.encode(), seals.recipient(sent))
    session.add(Message(id=sent, person_id=person.id, to_sealed=to, state="sent", not_before=rt.now(), **about))
    row = Text(id=text, provider="console", provider_ref=text, read="thanks", person_id=person.id, received_at=rt.now())
    row.from_sealed = rt.keys.seal(e164.encode(), seals.writer(text))
    row.from_index = rt.keys.index(e164, seals.TEXTING)
    row.body_sealed = rt.keys.seal("谢谢".encode(), seals.body(text))
    session.add(row)
    word = rt.keys.seal("喜鹊".encode(), seals.safe_word(person.id))
    session.add(SafeWord(person_id=person.id, word_sealed=word, chosen_at=rt.now()))
    session.add(NumberStanding(number_index=rt.keys.index(e164, seals.PHONE), opted_out_at=rt.now()))
    session.flush()
    code = {"number_index": rt.keys.index(e164, seals.PHONE), "code_index": rt.keys.index("204715", seals.CODE)}
    session.add(ReplyCode(message_id=sent, person_id=person.id, expires_at=rt.now(), **code))


def family(session: Session, rt: Runtime, person: Person) -> None:
    """A daughter, who gets copies of reminders."""
    relation = helpers.Relation.RELATIVE
    daughter = helpers.declare(session, rt, person, name="吴女士", phone=DAUGHTER, relation=relation, by="clerk")
    helpers.agree_to_copies(session, rt, person, daughter, text="同意", how="desk", by="clerk")


def voice(session: Session, rt: Runtime, person: Person) -> VoiceTemplate:
    """A template in use."""
    identifier = new_id()
    sealed = rt.keys.seal(VOICE, seals.template(identifier, person.id))
    return templates.keep(
        session, rt, person, template_id=identifier, encoder="e", sealed=sealed, utterances=3, source="files"
    )


def call(session: Session, rt: Runtime, person: Person, e164: str) -> Call:
    """An ended call with one recording, weighed and remembered."""
    identifier, now = new_id(), rt.now()
    made = Call(
        id=identifier,
        sid=f"CA{identifier}",
        from_sealed=rt.keys.seal(e164.encode(), seals.caller(identifier)),
        from_index=rt.keys.index(e164, seals.CALLING),
        person_id=person.id,
        state={"step": "goodbye"},
        twiml="<Response/>",
        outcome="certified",
        started_at=now,
        touched_at=now,
        ended_at=now,
        seen_to_at=now,
    )
    session.add(made)
    session.flush()
    kept = recording(session, rt, made)
    asked = {"id": new_id(), "call_id": made.id, "person_id": person.id, "purpose": "certify", "state": "done"}
    heard = rt.keys.seal(VOICE, seals.unmatched(asked["id"], person.id))
    came = {"recordings": [kept.id], "outcome": "human", "detail": {}, "voice_sealed": heard}
    session.add(Assessment(**asked, **came, asked_at=now, done_at=now))
    session.flush()
    fingerprint = new_id()
    sealed = rt.keys.seal(PRINT, seals.fingerprint(fingerprint, person.id))
    row = {"id": fingerprint, "person_id": person.id, "assessment_id": asked["id"], "sealed": sealed, "made_at": now}
    session.add(VoiceFingerprint(**row))
    return made


def recording(session: Session, rt: Runtime, of: Call, turn: str | None = None) -> Recording:
    """One more recording of a call, of a new turn or of this one."""
    identifier, now = new_id(), rt.now()
    if turn is None:
        turn, n = new_id(), session.query(SpokenTurn).where(SpokenTurn.call_id == of.id).count()
        session.add(SpokenTurn(id=turn, call_id=of.id, n=n, token_hash=new_id(), plan={}, state="done", expires_at=now))
        session.flush()
    kept = Recording(
        id=identifier,
        call_id=of.id,
        spoken_turn_id=turn,
        sealed=rt.keys.seal(AUDIO, seals.recording(identifier, of.id)),
        seconds=1.0,
        asked=["苹果"],
        heard=["苹果"],
        recorded_at=now,
        erase_after=now + timedelta(days=90),
    )
    session.add(kept)
    session.flush()
    return kept


def opened(rt: Runtime, place: Place) -> list[bytes]:
    """Everything that is sealed at a place, in the clear. Raises SealBroken."""
    with rt.sessions() as session:
        rows = session.query(place.table).all()
        return sorted(rt.keys.open(getattr(row, place.column), place.of(row)) for row in rows)


def everything(rt: Runtime) -> dict[Place, list[bytes]]:
    """What is sealed, in the clear. Raises SealBroken."""
    return {place: opened(rt, place) for place in PLACES}


class KilledError(Exception):
    """The process was killed."""


def killed_after(batches: int) -> Callable[[int, int], None]:
    """Watch the progress of so many batches."""
    seen = iter(range(batches))

    def progress(_rows: int, _of: int) -> None:
        if next(seen, None) is None:
            raise KilledError

    return progress


def count(rt: Runtime, table: type[Base], *where: Any) -> int:
    with rt.sessions() as session:
        return session.scalars(select(func.count()).select_from(table).where(*where)).one()


def doubt(rt: Runtime, person_id: str) -> str:
    """An open case over the recording of the person's call; the recording."""
    with rt.sessions.begin() as session:
        person = session.get_one(Person, person_id)
        kept = session.scalars(select(Recording).join(Call).where(Call.person_id == person_id)).first()
        assert kept is not None
        of = session.get_one(Call, kept.call_id)
        detail = {"recordings": [kept.id]}
        cases.open_case(session, rt, kind=CaseKind.VOICE_DOUBT, cause="c", person=person, call=of, detail=detail)
    return kept.id


def holds(rt: Runtime) -> bool:
    with rt.sessions() as session:
        return isinstance(journal.verify(session), journal.Verified)
