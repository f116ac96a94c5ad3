"""A telephone that calls the line's routes without a carrier: it reads the TwiML, and speaks through spoken turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import certifying
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Assessment, Call, Person, SpokenTurn
from ivr import spoken, webhook
from ivr.spoken import Plan, Result

VOICE = b"\x80" * 16000  # two seconds of mu-law


def line(rt: Runtime) -> Flask:
    """The line's routes alone, with nobody checking signatures."""
    app = Flask("line")
    app.register_blueprint(webhook.blueprint(rt))
    return app


@dataclass(slots=True)
class Telephone:
    """One call. `heard` are the prompts of the last answer; `everything` those of the whole call."""

    rt: Runtime
    client: FlaskClient
    number: str = "+8613888000001"
    sid: str = "CA1"
    heard: tuple[str, ...] = ()
    everything: list[str] = field(default_factory=list)
    twiml: str = ""
    plan: Plan | None = None

    def dial(self) -> Self:
        return self.post("/voice")

    def press(self, digits: str) -> Self:
        return self.post(self.action(), Digits=digits)

    def stays_silent(self) -> Self:
        return self.spoke(Result("no_input")) if self.listened_to() else self.post(self.action())

    def says(self, *words: str) -> Self:
        """Words that the recogniser understood; none for a voice that said nothing known."""
        return self.spoke(Result("speech", words, 0.9, bool(words)), VOICE)

    def repeats(self) -> Self:
        """The words asked for, in order."""
        assert self.plan is not None
        return self.says(*self.plan.asked)

    def presses_while_listened_to(self, key: str) -> Self:
        return self.spoke(Result("key", key=key))

    def waits(self) -> Self:
        """Look for the result once more."""
        return self.post(self.action())

    def operator(self, status: str) -> Self:
        return self.post(self.action(), DialCallStatus=status)

    def hangs_up(self) -> Self:
        self.client.post("/voice/status", data={"CallSid": self.sid, "CallStatus": "completed"})
        return self

    def spoke(self, result: Result, audio: bytes | None = None) -> Self:
        token = self.token()
        with self.rt.sessions.begin() as session:
            claimed = spoken.claim(session, self.rt, token, self.sid)
            assert claimed is not None, "the token opens the turn"
            spoken.finish(session, self.rt, claimed[0], result, audio)
        return self.post(self.action())

    def post(self, url: str, **form: str) -> Self:
        answer = self.client.post(url, data={"CallSid": self.sid, "From": self.number, **form})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        self.twiml = answer.get_data(as_text=True)
        root = self.root()
        self.plan = self._plan()
        played = [prompt_of(play.text or "") for play in root.iter("Play")]
        self.heard = tuple(self.plan.prompts if self.plan else played)
        self.everything.extend(self.heard)
        return self

    def action(self) -> str:
        """Where the carrier would go on."""
        root = self.root()
        element = root.find("Redirect")
        url = root.find("Dial").get("action", "") if element is None else element.text or ""  # type: ignore[union-attr]
        return url.removeprefix(self.rt.settings.public_base_url)

    def root(self) -> Element:
        return ElementTree.fromstring(self.twiml)

    def listened_to(self) -> bool:
        return self.root().find("Connect") is not None

    def token(self) -> str:
        parameter = self.root().find("Connect/Stream/Parameter")
        assert parameter is not None, self.twiml
        return parameter.get("value", "")

    def hung_up_on(self) -> bool:
        return self.root().find("Hangup") is not None

    def call(self) -> Call:
        with self.rt.sessions() as session:
            return session.scalars(select(Call).where(Call.sid == self.sid)).one()

    def _plan(self) -> Plan | None:
        if not self.listened_to():
            return None
        with self.rt.sessions() as session:
            call = session.scalars(select(Call).where(Call.sid == self.sid)).one()
            turn = session.scalars(
                select(SpokenTurn).where(SpokenTurn.call_id == call.id, SpokenTurn.n == call.turn)
            ).one()
            fields = turn.plan
            return Plan(**{**fields, "prompts": tuple(fields["prompts"]), "asked": tuple(fields["asked"])})


def prompt_of(url: str) -> str:
    """The prompt's name; with its dialect where that is not Mandarin."""
    dialect, name = url.removesuffix(".wav").rsplit("/", 2)[-2:]
    return name if dialect == "mandarin" else f"{dialect}:{name}"


@dataclass(frozen=True, slots=True)
class Worker:
    """Stands for the worker: gives every waiting assessment the outcome that the test asks for."""

    rt: Runtime

    def weighs(self, outcome: str) -> Sequence[str]:
        with self.rt.sessions.begin() as session:
            waiting = session.scalars(select(Assessment).where(Assessment.state == "pending")).all()
            for assessment in waiting:
                assessment.state, assessment.outcome, assessment.done_at = "done", outcome, self.rt.now()
                if outcome in ("certified", "recorded"):
                    self._record(session, assessment)
            return [assessment.id for assessment in waiting]

    def _record(self, session: Session, assessment: Assessment) -> None:
        certifying.record(
            session,
            self.rt,
            session.get_one(Person, assessment.person_id),
            kind=Kind.VOICE,
            strength=Strength.LIVE,
            source="call",
            ref=assessment.id,
            observed_at=assessment.asked_at,
            actor="worker",
        )
