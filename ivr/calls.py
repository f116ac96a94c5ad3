"""A call's row: begun once, moved on by one turn at a time whoever asks how often, and ended."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import journal, phones, seals
from certification.errors import Problem
from certification.regions import RegionFileInvalid, Regions, Wrong
from certification.runtime import Runtime
from certification.store import Call, insert_once, new_id
from ivr import lines, machine, spoken
from ivr.acts import ACTS, At
from ivr.acts.voices import abandoned
from ivr.dialects import HOME, DialectUnknown, dialect
from ivr.machine import Perform, Turn
from ivr.prompts import Prompts
from ivr.published import Published
from ivr.script import SCRIPT
from ivr.spoken import Plan
from ivr.steps import (
    DROPPED,
    Broken,
    Dialled,
    End,
    Event,
    Facts,
    Keyed,
    Polled,
    Saying,
    Silent,
    Speak,
    State,
    Transfer,
    Wait,
)
from ivr.twiml import Renderer

logger = logging.getLogger(__name__)

WITHHELD = "+266696687"  # "anonymous" on a keypad: what Twilio says when the number is withheld
OVER = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


@dataclass(frozen=True, slots=True)
class Line:
    """The telephone line: what it rests on, what it says, and how it says so to the carrier."""

    rt: Runtime
    prompts: Prompts
    renderer: Renderer

    @classmethod
    def of(cls, rt: Runtime) -> Line:
        """The line of this runtime.

        Raises RegionFileInvalid for a dialect that has no folder, PromptUnknown for one that does not offer itself.
        """
        prompts = Prompts(rt.settings.prompts, rt.regions, Published(rt))
        if wrong := list(unspoken(rt.regions)):
            raise RegionFileInvalid(*wrong)
        for region in rt.regions:
            for code in region.dialects:
                prompts.text(code, f"language.{code}")
        urls = rt.settings.public_base_url, rt.settings.media_base_url
        return cls(rt, prompts, Renderer(SCRIPT, prompts, *urls))

    def begin(self, session: Session, sid: str, from_: str) -> str:
        """The first TwiML of a call; its latest, when it has begun already."""
        identifier, number, now = new_id(), _number(from_), self.rt.now()
        new = insert_once(
            session,
            Call,
            id=identifier,
            sid=sid,
            from_sealed=self.rt.keys.seal(number.encode(), seals.caller(identifier)) if number else None,
            from_index=self.rt.keys.index(number, seals.CALLING) if number else None,
            turn=0,
            state={},
            twiml="",
            started_at=now,
            touched_at=now,
        )
        call = session.scalars(select(Call).where(Call.sid == sid)).one()
        if new:
            self._say(session, call, machine.begin(SCRIPT, HOME, self._perform(session, call)))
        return call.twiml

    def answer(self, session: Session, sid: str, n: int, form: Mapping[str, str]) -> str | None:
        """The TwiML that follows the answer to turn n; the latest for a repeated or late one. None: unknown call."""
        awaited = update(Call).where(Call.sid == sid, Call.turn == n, Call.outcome.is_(None))
        moved = session.scalar(awaited.values(turn=n + 1, touched_at=self.rt.now()).returning(Call.id))
        call = session.scalars(select(Call).where(Call.sid == sid).execution_options(populate_existing=True)).first()
        if call is None or moved is None:
            return None if call is None else call.twiml
        state = State.kept(call.state)
        event = _event(session, call, n, state, form)
        self._say(session, call, machine.answer(SCRIPT, state, event, self._perform(session, call)))
        return call.twiml

    def end(self, session: Session, sid: str, status: str) -> None:
        """Write down that a call is over, once, and what it came to if the caller hung up in the middle."""
        if status not in OVER:
            return
        now = self.rt.now()
        running = update(Call).where(Call.sid == sid, Call.ended_at.is_(None))
        identifier = session.scalar(running.values(ended_at=now, touched_at=now).returning(Call.id))
        if identifier is None:
            return
        call = session.get_one(Call, identifier, populate_existing=True)  # the row is ours now: no answer is on its way
        if call.outcome is None:
            state = State.kept(call.state)
            call.outcome = left(state)
            if call.outcome == DROPPED:
                abandoned(session, self.rt, call, state)
        journal.write(session, now, "line", "call ended", f"call:{call.id}", outcome=call.outcome, status=status)

    def _perform(self, session: Session, call: Call) -> Perform:
        def perform(name: str, state: State, event: Event) -> Facts:
            return ACTS[name].run(At(session, self.rt, self.prompts, call, state, event))

        return perform

    def _say(self, session: Session, call: Call, turn: Turn) -> None:
        state, saying, step, token = turn.state, turn.saying, SCRIPT[turn.state.step], None
        match step:
            case Speak(challenge=None) if not state.keys_only and not lines.for_a_command(session, self.rt):
                logger.warning("the lines are busy: call %s goes on by keys at %s", call.sid, state.step)
                saying = (*saying[:-1], "keys.only", *saying[-1:])  # this time: a line may be free at the next question
            case Speak() if not state.keys_only:
                saying, played = self.renderer.split(state, turn.saying)
                token = spoken.open_turn(session, self.rt, call, call.turn, _plan(step, state, played))
            case End(outcome=outcome):
                call.outcome = outcome
        call.state = state.as_json()
        call.twiml = self.renderer.turn(state, saying, call.turn, token)


def left(state: State) -> str:
    """What a call comes to whose caller leaves in this state."""
    return SCRIPT[state.step].left


def unspoken(regions: Regions) -> Iterator[Wrong]:
    """The regions that would begin with a dialect that has no folder."""
    for region in regions:
        for code in region.dialects:
            try:
                dialect(code)
            except DialectUnknown as error:
                yield Wrong(Path(f"{region.code}.toml"), "dialects", error.zh, error.en.rstrip("."))


def _number(from_: str) -> str | None:
    """The calling number (E.164), or None when it is withheld or unreadable."""
    if from_ == WITHHELD:
        return None
    try:
        return phones.parse(from_).e164
    except Problem:
        return None


def _event(session: Session, call: Call, n: int, state: State, form: Mapping[str, str]) -> Event:
    """What a webhook means at this step. Keys are read here, and kept nowhere."""
    digits = form.get("Digits", "")
    match SCRIPT[state.step]:
        case Speak() if lines.listened(session, call, n):
            return spoken.result_of(session, call, n)
        case Transfer():
            return Dialled(form.get("DialCallStatus") == "completed")
        case Wait() if not digits:
            return Polled()
        case _ if not digits and "tried" in form:  # keys may have come with an answer that failed
            return Broken()
        case _:
            return Keyed(digits) if digits else Silent()


def _plan(step: Speak, state: State, prompts: Saying) -> Plan:
    words = state.fact("draw", "words") if step.challenge else ()
    return Plan(
        dialect=state.dialect,
        prompts=prompts,
        grammar=step.grammar,
        silence_s=step.silence_s,
        keep=step.challenge is not None,
        asked=tuple(map(str, words)) if isinstance(words, list | tuple) else (),
    )
