"""The bridge between a call and its media socket: a spoken turn is opened, claimed once, finished once, and read."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import seals
from certification.runtime import Runtime
from certification.store import Call, Person, Recording, SpokenTurn, new_id
from ivr.steps import GLOBAL_KEYS, Broken, Event, Keyed, NotUnderstood, Silent, Spoke, Unavailable

PROMISED_DAYS = 90  # the notice says that no recording is kept for longer
OPEN_FOR = timedelta(minutes=5)  # a carrier may have to say a long sentence before it connects
ANY_KEY = "-"  # in a challenge it is enough to know that a key was pressed: it may begin a number
LATELY = 3  # spoken turns: so long it is remembered how a caller pauses
_BYTES_PER_SECOND = 8000  # mu-law at 8 kHz

Ended = Literal["speech", "no_input", "key", "limit", "hangup"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the media process is to do: play these prompts, then hear this grammar until so much silence (seconds)."""

    dialect: str
    prompts: tuple[str, ...]
    grammar: str
    silence_s: float
    keep: bool  # keep the caller's audio, sealed
    asked: tuple[str, ...]  # the words to be repeated
    keys: bool = True
    pause_s: float = 0.0  # the longest that the caller has lately paused for, and then gone on


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it. `words` holds nothing unless it was understood; `key` is set when a key ended the turn."""

    ended: Ended
    words: tuple[str, ...] = ()
    confidence: float = 0.0
    understood: bool = False
    key: str | None = None
    pause_s: float = 0.0  # the longest pause within what was said


def open_turn(session: Session, rt: Runtime, call: Call, n: int, plan: Plan) -> str:
    """Prepare the spoken turn and return the one-time token that opens it.

    The turn's row keeps only a hash. The call's last answer holds the token itself, so that a repeated webhook gets the
    same answer; it is worth nothing once it was used, the call has gone on, or OPEN_FOR is over.
    """
    token = secrets.token_urlsafe(24)
    plan = replace(plan, pause_s=_pause(session, call))
    turn = SpokenTurn(
        call_id=call.id, n=n, token_hash=_hash(token), plan=asdict(plan), state="open", expires_at=rt.now() + OPEN_FOR
    )
    session.add(turn)
    return token


def _pause(session: Session, call: Call) -> float:
    """The longest pause in the caller's latest spoken turns of this call."""
    done = select(SpokenTurn.heard).where(SpokenTurn.call_id == call.id, SpokenTurn.state == "done")
    latest = session.scalars(done.order_by(SpokenTurn.n.desc()).limit(LATELY))
    return max((heard.get("pause_s", 0.0) for heard in latest if heard), default=0.0)


def claim(session: Session, rt: Runtime, token: str, call_sid: str) -> tuple[SpokenTurn, Plan] | None:
    """Take the turn that this token opens in this call: once, in time, and only while the call is at that turn."""
    opened = (
        select(SpokenTurn.id)
        .join(Call, Call.id == SpokenTurn.call_id)
        .where(SpokenTurn.token_hash == _hash(token), Call.sid == call_sid, Call.turn == SpokenTurn.n)
    )
    unclaimed = update(SpokenTurn).where(
        SpokenTurn.id.in_(opened), SpokenTurn.state == "open", SpokenTurn.expires_at > rt.now()
    )
    identifier = session.scalar(unclaimed.values(state="listening").returning(SpokenTurn.id))
    if identifier is None:
        return None
    turn = session.get_one(SpokenTurn, identifier, populate_existing=True)
    return turn, _plan(turn)


def finish(session: Session, rt: Runtime, turn: SpokenTurn, result: Result, audio: bytes | None) -> None:
    """Write down what was heard, once, and keep the caller's voice (mu-law, 8 kHz) where the plan says so."""
    plan = _plan(turn)
    key = ANY_KEY if plan.keep and result.key and result.key not in GLOBAL_KEYS + "#" else result.key
    heard: dict[str, Any] = asdict(result) | {"key": key, "recording": None}
    voiced = result.ended not in ("no_input", "key")
    keep = audio if plan.keep and voiced and audio else None
    if keep:
        heard["recording"] = new_id()
    listening = update(SpokenTurn).where(SpokenTurn.id == turn.id, SpokenTurn.state == "listening")
    done = session.scalar(listening.values(state="done", heard=heard).returning(SpokenTurn.id))
    if done is not None and keep:
        _keep(session, rt, turn, plan, result, heard["recording"], keep)


def _keep(
    session: Session, rt: Runtime, turn: SpokenTurn, plan: Plan, result: Result, identifier: str, audio: bytes
) -> None:
    call = session.get_one(Call, turn.call_id)
    person = session.get(Person, call.person_id) if call.person_id else None
    days = (rt.regions[person.region] if person else rt.regions.default).recording_days
    recording = Recording(
        id=identifier,
        call_id=call.id,
        spoken_turn_id=turn.id,
        sealed=rt.keys.seal(audio, seals.recording(identifier, call.id)),
        seconds=len(audio) / _BYTES_PER_SECOND,
        asked=list(plan.asked),
        heard=list(result.words),
        recorded_at=rt.now(),
        erase_after=rt.now() + timedelta(days=min(days, PROMISED_DAYS)),
    )
    session.add(recording)


def result_of(session: Session, call: Call, n: int) -> Event:
    """What was heard in the spoken turn n, as the script hears it.

    A socket that never came is Unavailable; one that broke off may have heard something, and what is not known.
    """
    turn = session.scalar(select(SpokenTurn).where(SpokenTurn.call_id == call.id, SpokenTurn.n == n))
    match turn:
        case None | SpokenTurn(state="open"):
            return Unavailable()
        case SpokenTurn(state="done", heard=dict(heard)):
            return _event(heard)
        case _:
            return Broken()


def _event(heard: dict[str, Any]) -> Event:
    match heard:
        case {"ended": "key", "key": str(key)}:
            return Keyed(key)
        case {"ended": "no_input"}:
            return Silent()
        case {"ended": "hangup"}:
            return Broken()
        case {"understood": True, "words": [*words], "confidence": confidence, "recording": recording}:
            return Spoke(tuple(words), confidence, recording)
        case _:
            return NotUnderstood(heard["recording"])


def _plan(turn: SpokenTurn) -> Plan:
    fields = turn.plan
    return Plan(**fields | {"prompts": tuple(fields["prompts"]), "asked": tuple(fields["asked"])})


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
