"""The whole recipe, step by step: `stillhere speech train`. Each step leaves a file, and is not done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ivr.speech.training import corpus, folder
from ivr.speech.training.align import Aligner
from ivr.speech.training.calls import Frames
from ivr.speech.training.channel import SNR, load_backgrounds
from ivr.speech.training.features import STEP
from ivr.speech.training.fit import Plan, fit
from ivr.speech.training.mixture import Material, Spoken, frames, speakers
from ivr.speech.training.network import Network, Shape
from ivr.speech.training.phones import Inventory
from ivr.speech.vocabulary import pronunciations

Say = Callable[[str], None]
WIDTH = 256


@dataclass(frozen=True, slots=True)
class Step:
    """One round of data and training; all but the first use recordings aligned with the network before."""

    name: str
    hours: float
    synthetic: float
    rounds: int
    seed: int
    rate: float = 2e-3  # highest learning rate
    snr: tuple[float, float] = SNR


STEPS = (
    Step("synthetic", 3.0, 1.0, 4, 2),
    Step("first", 7.5, 0.4, 4, 11),
    Step("second", 7.0, 0.22, 11, 21),
    Step("third", 6.5, 0.25, 9, 31, rate=1.5e-3),
    Step("fourth", 6.5, 0.2, 9, 41, rate=1.2e-3, snr=(0, 28)),
    Step("fifth", 7.0, 0.2, 9, 51, rate=1.2e-3, snr=(0, 24)),
)


def inventory() -> Inventory:
    """The sounds of the vocabulary as it is now."""
    return Inventory(pronunciations().items())


def train(data: Path, work: Path, out: Path, scale: float, say: Say) -> None:
    """Make the model from the recordings in `data` and espeak-ng; goes on from what is in `work`.

    `scale` shortens every step's hours, for trials. Raises EspeakMissing.
    """
    torch.set_num_threads(1)
    torch.manual_seed(1)
    work.mkdir(parents=True, exist_ok=True)
    sounds = inventory()
    network = Network(Shape(WIDTH, sounds.words_pdfs, sounds.pdfs - sounds.words_pdfs))
    labelled: Frames | None = None
    for step in STEPS:
        done = work / f"{step.name}.pt"
        real: list[Spoken] = []
        if step.synthetic < 1:
            alignment = work / f"{step.name}-alignment.jsonl"
            if not alignment.exists():
                say(f"{step.name}: aligning the recordings")
                corpus.align(data, Aligner(network, sounds), alignment)
            real = speakers(*corpus.pieces(data, alignment))
        backgrounds = load_backgrounds(data / "noise")
        material = Material(sounds, backgrounds, corpus.syllables(data), corpus.cantonese_syllables(data), real)
        labelled = _frames(material, step, scale, work, say)
        fit(network, labelled, Plan(step.rounds, rate=step.rate, seed=step.seed), done, say)
    assert labelled is not None
    folder.write(out, network, sounds, labelled.labels, corpus.every_syllable(data))
    say(f"the model is in {out}")


def _frames(material: Material, step: Step, scale: float, work: Path, say: Say) -> Frames:
    features, labels = work / f"{step.name}-features.npy", work / f"{step.name}-labels.npy"
    if not labels.exists():
        say(f"{step.name}: making {step.hours * scale:.1f} hours of calls")
        made = list(
            _seen(frames(material, step.hours * scale, step.synthetic, step.seed, step.snr), step.hours * scale)
        )
        np.save(features, _joined(frame.features.astype(np.float16) for frame in made))
        np.save(labels, _joined(frame.labels for frame in made))
    return Frames(np.load(features), np.load(labels))


def _seen(made: Iterable[Frames], hours: float) -> Iterator[Frames]:
    """The same, with a progress bar."""
    with tqdm(total=round(hours * 3600), desc="calls", unit="s", leave=False) as progress:
        for one in made:
            progress.update(round(len(one.features) * STEP))
            yield one


def _joined(parts: Iterable[np.ndarray]) -> np.ndarray:
    return np.concatenate(list(parts))
