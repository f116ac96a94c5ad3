"""The shipped cohort: voices that the network never heard, made from those that it did.

A speaker whom the network was trained on lies elsewhere among its embeddings than a stranger does, and a cohort of such
speakers makes scores worse. The same voice at a speed that was in no training batch is nobody the network knows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from voiceprint.audio import SAMPLE_RATE, Samples, telephone
from voiceprint.cohort import Cohort
from voiceprint.encoder import Encoder, unit
from voiceprint.training import channel
from voiceprint.training.corpus import Voice, join_at_random, training_voices

SPEEDS = ((20, 19), (20, 21), (20, 17), (20, 23))
"""(up, down) of the resampling; none of them is a speed of hyperparameters.yaml, nor near 1."""
SECONDS = (3.0, 5.0)
RECORDINGS_EACH = 150
VOICES = 141
"""How many training voices there are: how often `seen` is called."""
SNR_DB = 15.0


def cohort(encoder: Encoder, data: Path, seen: Callable[[], object] = int) -> Cohort:
    """Every training voice at each of SPEEDS, the mean of three utterances; `seen` is called after each voice.

    Raises CorpusMissing.
    """
    line, rng = channel.load(data), np.random.default_rng(3)
    # each utterance over a clean line, with noise at SNR_DB, over a random line
    lines: tuple[Callable[[Samples], Samples], ...] = (
        telephone,
        lambda samples: line.noisy(samples, SNR_DB, rng),
        lambda samples: line(samples, rng),
    )
    vectors = []
    for voice in training_voices(data, each=RECORDINGS_EACH):
        for up, down in SPEEDS:
            spoken = [_utterance(voice, up, down, rng) for _ in lines]
            heard = [encoder.embed(send(one)).vector for send, one in zip(lines, spoken, strict=True)]
            vectors.append(unit(np.mean(heard, axis=0)))
        seen()
    return Cohort(np.stack(vectors), encoder.name)


def _utterance(voice: Voice, up: int, down: int, rng: np.random.Generator) -> Samples:
    length = int(rng.uniform(*SECONDS) * SAMPLE_RATE)
    joined = join_at_random(voice.recordings, length * down // up + 1, rng)
    return np.ascontiguousarray(resample_poly(joined, up, down)[:length], dtype=np.float32)
