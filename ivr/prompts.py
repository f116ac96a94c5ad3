"""The catalogue of prompts: what each sentence says in each dialect, and how it sounds on the telephone."""

from __future__ import annotations

import io
import json
import logging
import re
import tomllib
import wave
from functools import cache
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from certification.errors import Problem
from certification.regions import Regions
from ivr.dialects import HOME, WORDS, dialects
from ivr.published import Live, Published
from ivr.speech.g711 import Pcm, decode_mulaw, encode_mulaw

logger = logging.getLogger(__name__)

RATE = 8000
MANIFEST = "manifest.json"
_LANGUAGE = ("language.change", "language.others", "language.again")  # besides those by which a dialect offers itself
PAUSES_S = {"pause.short": 0.3, "pause.long": 0.8}
_NAME = re.compile(r"(?=.{1,80}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*")


class PromptUnknown(Problem):
    """No dialect has a sentence of this name."""

    def __init__(self, dialect: str, name: str) -> None:
        self.name = name
        super().__init__(
            f"没有名为 {name} 的提示语，请写入 words/{dialect}/prompts.toml。",
            f"there is no prompt {name!r}; write it in words/{dialect}/prompts.toml.",
        )


def sentences(dialect: str) -> dict[str, str]:
    """The built-in sentences of a dialect by name; none for a dialect that has only recordings.

    A dialect that borrows from Mandarin says in its own accent what it has no sentence for. Challenge words are no
    sentences of a dialect: they are said in Mandarin.
    """
    own = _written(dialect)
    if dialect not in dialects() or not dialects()[dialect].borrows:
        return dict(own)
    lent = {name: text for name, text in _written(HOME).items() if not name.startswith(("word.", "language."))}
    return lent | {name: text for name, text in _written(HOME).items() if name in _LANGUAGE} | own


@cache
def _written(dialect: str) -> dict[str, str]:
    """Read once: Mandarin's sentences are asked for with every dialect that borrows."""
    path = WORDS / dialect / "prompts.toml"
    if not path.is_file():
        return {}
    return {name: str(text) for name, text in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def sentence_of_region(regions: Regions, dialect: str, name: str) -> str | None:
    """What a region's file holds: `region.<code>.how`, `region.<code>.office.<n>`; None for another prompt's name."""
    match name.split("."):
        case ["region", code, "how"]:
            lent = dialect in dialects() and dialects()[dialect].borrows
            return regions[code].how.get(dialect) or (regions[code].how.get(HOME) if lent else None)
        case ["region", code, "office", place] if place.isascii() and place.isdigit():
            offices = regions[code].offices
            return offices[int(place) - 1].name if 0 < int(place) <= len(offices) else None
        case _:
            return None


class Prompts:
    """What was published in the console wins over recordings of the operator's own (`recorded/<dialect>/<name>.wav`),
    and they over the built-in audio.

    Built-in audio counts only while it was made from the sentence of today: a region's own words are never overlaid by
    the audio of others. Audio is read when first asked for, and kept.
    """

    def __init__(self, recorded: Path | None, regions: Regions, published: Published | None = None) -> None:
        self._recorded = recorded
        self._published = published
        self._regions = regions
        self._sentences: dict[str, dict[str, str]] = {}
        self._made_from: dict[str, dict[str, str]] = {}
        self._audio: dict[tuple[str, str], bytes | None] = {}

    def text(self, dialect: str, name: str) -> str:
        """The sentence in the dialect, else in Mandarin; empty for a pause. Raises PromptUnknown."""
        if name in PAUSES_S:
            return ""
        for spoken in dict.fromkeys((self._known(dialect), HOME)):
            text = self._text(spoken, name)
            if text is not None:
                return text
        raise PromptUnknown(dialect, name)

    def audio(self, dialect: str, name: str) -> bytes | None:
        """µ-law at 8 kHz, in the dialect, else in Mandarin; None when the sentence was never spoken."""
        if name in PAUSES_S:
            return _silence(name)
        if not _NAME.fullmatch(name):
            return None
        key = (self._known(dialect), name)
        if (live := self.live(*key)) is not None and self._published is not None:
            return self._published.audio(live) or self._lasting(*key)
        return self._lasting(*key)

    def path(self, dialect: str, name: str) -> str:
        """The end of the address of a prompt's WAV: another for each version, for carriers keep what they fetched."""
        known = self._known(dialect)
        live = self.live(known, name)
        if live is None and known != HOME and self.own(known, name) is None:
            live = self.live(HOME, name)
        return f"{dialect}/{name}.wav" + (f"?v={live.version[:8]}" if live else "")

    def live(self, dialect: str, name: str) -> Live | None:
        """The version published for a sentence of a dialect, while it reads the sentence of today."""
        live = None if self._published is None else self._published.live(dialect, name)
        today = self._text(dialect, name) or self._text(HOME, name)
        return live if live is not None and today == live.sentence else None

    def _lasting(self, dialect: str, name: str) -> bytes | None:
        """What the line says of a sentence without a published version, in the dialect, else in Mandarin."""
        found = self.own(dialect, name)
        return self.audio(HOME, name) if found is None and dialect != HOME else found

    def own(self, dialect: str, name: str) -> bytes | None:
        """A dialect's own audio of a sentence, not counting what was published."""
        key = (dialect, name)
        if (found := self._audio.get(key) or self._read(*key)) is not None:
            self._audio[key] = found
        return found

    def wav(self, dialect: str, name: str) -> bytes | None:
        """A WAV file (16 bit, 8 kHz, mono) of what audio() gives."""
        audio = self.audio(dialect, name)
        return None if audio is None else wav(audio)

    def _known(self, dialect: str) -> str:
        """The dialect, where there are words or recordings of it; else Mandarin. It comes out of a URL."""
        places = [place for place in (WORDS, self._recorded) if place is not None]
        known = _NAME.fullmatch(dialect) and any((place / dialect).is_dir() for place in places)
        return dialect if known else HOME

    def _text(self, dialect: str, name: str) -> str | None:
        if dialect not in self._sentences:
            self._sentences[dialect] = sentences(dialect)
        return self._sentences[dialect].get(name) or sentence_of_region(self._regions, dialect, name)

    def recorded(self, dialect: str, name: str) -> Path | None:
        """The operator's own recording of a sentence in the folder of such."""
        recorded = self._recorded / dialect / f"{name}.wav" if self._recorded else None
        return recorded if recorded is not None and recorded.is_file() else None

    def _read(self, dialect: str, name: str) -> bytes | None:
        """Audio of exactly this dialect."""
        if (recorded := self.recorded(dialect, name)) is not None:
            try:
                return encode_mulaw(read_pcm(recorded))
            except (soundfile.SoundFileError, OSError, ValueError) as error:
                logger.error("%s cannot be played, the built-in prompt is: %s 请换成 WAV 录音。", recorded, error)
        text = self._text(dialect, name)
        if text is None or self._manifest(dialect).get(name) != text:
            return None
        return encode_mulaw(read_pcm(WORDS / dialect / "audio" / f"{name}.ogg"))

    def _manifest(self, dialect: str) -> dict[str, str]:
        if dialect not in self._made_from:
            path = WORDS / dialect / "audio" / MANIFEST
            made = json.loads(path.read_text(encoding="utf-8"))["prompts"] if path.is_file() else {}
            self._made_from[dialect] = {name: entry["sentence"] for name, entry in made.items()}
        return self._made_from[dialect]


def wav(audio: bytes) -> bytes:
    """A WAV file (16 bit, 8 kHz, mono) of mu-law audio."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, RATE, 0, "NONE", ""))
        writer.writeframes(decode_mulaw(audio).tobytes())
    return file.getvalue()


def read_pcm(path: Path) -> Pcm:
    """Read audio of any rate as 16-bit mono samples at 8 kHz. Raises SoundFileError, or ValueError for none at all."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if not len(mono) or not np.isfinite(mono).all():
        raise ValueError("there is no sound in it")
    if rate != RATE:
        mono = resample_poly(mono, RATE // gcd(rate, RATE), rate // gcd(rate, RATE))
    pcm: Pcm = np.clip(np.rint(mono * 32767), -32768, 32767).astype(np.int16)
    return pcm


def _silence(name: str) -> bytes:
    return b"\xff" * round(PAUSES_S[name] * RATE)
