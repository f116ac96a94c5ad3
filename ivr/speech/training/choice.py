"""Measure how often each candidate for a challenge word is taken for another, and draw it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from tqdm import tqdm

from ivr.speech.choice import NOTHING, Confusions
from ivr.speech.evaluation import hear
from ivr.speech.recogniser import VoskRecogniser
from ivr.speech.training.channel import SAMPLE_RATE, Noise, load_backgrounds, read, telephone
from ivr.speech.training.conditions import SPEAKERS
from ivr.speech.training.graph import challenge
from ivr.speech.training.lexicons import COSTS, numbered
from ivr.speech.training.phones import Inventory
from ivr.speech.training.pieces import recordings
from ivr.speech.vocabulary import CHALLENGE, CHALLENGE_GRAPH, pronunciations

# Near-homophones: a caller on a bad line cannot hear which of the two is asked for.
ALIKE = (("语音", "语言"), ("中国", "总工"), ("北京", "背景"), ("上海", "商行"), ("饭店", "复旦"))
LINES = 4  # telephone lines that each recording is sent through
SNR = (10, 35)  # dB


def measure(model: Path, data: Path, seed: int = 11) -> dict[str, Any]:
    """Every take of the candidates by the tuning speakers over random telephone lines, all equally likely."""
    random, backgrounds = np.random.default_rng(seed), load_backgrounds(data / "noise")
    words = tuple(pronunciations())
    takes = [t for t in recordings(data / "dsp20") if t.speaker in SPEAKERS["tuning"] and t.text in words]
    counts: dict[str, Counter[str]] = {word: Counter() for word in words}
    quiet = np.zeros(int(0.3 * SAMPLE_RATE), dtype=np.float32)
    with TemporaryDirectory() as place:
        recogniser = _of_all(model, words, Path(place))
        for take in tqdm(takes, desc="hearing", unit="recording", leave=False):
            samples = np.concatenate([quiet, read(take.path), quiet])
            for _ in range(LINES):
                line = telephone(samples, random, backgrounds, Noise(*SNR))
                heard = hear(recogniser, CHALLENGE, (line * 32767).astype(np.int16))
                counts[take.text][" ".join(heard.words) if heard.understood else NOTHING] += 1
    return {
        "model": sha256((model / "am" / "final.mdl").read_bytes()).hexdigest(),
        "speakers": list(SPEAKERS["tuning"]),
        "lines": LINES,
        "snr_db": list(SNR),
        "alike": [list(pair) for pair in ALIKE],
        "counts": {word: dict(counts[word].most_common()) for word in words},
    }


def _of_all(model: Path, words: Sequence[str], place: Path) -> VoskRecogniser:
    """The model with a challenge of one word out of all candidates."""
    folder = place / "model"
    shutil.copytree(model, folder)
    listed = (folder / CHALLENGE_GRAPH / "words.txt").read_text(encoding="utf-8").splitlines()[1:]
    numbers = numbered(folder, [*(line.split()[0] for line in listed), *words])  # those listed keep their numbers
    graph = challenge(Inventory(pronunciations().items()), numbers, words, COSTS, most=1)
    (folder / CHALLENGE_GRAPH / "HCLG.fst").write_bytes(graph.written())
    return VoskRecogniser.open(folder)


def draw(confusions: Confusions, chosen: Sequence[str], path: Path) -> None:
    """The matrix as an SVG: said downwards, heard across, per cent; the chosen words first."""
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "choice"}):  # whoever looks at it has the characters
        _draw(confusions, chosen).savefig(path, format="svg", metadata={"Date": None})


def _draw(confusions: Confusions, chosen: Sequence[str]) -> Figure:
    words = [*chosen, *(word for word in confusions.words if word not in chosen)]
    columns = [*words, NOTHING]
    rates = np.array([[100 * confusions.rate(said, heard) for heard in columns] for said in words])
    figure = Figure(figsize=(11, 9), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.log10(rates + 0.1), cmap="Blues", aspect="auto")
    axes.set_xticks(range(len(columns)), [_label(word) for word in columns], rotation=40, ha="right")
    axes.set_yticks(range(len(words)), [_label(word) for word in words])
    axes.set_xlabel("heard as")
    axes.set_ylabel("said")
    axes.axhline(len(chosen) - 0.5, color="black")
    axes.axvline(len(chosen) - 0.5, color="black")
    for (row, column), rate in np.ndenumerate(rates):
        if rate:
            text = f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"
            axes.text(column, row, text, ha="center", va="center", color="white" if rate > 30 else "black")
    return figure


def _label(word: str) -> str:
    return f"{word} {' '.join(pronunciations()[word])}" if word else "没听懂 not understood"
