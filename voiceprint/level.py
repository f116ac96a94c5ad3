"""Recordings made equally loud, so that nobody takes the louder voice for the likelier one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voiceprint.audio import Samples
from voiceprint.speech import FRAME, activity, digital_silence

TARGET_DBOV = -26.0
"""The level that the telephone's own tests are made at (ITU-T P.56, P.800): loud enough, with 26 dB above it."""
MOST_DB = 40.0  # a line on which nobody is heard is not blown up to a storm
ROUNDS = 3
HIGHEST = 32767 / 32768  # what 16 bits hold


@dataclass(frozen=True, slots=True)
class Levelled:
    """A recording brought to TARGET_DBOV, and by how much; `speech_dbov`: how loud it was, None where nobody speaks.

    `held_back`: so loud in places that it would have been clipped, and stays quieter than that.
    """

    samples: Samples
    gain_db: float
    speech_dbov: float | None
    held_back: bool


def speech_level(samples: Samples) -> float | None:
    """The mean power of the speech in dB, 0 being full scale; None where nobody speaks.

    Within about 2 dB of the active speech level of ITU-T P.56, whose pauses are told by another rule.
    """
    speech = activity(samples) & ~digital_silence(samples)
    if not speech.any():
        return None
    frames = samples[: len(speech) * FRAME].reshape(-1, FRAME)[speech]
    power = float(np.square(frames, dtype=np.float64).mean())
    return float(10 * np.log10(power)) if power > 0 else None


def level(samples: Samples, target_dbov: float = TARGET_DBOV) -> Levelled:
    """Bring the speech to this level without clipping anything; what holds no speech stays as it is."""
    found = measured = speech_level(samples)
    if found is None:
        return Levelled(samples, 0.0, None, held_back=False)
    room = 20 * float(np.log10(HIGHEST / max(float(np.abs(samples).max()), 1e-9)))
    gain = wanted = 0.0
    for _ in range(ROUNDS):  # what the detector takes for speech depends a little on how loud it is
        wanted = min(wanted + target_dbov - (target_dbov if measured is None else measured), MOST_DB)
        gain = min(wanted, room)
        measured = speech_level(_raised(samples, gain))
        if gain < wanted:
            break
    return Levelled(_raised(samples, gain), gain, found, held_back=gain < wanted)


def _raised(samples: Samples, gain_db: float) -> Samples:
    found: Samples = np.clip(samples * np.float32(10 ** (gain_db / 20)), np.float32(-HIGHEST), np.float32(HIGHEST))
    return found
