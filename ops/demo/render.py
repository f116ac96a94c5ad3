"""Makes the two synthetic callers of the demo again, with espeak-ng: `python -m ops.demo.render`.

The voices are not among those that the models were trained on. Takes differ in speed and pitch, as people's do.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import soundfile

from ivr.speech.vocabulary import challenge_words, pronunciations
from ops.demo.callers import SHIPPED
from voiceprint import audio

VOICES = {"caller": ("m3", 40), "impostor": ("f2", 55)}
TAKES = 6
PEAK = 0.3


@click.command()
def render() -> None:
    """Render every take of every challenge word in both voices."""
    with TemporaryDirectory() as folder, click.progressbar(sorted(challenge_words().items())) as words:
        for name, word in words:
            syllables = "".join(pronunciations()[word])
            for who, (variant, pitch) in VOICES.items():
                for take in range(1, TAKES + 1):
                    wav = Path(folder) / "take.wav"
                    subprocess.run(
                        ["espeak-ng", "-v", f"cmn-latn-pinyin+{variant}", "-p", str(pitch + take % 3 - 1),
                         "-s", str(118 + 5 * take), "-w", str(wav), syllables],
                        check=True,
                    )  # fmt: skip
                    samples = audio.read(wav)
                    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
                    spoken = samples[loud[0] : loud[-1] + 1]
                    target = SHIPPED / who / f"{name}-{take}.flac"
                    target.parent.mkdir(parents=True, exist_ok=True)
                    soundfile.write(target, PEAK * spoken / np.abs(spoken).max(), audio.SAMPLE_RATE, subtype="PCM_16")


if __name__ == "__main__":
    render()
