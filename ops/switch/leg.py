"""One call as the switch carries it: fetches TwiML, executes its verbs one after the other, reports its progress."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Literal
from urllib.parse import urljoin

from ops.switch.carrier import Answer, ServiceFailed
from ops.switch.sounds import gather, play
from ops.switch.stream import stream
from ops.switch.transcript import Line
from ops.switch.twiml import (
    Dial,
    Gather,
    Hangup,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    Stream,
    TwimlRefused,
    Verb,
    parse,
)
from ops.switch.wire import FRAME_S, HungUp, Wire

MOST_DOCUMENTS = 200
"""A call that fetches more documents than this goes round in circles."""

Status = Literal[
    "queued", "initiated", "ringing", "in-progress", "completed", "busy", "no-answer", "failed", "canceled"
]
FINAL: frozenset[Status] = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a call towards a telephone: it rings, then somebody answers and talks, or not."""

    ends: Literal["answer", "busy", "no-answer", "failed"] = "no-answer"
    ring_s: float = 2.0
    talk_s: float = 5.0

    def status(self, timeout_s: float) -> Status:
        """The final status when the other side lets it ring for at most `timeout_s`."""
        if self.ends == "answer":
            return "completed" if self.ring_s <= timeout_s else "no-answer"
        return self.ends

    def rings_s(self, timeout_s: float) -> float:
        return timeout_s if self.ends == "no-answer" else min(self.ring_s, timeout_s)


@dataclass(frozen=True, slots=True)
class Route:
    """Who calls whom, and which URLs hear of it. `events` are the names of Twilio's StatusCallbackEvent."""

    from_: str
    to: str
    direction: Literal["inbound", "outbound-api"]
    url: str
    twiml: str | None = None
    status_url: str | None = None
    events: frozenset[str] = frozenset({"completed"})
    ring_timeout_s: float = 60.0


class Leg:
    """Runs in a thread of its own; others read `status`, `failure` and `answers`."""

    def __init__(self, wire: Wire, route: Route, fates: Mapping[str, Fate]) -> None:
        self.sid = f"CA{secrets.token_hex(16)}"
        self.wire = wire
        self.route = route
        self.status: Status = "ringing" if route.direction == "inbound" else "queued"
        self.failure: str | None = None
        self.answers: list[Answer] = []
        self.times = 1
        self.together = False
        self._fates = fates
        self._reported = 0
        self._answered_s: float | None = None
        self._documents = 0

    def run(self) -> None:
        """The whole call. What the service does wrong ends it and is kept in `failure`."""
        try:
            self._report(self._outcome())
        finally:
            self.wire.transcript.end()

    def _outcome(self) -> Status:
        try:
            return self._call()
        except HungUp:
            return "completed" if self._answered_s is not None else "canceled"
        except (ServiceFailed, TwimlRefused) as error:
            self.failure = str(error)
            self.wire.transcript.fault(f"application error: {error}")
            return "completed" if self._answered_s is not None else "failed"

    def _call(self) -> Status:
        if self.route.direction == "outbound-api":
            fate = self._fates.get(self.route.to, Fate())
            self._report("initiated")
            self._report("ringing")
            self._pass(fate.rings_s(self.route.ring_timeout_s))
            outcome = fate.status(self.route.ring_timeout_s)
            if outcome != "completed":
                return outcome
            self._answer()
        url = self.route.url
        verbs = parse(self.route.twiml) if self.route.twiml else self._fetch(url, {})
        if self._answered_s is None:
            match verbs:
                case (Reject("busy"), *_):
                    return "busy"
                case (Reject(), *_):
                    return "no-answer"
            self._answer()
        self._execute(url, verbs)
        return "completed"

    def _answer(self) -> None:
        self._answered_s = self.wire.at_s
        self._report("in-progress")

    def _execute(self, url: str, verbs: tuple[Verb, ...]) -> None:
        """Verbs until there are none left; a verb with an action goes on with the document of that action."""
        while verbs:
            self.wire.check()
            verb, verbs = verbs[0], verbs[1:]
            self.wire.turn += 1
            match verb:
                case Say() | Play() | Pause():
                    play(self.wire, verb, url)
                    continue
                case Stream():
                    stream(self.wire, verb, self.sid)
                    continue
                case Hangup() | Reject():
                    return
                case Redirect(target):
                    form: dict[str, str] = {}
                case Gather(action=target):
                    digits = gather(self.wire, verb, url)
                    if digits is None:
                        continue
                    form = {"Digits": digits, "FinishedOnKey": "", "msg": "Gather End"}
                case Dial(action=action):
                    form = self._dial(verb)
                    if action is None:
                        continue
                    target = action
            url = urljoin(url, target)
            verbs = self._fetch(url, form)

    def _dial(self, verb: Dial) -> dict[str, str]:
        """Ring the other telephone and let both talk; the form for the action."""
        fate = self._fates.get(verb.number, Fate())
        status = fate.status(verb.timeout_s)
        self.wire.transcript.write(
            Line("line", self.wire.at_s, self.wire.turn, text=f"(dials {verb.number}: {status})")
        )
        self._pass(fate.rings_s(verb.timeout_s))
        form = {"DialCallSid": f"CA{secrets.token_hex(16)}", "DialCallStatus": status, "DialBridged": "false"}
        if status == "completed":
            self._pass(fate.talk_s)
            form |= {"DialBridged": "true", "DialCallDuration": str(round(fate.talk_s))}
        return form

    def _pass(self, seconds: float) -> None:
        for _ in range(round(seconds / FRAME_S)):
            self.wire.tick()
            self.wire.lose_keys()

    def _fetch(self, url: str, form: dict[str, str]) -> tuple[Verb, ...]:
        self._documents += 1
        if self._documents > MOST_DOCUMENTS:
            raise ServiceFailed(f"more than {MOST_DOCUMENTS} documents in one call: it goes round in circles")
        with self.wire.waiting():
            answers = self.wire.carrier.post(url, self._form() | form, self.times, self.together)
        self.answers.extend(answers)
        return parse(answers[-1].twiml())

    def _form(self) -> dict[str, str]:
        """What every webhook of the call carries; the places are empty, and signed, where the carrier knows none."""
        here: dict[str, str] = {}
        for side, also, number in (("From", "Caller", self.route.from_), ("To", "Called", self.route.to)):
            for name in (side, also):
                here |= {name: number, f"{name}City": "", f"{name}State": "", f"{name}Zip": "", f"{name}Country": "CN"}
        return here | {
            "AccountSid": self.wire.carrier.account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self.sid,
            "CallStatus": self.status,
            "Direction": self.route.direction,
        }

    def _report(self, status: Status) -> None:
        """Take the next status, and tell the status URL when it asked for that event."""
        self.status = status
        event = "completed" if status in FINAL else {"in-progress": "answered"}.get(status, status)
        if self.route.status_url is None or event not in self.route.events:
            return
        form = self._form() | {
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(self._reported),
            "Timestamp": formatdate(usegmt=True),
        }
        if status in FINAL:
            form["CallDuration"] = str(round(self.duration_s))
        self._reported += 1
        try:
            answers = self.wire.carrier.post(self.route.status_url, form, self.times, self.together)
        except ServiceFailed as error:
            self.wire.transcript.fault(f"status callback: {error}")
            return
        for answer in answers:
            if not 200 <= answer.status < 300:
                self.wire.transcript.fault(f"status callback: {answer.url} answered {answer.status}")

    @property
    def duration_s(self) -> float:
        """Seconds on the call's clock since it was answered."""
        return 0.0 if self._answered_s is None else self.wire.at_s - self._answered_s
