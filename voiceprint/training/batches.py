"""Training batches: several recordings of one speaker joined, at several speeds, sent over a random line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.signal import resample_poly

from voiceprint.audio import SAMPLE_RATE, Samples
from voiceprint.training.channel import Channel
from voiceprint.training.corpus import DSP20, Voice, join_at_random

Speeds = Sequence[Sequence[int]]
"""(up, down) of the resampling, one a speed: a voice played at another speed is another speaker."""

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


@dataclass(frozen=True, slots=True)
class Draw:
    """How batches are drawn: `size` utterances of `seconds` (from, to), `steps` an epoch, voices at `speeds`."""

    size: int
    steps: int
    seed: int
    seconds: tuple[float, float]
    speeds: Speeds


class Batches(torch.utils.data.IterableDataset[Batch]):
    """`steps` batches an epoch, each drawn from (seed, epoch, step) alone.

    So a resumed run sees what it would have seen, and several loader processes draw what one would.
    """

    def __init__(self, voices: Sequence[Voice], channel: Channel, draw: Draw) -> None:
        self._voices, self._channel, self._draw = voices, channel, draw
        weights = np.repeat([WEIGHTS.get(voice.folder, 1.0) for voice in voices], len(draw.speeds))
        self._odds = weights / weights.sum()
        self.epoch = 0

    def __len__(self) -> int:
        return self._draw.steps

    def __iter__(self) -> Iterator[Batch]:
        worker = torch.utils.data.get_worker_info()
        first, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        for step in range(first, self._draw.steps, stride):
            rng = np.random.default_rng((self._draw.seed, self.epoch, step))
            length = int(rng.uniform(*self._draw.seconds) * SAMPLE_RATE)
            classes = rng.choice(len(self._odds), self._draw.size, replace=False, p=self._odds)
            wavs = np.stack([self._utterance(int(number), length, rng) for number in classes])
            yield Batch(torch.from_numpy(wavs), torch.from_numpy(classes.astype(np.int64)))

    def _utterance(self, number: int, length: int, rng: np.random.Generator) -> Samples:
        number, speed = divmod(number, len(self._draw.speeds))
        up, down = self._draw.speeds[speed]
        joined = join_at_random(self._voices[number].recordings, length * down // up + 1, rng)
        if up != down:
            joined = resample_poly(joined, up, down)
        return self._channel(np.ascontiguousarray(joined[:length], dtype=np.float32), rng)
