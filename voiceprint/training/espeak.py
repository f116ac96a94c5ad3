"""espeak-ng voices as extra training speakers, so that the demonstration's voices can be told apart."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
from collections.abc import Sequence

import soundfile

from voiceprint.audio import resample
from voiceprint.training.corpus import Voice, to_int16

FOLDER = "espeak"
# Not m3 and f2: those two speak in the demonstration, and must be unseen here.
VARIANTS = (
    *("m1", "m2", "m4", "m5", "m6", "m7", "m8", "f1", "f3", "f4", "f5", "klatt", "klatt2", "klatt4"),
    *("Alex", "Andy", "Annie", "Alicia", "Michael", "Mike", "Hugo", "Jacky", "Lee", "Gene", "Iven", "Storm", "Zac"),
    *("adam", "belinda", "boris", "caleb", "ed", "grandma", "grandpa", "linda", "max", "norbert", "paul", "quincy"),
    *("robert", "sandro", "shelby", "steph", "travis", "victor"),
)


class EspeakMissing(FileNotFoundError):
    """The program espeak-ng is not installed."""

    def __init__(self) -> None:
        super().__init__("请先安装 espeak-ng。Install espeak-ng first (apt-get install espeak-ng).")


def voices(syllables: Sequence[str], phrases: int, seed: int) -> list[Voice]:
    """Let each variant say `phrases` phrases of random syllables (numbered pinyin). Raises EspeakMissing."""
    if shutil.which("espeak-ng") is None:
        raise EspeakMissing
    return [_voice(variant, syllables, phrases, random.Random(f"{seed} {variant}")) for variant in VARIANTS]


def _voice(variant: str, syllables: Sequence[str], phrases: int, rng: random.Random) -> Voice:
    pitch = rng.randint(20, 80)  # a speaker keeps one pitch setting
    said = []
    for _ in range(phrases):
        text = " ".join(rng.choices(syllables, k=rng.randint(4, 10)))
        rate = rng.randint(110, 190)
        command = ["espeak-ng", "-v", f"cmn-latn-pinyin+{variant}", "-p", str(pitch), "-s", str(rate)]
        spoken = subprocess.run([*command, "--stdout", text], capture_output=True, check=True).stdout
        data, sample_rate = soundfile.read(io.BytesIO(spoken), dtype="float32")
        said.append(to_int16(resample(data, sample_rate)))
    return Voice(f"espeak-{variant}", FOLDER, tuple(said))
