"""How well the recogniser hears: a manifest of recordings in, rates with 95 % intervals out."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from scipy import signal, stats

from ivr.dialects import HOME
from ivr.speech.g711 import Pcm, decode_alaw, decode_mulaw, encode_alaw, encode_mulaw
from ivr.speech.recogniser import SAMPLE_RATE, Heard, Recogniser
from ivr.speech.vocabulary import meanings

CHANNELS: dict[str, Callable[[Pcm], Pcm]] = {
    "none": lambda pcm: pcm,
    "g711": lambda pcm: decode_mulaw(encode_mulaw(pcm)),
    "alaw": lambda pcm: decode_alaw(encode_alaw(pcm)),
}
UNTRAINED = "-untrained"  # ends the name of a manifest of those alone that are said as nothing in training was
MISSED, INSERTED = "(nothing)", "(nothing)"
_CHUNK = 3200  # bytes fed at once: 0.2 s


@dataclass(frozen=True, slots=True)
class Utterance:
    """One line of a manifest; `line` is its number, from 1."""

    line: int
    audio: Path
    text: str
    speaker: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be used, and why; the rest goes on."""

    line: int
    reason: str


class AudioUnreadable(ValueError):
    """This is no sound file, or there is no sound in it."""


@dataclass(slots=True)
class Tally:
    """What was counted over a manifest; rates come from `report`."""

    speakers: set[str] = field(default_factory=set)
    inside: int = 0
    exact: int = 0
    meant: int = 0  # understood as what it means, in these words or in others
    not_understood: int = 0
    fewer: int = 0  # understood, but a word was missing
    wrong: int = 0  # understood, and a word was heard that was not said
    words: int = 0
    word_errors: int = 0
    outside: int = 0
    rejected: int = 0
    audio_s: float = 0.0
    cpu_s: float = 0.0
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)
    bad: list[BadLine] = field(default_factory=list)


def manifest(path: Path) -> Iterator[Utterance | BadLine]:
    """The lines of a NeMo manifest; audio paths are relative to it."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                entry = json.loads(line)
                audio, text = path.parent / entry["audio_filepath"], str(entry["text"])
            except json.JSONDecodeError as error:
                yield BadLine(number, f"不是 JSON；not JSON: {error}")
            except (KeyError, TypeError):
                yield BadLine(number, "缺少 audio_filepath 或 text；audio_filepath or text is missing")
            else:
                yield Utterance(number, audio, text, str(entry.get("speaker", "")))


def read(path: Path) -> Pcm:
    """A sound file of any rate as 16-bit mono samples at 8 kHz. Raises AudioUnreadable."""
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioUnreadable(f"无法读取 {path}；cannot read {path}: {error}") from error
    mono = samples.mean(axis=1)
    if not len(mono):
        raise AudioUnreadable(f"{path} 没有声音；{path} holds no sound")
    if rate != SAMPLE_RATE:
        mono = signal.resample_poly(mono, SAMPLE_RATE, rate)
    pcm: Pcm = np.clip(np.rint(mono * 32767), -32768, 32767).astype(np.int16)
    return pcm


def said(text: str, phrases: Sequence[str]) -> tuple[str, ...] | None:
    """A transcript as words of the grammar, longest first; None where anything else is in it."""
    by_length = sorted(phrases, key=len, reverse=True)
    left, words = "".join(text.split()), []
    while left:
        word = next((phrase for phrase in by_length if left.startswith(phrase)), None)
        if word is None:
            return None
        words.append(word)
        left = left[len(word) :]
    return tuple(words) or None


def aligned(said: Sequence[str], heard: Sequence[str]) -> list[tuple[str, str]]:
    """Pair what was said with what was heard at the least number of errors (Levenshtein)."""
    cost = np.zeros((len(said) + 1, len(heard) + 1), dtype=int)
    cost[:, 0], cost[0, :] = range(len(said) + 1), range(len(heard) + 1)
    for i, one in enumerate(said, start=1):
        for j, other in enumerate(heard, start=1):
            cost[i, j] = min(cost[i - 1, j - 1] + (one != other), cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    pairs: list[tuple[str, str]] = []
    i, j = len(said), len(heard)
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (said[i - 1] != heard[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((said[i], heard[j]))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            pairs.append((said[i], MISSED))
        else:
            j -= 1
            pairs.append((INSERTED, heard[j]))
    return pairs[::-1]


def evaluate(recogniser: Recogniser, path: Path, name: str, channel: str = "none", dialect: str = HOME) -> Tally:
    """Hear every recording of a manifest through a channel. Raises GrammarUnknown, DialectUnknown."""
    phrases = meanings(name, dialect)
    tally = Tally()
    for entry in manifest(path):
        if isinstance(entry, BadLine):
            tally.bad.append(entry)
            continue
        try:
            pcm = CHANNELS[channel](read(entry.audio))
        except AudioUnreadable as error:
            tally.bad.append(BadLine(entry.line, str(error)))
            continue
        started = time.process_time()
        heard = hear(recogniser, name, pcm, dialect)
        tally.cpu_s += time.process_time() - started
        tally.audio_s += len(pcm) / SAMPLE_RATE
        tally.speakers.add(entry.speaker)
        _count(tally, entry.text, phrases, heard)
    return tally


def hear(recogniser: Recogniser, name: str, pcm: Pcm, dialect: str = HOME) -> Heard:
    """Hear one recording from beginning to end."""
    listening = recogniser.listen(name, dialect)
    data = pcm.tobytes()
    for start in range(0, len(data), _CHUNK):
        listening.feed(data[start : start + _CHUNK])
    return listening.finish()


def _count(tally: Tally, text: str, phrases: Mapping[str, str], heard: Heard) -> None:
    words = said(text, tuple(phrases))
    if words is None:
        tally.outside += 1
        tally.rejected += not heard.understood
        if heard.understood:
            tally.confusions[text, " ".join(heard.words)] += 1
        return
    tally.inside += 1
    tally.exact += heard.words == words
    tally.meant += [phrases[word] for word in heard.words] == [phrases[word] for word in words]
    tally.not_understood += not heard.understood
    tally.words += len(words)
    errors = [(one, other) for one, other in aligned(words, heard.words) if one != other]
    tally.word_errors += len(errors)
    tally.confusions.update(errors)
    if errors and heard.understood:
        wrong = any(other != MISSED for _, other in errors)
        tally.wrong += wrong
        tally.fewer += not wrong


def interval(errors: int, trials: int) -> list[float] | None:
    """The Clopper-Pearson 95 % interval of a rate; None without trials.

    It takes the utterances of one speaker for independent, which they are not: the truth is wider.
    """
    if not trials:
        return None
    low = float(stats.beta.ppf(0.025, errors, trials - errors + 1)) if errors else 0.0
    high = float(stats.beta.ppf(0.975, errors + 1, trials - errors)) if errors < trials else 1.0
    return [low, high]


def report(tally: Tally) -> dict[str, Any]:
    """Rates as fractions; None where there was nothing to count. Keys as in the contract, and more beside them."""
    counts = {
        "exact": (tally.exact, tally.inside),
        "meant": (tally.meant, tally.inside),
        "word_errors": (tally.word_errors, tally.words),
        "not_understood": (tally.not_understood, tally.inside),
        "fewer": (tally.fewer, tally.inside),
        "wrong": (tally.wrong, tally.inside),
        "rejected": (tally.rejected, tally.outside),
        "false_accepts": (tally.outside - tally.rejected, tally.outside),
    }
    confusions: dict[str, dict[str, int]] = {}
    for (one, other), count in tally.confusions.most_common():
        confusions.setdefault(one, {})[other] = count
    return {
        "utterances": tally.inside + tally.outside,
        "in_grammar": tally.inside,
        "out_of_grammar": tally.outside,
        "speakers": len(tally.speakers),
        **{name: count / trials if trials else None for name, (count, trials) in counts.items()},
        "rtf": tally.cpu_s / tally.audio_s if tally.audio_s else None,
        "confusions": confusions,
        "ci95": {name: interval(min(count, trials), trials) for name, (count, trials) in counts.items()},
        "bad_lines": [{"line": bad.line, "reason": bad.reason} for bad in tally.bad],
    }
