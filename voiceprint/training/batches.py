"""Training batches: several recordings of one speaker joined, at three speeds, sent over a random line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import resample_poly

from voiceprint.audio import SAMPLE_RATE, Samples
from voiceprint.training.channel import Channel
from voiceprint.training.corpus import DSP20, Voice, from_int16

# A voice played at another speed is another speaker; (up, down) of the resampling, original first.
SPEEDS = ((1, 1), (10, 9), (10, 11))
# How often a speaker of a folder is drawn, relative to the rest: most weight on recordings like those of a call.
WEIGHTS = {DSP20: 3.0, "cmn-words": 3.0, "cmn-syllables": 3.0, "yue-syllables": 3.0, "espeak": 0.5}


@dataclass(frozen=True, slots=True)
class Batch:
    """`wavs`: float32, shape (batch, samples); `speakers`: class numbers, int64, shape (batch,)."""

    wavs: torch.Tensor
    speakers: torch.Tensor

    def to(self, device: str) -> Batch:
        """Where SpeechBrain's loop wants it."""
        return Batch(self.wavs.to(device), self.speakers.to(device))


class Batches(torch.utils.data.IterableDataset[Batch]):
    """`steps` batches an epoch, drawn from (seed, epoch) alone, so that a resumed run sees what it would have."""

    def __init__(self, voices: Sequence[Voice], channel: Channel, *, size: int, steps: int, seed: int) -> None:
        self._voices, self._channel = voices, channel
        self._size, self._steps, self._seed = size, steps, seed
        weights = np.repeat([WEIGHTS.get(voice.folder, 1.0) for voice in voices], len(SPEEDS))
        self._odds = weights / weights.sum()
        self.epoch = 0

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[Batch]:
        rng = np.random.default_rng((self._seed, self.epoch))
        for _ in range(self._steps):
            length = int(rng.uniform(1.3, 2.6) * SAMPLE_RATE)
            classes = rng.choice(len(self._odds), self._size, replace=False, p=self._odds)
            wavs = np.stack([self._utterance(int(number), length, rng) for number in classes])
            yield Batch(torch.from_numpy(wavs), torch.from_numpy(classes.astype(np.int64)))

    def _utterance(self, number: int, length: int, rng: np.random.Generator) -> Samples:
        number, speed = divmod(number, len(SPEEDS))
        up, down = SPEEDS[speed]
        joined = join_at_random(self._voices[number].recordings, length * down // up + 1, rng)
        if up != down:
            joined = resample_poly(joined, up, down)
        return self._channel(np.ascontiguousarray(joined[:length], dtype=np.float32), rng)


def join_at_random(recordings: Sequence[NDArray[np.int16]], length: int, rng: np.random.Generator) -> Samples:
    """Random recordings of one speaker with short pauses between, beginning anywhere, `length` samples long."""
    pieces: list[NDArray[np.int16]] = []
    have = 0
    while have < length:
        piece = recordings[int(rng.integers(len(recordings)))]
        if len(piece) > length:  # a sentence: any stretch of it
            start = rng.integers(len(piece) - length + 1)
            piece = piece[start : start + length]
        pause = np.zeros(int(rng.uniform(0, 0.15) * SAMPLE_RATE), dtype=np.int16)
        pieces += [piece, pause]
        have += len(piece) + len(pause)
    joined = np.concatenate(pieces)
    start = rng.integers(len(joined) - length + 1)
    return from_int16(joined[start : start + length])
