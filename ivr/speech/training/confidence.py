"""Fit how likely it is that what was heard was said, on the tuning speakers and voices: weights and thresholds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from tqdm import tqdm

from ivr.dialects import HOME, SPELLINGS, dialects
from ivr.speech.confidence import FEATURES, features
from ivr.speech.evaluation import BadLine, manifest, read, said
from ivr.speech.recogniser import VoskRecogniser
from ivr.speech.vocabulary import CHALLENGE, DIGITS, NAMES, decoys, meanings

MOST_ACCEPTED = 0.01  # of real speech outside the grammar, over the telephone
LEAST = 0.5  # a probability below which no challenge counts, however rare such speech is
_RIDGE = 1e-3
_CHUNK = 3200
_SOME = 2  # of so many real recordings, one is heard for each of the other grammars
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

# Condition -> the dialect that it is heard in; what is outside of a grammar is there heard for it.
_REAL = ("words", "words-20db", "words-10db", "groups", "groups-15db")
_OUTSIDE = ("others", "others-15db", "partners")


@dataclass(frozen=True, slots=True)
class Trial:
    """One recording heard: the features, or None where no word was heard; whether the words were right.

    `outside`: what was said is outside the grammar; `near`: and sounds nearly like a word of it, is a part of a
    phrase, or is in noise: it is learnt from, but sets no threshold.
    """

    speaker: str
    features: tuple[float, ...] | None
    right: bool
    outside: bool
    near: bool


def conditions(grammar: str) -> list[tuple[str, str]]:
    """(condition, dialect) of everything that a grammar's confidence is fitted on."""
    if grammar == CHALLENGE:
        synthetic = [(f"synthetic-{spoken}-{CHALLENGE}", spoken) for spoken in dialects()]
        return [(name, HOME) for name in (*_REAL, *_OUTSIDE)] + synthetic
    inside = [(f"synthetic-{spoken}-{grammar}", spoken) for spoken in dialects()]
    return inside + [(name, spoken) for spoken in SPELLINGS for name in ("words", "others", "partners")]


def trials(recogniser: VoskRecogniser, path: Path, grammar: str, spoken: str) -> Iterator[Trial]:
    """Hear every recording of a manifest."""
    phrases = tuple(meanings(grammar, spoken))
    entries = list(manifest(path))
    for entry in entries if grammar == CHALLENGE or "synthetic" in path.stem else entries[::_SOME]:
        assert not isinstance(entry, BadLine), entry
        listening = recogniser.listen(grammar, spoken)
        data = read(entry.audio).tobytes()
        for start in range(0, len(data), _CHUNK):
            listening.feed(data[start : start + _CHUNK])
        found, expected = listening.hypotheses(), said(entry.text, phrases)
        heard = found[0].words if found else ()
        numbers = tuple(features(found)) if heard else None
        right = expected is not None and listening.judge.meaning(expected) == found[0].meaning if found else False
        near = nearly_said(entry.text, grammar, phrases) or path.stem.endswith("db")
        yield Trial(entry.speaker, numbers, right, expected is None, near)


def nearly_said(text: str, grammar: str, phrases: Sequence[str]) -> bool:
    """Whether it is nearly said in the grammar: a decoy of the challenge, or a part of a phrase (上海 of 上海话)."""
    return text in decoys() if grammar == CHALLENGE else any(text in phrase for phrase in phrases)


def fit(heard: Sequence[Trial], most_accepted: float, least: float = LEAST) -> dict[str, Any]:
    """Weights, bias and threshold of one grammar, and what they come to on speakers left out in turn."""
    worded = [trial for trial in heard if trial.features is not None]
    matrix = np.array([trial.features for trial in worded], dtype=np.float64)
    right = np.array([trial.right for trial in worded])
    speakers = np.array([trial.speaker for trial in worded])
    left_out = np.zeros(len(worded))
    for speaker in np.unique(speakers):
        mine = speakers == speaker
        left_out[mine] = _probability(matrix[mine], _regression(matrix[~mine], right[~mine]))
    outside = np.array([trial.outside and not trial.near for trial in worded])
    near = np.array([trial.outside and trial.near for trial in worded])
    count = sum(trial.outside and not trial.near for trial in heard)
    threshold = _threshold(left_out[outside], int(most_accepted * count), least)
    accepted = left_out >= threshold
    weights = _regression(matrix, right)
    return {
        "weights": dict(zip(FEATURES, weights[:-1].round(4).tolist(), strict=True)),
        "bias": round(float(weights[-1]), 4),
        "threshold": round(threshold, 4),
        "left_out": {
            "right": int((accepted & right).sum()),
            "wrong": int((accepted & ~right & ~outside & ~near).sum()),
            "inside": sum(not trial.outside for trial in heard),
            "near_accepted": int((accepted & near).sum()),
            "near": sum(trial.outside and trial.near for trial in heard),
            "accepted": int((accepted & outside).sum()),
            "outside": count,
        },
    }


def _threshold(outside: Floats, allowed: int, least: float) -> float:
    """The least probability from which no more than so much speech outside the grammar is accepted."""
    ranked = np.sort(outside)[::-1]
    return max(least, float(ranked[allowed]) + 1e-4) if len(ranked) > allowed else least


def _regression(matrix: Floats, right: np.ndarray[Any, np.dtype[np.bool_]]) -> Floats:
    """Logistic regression with a ridge, in the features' own units; right and wrong weigh alike as they come."""
    middle, scale = matrix.mean(axis=0), matrix.std(axis=0) + 1e-6
    scaled, sign = (matrix - middle) / scale, np.where(right, 1.0, -1.0)

    def loss(weights: Floats) -> tuple[float, Floats]:
        margin = sign * (scaled @ weights[:-1] + weights[-1])
        pull = -sign / (1 + np.exp(np.clip(margin, -50, 50)))
        gradient = np.append(pull @ scaled, pull.sum()) / len(sign)
        gradient[:-1] += 2 * _RIDGE * weights[:-1]
        return float(np.logaddexp(0, -margin).mean() + _RIDGE * (weights[:-1] ** 2).sum()), gradient

    found = minimize(loss, np.zeros(matrix.shape[1] + 1), jac=True, method="L-BFGS-B").x
    own = found[:-1] / scale
    return np.append(own, found[-1] - own @ middle)


def _probability(matrix: Floats, weights: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(matrix @ weights[:-1] + weights[-1], -50, 50))))


def calibrate(model: Path, folder: Path, names: Iterable[str] = NAMES) -> dict[str, Any]:
    """Fit every grammar on the conditions in `folder` (`stillhere speech conditions --speakers tuning`)."""
    recogniser = VoskRecogniser.open(model)
    grammars = {}
    for name in names:
        every = conditions(name)
        heard: list[Trial] = []
        for condition, spoken in tqdm(every, desc=name, unit="condition", leave=False):
            heard += trials(recogniser, folder / f"{condition}.jsonl", name, spoken)
        grammars[name] = fit(heard, MOST_ACCEPTED, LEAST if name in (CHALLENGE, DIGITS) else 0.1)
    return {"model": sha256((model / "am" / "final.mdl").read_bytes()).hexdigest(), "grammars": grammars}


def write(model: Path, fitted: dict[str, Any]) -> None:
    """Put what was fitted beside the model."""
    (model / "confidence.json").write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")
