"""Make directions in which one speaker varies count less: covariance normalisation folded into the last layer.

After Hatch, Kajarekar & Stolcke, "Within-class covariance normalization for SVM-based speaker recognition" (2006).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from voiceprint.audio import SAMPLE_RATE, Samples, telephone
from voiceprint.encoder import to_embed
from voiceprint.features import log_mel
from voiceprint.training.batches import join_at_random
from voiceprint.training.channel import Channel
from voiceprint.training.corpus import Voice

UTTERANCES_EACH = 16  # half of them over a clean line, half over random ones
SECONDS = (3.0, 6.0)
# Shares of an even covariance, and of that between speakers, added to that within; chosen on the tuning speakers.
# The latter because one direction, men against women, would otherwise outweigh what tells two men apart.
EVEN, BETWEEN = 0.3, 0.2


def fold(network: torch.nn.Module, voices: Sequence[Voice], line: Channel, seen: Callable[[], object] = int) -> None:
    """Change the last layer of `network` (ECAPA_TDNN) so that training speakers vary more evenly in every direction.

    The embedding v becomes vL with LLᵀ the inverse of a covariance. `seen` is called after each voice.
    """
    rng = np.random.default_rng(1)
    embeddings = []
    for voice in voices:
        embeddings.append(np.stack([_embed(network, heard) for heard in _utterances(voice, line, rng)]))
        seen()
    whitener = np.linalg.cholesky(np.linalg.inv(_covariance(np.stack(embeddings))))
    _after(network.fc.conv, torch.from_numpy(whitener.T.astype(np.float32)))


def _utterances(voice: Voice, line: Channel, rng: np.random.Generator) -> list[Samples]:
    lengths = rng.uniform(*SECONDS, UTTERANCES_EACH) * SAMPLE_RATE
    spoken = [join_at_random(voice.recordings, int(length), rng) for length in lengths]
    return [line(one, rng) if number % 2 else telephone(one) for number, one in enumerate(spoken)]


def _embed(network: torch.nn.Module, samples: Samples) -> NDArray[np.float64]:
    with torch.inference_mode():
        embedding = network(torch.from_numpy(log_mel(to_embed(samples)))[None])
    vector: NDArray[np.float64] = embedding[0, 0].numpy().astype(np.float64)
    return vector


def _covariance(embeddings: NDArray[np.float64]) -> NDArray[np.float64]:
    """`embeddings`: shape (voices, utterances, dimensions)."""
    voices, utterances, dimensions = embeddings.shape
    means = embeddings.mean(axis=1)
    deviations = (embeddings - means[:, None]).reshape(-1, dimensions)
    within = deviations.T @ deviations / (voices * (utterances - 1))
    even = np.trace(within) / dimensions * np.eye(dimensions)
    covariance: NDArray[np.float64] = within + EVEN * even + BETWEEN * np.cov(means.T)
    return covariance


def _after(layer: torch.nn.Conv1d, matrix: torch.Tensor) -> None:
    """Let a layer of kernel size 1 be followed by a matrix, within its own weights."""
    with torch.no_grad():
        layer.weight.copy_(torch.einsum("jk,kcn->jcn", matrix, layer.weight))
        if layer.bias is not None:
            layer.bias.copy_(matrix @ layer.bias)
