"""The built-in audio beside the sentences it was made from, so that only what changed is made again."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import soundfile

from certification.regions import BASE, Region, Regions
from ivr.dialects import WORDS
from ivr.levels import RATE, Samples
from ivr.prompts import MANIFEST, sentence_of_region, sentences
from ivr.rendering.ogg import with_serial
from ivr.rendering.voice import Voice, speak, voice

COMPRESSION = 0.95  # of 1: about 20 kbit/s of Opus, more than a telephone line carries on


@dataclass(frozen=True, slots=True)
class Made:
    """What a file of audio was made from (the sentence, its syllables), and the file's own hash."""

    sentence: str
    said: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Job:
    """One prompt that must be rendered, and where it goes."""

    folder: Path
    voice: Voice
    name: str
    sentence: str


def wanted(dialect: str, regions: Regions) -> dict[str, str]:
    """Every sentence of the dialect that is to be spoken: its own, and those of the regions that speak it.

    The default's are for everybody. Where a region does not speak the dialect, its answer is heard in Mandarin.
    """
    speaking = [one for one in regions if one.code == BASE or dialect in {*one.dialects, *one.how}]
    names = [f"region.{region.code}.how" for region in speaking]
    names += [f"region.{region.code}.office.{place}" for region in speaking for place in _bookable(region)]
    local = {name: said for name in names if (said := sentence_of_region(regions, dialect, name)) is not None}
    return sentences(dialect) | local


def _bookable(region: Region) -> list[int]:
    """The places in the region's file of the offices that take appointments: the line says their names."""
    return [place for place, office in enumerate(region.offices, start=1) if office.slots]


def manifest(folder: Path, voice: Voice) -> dict[str, Made]:
    """What lies in the folder, by name; nothing when it was made by another recipe."""
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {name: Made(**made) for name, made in kept["prompts"].items()} if kept["recipe"] == voice.recipe else {}


def changed(dialect: str, regions: Regions, words: Path = WORDS, *, read_again: bool = False) -> list[Job]:
    """The prompts whose sentence, recipe or file is not what the audio was made from.

    With `read_again`, those too whose syllables are others today; that needs the dictionaries, and raises as render().
    """
    folder, own = words / dialect / "audio", voice(dialect)
    kept = manifest(folder, own)
    jobs = [Job(folder, own, name, sentence) for name, sentence in wanted(dialect, regions).items()]
    return [job for job in jobs if not _stands(job, kept.get(job.name), read_again)]


def _stands(job: Job, made: Made | None, read_again: bool) -> bool:
    file = _file(job.folder, job.name)
    return (
        made is not None
        and made.sentence == job.sentence
        and file.is_file()
        and sha256(file.read_bytes()).hexdigest() == made.sha256
        and not (read_again and job.voice.pronounce(job.sentence) != made.said)
    )


def render(jobs: list[Job]) -> Iterator[str]:
    """Render each prompt and note it in its folder's manifest; yields the names as they are done.

    Raises ToolMissing and Unpronounceable; what was made before stays made.
    """
    for job in jobs:
        said = job.voice.pronounce(job.sentence)
        audio = compressed(speak(said, job.voice))
        job.folder.mkdir(parents=True, exist_ok=True)
        _file(job.folder, job.name).write_bytes(audio)
        made = Made(job.sentence, said, sha256(audio).hexdigest())
        _note(job.folder, job.voice, manifest(job.folder, job.voice) | {job.name: made})
        yield job.name


def prune(dialect: str, regions: Regions, words: Path = WORDS) -> list[str]:
    """Delete the audio of sentences that are said no more; returns their names."""
    folder, own = words / dialect / "audio", voice(dialect)
    names = wanted(dialect, regions)
    gone = [file for file in sorted(folder.glob("*.ogg")) if file.stem not in names]
    for file in gone:
        file.unlink()
    if gone:
        _note(folder, own, {name: made for name, made in manifest(folder, own).items() if name in names})
    return [file.stem for file in gone]


def compressed(speech: Samples) -> bytes:
    """Ogg Opus at 8 kHz, the same bytes for the same speech."""
    file = io.BytesIO()
    soundfile.write(file, speech, RATE, format="OGG", subtype="OPUS", compression_level=COMPRESSION)
    return with_serial(file.getvalue(), 1)


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.ogg"


def _note(folder: Path, voice: Voice, prompts: dict[str, Made]) -> None:
    kept = {"recipe": voice.recipe, "prompts": {name: asdict(made) for name, made in sorted(prompts.items())}}
    (folder / MANIFEST).write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
