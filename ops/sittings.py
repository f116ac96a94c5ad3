"""Enrolment at the desk's microphone. A sitting is kept as a call without a telephone: its recordings are sealed,
weighed, listened to, exported and erased as those of calls are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from certification import consent, journal, seals
from certification.erasure import ENROL
from certification.errors import Problem
from certification.runtime import Runtime
from certification.store import Assessment, Call, Person, Recording, SpokenTurn, later, new_id
from ivr.dialects import HOME
from ivr.prompts import RATE
from ivr.scripts.enrol import ENROL as SCRIPT
from ivr.speech.vocabulary import challenge_words
from ivr.spoken import PROMISED_DAYS
from ivr.steps import Challenge, Facts, Json, Speak, State

OPEN_FOR = timedelta(hours=1)  # so long a sitting is gone on with
LATE = timedelta(seconds=10)  # for the worker to have listened to a sample
OPEN, OVER = "desk", "desk_over"  # the outcome of a sitting, and of one after which another was begun
_SID, _STEP, _FACTS = "desk:", "desk", "sitting"


class NotAgreed(Problem):
    """Nobody's voice is kept before they agreed to it."""

    def __init__(self) -> None:
        super().__init__(
            "本人还没有同意登记声音：请先请本人听完说明，再记录同意；不同意的，请设置六位密码。",
            "This person has not agreed to a voiceprint: let them hear what it is for and record that they agree, or"
            " set a PIN with them.",
        )


@dataclass(frozen=True, slots=True)
class Sitting:
    """How far a sitting has come. `n`: the sample that is asked for; `words`: what is to be said for it.

    `heard`: recordings that were good enough, of `wanted`; `waiting`: one that the worker has not listened to yet.
    `said`: what was against the last one.
    """

    call: str
    n: int
    words: tuple[str, ...]
    heard: tuple[str, ...]
    waiting: str | None
    said: tuple[str, ...]
    assessment: Assessment | None
    wanted: int

    @property
    def complete(self) -> bool:
        """Whether all samples were taken."""
        return len(self.heard) >= self.wanted


def is_one(call: Call) -> bool:
    """Whether a call is a sitting at the desk."""
    return call.sid.startswith(_SID)


def latest(session: Session, rt: Runtime, person: Person) -> Sitting | None:
    """The person's sitting of this hour, finished or not."""
    call = _call(session, rt, person)
    return None if call is None else _sitting(session, call)


def begin(session: Session, rt: Runtime, person: Person, by: str) -> Sitting:
    """Go on with the sitting that is under way, or open one. Raises NotAgreed."""
    _must_have_agreed(session, person)
    call = _call(session, rt, person)
    if call is None or _assessment(session, call) is not None or _lacks(session, _sitting(session, call)):
        call = _open(session, rt, person, by)
    return _sitting(session, call)


def afresh(session: Session, rt: Runtime, person: Person, by: str) -> Sitting:
    """Open another sitting; what was taken in one that is not weighed yet is erased. Raises NotAgreed."""
    _must_have_agreed(session, person)
    call = _call(session, rt, person)
    if call is not None and _assessment(session, call) is None:
        gone = session.scalars(select(Recording.id).where(Recording.call_id == call.id)).all()
        _erase(session, gone)
        subject = f"person:{person.id}"
        journal.write(session, rt.now(), by, "sitting given up", subject, sitting=call.id, recordings=len(gone))
    return _sitting(session, _open(session, rt, person, by))


def hear(session: Session, rt: Runtime, person: Person, n: int, mulaw: bytes, by: str) -> Sitting:
    """Keep the nth sample and have the worker listen to it; one that still waits for that is replaced.

    A sample that was sent before, or for a sitting that is over, changes nothing. Raises NotAgreed.
    """
    _must_have_agreed(session, person)
    call = _call(session, rt, person)
    if call is None:
        return begin(session, rt, person, by)
    sitting = _sitting(session, call)
    if sitting.complete or not _moved(session, rt, call, n):
        return _sitting(session, call)
    if sitting.waiting is not None:
        _erase(session, [sitting.waiting])
    recording = _keep(session, rt, person, call, n, mulaw, sitting.words)
    _note(call, by=by, waiting=recording, said=[])
    later(session, rt.enqueue, "ops.jobs.listen", recording)
    session.flush()
    return _sitting(session, call)


def remind(session: Session, rt: Runtime, sitting: Sitting) -> None:
    """Ask the worker again for what it has not listened to for a while; safe twice."""
    waiting = None if sitting.waiting is None else session.get(Recording, sitting.waiting)
    if waiting is not None and waiting.recorded_at < rt.now() - LATE:
        later(session, rt.enqueue, "ops.jobs.listen", waiting.id)


def listened(session: Session, rt: Runtime, recording_id: str, mulaw: bytes, reasons: Sequence[str]) -> bool:
    """What the worker heard: `mulaw` as the line carries it, and the `reasons` against it; without one it is kept.

    Else it is erased, and the same words are asked for again. After the last one a template is asked for. False where
    the sample was replaced meanwhile, or was listened to before. That the words are right is the clerk's to hear.
    """
    recording = session.get(Recording, recording_id)
    call = None if recording is None else session.get(Call, recording.call_id, populate_existing=True)
    if recording is None or call is None or call.person_id is None:
        return False
    sitting = _sitting(session, call)
    if sitting.waiting != recording_id or not _moved(session, rt, call, sitting.n):
        return False
    heard = [*sitting.heard]
    if reasons:
        _erase(session, [recording_id])
        _note(call, waiting=None, said=[*reasons])
    else:
        heard.append(recording_id)
        recording.sealed = rt.keys.seal(mulaw, seals.recording(recording_id, call.id))
        recording.heard = recording.asked
        _note(call, waiting=None, said=[], heard=[*heard], names=[*_draw(rt)])
    facts = {"sitting": call.id, "kept": not reasons, "reasons": list(reasons)}
    journal.write(session, rt.now(), _by(call), "sample taken", f"person:{call.person_id}", **facts)
    if not reasons and len(heard) == sitting.wanted:
        _ask(session, rt, call, heard)
    session.flush()
    return True


def _must_have_agreed(session: Session, person: Person) -> None:
    if not consent.given(session, person):
        raise NotAgreed


def _call(session: Session, rt: Runtime, person: Person) -> Call | None:
    mine = select(Call).where(Call.person_id == person.id, Call.outcome == OPEN, Call.sid.startswith(_SID))
    since = mine.where(Call.started_at > rt.now() - OPEN_FOR)
    return session.scalars(since.order_by(Call.started_at.desc(), Call.id).limit(1)).first()


def _lacks(session: Session, sitting: Sitting) -> bool:
    """Whether recordings of a sitting were erased since, as with a consent that was taken back."""
    kept = select(func.count()).select_from(Recording).where(Recording.id.in_(sitting.heard))
    return session.scalars(kept).one() < len(sitting.heard)


def _open(session: Session, rt: Runtime, person: Person, by: str) -> Call:
    """A call that is over already, and with which nothing is left to do: no sweep and no carrier goes on with it."""
    now, identifier = rt.now(), new_id()
    before = update(Call).where(Call.person_id == person.id, Call.outcome == OPEN, Call.sid.startswith(_SID))
    session.execute(before.values(outcome=OVER))
    call = Call(
        id=identifier,
        sid=f"{_SID}{identifier}",
        person_id=person.id,
        state=State(_STEP, person.dialect or HOME).as_json(),
        outcome=OPEN,
        started_at=now,
        touched_at=now,
        ended_at=now,
        seen_to_at=now,
    )
    _note(call, by=by, names=[*_draw(rt)], heard=[], waiting=None, said=[])
    session.add(call)
    session.flush()
    journal.write(session, now, by, "sitting begun", f"person:{person.id}", sitting=identifier)
    return call


def _moved(session: Session, rt: Runtime, call: Call, n: int) -> bool:
    """Go on from the nth turn; False where somebody else already did."""
    awaited = update(Call).where(Call.id == call.id, Call.turn == n)
    moved = session.scalar(awaited.values(turn=n + 1, touched_at=rt.now()).returning(Call.id)) is not None
    session.refresh(call)
    return moved


def _keep(session: Session, rt: Runtime, person: Person, call: Call, n: int, mulaw: bytes, words: Sequence[str]) -> str:
    """Keep a recording, sealed, as long as one of the line."""
    now, identifier, turn = rt.now(), new_id(), new_id()
    token = sha256(new_id().encode()).hexdigest()  # of nothing that was ever given out
    done = {"plan": {}, "state": "done", "heard": {}, "expires_at": now}
    session.add(SpokenTurn(id=turn, call_id=call.id, n=n, token_hash=token, **done))
    session.flush()
    days = min(rt.regions[person.region].recording_days, PROMISED_DAYS)
    recording = Recording(
        id=identifier,
        call_id=call.id,
        spoken_turn_id=turn,
        sealed=rt.keys.seal(mulaw, seals.recording(identifier, call.id)),
        seconds=len(mulaw) / RATE,
        asked=list(words),
        heard=[],
        recorded_at=now,
        erase_after=now + timedelta(days=days),
    )
    session.add(recording)
    return identifier


def _erase(session: Session, recordings: Sequence[str]) -> None:
    """Erase recordings, and their turns with them: nobody has used up a try of the line (certification.limits)."""
    gone = delete(Recording).where(Recording.id.in_(recordings)).returning(Recording.spoken_turn_id)
    turns = session.scalars(gone).all()
    session.execute(delete(SpokenTurn).where(SpokenTurn.id.in_(turns)))


def _ask(session: Session, rt: Runtime, call: Call, recordings: list[str]) -> None:
    """Have a template made."""
    assessment = Assessment(
        id=new_id(),
        call_id=call.id,
        person_id=call.person_id,
        purpose=ENROL,
        recordings=recordings,
        state="pending",
        asked_at=rt.now(),
    )
    session.add(assessment)
    later(session, rt.enqueue, "ops.jobs.assess", assessment.id)


def _sitting(session: Session, call: Call) -> Sitting:
    facts = _facts(call)
    names, heard, said = (_listed(facts[one]) for one in ("names", "heard", "said"))
    words = tuple(challenge_words()[name] for name in names if name in challenge_words())
    waiting, wanted = facts["waiting"], _challenge().groups
    kept = None if waiting is None else str(waiting)
    return Sitting(call.id, call.turn, words, heard, kept, said, _assessment(session, call), wanted)


def _assessment(session: Session, call: Call) -> Assessment | None:
    mine = select(Assessment).where(Assessment.call_id == call.id, Assessment.purpose == ENROL)
    return session.scalars(mine.execution_options(populate_existing=True)).first()


def _facts(call: Call) -> Facts:
    return State.kept(call.state).known.get(_FACTS, {})


def _by(call: Call) -> str:
    return str(_facts(call)["by"])


def _note(call: Call, **facts: Json) -> None:
    """Change what is known of a sitting, where the line keeps what it knows of a call."""
    kept = State.kept(call.state)
    call.state = replace(kept, known={_FACTS: {**_facts(call), **facts}}).as_json()


def _draw(rt: Runtime) -> list[str]:
    """Words at random, as many as the line asks for."""
    return rt.random.sample(sorted(challenge_words()), _challenge().words)


def _listed(given: Json) -> tuple[str, ...]:
    return tuple(str(one) for one in given) if isinstance(given, list) else ()


def _challenge() -> Challenge:
    """What the line asks for at an enrolment."""
    step = SCRIPT["enrol.challenge"]
    assert isinstance(step, Speak) and step.challenge is not None
    return step.challenge
