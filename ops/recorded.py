"""What a browser recorded, read: a WAV file of any rate, as the line has sound."""

from __future__ import annotations

from io import BytesIO
from math import gcd

import numpy as np
import soundfile
from scipy.signal import resample_poly

from certification.errors import Problem
from ivr.prompts import RATE
from ivr.speech.g711 import encode_mulaw

LONGEST_S, SHORTEST_S = 30.0, 0.3
MOST_BYTES = 6 * 1024 * 1024  # of one recording: LONGEST_S in 16 bits at 96 kHz
_RATES = range(8000, 192_001)


class RecordingUnreadable(Problem):
    """What the page sent is no recording."""

    def __init__(self) -> None:
        super().__init__(
            "这段录音读不出来，没有保存；前面录好的都还在。请再录一次，还不行就用本人的电话登记。",
            "This recording cannot be read and was not kept; those before it are still there. Record it again, or enrol"
            " by the person's own phone.",
        )


class RecordingTooLong(Problem):
    """Four words take a few seconds."""

    def __init__(self) -> None:
        super().__init__(
            f"这段录音超过 {LONGEST_S:.0f} 秒，没有保存；前面录好的都还在。请只念屏幕上的词，念完就按停止。",
            f"This recording is longer than {LONGEST_S:.0f} seconds and was not kept; those before it are still there."
            " Let the person say the words on the screen alone, and stop when they are said.",
        )


def read(file: bytes) -> bytes:
    """A WAV file of any rate as mu-law, 8 kHz. Raises RecordingUnreadable, RecordingTooLong."""
    try:
        with soundfile.SoundFile(BytesIO(file)) as opened:
            rate, ours = opened.samplerate, opened.format in ("WAV", "WAVEX") and opened.samplerate in _RATES
            if ours and opened.frames > LONGEST_S * rate:
                raise RecordingTooLong
            samples = opened.read(dtype="float32", always_2d=True) if ours else np.zeros((0, 1), np.float32)
    except (soundfile.SoundFileError, OSError, TypeError, RuntimeError) as error:
        raise RecordingUnreadable from error
    if len(samples) < SHORTEST_S * rate or not np.isfinite(samples).all():
        raise RecordingUnreadable
    mono, common = samples.mean(axis=1), gcd(rate, RATE)
    at_rate = resample_poly(mono, RATE // common, rate // common)
    return encode_mulaw(np.clip(np.rint(at_rate * 32767), -32768, 32767).astype(np.int16))
