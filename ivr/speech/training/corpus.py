"""The real recordings of ../shared/data that may be trained on, aligned, as pieces by speaker."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from pypinyin import Style, lazy_pinyin
from tqdm import tqdm

from ivr.speech.training.align import Aligner
from ivr.speech.training.channel import read
from ivr.speech.training.conditions import SPEAKERS
from ivr.speech.training.espeak import Sound
from ivr.speech.training.network import Network, Shape
from ivr.speech.training.phones import Inventory, NotJyutping, NotPinyin, units
from ivr.speech.training.pieces import Piece, Recording, real, recordings
from ivr.speech.training.spread import spread
from ivr.speech.vocabulary import pronunciations

# How often the speakers of each folder are drawn, all of them together.
SHARES = {
    "dsp20": 0.70, "cmn-words": 0.07, "cmn-syllables": 0.07, "yue-syllables": 0.08, "librispeech": 0.05, "fsdd": 0.03
}  # fmt: skip


def may_train() -> Callable[[Recording], bool]:
    """Every speaker but the tuning and reporting ones."""
    kept_apart = {*SPEAKERS["tuning"], *SPEAKERS["reporting"]}
    return lambda recording: recording.speaker not in kept_apart


def everything(data: Path) -> Iterator[tuple[str, Recording]]:
    """(folder, recording) of all that may be trained on."""
    allowed = may_train()
    for folder in SHARES:
        yield from ((folder, recording) for recording in recordings(data / folder) if allowed(recording))


def syllables(data: Path) -> list[str]:
    """Every Mandarin syllable with tone."""
    return _known(data / "cmn-syllables", "mandarin")


def cantonese_syllables(data: Path) -> list[str]:
    """Every Cantonese syllable with tone, but those that only loan words have."""
    return _known(data / "yue-syllables", "cantonese")


def every_syllable(data: Path) -> dict[str, list[str]]:
    """The syllables of both languages, by spelling."""
    return {"mandarin": syllables(data), "cantonese": cantonese_syllables(data)}


def _known(folder: Path, spelling: str) -> list[str]:
    return sorted({recording.text for recording in recordings(folder) if _units(spelling, [recording.text])})


def align(data: Path, trained: Path, shape: Shape, inventory: Inventory, out: Path) -> None:
    """Write when each sound of each recording is said, as JSON lines: by the network in the checkpoint `trained`."""
    every = [(data, folder, recording) for folder, recording in everything(data)]
    aligned = spread(_aligned, every, _begin, (trained, shape, inventory))
    lines = list(tqdm(aligned, desc="aligning", total=len(every), unit="recording", leave=False))
    written = out.with_suffix(".part")
    written.write_text("\n".join(lines) + "\n", encoding="utf-8")
    written.replace(out)


_ready: list[Aligner] = []  # what a process of its own aligns with


def _begin(trained: Path, shape: Shape, inventory: Inventory) -> None:
    torch.set_num_threads(1)
    network = Network(shape)
    network.load_state_dict(torch.load(trained, weights_only=True, map_location="cpu")["network"])
    _ready[:] = [Aligner(network, inventory)]


def _aligned(one: tuple[Path, str, Recording]) -> str:
    (aligner,), (data, folder, recording) = _ready, one
    samples, said = read(recording.path), _said(folder, recording)
    sounds = aligner.sounds(samples, said) if said else aligner.stretches(samples)
    path = str(recording.path.relative_to(data))
    return json.dumps([path, [asdict(sound) for sound in sounds or ()]], ensure_ascii=False)


def pieces(data: Path, alignment: Path) -> tuple[dict[str, list[Piece]], dict[str, float]]:
    """(pieces of each speaker, how often each speaker is drawn)."""
    sounds: Mapping[str, list[dict[str, float | str]]] = dict(
        json.loads(line) for line in alignment.read_text(encoding="utf-8").splitlines()
    )
    words = pronunciations()
    found: dict[str, list[Piece]] = {}
    folders: dict[str, str] = {}
    for folder, recording in everything(data):
        aligned = sounds[str(recording.path.relative_to(data))]
        if aligned:
            word = recording.text if recording.text in words else None
            spoken = tuple(Sound(str(s["unit"]), float(s["start"]), float(s["end"])) for s in aligned)
            found.setdefault(recording.speaker, []).append(real(recording, spoken, word))
            folders[recording.speaker] = folder
    count = {folder: list(folders.values()).count(folder) for folder in SHARES}
    return found, {speaker: SHARES[folder] / count[folder] for speaker, folder in folders.items()}


def _said(folder: str, recording: Recording) -> Sequence[str]:
    """The sounds of a recording in Mandarin or Cantonese; none for other languages."""
    match folder:
        case "cmn-syllables":
            return _units("mandarin", [recording.text])
        case "yue-syllables":
            return _units("cantonese", [recording.text])
        case "dsp20":
            return _units("mandarin", pronunciations().get(recording.text, ()))
        case "cmn-words":
            said = lazy_pinyin(recording.text, style=Style.TONE3, neutral_tone_with_five=True, errors="ignore")
            return _units("mandarin", said)
        case _:
            return ()


def _units(spelling: str, said: Sequence[str]) -> Sequence[str]:
    try:
        return units(spelling, said)
    except (NotPinyin, NotJyutping):
        return ()
