"""One voice against another: the encoder, its cohort and its calibration together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceprint import calibration, cohort, encoder, scoring
from voiceprint.audio import Samples
from voiceprint.calibration import SHIPPED as CALIBRATION
from voiceprint.calibration import USUAL_SNR_DB, USUAL_SPEECH_S, Calibration, Conditions
from voiceprint.cohort import SHIPPED as COHORT
from voiceprint.cohort import Cohort
from voiceprint.encoder import SHIPPED as ENCODER
from voiceprint.encoder import Embedding, Encoder, of_ones_own
from voiceprint.metrics import Floats
from voiceprint.quality import Quality, measure
from voiceprint.scoring import Template

USUAL = 8.0, 20.0
"""Seconds of speech and dB over the noise behind a template or a stranger, where nobody has kept them."""
CALL = USUAL_SPEECH_S, USUAL_SNR_DB
"""The same for a call of which only the embedding is kept; a challenge is seldom shorter."""
SPEAKS_AGAINST = -3.0
"""Natural-log likelihood ratio of one turn from which down it is likelier by 20 to 1 that somebody else said it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """`score`: normalised by the cohort. `llr`: natural-log likelihood ratio, same speaker : another."""

    score: float
    llr: float


@dataclass(frozen=True, slots=True)
class Heard:
    """A test: its embedding, and what the recording is like."""

    embedding: Embedding
    quality: Quality


@dataclass(frozen=True, slots=True)
class Comparer:
    """Models that belong together."""

    encoder: Encoder
    cohort: Cohort
    calibration: Calibration

    def hear(self, samples: Samples) -> Heard:
        """Embed and measure one test."""
        return Heard(self.encoder.embed(samples), measure(samples))

    def compare(self, template: Template, heard: Heard) -> Compared:
        """Score a test against a template. Raises TemplateOfAnotherEncoder."""
        found = normalised(self.cohort, template, heard.embedding)
        return Compared(found, self.calibration.log_likelihood_ratio(found, heard.quality))

    def weakest(self, template: Template, turns: Sequence[Heard]) -> float:
        """The natural-log likelihood ratio of the turn that fits a template worst; compare it with SPEAKS_AGAINST.

        Where somebody else says half of a challenge the whole often fits, and that half does not. Raises
        TemplateOfAnotherEncoder.
        """
        return min(self.compare(template, turn).llr for turn in turns)

    def better_fit(self, own: Compared, others: Mapping[str, Template], heard: Heard) -> str | None:
        """Who of a household or of the helpers fits a test better than the person themselves; None if nobody does.

        `others`: templates of those who consented to be told apart, by name. Raises TemplateOfAnotherEncoder.
        """
        fits = {name: self.compare(template, heard).score for name, template in others.items()}
        best = max(fits, key=lambda name: fits[name], default=None)
        return best if best is not None and fits[best] >= own.score else None

    def alike(self, voices: NDArray[np.float32], voice: Embedding) -> Floats:
        """The natural-log likelihood ratios of the voices of many calls, shape (calls, dimensions), against one.

        Shape (calls,); all of this encoder. Raises TemplateOfAnotherEncoder.
        """
        return usual_llrs(self.calibration, self.cohort.normalised_voices(voices, voice), CALL)


def normalised(strangers: Cohort, template: Template, embedding: Embedding) -> float:
    """The cosine of template and embedding, normalised by the cohort. Raises TemplateOfAnotherEncoder."""
    return strangers.normalised(scoring.score(template, embedding), template, embedding)


def usual_llrs(fitted: Calibration, scores: Floats, conditions: tuple[float, float] = USUAL) -> Floats:
    """The natural-log likelihood ratios of normalised scores, shape (trials,), of tests all under these conditions."""
    seconds, decibels = (np.full(len(scores), one) for one in conditions)
    return fitted.log_likelihood_ratios(scores, Conditions(seconds, decibels))


def strangers_llrs(strangers: Cohort, fitted: Calibration, template: Template) -> Floats:
    """How each stranger of a cohort fits a template, under USUAL conditions; shape (strangers,).

    Raises TemplateOfAnotherEncoder.
    """
    return usual_llrs(fitted, strangers.normalised_strangers(template))


def load(spec: str = ENCODER, cohort_path: Path = COHORT, calibrated: Path = CALIBRATION) -> Comparer:
    """Load the three. Raises EncoderMissing, CohortMissing, CohortTooSmall or CalibrationMissing."""
    loaded = encoder.load(spec)
    return Comparer(loaded, *fitted(loaded.name, cohort_path, calibrated))


def fitted(of: str, cohort_path: Path = COHORT, calibrated: Path = CALIBRATION) -> tuple[Cohort, Calibration]:
    """The cohort and the calibration of an encoder. Raises CohortMissing, CohortTooSmall or CalibrationMissing."""
    strangers = cohort.load(of, cohort_path)
    return strangers, calibration.load(of, strangers.name, calibrated)


def own(folder: Path | None) -> tuple[Path, Path]:
    """Where cohort and calibration are: in an agency's own folder, or shipped where that has none."""
    return of_ones_own(folder, COHORT), of_ones_own(folder, CALIBRATION)
