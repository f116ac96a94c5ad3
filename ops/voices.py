"""The worker's bench: the encoder, its calibration and the vault's cipher, joined to people only here and in jobs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

import numpy as np
from sqlalchemy.orm import Session

from certification import seals, templates
from certification.keys import SealBroken
from certification.regions import VoiceRules
from certification.runtime import Runtime
from certification.store import Person, VoiceTemplate, new_id
from ops import personal
from ops.known import Known
from voiceprint import audio, comparing, encoder, quality, replay, scoring, synthetic, vault
from voiceprint.ageing import Candidate, Refresh, may_refresh, refreshed
from voiceprint.audio import Samples
from voiceprint.challenge import Suspicion
from voiceprint.comparing import SPEAKS_AGAINST, Compared, Comparer, Heard
from voiceprint.fingerprint import Fingerprint, Probe, listen
from voiceprint.line import degraded
from voiceprint.personal import PersonalThreshold
from voiceprint.quality import Reason, Use
from voiceprint.synthetic import Countermeasure

logger = logging.getLogger(__name__)


class Agreement(StrEnum):
    """What an enrolment came to."""

    ENROLLED = "enrolled"
    DIFFER = "differ"  # the utterances do not seem to be of one speaker: done again at the desk
    POOR = "again"  # too little or too bad audio to say


@dataclass(frozen=True, slots=True)
class Weighed:
    """A voice against a template: the log-likelihood ratio, and why the audio may be too poor to say.

    `threshold`: certify from there; `personal`: the person's own, if the region uses it, else `shipped` for everybody.
    `found`: suspicions with what they rest on. `fingerprint`: by it the same recording is known again, by `voice` the
    same speaker. `refreshed`: the template with this call in it, where the call is sure enough for that.
    """

    score: float
    llr: float
    threshold: float
    shipped: float
    reasons: tuple[Reason, ...]
    found: Mapping[Suspicion, Mapping[str, object]]
    fingerprint: Fingerprint
    voice: encoder.Embedding
    personal: PersonalThreshold | None = None
    refreshed: scoring.Template | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An enrolment weighed: what it came to, the lowest score among its utterances, the template if there is one.

    `found`: suspicions; a template under one waits for a human to confirm it. `each`: the score of every utterance
    against the others; `enough`: from where on they are taken to be of one speaker.
    """

    agreement: Agreement
    lowest: float | None
    reasons: tuple[Reason, ...]
    template: scoring.Template | None
    fingerprint: Fingerprint | None = None
    found: Mapping[Suspicion, Mapping[str, object]] = field(default_factory=dict)
    each: tuple[float, ...] = ()
    enough: float | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker loads once and uses for every job."""

    rt: Runtime
    comparer: Comparer
    countermeasure: Countermeasure

    @classmethod
    def prepare(cls, rt: Runtime) -> Bench:
        """Load the models of the settings.

        Raises EncoderMissing, CohortMissing, CalibrationMissing or CountermeasureMissing: what to do.
        """
        spec = rt.settings.voiceprint_encoder or encoder.SHIPPED
        return cls(rt, comparing.load(spec, *comparing.own(rt.settings.voiceprint_models)), synthetic.load())

    def weigh(self, sealed: VoiceTemplate, turns: Sequence[Samples], rules: VoiceRules, known: Known) -> Weighed:
        """Weigh a challenge's audio, a turn each, against a person's template and what else is known.

        Raises scoring.TemplateOfAnotherEncoder when the person must be enrolled again, and TemplateUnreadable or
        SealBroken when it cannot be read.
        """
        template, samples = open_template(self.rt, sealed), np.concatenate(turns)
        heard = self.comparer.hear(samples)
        compared = self.comparer.compare(template, heard)
        own, shipped = self._own(template, rules, known), personal.shipped(self.comparer.calibration, rules)
        threshold = shipped if own is None else own.llr
        probe = listen(samples)
        reasons = quality.reasons(heard.quality, Use.TEST)
        found = {**_replayed(probe, known), **self._household(compared, heard, known)}
        if not reasons:
            found |= {**self._several(template, turns), **self._synthetic(samples)}
        weighed = Weighed(
            score=compared.score,
            llr=compared.llr,
            threshold=threshold,
            shipped=shipped,
            reasons=reasons,
            found=found,
            fingerprint=probe.fingerprint,
            voice=heard.embedding,
            personal=own,
        )
        return replace(weighed, refreshed=self._refreshed(weighed, sealed, template, heard, known))

    def _own(self, template: scoring.Template, rules: VoiceRules, known: Known) -> PersonalThreshold | None:
        """The person's own threshold, where the region uses it."""
        if not rules.personal:
            return None
        return personal.threshold(self.comparer.cohort, self.comparer.calibration, rules, template, known.calls)

    def _refreshed(
        self,
        weighed: Weighed,
        sealed: VoiceTemplate,
        template: scoring.Template,
        heard: Heard,
        known: Known,
    ) -> scoring.Template | None:
        """The template with the call in it, if the call may go into it; used where the words were right, too."""
        if Suspicion.SEVERAL_VOICES in weighed.found:
            return None
        try:
            anchor = open_template(self.rt, known.anchor or sealed)
            against_anchor = self.comparer.compare(anchor, heard)
        except (SealBroken, vault.TemplateUnreadable, scoring.TemplateOfAnotherEncoder) as error:
            logger.error("no refresh of the template %s, its anchor cannot be read: %s", sealed.id, error)
            return None
        candidate = Candidate(
            on=self.rt.now().date(),
            quality=heard.quality,
            words_right=True,
            replayed=Suspicion.REPLAY in weighed.found or Suspicion.REPEATS in weighed.found,
            synthetic=Suspicion.SYNTHETIC in weighed.found,
            llr=weighed.llr,
            anchor_llr=against_anchor.llr,
            household_llr=np.inf if Suspicion.HOUSEHOLD in weighed.found else None,
        )
        if not isinstance(may_refresh(candidate, sealed.created_at.date(), weighed.shipped), Refresh):
            return None
        return refreshed(template, heard.embedding, anchor)

    def _household(self, own: Compared, heard: Heard, known: Known) -> dict[Suspicion, Mapping[str, object]]:
        """Whether somebody else of the household fits better; a template that cannot be read fits nobody."""
        others = {}
        for sealed in known.household:
            try:
                others[sealed.person_id] = open_template(self.rt, sealed)
            except (SealBroken, vault.TemplateUnreadable) as error:
                logger.error("the template %s of a household cannot be read: %s", sealed.id, error)
        others = {who: one for who, one in others.items() if one.encoder == heard.embedding.encoder}
        better = self.comparer.better_fit(own, others, heard)
        return {} if better is None else {Suspicion.HOUSEHOLD: {"person": better}}

    def _several(self, template: scoring.Template, turns: Sequence[Samples]) -> dict[Suspicion, Mapping[str, object]]:
        """Whether one of the turns seems to be said by somebody else."""
        weakest = self.comparer.weakest(template, [self.comparer.hear(turn) for turn in turns])
        return {Suspicion.SEVERAL_VOICES: {"llr": round(weakest, 2)}} if weakest < SPEAKS_AGAINST else {}

    def _synthetic(self, samples: Samples) -> dict[Suspicion, Mapping[str, object]]:
        """Whether the voice is perhaps a machine's."""
        llr = self.countermeasure.score(samples)
        suspicious = llr >= self.countermeasure.operation.threshold
        return {Suspicion.SYNTHETIC: {"llr": round(llr, 2)}} if suspicious else {}

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
        each, enough = tuple(scoring.agreements(embeddings)), one_voice.agreement
        lowest = min(each)
        if lowest < enough:
            return Enrolment(Agreement.DIFFER, lowest, (), None, each=each, enough=enough)
        poorer = [embed(degraded(samples)) for samples in utterances]
        template, joined = scoring.template_of(embeddings, poorer), np.concatenate(utterances)
        found = self._synthetic(joined)
        return Enrolment(
            Agreement.ENROLLED, lowest, (), template, listen(joined).fingerprint, found, each=each, enough=enough
        )

    def keep(
        self,
        session: Session,
        person: Person,
        template: scoring.Template,
        source: str,
        confirmed_at: datetime | None = None,
    ) -> VoiceTemplate:
        """keep(), for whoever holds a bench."""
        return keep(session, self.rt, person, template, source, confirmed_at=confirmed_at)


def refresh(session: Session, rt: Runtime, person: Person, template: scoring.Template, assessment: str) -> None:
    """Put a refreshed template in use; the one before is kept, and undo() brings it back."""
    if (before := templates.current(session, person)) is not None:
        detail, confirmed_at = {"before": before.id}, before.confirmed_at
        keep(session, rt, person, template, f"{templates.REFRESH}{assessment}", detail, confirmed_at)


def keep(
    session: Session,
    rt: Runtime,
    person: Person,
    template: scoring.Template,
    source: str,
    detail: Mapping[str, object] | None = None,
    confirmed_at: datetime | None = None,
) -> VoiceTemplate:
    """Seal a template and make it the person's one; the one before is retired, not erased."""
    identifier = new_id()
    return templates.keep(
        session,
        rt,
        person,
        template_id=identifier,
        encoder=template.encoder,
        sealed=vault.seal(template, rt.keys, _context(identifier, person.id)),
        utterances=template.utterances,
        source=source,
        detail=dict(detail or {}),
        confirmed_at=confirmed_at,
    )


def open_template(rt: Runtime, sealed: VoiceTemplate) -> scoring.Template:
    """Open a kept template. Raises SealBroken, TemplateUnreadable."""
    return vault.open_(sealed.sealed, rt.keys, _context(sealed.id, sealed.person_id))


def _replayed(probe: Probe, known: Known) -> dict[Suspicion, Mapping[str, object]]:
    """Whether the audio, or a part of it, was heard in an earlier call, or twice in this one."""
    found: dict[Suspicion, Mapping[str, object]] = {}
    if (match := replay.find(probe, [one for _, one in known.earlier])).found:
        calls = sorted({known.earlier[stretch.call][0] for stretch in match.stretches})
        found[Suspicion.REPLAY] = {"seconds": round(match.seconds, 2), "score": round(match.score, 1), "of": calls}
    if (match := replay.repeats(probe)).found:
        found[Suspicion.REPEATS] = {"seconds": round(match.seconds, 2), "score": round(match.score, 1)}
    return found


def heard(mulaw: Sequence[bytes]) -> list[Samples]:
    """The turns of a challenge, opened as mu-law."""
    return [audio.decode_mulaw(turn) for turn in mulaw]


def _context(template_id: str, person_id: str) -> bytes:
    return seals.template(template_id, person_id).encode()
