"""Templates and scores: how like one voice is to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voiceprint.audio import Samples
from voiceprint.encoder import Embedding, Encoder, unit
from voiceprint.line import degraded


@dataclass(frozen=True, slots=True)
class Template:
    """An enrolled voice.

    `vector`: mean of the enrolment embeddings, float32, shape (dimensions,), length 1. `encoder`: whose embeddings.
    `utterances`: how many. `degraded`: the second template, as `vector`, of the same recordings over a poorer line.
    """

    vector: NDArray[np.float32]
    encoder: str
    utterances: int
    degraded: NDArray[np.float32] | None = None

    @property
    def direction(self) -> NDArray[np.float32]:
        """Midway between both templates: what a voice is compared with."""
        return self.vector if self.degraded is None else unit(self.vector + self.degraded)


class TemplateOfAnotherEncoder(ValueError):
    """The template was made by another encoder than the embedding: the person must be enrolled again."""

    def __init__(self, template: str, embedding: str) -> None:
        super().__init__(
            f"声纹模板由 {template} 生成，不能与 {embedding} 的结果比较，请重新登记声纹。"
            f"A template of {template} cannot be compared with an embedding of {embedding}: enrol the voice again."
        )


class NothingToEnrol(ValueError):
    """A template needs at least one utterance."""

    def __init__(self) -> None:
        super().__init__("登记声纹至少需要一段录音。Enrolment needs at least one recording.")


def enrol(encoder: Encoder, utterances: Sequence[Samples]) -> Template:
    """Embed each utterance and average, as it was heard and over a poorer line. Raises NothingToEnrol."""
    return template_of(
        [encoder.embed(samples) for samples in utterances],
        [encoder.embed(degraded(samples)) for samples in utterances],
    )


def template_of(embeddings: Sequence[Embedding], poorer: Sequence[Embedding] = ()) -> Template:
    """Average embeddings of one voice and one encoder; `poorer`: of the same utterances over a poorer line.

    Raises NothingToEnrol, TemplateOfAnotherEncoder.
    """
    if not embeddings:
        raise NothingToEnrol
    for other in (*embeddings[1:], *poorer):
        _same_encoder(embeddings[0].encoder, other.encoder)
    return Template(
        _mean(embeddings), embeddings[0].encoder, len(embeddings), degraded=_mean(poorer) if poorer else None
    )


def _mean(embeddings: Sequence[Embedding]) -> NDArray[np.float32]:
    return unit(np.mean([embedding.vector for embedding in embeddings], axis=0))


def agreement(embeddings: Sequence[Embedding]) -> float:
    """How well enrolment utterances agree: the lowest of `agreements`. Raises as `template_of`."""
    return min(agreements(embeddings))


def agreements(embeddings: Sequence[Embedding]) -> list[float]:
    """The score of each enrolment utterance against a template of all the others, in order.

    In [-1, 1]; 1.0 for a single utterance, which has nothing to disagree with. Raises as `template_of`.
    """
    if not embeddings:
        raise NothingToEnrol
    if len(embeddings) == 1:
        return [1.0]
    return [
        score(template_of([*embeddings[:left_out], *embeddings[left_out + 1 :]]), embedding)
        for left_out, embedding in enumerate(embeddings)
    ]


def score(template: Template, embedding: Embedding) -> float:
    """Cosine of the angle between template and embedding, in [-1, 1]. Raises TemplateOfAnotherEncoder."""
    _same_encoder(template.encoder, embedding.encoder)
    return float(np.clip(template.direction @ embedding.vector, -1.0, 1.0))


def _same_encoder(one: str, other: str) -> None:
    if one != other:
        raise TemplateOfAnotherEncoder(one, other)
