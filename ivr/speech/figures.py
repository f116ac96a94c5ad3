"""The tables of a model's card: everything that `stillhere speech conditions` writes, measured and laid out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from certification.errors import Problem
from ivr.dialects import HOME, dialects
from ivr.speech.evaluation import UNTRAINED, Tally, evaluate, report
from ivr.speech.recogniser import Recogniser
from ivr.speech.vocabulary import CHALLENGE, DIGITS, NAMES

# Condition -> the grammar that it is heard in, as `conditions` names them.
REAL = {
    **{"words": CHALLENGE, "words-20db": CHALLENGE, "words-10db": CHALLENGE, "groups": CHALLENGE},
    **{"groups-15db": CHALLENGE, "others": CHALLENGE, "others-15db": CHALLENGE, "partners": CHALLENGE},
    "digits-syllables": DIGITS,
}
_RATES = ("exact", "fewer", "wrong", "not_understood", "false_accepts")


class NothingToMeasure(Problem):
    """The folder holds none of the conditions."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} 里没有评测录音，请先运行：stillhere speech conditions {folder}。",
            f"{folder} holds no conditions: run `stillhere speech conditions {folder}` first.",
        )


class RecordingsDamaged(Problem):
    """Some recordings cannot be read, and without them the figures would be others."""

    def __init__(self, manifest: Path, line: int, reason: str) -> None:
        super().__init__(
            f"{manifest} 第 {line} 行无法使用（{reason}），请重新生成评测录音。",
            f"{manifest}:{line} cannot be used ({reason}): write the conditions again.",
        )


def tables(recogniser: Recogniser, folder: Path) -> Iterator[str]:
    """The lines of two Markdown tables: real recordings by condition, synthetic ones by dialect and grammar.

    Conditions and dialects that are not in the folder are left out. Raises NothingToMeasure, RecordingsDamaged.
    """
    real = [name for name in REAL if (folder / f"{name}.jsonl").exists()]
    spoken = [code for code in dialects() if (folder / f"synthetic-{code}-{CHALLENGE}.jsonl").exists()]
    if not real and not spoken:
        raise NothingToMeasure(folder)
    if real:
        yield f"| condition | utterances | {' | '.join(name.replace('_', ' ') for name in _RATES)} |"
        yield "|---" * (2 + len(_RATES)) + "|"
    for name in tqdm(real, unit="condition", leave=False):
        found = _measured(recogniser, folder / f"{name}.jsonl", REAL[name])
        yield f"| {name} | {found['utterances']} | {' | '.join(_rate(found, rate) for rate in _RATES)} |"
    if spoken:
        yield ""
        yield f"| synthetic, understood | {' | '.join(NAMES)} |"
        yield "|---" * (1 + len(NAMES)) + "|"
    rows, untrained = [], []
    for code in tqdm(spoken, unit="dialect", leave=False):
        rows.append([_tally(recogniser, folder / f"synthetic-{code}-{name}.jsonl", name, code) for name in NAMES])
        some = [folder / f"synthetic-{code}-{name}{UNTRAINED}.jsonl" for name in NAMES]
        untrained.append([_tally(recogniser, *each, code) for each in zip(some, NAMES, strict=True)])
        yield f"| {code} | {' | '.join(_rate(report(tally), 'meant', interval=False) for tally in rows[-1])} |"
    if spoken:
        together = [report(_together(column)) for column in zip(*rows, strict=True)]
        yield f"| all | {' | '.join(_rate(found, 'meant') for found in together)} |"
        yield f"| … word for word | {' | '.join(_rate(found, 'exact') for found in together)} |"
        together = [report(_together(column)) for column in zip(*untrained, strict=True)]
        among = [f"{_rate(found, 'meant')} of {found['utterances']}" for found in together]
        yield f"| … by a rule of accent that training never had | {' | '.join(among)} |"


def _together(tallies: Sequence[Tally]) -> Tally:
    return Tally(
        inside=sum(tally.inside for tally in tallies),
        exact=sum(tally.exact for tally in tallies),
        meant=sum(tally.meant for tally in tallies),
    )


def _measured(recogniser: Recogniser, manifest: Path, name: str) -> dict[str, Any]:
    return report(_tally(recogniser, manifest, name))


def _tally(recogniser: Recogniser, manifest: Path, name: str, spoken: str = HOME) -> Tally:
    """What was counted; nothing where there is no such manifest."""
    tally = evaluate(recogniser, manifest, name, dialect=spoken) if manifest.exists() else Tally()
    if tally.bad:
        raise RecordingsDamaged(manifest, tally.bad[0].line, tally.bad[0].reason)
    return tally


def _rate(found: dict[str, Any], name: str, interval: bool = True) -> str:
    """In per cent, with its 95 % interval; a dash where there was nothing to count."""
    if found[name] is None:
        return "–"
    low, high = found["ci95"][name]
    return f"{found[name]:.1%} [{100 * low:.1f}, {100 * high:.1f}]" if interval else f"{found[name]:.0%}"
