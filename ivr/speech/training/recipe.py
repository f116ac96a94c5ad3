"""The whole recipe, step by step: `stillhere speech train`. Each step leaves a file, and is not done twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from certification.errors import Problem
from ivr.speech.training import corpus, folder, pieces
from ivr.speech.training.calls import Counts, Frames
from ivr.speech.training.channel import NOISE, Noise, load_backgrounds
from ivr.speech.training.fit import Plan, finished, fit
from ivr.speech.training.mixture import Material, frames, speakers
from ivr.speech.training.network import Network, Shape
from ivr.speech.training.phones import Inventory
from ivr.speech.training.spread import cores, spread
from ivr.speech.vocabulary import pronunciations

Say = Callable[[str], None]
WIDTH = 256
_PART = 0.1  # hours of calls that one process makes at once; another number makes other calls


@dataclass(frozen=True, slots=True)
class Step:
    """One round of data and training; all but the first use recordings aligned with the network before."""

    name: str
    hours: float
    synthetic: float
    rounds: int
    seed: int
    rate: float = 2e-3  # highest learning rate
    noise: Noise = NOISE


STEPS = (
    Step("synthetic", 4.0, 1.0, 4, 2),
    Step("first", 8.0, 0.5, 4, 11),
    Step("second", 12.0, 0.4, 8, 21),
    Step("third", 16.0, 0.4, 12, 31, rate=1.5e-3, noise=Noise(0, 28)),
    Step("fourth", 80.0, 0.35, 24, 41, rate=1.5e-3, noise=Noise(1, 26, in_band=True)),
)


class WorkDiffers(Problem):
    """The folder to go on from holds the work of other steps, another scale, or other sounds, voices or accents."""

    def __init__(self, work: Path) -> None:
        super().__init__(
            f"{work} 里是另一种训练方案的文件，请清空它，或用 --work 指定别的文件夹。",
            f"{work} holds the work of another recipe: empty it, or name another folder with --work.",
        )


def inventory() -> Inventory:
    """The sounds of the vocabulary as it is now."""
    return Inventory(pronunciations().items())


def train(data: Path, work: Path, out: Path, scale: float, say: Say) -> None:
    """Make the model from the recordings in `data` and espeak-ng; goes on from what is in `work`.

    Calls are made on every core; the network is fitted on a GPU where torch finds one. `scale` shortens every step's
    hours, for trials. Raises EspeakMissing, WorkDiffers.
    """
    torch.set_num_threads(cores())
    torch.manual_seed(1)
    sounds = inventory()
    claim(work, scale, sounds)
    network = Network(Shape(WIDTH, sounds.words_pdfs, sounds.pdfs - sounds.words_pdfs))
    before: Path | None = None
    counts: Counts | None = None
    for step in STEPS:
        done = work / f"{step.name}.pt"
        counts = finished(done, step.rounds, network)
        if counts is None:
            alignment = _alignment(data, step, before, sounds, network.shape, say) if before else None
            labelled = _frames(data, alignment, step, scale, work, say)
            fit(network, labelled, Plan(step.rounds, rate=step.rate, seed=step.seed), done, say)
            counts = finished(done, step.rounds, network)
        before = done
    assert counts is not None
    folder.write(out, network, sounds, counts, corpus.every_syllable(data))
    say(f"the model is in {out}")


def claim(work: Path, scale: float, sounds: Inventory) -> None:
    """Write down what is made in a folder, so that nothing else goes on from it. Raises WorkDiffers."""
    spoken = [pieces.VARIANTS, pieces.RATES, pieces.TONES, pieces.ACCENT_RULES]
    mine = json.dumps([[asdict(step) for step in STEPS], scale, WIDTH, list(sounds.phones), spoken], ensure_ascii=False)
    note = work / "recipe.json"
    if note.exists() and note.read_text(encoding="utf-8") == mine:
        return
    if work.exists() and any(work.iterdir()):
        raise WorkDiffers(work)
    work.mkdir(parents=True, exist_ok=True)
    note.write_text(mine, encoding="utf-8")


def _alignment(data: Path, step: Step, before: Path, sounds: Inventory, shape: Shape, say: Say) -> Path:
    """When each sound of the recordings is said, by the network of the step before."""
    alignment = before.with_name(f"{step.name}-alignment.jsonl")
    if not alignment.exists():
        say(f"{step.name}: aligning the recordings")
        corpus.align(data, before, shape, sounds, alignment)
    return alignment


@dataclass(frozen=True, slots=True)
class Part:
    """So many hours of a step's calls, the `number`th of them."""

    step: Step
    number: int
    hours: float


_ready: list[Material] = []  # what a process of its own makes calls of


def _begin(data: Path, alignment: Path | None) -> None:
    torch.set_num_threads(1)
    real = speakers(*corpus.pieces(data, alignment)) if alignment else []
    backgrounds = load_backgrounds(data / "noise")
    _ready[:] = [Material(inventory(), backgrounds, corpus.syllables(data), corpus.cantonese_syllables(data), real)]


def _calls(part: Part) -> Frames:
    (material,), step = _ready, part.step
    made = list(frames(material, part.hours, step.synthetic, (step.seed, part.number), step.noise))
    features = np.concatenate([one.features.astype(np.float16) for one in made])
    return Frames(features, np.concatenate([one.labels for one in made]))


def _frames(data: Path, alignment: Path | None, step: Step, scale: float, work: Path, say: Say) -> Frames:
    features, labels = work / f"{step.name}-features.npy", work / f"{step.name}-labels.npy"
    if not labels.exists():
        say(f"{step.name}: making {step.hours * scale:.1f} hours of calls")
        hours = step.hours * scale
        parts = [Part(step, number, min(_PART, hours)) for number in range(max(1, round(hours / _PART)))]
        made = list(
            tqdm(spread(_calls, parts, _begin, (data, alignment)), "calls", len(parts), unit="part", leave=False)
        )
        np.save(features, np.concatenate([frames.features for frames in made]))
        written = labels.with_suffix(".part.npy")
        np.save(written, np.concatenate([frames.labels for frames in made]))
        written.replace(labels)
    return Frames(np.load(features), np.load(labels))
