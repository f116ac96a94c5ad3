"""Training calls: pieces joined with pauses, sent through a telephone line, with a label for every frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ivr.speech.training.channel import NOISE, SAMPLE_RATE, Backgrounds, Noise, Random, Samples, telephone
from ivr.speech.training.features import CENTRE, STEP, Matrix, log_mel
from ivr.speech.training.phones import GARBAGE, SILENCE, Inventory, states_of
from ivr.speech.training.pieces import Piece

Labels = np.ndarray[tuple[int, int], np.dtype[np.int16]]
Counts = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Frames:
    """Log mel spectra (frames, bins) and, for each frame, the pdf in the words head and in the sounds head."""

    features: Matrix
    labels: Labels


def call(
    pieces: Sequence[Piece],
    inventory: Inventory,
    random: Random,
    backgrounds: Backgrounds,
    noise: Noise = NOISE,
) -> Frames:
    """Join pieces as one caller would say them on one line, `noise` on it."""
    parts: list[Samples] = []
    spans: list[tuple[float, float, int, int]] = []
    at = 0
    for piece in pieces:
        parts.append(np.zeros(int(random.uniform(0.02, 0.7) * SAMPLE_RATE), dtype=np.float32))
        at += len(parts[-1])
        spans += _spans(piece, at / SAMPLE_RATE, inventory)
        level = np.abs(piece.samples).max() + 1e-6
        parts.append(piece.samples * np.float32(0.5 / level * 10 ** random.uniform(-0.3, 0)))
        at += len(piece.samples)
    parts.append(np.zeros(int(random.uniform(0.2, 0.8) * SAMPLE_RATE), dtype=np.float32))
    features = log_mel(telephone(np.concatenate(parts), random, backgrounds, noise))
    return Frames(features, _labels(len(features), spans, inventory))


def _spans(piece: Piece, start: float, inventory: Inventory) -> list[tuple[float, float, int, int]]:
    """(from, to, words pdf, sounds pdf) of every state; gaps between sounds belong to the sound before."""
    other = inventory.phones["words:" + GARBAGE].first_pdf
    pdf = inventory.of_word(piece.word).first_pdf if piece.word else other
    spans = []
    for index, sound in enumerate(piece.sounds):
        last = index + 1 == len(piece.sounds)
        end = sound.end if last else max(sound.end, piece.sounds[index + 1].start)
        first, states = inventory.of_sound(sound.unit).first_pdf, states_of(sound.unit)
        edges = start + np.linspace(sound.start, end, states + 1)
        for state in range(states):
            spans.append((edges[state], edges[state + 1], pdf, first + state))
            pdf += bool(piece.word)
    return spans


def _labels(frames: int, spans: Iterable[tuple[float, float, int, int]], inventory: Inventory) -> Labels:
    silent = [inventory.phones["words:" + SILENCE].first_pdf, inventory.of_sound(SILENCE).first_pdf]
    labels = np.tile(np.array(silent, dtype=np.int16), (frames, 1))
    for start, end, word, sound in spans:
        first, last = (max(0, round((second - CENTRE) / STEP)) for second in (start, end))
        labels[first:last] = (word, sound)
    return labels
