"""Strangers to compare with: adaptive symmetric score normalisation."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceprint.encoder import MODEL, Embedding
from voiceprint.scoring import Template, TemplateOfAnotherEncoder

SHIPPED = MODEL / "cohort.npz"
NEAREST = 0.9
"""The share of the strangers, those nearest to a voice, that it is measured against; chosen on the tuning speakers."""
FEWEST = 50


class CohortMissing(LookupError):
    """There is no cohort for this encoder."""

    def __init__(self, path: Path, encoder: str) -> None:
        super().__init__(
            f"{path} 不是为声纹模型 {encoder} 制作的对照组，请运行 stillhere voiceprint cohort。"
            f"{path} holds no cohort for the encoder {encoder}: run `stillhere voiceprint cohort`."
        )


class CohortTooSmall(ValueError):
    """A cohort needs more strangers, or scores would lean on a few."""

    def __init__(self, strangers: int) -> None:
        super().__init__(
            f"对照组只有 {strangers} 个声音，至少需要 {FEWEST} 个。"
            f"The cohort has {strangers} voices and needs {FEWEST} or more."
        )


@dataclass(frozen=True, slots=True)
class Cohort:
    """Voices of people who are neither of the two in any trial.

    `vectors`: one a stranger, float32, shape (strangers, dimensions), each of length 1. `encoder`: whose embeddings.
    `name`: kind and contents, such as 564-1a2b3c4d; scores normalised by another cohort cannot be compared.
    """

    vectors: NDArray[np.float32]
    encoder: str

    def __post_init__(self) -> None:
        """Raises CohortTooSmall."""
        if len(self.vectors) < FEWEST:
            raise CohortTooSmall(len(self.vectors))

    @property
    def name(self) -> str:
        """How many strangers, and the first eight hex digits of the SHA-256 of their voices."""
        return f"{len(self.vectors)}-{hashlib.sha256(self.vectors.tobytes()).hexdigest()[:8]}"

    def normalised(self, score: float, template: Template, embedding: Embedding) -> float:
        """How far a score stands out among those of the nearest strangers, in standard deviations.

        The mean of two: how far it stands out for the template, and for the voice heard. Adaptive symmetric
        normalisation, as compared in Matějka et al., "Analysis of score normalization in multilingual speaker
        recognition" (2017). Raises TemplateOfAnotherEncoder.
        """
        for other in (template.encoder, embedding.encoder):
            if other != self.encoder:
                raise TemplateOfAnotherEncoder(other, self.encoder)
        both = (self.vectors @ one for one in (template.direction, embedding.vector))
        return sum(_stands_out(score, against) for against in both) / 2

    def normalised_voices(self, voices: NDArray[np.float32], embedding: Embedding) -> NDArray[np.float64]:
        """The same for the voices of many calls, shape (voices, dimensions), against one; shape (voices,).

        Raises TemplateOfAnotherEncoder; that the voices are of this encoder is the caller's to see to.
        """
        if embedding.encoder != self.encoder:
            raise TemplateOfAnotherEncoder(embedding.encoder, self.encoder)
        scores, theirs = voices @ embedding.vector, voices @ self.vectors.T
        own = self.vectors @ embedding.vector
        return (_stand_out(scores, theirs) + _stand_out(scores, own[np.newaxis])) / 2

    def normalised_strangers(self, template: Template) -> NDArray[np.float64]:
        """The strangers' normalised scores against a template, each measured against the others; shape (strangers,).

        Raises TemplateOfAnotherEncoder.
        """
        if template.encoder != self.encoder:
            raise TemplateOfAnotherEncoder(template.encoder, self.encoder)
        scores = self.scores(template)
        found = np.empty(len(scores))
        for n, score in enumerate(scores):
            both = (np.delete(against, n) for against in (scores, self.vectors @ self.vectors[n]))
            found[n] = sum(_stands_out(float(score), against) for against in both) / 2
        return found

    def scores(self, template: Template) -> NDArray[np.float32]:
        """The strangers' own scores against a template, shape (strangers,)."""
        found: NDArray[np.float32] = self.vectors @ template.direction
        return found

    def save(self, path: Path) -> None:
        """Write as a compressed numpy archive."""
        np.savez_compressed(path, vectors=self.vectors, encoder=np.array(self.encoder))


def _stands_out(score: float, against: NDArray[np.float32]) -> float:
    return float(_stand_out(np.array([score]), against[np.newaxis])[0])


def _stand_out(scores: NDArray[np.floating], against: NDArray[np.float32]) -> NDArray[np.float64]:
    """Scores of shape (voices,), each against the strangers' scores of its row, shape (voices or 1, strangers)."""
    farther = round(against.shape[1] * (1 - NEAREST))
    nearest = np.partition(against, farther)[:, farther:]
    found: NDArray[np.float64] = (scores - nearest.mean(axis=1)) / nearest.std(axis=1)
    return found


def load(encoder: str, path: Path = SHIPPED) -> Cohort:
    """The cohort kept in `path`. Raises CohortMissing when absent, damaged or of another encoder, CohortTooSmall."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            vectors, of = kept["vectors"], str(kept["encoder"])
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CohortMissing(path, encoder) from error
    if of != encoder or vectors.ndim != 2:
        raise CohortMissing(path, encoder)
    return Cohort(vectors.astype(np.float32), encoder)
