"""The voices of a case: what was asked and heard in the call, what was enrolled, and how alike they are."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import holding, journal, knowncases, review, seals
from certification.erasure import ENROL
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Assessment, Case, KnownCase, Recording
from ops.console.review import pictures
from ops.console.review.spoken import Word, aligned
from voiceprint import audio, quality
from voiceprint.audio import Samples
from voiceprint.level import level
from voiceprint.quality import Quality, Use

logger = logging.getLogger(__name__)

_ENROLLED = "enrolled"  # the outcome of an assessment that made a template
OF_A_SCORE = ("household", "several_voices")
"""Suspicions that say what a score says."""
_WEIGHED = ("llr", "threshold", "score")
ONE_SITTING = holding.HELD
"""Within this a recording played again, looped or made louder is one listening, and is journalled once."""
QUIET_DB, CALM_DB = 20.0, 10.0  # speech over noise: from here up a quiet place, and one with some noise


class Access(StrEnum):
    """What somebody had of a recording, as the journal calls it: a picture shows to some what was said."""

    LISTENED = "recording listened to"
    LOOKED = "recording looked at"


@dataclass(frozen=True, slots=True)
class Sound:
    """What a recording is like. `gain_db`: by how much it is made louder; `reasons`: why it is poor, if it is."""

    quality: Quality
    gain_db: float
    held_back: bool
    reasons: list[str]

    @property
    def calm(self) -> str:
        """How much noise there is, in a word."""
        if not self.quality.net_speech_s:
            return "nobody"
        ratio = self.quality.snr_db
        return "quiet" if ratio >= QUIET_DB else "some" if ratio >= CALM_DB else "loud"


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording: when, how long, the words asked for and heard. `sound`: None where it does not open."""

    id: str
    at: datetime
    seconds: float
    asked: list[str]
    heard: list[str]
    sound: Sound | None

    @property
    def words(self) -> list[Word]:
        """Word by word."""
        return aligned(self.asked, self.heard)


@dataclass(frozen=True, slots=True)
class Side:
    """One side: its recordings, and how many of them are kept no more."""

    clips: list[Clip] = field(default_factory=list)
    erased: int = 0


@dataclass(frozen=True, slots=True)
class Voices:
    """Both sides. `numbers`: how alike (llr, threshold: natural logarithms); empty where nothing was weighed.

    `longest`: seconds of the longest recording, as far as the pictures' time runs. `named`: who else the weighing
    found to be more alike.
    """

    assessment: str | None = None
    attempt: Side = field(default_factory=Side)
    enrolled: Side = field(default_factory=Side)
    numbers: dict[str, float] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    suspicions: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    outcome: str | None = None

    def unscored(self) -> Voices:
        """The same for somebody who is not to know what the machine thinks of whose voice it is."""
        heard = [one for one in self.suspicions if one not in OF_A_SCORE]
        return replace(self, numbers={}, suspicions=heard, outcome=None)

    @property
    def confirmable(self) -> bool:
        """Whether the voice was held against a template, so that a human may say whose it is."""
        return bool(self.numbers)

    @property
    def there(self) -> bool:
        """Whether there is anything to be heard or to be said."""
        sides = (self.attempt, self.enrolled)
        return bool(self.numbers) or any(side.clips or side.erased for side in sides)

    @property
    def longest(self) -> float:
        """How long the longest recording is."""
        clips = [*self.attempt.clips, *self.enrolled.clips]
        return max([pictures.SHORTEST_S, *(one.seconds for one in clips)])


def of(session: Session, rt: Runtime, case: Case) -> Voices:
    """The voices of a case, opened and measured; nothing where it is of none. Reads only: looked() says who looked."""
    if (known := knowncases.of(session, case.id)) is not None:
        return _made_up(session, rt, case, known)
    assessment = _assessment(session, case)
    if assessment is None:
        return Voices()
    detail: dict[str, Any] = assessment.detail
    suspicions: dict[str, Any] = detail.get("suspicions", {})
    return Voices(
        assessment.id,
        _side(session, rt, case, assessment.recordings, Use.TEST),
        _side(session, rt, case, _recorded(_enrolment(session, assessment)), Use.ENROLMENT),
        {name: float(detail[name]) for name in _WEIGHED if review.WEIGHED in detail and name in detail},
        [str(one) for one in detail.get("reasons", [])],
        sorted(suspicions),
        [str(found["person"]) for found in suspicions.values() if "person" in found],
        assessment.outcome,
    )


def looked(session: Session, rt: Runtime, case: Case, found: Voices, by: str) -> None:
    """Journal that somebody looked at what was opened for them, once in a sitting."""
    for clip in (*found.attempt.clips, *found.enrolled.clips):
        if clip.sound is not None:
            note(session, rt, case, clip.id, by, Access.LOOKED)


@dataclass(frozen=True, slots=True)
class Opened:
    """A recording of a case as it was kept. `until`: how far its picture's time runs, as those of the others do.

    `noted`: whether it is journalled already that they had it in this sitting.
    """

    samples: Samples
    until: float
    noted: bool


def opened(session: Session, rt: Runtime, case: Case, recording_id: str, by: str, what: Access) -> Opened | None:
    """A recording of the case for somebody; None where the case has none of this identifier. Reads only.

    It is given to them after note() was committed, unless it is `noted`. Raises SealBroken.
    """
    every = _kept(session, _every(session, case))
    recording = next((one for one in every if one is not None and one.id == recording_id), None)
    if recording is None:
        return None
    lengths = [one.seconds for one in every if one is not None]
    since = rt.now() - ONE_SITTING
    noted = journal.written(session, since, by, what.value, f"recording:{recording_id}", case=case.id)
    return Opened(_opened(rt, recording), max(pictures.SHORTEST_S, *lengths), noted)


def note(session: Session, rt: Runtime, case: Case, recording_id: str, by: str, what: Access) -> None:
    """Journal that somebody listened to a recording, or looked at it, once in a sitting."""
    journal.write_once(session, rt.now(), ONE_SITTING, by, what.value, f"recording:{recording_id}", case=case.id)


def _assessment(session: Session, case: Case) -> Assessment | None:
    found = session.get(Assessment, str(case.detail.get("assessment", "")))
    return None if found is None or found.person_id != case.person_id else found


def _enrolment(session: Session, assessment: Assessment) -> Assessment | None:
    """The last enrolment before."""
    mine = (Assessment.person_id == assessment.person_id, Assessment.purpose == ENROL)
    done = (Assessment.outcome == _ENROLLED, Assessment.asked_at <= assessment.asked_at)
    return session.scalars(select(Assessment).where(*mine, *done).order_by(Assessment.asked_at.desc()).limit(1)).first()


def _every(session: Session, case: Case) -> list[str]:
    """The identifiers of all recordings of a case, kept or not."""
    if (known := knowncases.of(session, case.id)) is not None:
        return [*known.about["attempt"], *known.about["enrolled"]]
    assessment = _assessment(session, case)
    enrolment = None if assessment is None else _enrolment(session, assessment)
    return [one for found in (assessment, enrolment) if found is not None for one in found.recordings]


def _kept(session: Session, identifiers: Sequence[str]) -> list[Recording | None]:
    return [session.get(Recording, one) for one in identifiers]


def _recorded(assessment: Assessment | None) -> list[str]:
    return [] if assessment is None else assessment.recordings


def _made_up(session: Session, rt: Runtime, case: Case, known: KnownCase) -> Voices:
    """Both sides of a case whose answer is known, with a score as doubted voices have them."""
    attempt = _side(session, rt, case, known.about["attempt"], Use.TEST)
    enrolled = _side(session, rt, case, known.about["enrolled"], Use.ENROLMENT)
    return Voices(None, attempt, enrolled, {name: float(known.about[name]) for name in _WEIGHED}, outcome="human")


def _side(session: Session, rt: Runtime, case: Case, identifiers: Sequence[str], use: Use) -> Side:
    recordings = _kept(session, identifiers)
    clips = [_clip(rt, case, one, use) for one in recordings if one is not None]
    return Side(clips, erased=recordings.count(None))


def _clip(rt: Runtime, case: Case, one: Recording, use: Use) -> Clip:
    try:
        samples = _opened(rt, one)
    except SealBroken as error:
        logger.error("the recording %s of case %s cannot be read: %s", one.id, case.id, error)
        return Clip(one.id, one.recorded_at, one.seconds, one.asked, one.heard, None)
    found, levelled = quality.measure(samples), level(samples)
    reasons = [str(reason) for reason in quality.reasons(found, use)]
    sound = Sound(found, levelled.gain_db, levelled.held_back, reasons)
    return Clip(one.id, one.recorded_at, one.seconds, one.asked, one.heard, sound)


def _opened(rt: Runtime, one: Recording) -> Samples:
    return audio.decode_mulaw(rt.keys.open(one.sealed, seals.recording(one.id, one.call_id)))
