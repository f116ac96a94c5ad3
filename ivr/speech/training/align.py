"""Find when each sound of a recording is said, with a network that already knows the sounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ivr.speech.training.channel import Samples
from ivr.speech.training.espeak import Sound
from ivr.speech.training.features import CENTRE, STEP, log_mel
from ivr.speech.training.network import CONTEXT, SUBSAMPLING, Network
from ivr.speech.training.phones import GARBAGE, SILENCE, Inventory, states_of

Scores = np.ndarray[tuple[int, int], np.dtype[np.float32]]
_SWITCH = 12.0  # cost of going from silence to speech or back, where the sounds are not known
_LOUD, _QUIET = 0.5, 0.12  # of the way from a recording's background to its peak: surely speech above, silence below
_SURE = 8.0


class Aligner:
    """Forced alignment with the sounds head."""

    def __init__(self, network: Network, inventory: Inventory) -> None:
        self._network, self._inventory = network.eval(), inventory
        self._first = inventory.words_pdfs

    def scores(self, samples: Samples) -> Scores:
        """(frames of 10 ms, sound pdfs): log posterior of each pdf of the sounds head."""
        spectra = log_mel(samples * (0.2 / (np.abs(samples).max() + 1e-6)))
        padded = np.pad(spectra, ((CONTEXT, CONTEXT + SUBSAMPLING), (0, 0)), mode="edge")
        result = np.zeros((len(spectra), self._inventory.pdfs - self._first), dtype=np.float32)
        with torch.inference_mode():
            for phase in range(min(SUBSAMPLING, len(spectra))):
                _, sounds = self._network(torch.from_numpy(padded[phase:].T.copy())[None])
                own = result[phase::SUBSAMPLING]
                own[:] = torch.log_softmax(sounds[0], 0).T.numpy()[: len(own)]
        return self._led_by_level(result, np.logaddexp.reduce(spectra, axis=1))

    def _led_by_level(self, scores: Scores, level: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Scores:
        """Quiet recordings tell speech from silence by level better than a network that has not heard their like."""
        background, peak = np.percentile(level, (10, 99))
        place = (level - background) / (peak - background + 1e-6)
        silence = self._column(SILENCE)
        scores[place > _LOUD, silence] -= _SURE
        quiet = place < _QUIET
        scores[quiet] -= _SURE
        scores[quiet, silence] += _SURE
        return scores

    def sounds(self, samples: Samples, units: Sequence[str]) -> tuple[Sound, ...] | None:
        """The times of `units` in order, silence around them; None where the recording is too short for them."""
        scores = self.scores(samples)
        silence = self._column(SILENCE)
        columns = [silence]
        for unit in units:
            columns += [self._column(unit) + state for state in range(states_of(unit))]
        path = _left_to_right(scores[:, [*columns, silence]])
        if path is None:
            return None
        found, position = [], 1
        for unit in units:
            frames = np.flatnonzero((path >= position) & (path < position + states_of(unit)))
            found.append(_sound(unit, frames[0], frames[-1]))
            position += states_of(unit)
        return tuple(found)

    def stretches(self, samples: Samples) -> tuple[Sound, ...]:
        """The stretches of speech in a recording of unknown words, each one GARBAGE sound."""
        scores, silence = self.scores(samples), self._column(SILENCE)
        silent = scores[:, silence]
        speech = np.delete(scores, silence, axis=1).max(axis=1)
        gain = np.stack([silent, speech], axis=1)
        best, back = gain[0].copy(), np.zeros(gain.shape, dtype=np.int8)
        for frame in range(1, len(gain)):
            stay, switch = best, best[::-1] - _SWITCH
            back[frame] = np.where(stay >= switch, [0, 1], [1, 0])
            best = np.maximum(stay, switch) + gain[frame]
        state = int(best.argmax())
        states = np.zeros(len(gain), dtype=np.int8)
        for frame in range(len(gain) - 1, -1, -1):
            states[frame] = state
            state = back[frame, state]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], states, [0]])))
        return tuple(_sound(GARBAGE, start, end - 1) for start, end in edges.reshape(-1, 2))

    def _column(self, unit: str) -> int:
        return self._inventory.of_sound(unit).first_pdf - self._first


def _sound(unit: str, first: int, last: int) -> Sound:
    return Sound(unit, float(first * STEP + CENTRE - STEP / 2), float(last * STEP + CENTRE + STEP / 2))


def _left_to_right(scores: Scores) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    """The best path through the columns from left to right; silence at either end may be missing."""
    frames, states = scores.shape
    if frames < 2 * states:
        return None
    best = np.full(states, -np.inf)
    best[:2] = scores[0, :2]
    back = np.zeros((frames, states), dtype=bool)
    for frame in range(1, frames):
        moved = np.concatenate([[-np.inf], best[:-1]])
        back[frame] = moved > best
        best = np.maximum(best, moved) + scores[frame]
    state = states - 1 if best[-1] >= best[-2] else states - 2
    path = np.zeros(frames, dtype=np.int64)
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        state -= back[frame, state]
    return path
