"""The voices of a case: what was asked and heard in the call, what was enrolled, and how alike they are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import journal, knowncases, review, seals
from certification.erasure import ENROL
from certification.runtime import Runtime
from certification.store import Assessment, Case, KnownCase, Recording
from ivr.prompts import wav

_ENROLLED = "enrolled"  # the outcome of an assessment that made a template
OF_A_SCORE = ("household", "several_voices")
"""Suspicions that say what a score says."""
_WEIGHED = ("llr", "threshold", "score")


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording: when, how long, the words that were asked for and those that were heard."""

    id: str
    at: datetime
    seconds: float
    asked: list[str]
    heard: list[str]


@dataclass(frozen=True, slots=True)
class Voices:
    """Both sides. `numbers`: how alike (llr, threshold: natural logarithms); empty where nothing was weighed."""

    attempt: list[Clip] = field(default_factory=list)
    enrolled: list[Clip] = field(default_factory=list)
    numbers: dict[str, float] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    suspicions: list[str] = field(default_factory=list)
    outcome: str | None = None

    def unscored(self) -> Voices:
        """The same for somebody who is not to know what the machine thinks of whose voice it is."""
        heard = [one for one in self.suspicions if one not in OF_A_SCORE]
        return replace(self, numbers={}, suspicions=heard, outcome=None)

    @property
    def confirmable(self) -> bool:
        """Whether the voice was held against a template, so that a human may say whose it is."""
        return bool(self.numbers)


def of(session: Session, case: Case) -> Voices:
    """The voices of a case; nothing where it is of none."""
    if (known := knowncases.of(session, case.id)) is not None:
        return _made_up(session, known)
    assessment = session.get(Assessment, str(case.detail.get("assessment", "")))
    if assessment is None or assessment.person_id != case.person_id:
        return Voices()
    detail: dict[str, Any] = assessment.detail
    return Voices(
        _clips(session, assessment),
        _enrolled(session, assessment),
        {name: float(detail[name]) for name in _WEIGHED if review.WEIGHED in detail and name in detail},
        [str(one) for one in detail.get("reasons", [])],
        sorted(detail.get("suspicions", {})),
        assessment.outcome,
    )


def listen(session: Session, rt: Runtime, case: Case, recording_id: str, by: str) -> bytes | None:
    """A recording of the case as a WAV file, 8 kHz; None where the case has none of this identifier.

    That somebody listened is journalled. Raises SealBroken.
    """
    found = of(session, case)
    if recording_id not in {one.id for one in (*found.attempt, *found.enrolled)}:
        return None
    recording = session.get_one(Recording, recording_id)
    journal.write(session, rt.now(), by, "recording listened to", f"recording:{recording_id}", case=case.id)
    opened = rt.keys.open(recording.sealed, seals.recording(recording.id, recording.call_id))
    return wav(opened)


def _made_up(session: Session, known: KnownCase) -> Voices:
    """Both sides of a case whose answer is known, with a score as doubted voices have them."""
    sides = [[session.get(Recording, one) for one in known.about[side]] for side in ("attempt", "enrolled")]
    attempt, enrolled = ([_clip(one) for one in side if one is not None] for side in sides)
    return Voices(attempt, enrolled, {name: float(known.about[name]) for name in _WEIGHED}, outcome="human")


def _enrolled(session: Session, assessment: Assessment) -> list[Clip]:
    """The recordings of the last enrolment before, as long as they are kept."""
    mine = (Assessment.person_id == assessment.person_id, Assessment.purpose == ENROL)
    done = (Assessment.outcome == _ENROLLED, Assessment.asked_at <= assessment.asked_at)
    last = session.scalars(select(Assessment).where(*mine, *done).order_by(Assessment.asked_at.desc()).limit(1)).first()
    return [] if last is None else _clips(session, last)


def _clips(session: Session, assessment: Assessment) -> list[Clip]:
    kept = [session.get(Recording, one) for one in assessment.recordings]
    return [_clip(one) for one in kept if one is not None]


def _clip(one: Recording) -> Clip:
    return Clip(one.id, one.recorded_at, one.seconds, one.asked, one.heard)
