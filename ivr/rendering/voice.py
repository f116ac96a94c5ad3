"""Speech from syllables: espeak-ng, brought to the telephone's rate and to one level."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import soundfile

from ivr.dialects import Dialect, dialect
from ivr.levels import CUTOFF_HZ, LEVEL_DBFS, Samples, levelled, resampled, trimmed
from ivr.rendering.pronunciation import ToolMissing, pronounce


@dataclass(frozen=True, slots=True)
class Voice:
    """How a dialect is spoken: espeak-ng's voice, words a minute and pitch (0–99)."""

    dialect: Dialect
    espeak: str
    words_a_minute: int = 135
    pitch: int = 45

    @property
    def recipe(self) -> str:
        """What besides the syllables decides how a prompt sounds; a change of it renders everything again."""
        return f"espeak-ng {self.espeak} -s {self.words_a_minute} -p {self.pitch}, {LEVEL_DBFS} dBFS, {CUTOFF_HZ} Hz, 1"

    def pronounce(self, sentence: str) -> str:
        """The syllables of a sentence. Raises ToolMissing, Unpronounceable."""
        return pronounce(self.dialect, sentence)


_READERS = {"mandarin": "cmn-latn-pinyin", "cantonese": "yue-latn-jyutping"}  # espeak-ng's voices, by spelling


def voice(code: str) -> Voice:
    """The voice of a dialect. Raises DialectUnknown."""
    of = dialect(code)
    return Voice(of, _READERS[of.heard_as])


def speak(said: str, voice: Voice) -> Samples:
    """Say syllables slowly at one level. Raises ToolMissing without espeak-ng, CalledProcessError when it fails."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        options = ["-v", voice.espeak, "-s", str(voice.words_a_minute), "-p", str(voice.pitch), "-w", str(path)]
        try:
            subprocess.run(["espeak-ng", *options, "--", said], check=True, capture_output=True)
        except FileNotFoundError as error:
            raise ToolMissing("espeak-ng", "apt-get install espeak-ng") from error
        speech, rate = soundfile.read(path, dtype="float32")
    return levelled(trimmed(resampled(speech, rate)))
