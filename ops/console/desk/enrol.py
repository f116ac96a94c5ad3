"""Enrolling somebody at the counter, step by step: consent, the voice, their own phone, a PIN, a word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import codes, confirmation, consent, journal, pins, safewords, templates
from certification.erasure import ENROL
from certification.runtime import Runtime
from certification.store import Assessment, EnrolmentCode, Person, VoiceTemplate, only_read
from ivr.dialects import HOME
from ivr.prompts import Prompts
from ops import sittings
from ops.console import access
from ops.console.desk import agreement
from ops.console.desk.find import named, theirs
from ops.console.work import events
from ops.sittings import Sitting

CONSENT = "enrol.consent"  # the prompt; what the line says before it enrols a voice
TODAY = timedelta(hours=12)
SOON_MS, LATER_MS = 700, 3000  # until a browser asks for the next event


class Step(StrEnum):
    """The steps, in order."""

    CONSENT = "consent"
    VOICE = "voice"
    CONFIRM = "confirm"
    PIN = "pin"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an enrolment is. `code`: one that waits to be keyed; `last`: the voice that was weighed last."""

    agreed: bool
    template: VoiceTemplate | None
    code: EnrolmentCode | None
    sitting: Sitting | None
    last: Assessment | None
    pin: bool
    word: bool

    @property
    def confirmed(self) -> bool:
        """Whether the template in use was seen to fit over a telephone."""
        return self.template is not None and self.template.confirmed_at is not None

    @property
    def done(self) -> dict[Step, bool]:
        """Which steps are done."""
        voice = self.agreed and self.template is not None
        every = (self.agreed, voice, voice and self.confirmed, self.pin, self.word)
        return dict(zip(Step, every, strict=True))

    @property
    def came(self) -> str | None:
        """What the last voice came to, or that it is being weighed: a word of the catalogue; None before there is one.

        One that was too poor says nothing of a template that was made before.
        """
        if self.last is None:
            return None
        if self.last.state != "done":
            return "pending"
        if self.last.purpose == ENROL:
            return {"enrolled": "enrolled", "again": "poor"}.get(str(self.last.outcome), "differ")
        return {"confirmed": "confirmed", "again": "poor"}.get(str(self.last.outcome), "unsure")

    @property
    def weighing(self) -> bool:
        """Whether the worker has something to listen to."""
        return self.came == "pending" or (self.sitting is not None and self.sitting.waiting is not None)

    @property
    def mark(self) -> str:
        """What changes when any of it does."""
        parts: tuple[object, ...] = (
            self.agreed,
            None if self.template is None else (self.template.id, self.template.confirmed_at is not None),
            None if self.code is None else self.code.id,
            None if self.sitting is None else (self.sitting.call, self.sitting.n),
            None if self.last is None else (self.last.id, self.last.state),
        )
        return sha256(repr(parts).encode()).hexdigest()


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the steps."""
    prompts = Prompts(rt.settings.prompts, rt.regions)
    _shown(console, rt, prompts)

    @console.post("/people/<person_id>/enrol/consent")
    @access.for_(access.DESK)
    def enrol_consent(person_id: str) -> ResponseReturnValue:
        answer, by = request.form.get("answer"), access.who().name
        if answer not in ("yes", "no"):
            abort(400)
        if answer == "yes" and request.form.get("heard") != "yes":
            raise consent.NotHeardOut
        with rt.sessions.begin() as session:
            one = theirs(session, person_id)
            if answer == "no":
                consent.decline(session, rt, one, by=by)
            elif not consent.given(session, one):
                text = prompts.text(one.dialect or HOME, CONSENT)
                consent.record(session, rt, one, text=text, how="desk", by=by)
        step = Step.VOICE if answer == "yes" else Step.PIN
        return redirect(url_for("console.enrol", person_id=person_id, step=step.value))

    @console.post("/people/<person_id>/enrol/phone")
    @access.for_(access.DESK)
    def enrol_phone(person_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one = theirs(session, person_id)
            afresh = request.form.get("afresh") == "yes"
            waits = None if afresh else confirmation.awaited(session, one)
            given = codes.issue(session, rt, one, access.who().name, confirms=waits)
            seen = facts(session, rt, prompts, one, Step.CONFIRM if waits else Step.VOICE)
        return render_template("enrol.html", **seen, code=f"{given[:4]} {given[4:]}")


def _shown(console: Blueprint, rt: Runtime, prompts: Prompts) -> None:
    """What is looked at."""

    @console.get("/people/<person_id>/enrol")
    @access.for_(access.DESK)
    def enrol(person_id: str) -> ResponseReturnValue:
        step = request.args.get("step")
        if step not in (None, *Step):
            abort(404)
        with rt.sessions.begin() as session:
            one = theirs(session, person_id)
            journal.write(session, rt.now(), access.who().name, "person shown", f"person:{one.id}")
            seen = facts(session, rt, prompts, one, None if step is None else Step(step))
            return render_template("enrol.html", **seen, code=None)

    @console.get("/people/<person_id>/enrol/events")
    @access.for_(access.DESK)
    def enrol_events(person_id: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            stands = standing(session, rt, theirs(session, person_id))
        return events.event(stands.mark, SOON_MS if stands.weighing else LATER_MS)

    @console.get("/people/<person_id>/enrol/agreement.svg")
    @access.for_(access.DESK)
    def enrol_agreement(person_id: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            found = agreement.of(session, theirs(session, person_id))
        if found is None:
            abort(404)
        return Response(agreement.picture(found), mimetype="image/svg+xml")


def standing(session: Session, rt: Runtime, person: Person) -> Standing:
    """How far somebody's enrolment is."""
    return Standing(
        agreed=consent.given(session, person),
        template=templates.current(session, person),
        code=codes.waiting(session, rt, person),
        sitting=sittings.latest(session, rt, person),
        last=_last(session, rt, person),
        pin=pins.is_set(session, person),
        word=safewords.of(session, rt.keys, person) is not None,
    )


def facts(session: Session, rt: Runtime, prompts: Prompts, person: Person, step: Step | None) -> dict[str, Any]:
    """What the page shows at a step; at the first one that is not done, where none is asked for."""
    stands, dialect = standing(session, rt, person), person.dialect or HOME
    done = stands.done
    if step in (Step.VOICE, Step.CONFIRM) and not stands.agreed and stands.template is None and stands.code is None:
        step = Step.CONSENT
    elif step is Step.CONFIRM and stands.template is None:
        step = Step.VOICE
    first = next((one for one in Step if not done[one]), Step.WORD)
    return {
        "person": person,
        "name": named(rt, person),
        "step": step or first,
        "steps": [(one, done[one]) for one in Step],
        "stands": stands,
        "dialect": dialect,
        "text": prompts.text(dialect, CONSENT),
        "spoken": prompts.audio(dialect, CONSENT) is not None,
        "other": prompts.text(dialect, CONSENT) != prompts.text(HOME, CONSENT),
        "hotline": rt.settings.voice_from,
        "calls": rt.settings.calls,
        "agreement": agreement.of(session, person),
    }


def _last(session: Session, rt: Runtime, person: Person) -> Assessment | None:
    """The last voice of today that was to make a template or to confirm one."""
    mine = select(Assessment).where(
        Assessment.person_id == person.id,
        Assessment.purpose.in_((ENROL, confirmation.CONFIRM)),
        Assessment.asked_at > rt.now() - TODAY,
    )
    return session.scalars(mine.order_by(Assessment.asked_at.desc(), Assessment.id).limit(1)).first()
