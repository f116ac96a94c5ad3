"""espeak-ng as a voice for training: samples with the time of every sound, through its C library."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ivr.speech.training.phones import SPLIT

_END, _PHONEME = 0, 7
_RATE, _PITCH, _RANGE = 1, 3, 4
_PAUSES = ("_", "_:", "_|", "_!", "_X", "|", "||", "")
_GLIDES = (";", "j", "w")
_SYLLABIC = {"m": "m-", "ng": "N-"}  # of Cantonese; read from Jyutping, they would last 20 ms
_TEXT, _WITH_PHONEMES = 1, 0x100  # in UTF-8; what is in [[double brackets]] is phonemes
_ENDS = {"m": "m", "n": "n", "g": "N", "p": "p", "t": "t", "k": "k"}  # of Cantonese syllables, as espeak has them
Samples = np.ndarray[tuple[int], np.dtype[np.float32]]


class EspeakMissing(RuntimeError):
    """The espeak-ng library is not installed on this machine."""

    def __init__(self) -> None:
        super().__init__("找不到 espeak-ng，请先安装 libespeak-ng1。espeak-ng is missing: install libespeak-ng1.")


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class Voice:
    """One way of speaking: an espeak voice name with variant, words a minute, pitch and its range (0-99)."""

    name: str
    rate: int = 150
    pitch: int = 50
    range: int = 50


@dataclass(frozen=True, slots=True)
class Sound:
    """One initial or final, from `start` to `end` seconds."""

    unit: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """Samples in [-1, 1] at `sample_rate` Hz; `sounds` is None where the sounds could not be told apart."""

    samples: Samples
    sample_rate: int
    sounds: tuple[Sound, ...] | None


class _Library:
    def __init__(self) -> None:
        found = ctypes.util.find_library("espeak-ng")
        if found is None:
            raise EspeakMissing
        self._espeak = ctypes.CDLL(found)
        self.sample_rate = int(self._espeak.espeak_Initialize(2, 0, None, 1))
        self._audio: list[bytes] = []
        self._events: list[tuple[str, int]] = []
        self._callback = _Callback(self._receive)
        self._espeak.espeak_SetSynthCallback(self._callback)

    def _receive(self, wave: object, count: int, events: object) -> int:
        if wave:
            self._audio.append(ctypes.string_at(wave, 2 * count))  # type: ignore[arg-type]
        index = 0
        while (event := events[index]).type != _END:  # type: ignore[index]
            if event.type == _PHONEME:
                self._events.append((event.id.string.decode("utf-8", "replace"), event.sample))
            index += 1
        return 0

    def say(self, voice: Voice, text: str) -> tuple[Samples, list[tuple[str, int]]]:
        """Samples and (phoneme, first sample) pairs."""
        self._audio, self._events = [], []
        self._espeak.espeak_SetVoiceByName(voice.name.encode())
        for parameter, value in ((_RATE, voice.rate), (_PITCH, voice.pitch), (_RANGE, voice.range)):
            self._espeak.espeak_SetParameter(parameter, value, 0)
        spoken = text.encode() + b"\0"
        self._espeak.espeak_Synth(spoken, len(spoken), 0, 1, 0, _TEXT | _WITH_PHONEMES, None, None)
        self._espeak.espeak_Synchronize()
        pcm = np.frombuffer(b"".join(self._audio), dtype="<i2")
        return pcm.astype(np.float32) / np.float32(32768), self._events


@cache
def _library() -> _Library:
    return _Library()


def say(voice: Voice, syllables: Sequence[str], spelling: str = "mandarin") -> Spoken:
    """Speak numbered pinyin syllables, or Jyutping ("cantonese"), as one word. Raises EspeakMissing."""
    library = _library()
    samples, events = library.say(voice, "".join(map(_written, syllables)))
    ends = [*(at for _, at in events[1:]), len(samples)]
    voiced = [(name, at, end) for (name, at), end in zip(events, ends, strict=True) if name not in _PAUSES]
    return Spoken(samples, library.sample_rate, _sounds(voiced, syllables, spelling, library.sample_rate))


def _written(syllable: str) -> str:
    """A syllable as espeak is to read it: those without a vowel as phonemes."""
    plain, tone = syllable[:-1], syllable[-1]
    return f" [[{_SYLLABIC[plain]}{tone}]] " if plain in _SYLLABIC else syllable


def _sounds(
    events: list[tuple[str, int, int]], syllables: Sequence[str], spelling: str, sample_rate: int
) -> tuple[Sound, ...] | None:
    """Group espeak's phonemes into initials and finals: None where they do not come out even."""
    sounds: list[Sound] = []
    left = list(events)
    counts_of = _of_jyutping if spelling == "cantonese" else _of_pinyin
    for syllable in syllables:
        units = SPLIT[spelling](syllable)
        counts = counts_of(units, [name for name, _, _ in left])
        for unit, count in zip(units, counts, strict=True):
            if len(left) < count:
                return None
            part, left = left[:count], left[count:]
            sounds.append(Sound(unit, part[0][1] / sample_rate, part[-1][2] / sample_rate))
    return tuple(sounds) if not left else None


def _of_pinyin(units: Sequence[str], left: Sequence[str]) -> list[int]:
    """How many phonemes each unit has: one for an initial, glide + vowel + nasal for a final."""
    *initial, final = units
    rest = left[len(initial) :]
    glide = int(bool(rest) and rest[0] in _GLIDES)
    vowel, after = [*rest[glide : glide + 2], "", ""][:2]
    nasal = int(final[-1] in "ng" and not vowel.endswith("ng") and after in ("n", "N"))
    return [1] * len(initial) + [glide + 1 + nasal]


def _of_jyutping(units: Sequence[str], left: Sequence[str]) -> list[int]:
    """The same: gw and kw have two, a final its vowel and its consonant, where espeak has not put both into one."""
    *initial, final = units
    counts = [2 if unit in ("gw", "kw") else 1 for unit in initial]
    vowel, after = [*left[sum(counts) : sum(counts) + 2], "", ""][:2]
    ends = _ENDS.get(final[-1], "") if final not in (".m", ".ng") else ""
    return [
        *counts,
        1 + int(bool(ends) and after == ends and not vowel.endswith(("ng", "k") if ends in "Nk" else ends)),
    ]
