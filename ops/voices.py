"""The worker's bench: the encoder, its calibration and the vault's cipher, joined to people only here and in jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from certification import templates
from certification.runtime import Runtime
from certification.store import Person, VoiceTemplate, new_id
from voiceprint import audio, calibration, comparing, encoder, quality, scoring, vault
from voiceprint.audio import Samples
from voiceprint.comparing import Comparer
from voiceprint.line import degraded
from voiceprint.quality import Reason, Use


class Agreement(StrEnum):
    """What an enrolment came to."""

    ENROLLED = "enrolled"
    DIFFER = "differ"  # the utterances do not seem to be of one speaker: done again at the desk
    POOR = "again"  # too little or too bad audio to say


@dataclass(frozen=True, slots=True)
class Weighed:
    """A voice against a template: the log-likelihood ratio, and why the audio may be too poor to say."""

    score: float
    llr: float
    threshold: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An enrolment weighed: what it came to, the lowest score among its utterances, the template if there is one."""

    agreement: Agreement
    lowest: float | None
    reasons: tuple[Reason, ...]
    template: scoring.Template | None


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker loads once and uses for every job."""

    rt: Runtime
    comparer: Comparer

    @classmethod
    def prepare(cls, rt: Runtime) -> Bench:
        """Load the models of the settings. Raises EncoderMissing, CohortMissing or CalibrationMissing: what to do."""
        return cls(rt, comparing.load(rt.settings.voiceprint_encoder or encoder.SHIPPED))

    def weigh(self, sealed: VoiceTemplate, samples: Samples, max_fmr: float) -> Weighed:
        """Weigh a challenge's audio (the caller's turns joined) against a person's template.

        Raises scoring.TemplateOfAnotherEncoder when the person must be enrolled again, and TemplateUnreadable or
        SealBroken when it cannot be read.
        """
        template = vault.open_(sealed.sealed, self.rt.keys, _context(sealed.id))
        heard = self.comparer.hear(samples)
        compared = self.comparer.compare(template, heard)
        threshold = self.comparer.calibration.certify_from(max_fmr, calibration.SHIPPED_DECISION)
        return Weighed(compared.score, compared.llr, threshold, quality.reasons(heard.quality, Use.TEST))

    def weigh_enrolment(self, utterances: Sequence[Samples]) -> Enrolment:
        """See whether utterances are good enough and of one speaker, and average them into a template."""
        reasons = tuple(
            sorted(
                {
                    reason
                    for samples in utterances
                    for reason in quality.reasons(quality.measure(samples), Use.ENROLMENT)
                }
            )
        )
        if reasons:
            return Enrolment(Agreement.POOR, None, reasons, None)
        embed, one_voice = self.comparer.encoder.embed, self.comparer.calibration.one_voice
        embeddings = [embed(samples) for samples in utterances]
        lowest = scoring.agreement(embeddings)
        if lowest < one_voice.agreement:
            return Enrolment(Agreement.DIFFER, lowest, (), None)
        poorer = [embed(degraded(samples)) for samples in utterances]
        return Enrolment(Agreement.ENROLLED, lowest, (), scoring.template_of(embeddings, poorer))

    def keep(self, session: Session, person: Person, template: scoring.Template, source: str) -> VoiceTemplate:
        """keep(), for whoever holds a bench."""
        return keep(session, self.rt, person, template, source)


def keep(session: Session, rt: Runtime, person: Person, template: scoring.Template, source: str) -> VoiceTemplate:
    """Seal a template and make it the person's one; the one before is retired, not erased."""
    identifier = new_id()
    return templates.keep(
        session,
        rt,
        person,
        template_id=identifier,
        encoder=template.encoder,
        sealed=vault.seal(template, rt.keys, _context(identifier)),
        utterances=template.utterances,
        source=source,
    )


def heard(mulaw: Sequence[bytes]) -> Samples:
    """Join the turns of a challenge, sealed as mu-law, into one utterance."""
    return audio.decode_mulaw(b"".join(mulaw))


def _context(template_id: str) -> bytes:
    return f"voice_templates:{template_id}".encode()
