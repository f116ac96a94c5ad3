"""Whether a recording of an earlier call, or words cut out of earlier calls, is played into a new one.

What is found here only ever sends a case to a human and is journalled: it refuses nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp, lgamma, log

import numpy as np
from numpy.typing import NDArray

from voiceprint.fingerprint import BITS, BLOCK, BLOCK_S, CELLS, HOP_S, PHASES, Fingerprint, Floats, Probe, cells

# How the best score of a search falls off by chance: measured by training.replays.chance on the tuning speakers.
LAMBDA, K = 0.53, 1.1e-4
LEAST = log(20)  # a stretch as good as which is expected more than once in 20 searches is no evidence
MOST_EXPECTED = 3e-5
"""Found from here down. Set between the two on the tuning speakers: of 162 calls replayed through a codec, with noise
at 15 dB and 30 % cut off, 161 come below, of 5,022 comparisons of genuine calls none does."""
APART_S = 0.3  # within one call, what lies nearer than this is the same sound
MOST_STRETCHES, MOST_CALLS = 16, 64
_GAP = 2 * BLOCK  # frames of nothing between earlier calls, so that no stretch runs from one into the next
_NEVER = np.float32(-1e6)
_AT_ONCE = 4096  # frames of earlier calls; more do not fit the processor's cache


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the new call that was heard before.

    `call`: index of the earlier call. `start_s` and `earlier_s`: where it begins in the new and in the earlier call.
    `seconds`: how long, in steps of 0.128. `score`: natural-log likelihood ratio of "the same recording" to "the same
    word said anew", as if the signs were independent.
    """

    call: int
    start_s: float
    earlier_s: float
    seconds: float
    score: float


@dataclass(frozen=True, slots=True)
class Match:
    """What a new call shares with earlier ones, the strongest stretch first; no two lie on each other in the new call.

    `score`: minus the natural log of how many matches as good would be expected by chance in a search as large.
    """

    stretches: tuple[Stretch, ...]
    score: float

    @property
    def seconds(self) -> float:
        """How much of the new call was heard before."""
        return sum(one.seconds for one in self.stretches)

    @property
    def expected(self) -> float:
        """How many matches as good are expected by chance, not the probability that this one is.

        Too small by about ten for people who say their words as evenly as some do: of the comparisons of the same words
        by the same tuning speakers one in 1,300 came below 1e-4.
        """
        return exp(-self.score)

    @property
    def found(self) -> bool:
        """Whether a human should compare the recordings."""
        return self.expected <= MOST_EXPECTED


NOTHING = Match((), 0.0)


def compare(new: Probe, earlier: Fingerprint) -> Match:
    """What a new call shares with one earlier call."""
    return find(new, [earlier])


def find(new: Probe, earlier: Sequence[Fingerprint]) -> Match:
    """What a new call shares with any of the earlier calls, its stretches perhaps from several of them.

    As in a search of sequences (Karlin & Altschul, "Methods for assessing the statistical significance of molecular
    sequence features", 1990): in each alignment the run of blocks of the highest summed log-likelihood ratio, whose
    chance is K m n exp(-λ score) for m frames searched for in n. Here "by chance" means between calls in which the same
    person said the same words in the same order anew, which is less kind than between any two calls.

    `earlier` must not hold the new call itself. For calls of 7 s about 0.5 ms an earlier call on one core; memory grows
    with the new call's length, 30 MB at one minute.
    """
    frames = sum(len(one.frames) for one in earlier)
    if not frames or not len(new.blocks):
        return NOTHING
    size = max(log(K * len(new.blocks) * BLOCK * frames), 0.0)
    scores = LAMBDA * best_scores(new, earlier) - size
    likely = [int(index) for index in np.argsort(-scores, kind="stable")[:MOST_CALLS] if scores[index] > LEAST]
    if not likely:
        return NOTHING
    shelf = _shelf([earlier[index] for index in likely])
    found = _stretches(new, _ratios(new, shelf), shelf, size)
    return _match([replace(one, call=likely[one.call]) for one in found], size)


def repeats(new: Probe) -> Match:
    """What a call says twice with one and the same recording, `call` being 0: nobody says a word twice alike."""
    frames = len(new.fingerprint.frames)
    if not frames or not len(new.blocks):
        return NOTHING
    shelf = _shelf([new.fingerprint])
    ratios = _ratios(new, shelf)
    later = np.arange(ratios.shape[2]) - _GAP - BLOCK * new.blocks[:, None]
    ratios[:, later > -APART_S / HOP_S] = _NEVER
    size = max(log(K * len(new.blocks) * BLOCK * frames), 0.0)
    return _match(_stretches(new, ratios, shelf, size), size)


def best_scores(new: Probe, earlier: Sequence[Fingerprint]) -> Floats:
    """The best score of one stretch in each earlier call, whatever chance would give: float32, shape (calls,)."""
    found = []
    for calls in _batches(earlier):
        shelf = _shelf(calls)
        best = np.zeros((PHASES, len(shelf.cells) - BLOCK + 1), dtype=np.float32)
        for run in _runs(new, _ratios(new, shelf)):
            np.maximum(best, run, out=best)
        found.append(np.maximum.reduceat(best.max(axis=0), shelf.starts))
    return np.concatenate([np.zeros(0, dtype=np.float32), *found])


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Earlier calls one after the other with gaps before, between and behind: `starts` of the gap before each."""

    cells: Floats
    starts: NDArray[np.intp]


def _shelf(calls: Sequence[Fingerprint]) -> _Shelf:
    lengths = [len(one.frames) + _GAP for one in calls]
    starts = np.cumsum([0, *lengths])
    shelf = np.zeros((starts[-1] + _GAP, BITS), dtype=np.float32)
    for start, one in zip(starts, calls, strict=False):
        shelf[start + _GAP : start + _GAP + len(one.frames)] = cells(one.frames)
    return _Shelf(shelf, starts[:-1])


def _ratios(new: Probe, shelf: _Shelf) -> Floats:
    """Log-likelihood ratio of each block of the probe at each place of the shelf: (PHASES, blocks, places)."""
    windows = np.lib.stride_tricks.sliding_window_view(shelf.cells, BLOCK, axis=0).swapaxes(1, 2)
    columns = np.zeros((len(windows), CELLS + 2), dtype=np.float32)
    columns[:, :CELLS] = windows.reshape(-1, CELLS)
    columns[:, CELLS] = 1
    gaps = np.append(shelf.starts, len(shelf.cells) - _GAP)[:, None] + np.arange(_GAP - BLOCK + 1)
    columns[gaps, CELLS + 1] = _NEVER
    bias = new.bias.reshape(-1, 1)
    rows = np.hstack([new.weights.reshape(-1, CELLS), bias, np.ones_like(bias)])
    ratios: Floats = (rows @ columns.T).reshape(PHASES, len(new.blocks), len(columns))
    return ratios


def _runs(new: Probe, ratios: Floats) -> Iterator[Floats]:
    """For each block, the best sum of a run that ends in it, by phase and place, below 0 or not: (PHASES, places).

    The sums are made in place of the ratios.
    """
    before = np.zeros((PHASES, ratios.shape[2]), dtype=np.float32)
    for row, step in enumerate(np.diff(new.blocks, prepend=new.blocks[:1]) * BLOCK):
        run = ratios[:, row]
        if step:
            np.maximum(before, 0, out=before)
            run[:, step:] += before[:, : max(before.shape[1] - step, 0)]
        yield run
        before = run


def _batches(earlier: Sequence[Fingerprint]) -> Iterator[Sequence[Fingerprint]]:
    first, frames = 0, 0
    for index, one in enumerate(earlier):
        if frames and frames + len(one.frames) > _AT_ONCE:
            yield earlier[first:index]
            first, frames = index, 0
        frames += len(one.frames) + _GAP
    if first < len(earlier):
        yield earlier[first:]


def _stretches(new: Probe, ratios: Floats, shelf: _Shelf, size: float) -> list[Stretch]:
    """The best run, then the best one beside it, and so on while they are better than chance; changes `ratios`."""
    found: list[Stretch] = []
    while len(found) < MOST_STRETCHES:
        tops = [(float(run.max()), row, int(run.argmax())) for row, run in enumerate(_runs(new, ratios.copy()))]
        score, last, flat = max(tops)
        if LAMBDA * score - size <= LEAST:
            break
        phase, place = divmod(flat, ratios.shape[2])
        first, at = _start(new, ratios[phase], last, place, score)
        call = int(np.searchsorted(shelf.starts, at, side="right")) - 1
        found.append(
            Stretch(
                call=call,
                start_s=float(new.blocks[first] * BLOCK_S + phase * HOP_S / PHASES),
                earlier_s=float((at - shelf.starts[call] - _GAP) * HOP_S),
                seconds=float((new.blocks[last] + 1 - new.blocks[first]) * BLOCK_S),
                score=score,
            )
        )
        ratios[:, first : last + 1] = _NEVER
    return found


def _start(new: Probe, ratios: Floats, last: int, place: int, score: float) -> tuple[int, int]:
    """Go back from the end of a run to its first block; that block's row, and its place on the shelf."""
    row, left = last, score - float(ratios[last, place])
    while left > 1e-3 and row:
        place -= BLOCK * int(new.blocks[row] - new.blocks[row - 1])
        row -= 1
        left -= float(ratios[row, place])
    return row, place


def _match(stretches: Sequence[Stretch], size: float) -> Match:
    """Join the evidence of stretches, which chance strews as a Poisson process with exponential excesses over LEAST.

    The expected number of sets of r such stretches whose λ score - size sum up to t is exp(-r LEAST) Q(r, t - r LEAST)
    / r!, Q being the upper tail of the gamma distribution (without LEAST and for large t the formula of Karlin &
    Altschul, "Applications and statistics for multiple high-scoring segments in molecular sequences", 1993); the best r
    counts, at the price of ln 2 for each stretch.
    """
    score, total = 0.0, 0.0
    for number, one in enumerate(sorted(stretches, key=lambda one: -one.score), start=1):
        total += LAMBDA * one.score - size - LEAST
        terms = [k * log(total) - lgamma(k + 1) for k in range(number)]
        log_tail = float(np.logaddexp.reduce(terms)) - total
        score = max(score, number * (LEAST - log(2)) + lgamma(number + 1) - log_tail)
    return Match(tuple(stretches), score)
