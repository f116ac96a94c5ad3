"""What a worker thinks of one assessment: its material gathered, the voice weighed, a verdict. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from certification import consent, seals, templates
from certification.cases import CaseKind
from certification.confirmation import CONFIRM, CONFIRMED
from certification.keys import SealBroken
from certification.regions import VoiceRules
from certification.runtime import Runtime
from certification.store import Assessment, Person, Recording, VoiceTemplate
from ops import known, personal
from ops.known import Known
from ops.twins import Twin
from ops.voices import Agreement, Bench, Enrolment, Weighed, heard
from voiceprint import challenge
from voiceprint.calibration import ThresholdUnsupported
from voiceprint.challenge import Outcome
from voiceprint.encoder import Embedding
from voiceprint.fingerprint import Fingerprint
from voiceprint.scoring import TemplateOfAnotherEncoder
from voiceprint.vault import TemplateUnreadable

ENROL = "enrol"  # the purpose of an assessment that makes a template
NO_TEMPLATE = "no_template"
NO_RECORDING = "recording_unreadable"
NO_END = "never_finished"
LIMIT = "limit_reached"
UNCONFIRMED = "unconfirmed"
NOT_IN_USE = "template_not_in_use"
_DIFFER = Agreement.DIFFER.value
_CERTIFYING = {Outcome.CERTIFY: "certified", Outcome.HUMAN: "human", Outcome.AGAIN: "again"}
_CONFIRMING = {Outcome.CERTIFY: CONFIRMED, Outcome.HUMAN: _DIFFER, Outcome.AGAIN: "again"}


@dataclass(frozen=True, slots=True)
class Material:
    """What a verdict rests on. `audio`: mu-law, a turn each; None when a recording is erased or cannot be opened."""

    purpose: str
    template: VoiceTemplate | None
    audio: list[bytes] | None
    words_right: bool
    rules: VoiceRules
    known: Known


@dataclass(frozen=True, slots=True)
class Verdict:
    """An assessment's outcome and what it rests on; `kind` is the case that a human gets, where one is needed.

    `against`: the assessments whose fingerprints the voice was held against, if it was held against any template.
    """

    outcome: str
    weighed: Weighed | None = None
    enrolment: Enrolment | None = None
    problem: str | None = None
    kind: CaseKind = CaseKind.VOICE_DOUBT
    twins: tuple[Twin, ...] = ()
    template: str | None = None  # what the voice was held against
    against: frozenset[str] | None = None

    @classmethod
    def unweighable(cls, purpose: str, problem: str, kind: CaseKind = CaseKind.VOICE_DOUBT) -> Verdict:
        """No machine could weigh it, and no fault of the caller's: a human's turn."""
        if purpose == ENROL:
            return cls(_DIFFER, problem=problem, kind=CaseKind.ENROLMENT_DIFFERS)
        if purpose == CONFIRM:
            return cls(_DIFFER, problem=problem, kind=CaseKind.CONFIRMATION_DIFFERS)
        return cls("human", problem=problem, kind=kind)

    @property
    def remembered(self) -> Fingerprint | None:
        """The fingerprint to keep: of every voice that was weighed and good enough to judge."""
        if self.weighed is not None and not self.weighed.reasons:
            return self.weighed.fingerprint
        return None if self.enrolment is None else self.enrolment.fingerprint

    @property
    def unmatched(self) -> Embedding | None:
        """The voice to keep beside its case: one that was good enough to judge, and not clearly the person's."""
        if self.kind is not CaseKind.VOICE_DOUBT or self.outcome != "human" or self.weighed is None:
            return None
        return self.weighed.voice if self.weighed.llr < self.weighed.threshold else None

    @property
    def detail(self) -> dict[str, object]:
        """The numbers for the operator and the journal."""
        detail: dict[str, object] = {} if self.problem is None else {"problem": self.problem}
        if self.weighed is not None:
            weighed = self.weighed
            detail |= {
                "template": self.template,
                "score": round(weighed.score, 4),
                "llr": round(weighed.llr, 3),
                "threshold": round(weighed.threshold, 3),
                "reasons": [str(reason) for reason in weighed.reasons],
                "suspicions": {str(one): dict(rests_on) for one, rests_on in weighed.found.items()},
            }
            if weighed.personal is not None and weighed.threshold != weighed.shipped:
                detail["personal"] = personal.facts(weighed.personal, weighed.shipped)
        if self.enrolment is not None:
            enrolment = self.enrolment
            lowest = None if enrolment.lowest is None else round(enrolment.lowest, 4)
            detail |= {
                "agreement": lowest,
                "reasons": [str(reason) for reason in enrolment.reasons],
                "suspicions": {str(one): dict(rests_on) for one, rests_on in enrolment.found.items()},
            }
            if enrolment.enough is not None:
                detail |= {"each": [round(one, 4) for one in enrolment.each], "enough": round(enrolment.enough, 4)}
        return detail


def gather(session: Session, rt: Runtime, assessment: Assessment) -> Material:
    """Open what an assessment needs. Without consent there is no template, whatever is still kept."""
    person = session.get_one(Person, assessment.person_id)
    kept = [session.get(Recording, identifier) for identifier in assessment.recordings]
    recordings = [recording for recording in kept if recording is not None]
    try:
        audio = [rt.keys.open(one.sealed, seals.recording(one.id, one.call_id)) for one in recordings]
    except SealBroken:
        audio = []
    return Material(
        purpose=assessment.purpose,
        template=templates.current(session, person) if consent.given(session, person) else None,
        audio=audio if len(audio) == len(kept) else None,
        words_right=all(recording.asked == recording.heard for recording in recordings) and bool(recordings),
        rules=rt.regions[person.region].voice,
        known=known.of(session, rt, person),
    )


def judge(bench: Bench, material: Material) -> Verdict:
    """Weigh the material. An error that is not known here is raised, and the assessment tried again."""
    if material.audio is None:
        return Verdict.unweighable(material.purpose, NO_RECORDING)
    if material.purpose == ENROL:
        enrolment = bench.weigh_enrolment(heard(material.audio))
        return Verdict(enrolment.agreement.value, enrolment=enrolment, kind=CaseKind.ENROLMENT_DIFFERS)
    if material.template is None:
        return Verdict.unweighable(material.purpose, NO_TEMPLATE, CaseKind.NO_TEMPLATE)
    try:
        weighed = bench.weigh(material.template, heard(material.audio), material.rules, material.known)
    except (SealBroken, TemplateUnreadable, TemplateOfAnotherEncoder) as error:  # to be enrolled again
        return Verdict.unweighable(material.purpose, str(error), CaseKind.NO_TEMPLATE)
    except ThresholdUnsupported as error:
        return Verdict.unweighable(material.purpose, str(error))
    suspicions = [one for one in weighed.found if one not in bench.rt.settings.only_noted]
    outcome = challenge.judge(material.words_right, weighed.llr, weighed.threshold, weighed.reasons, suspicions)
    verdict = Verdict(
        _CERTIFYING[outcome], weighed=weighed, template=material.template.id, against=material.known.remembered
    )
    if material.purpose == CONFIRM:
        return replace(verdict, outcome=_CONFIRMING[outcome], kind=CaseKind.CONFIRMATION_DIFFERS)
    if outcome is Outcome.CERTIFY and material.template.confirmed_at is None:  # nobody has seen it fit over a telephone
        return replace(verdict, outcome="human", problem=UNCONFIRMED, kind=CaseKind.UNCONFIRMED)
    return verdict
