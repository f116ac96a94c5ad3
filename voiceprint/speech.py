"""Where in a recording somebody speaks."""

from __future__ import annotations

import numpy as np
import webrtcvad
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from voiceprint.audio import FULL_SCALE, SAMPLE_RATE, Samples

FRAME = 240  # 30 ms, the longest frame that WebRTC's detector takes
FRAME_S = FRAME / SAMPLE_RATE
AGGRESSIVENESS = 2
KEPT_AROUND_SPEECH = 5  # frames, 0.15 s


def activity(samples: Samples) -> NDArray[np.bool_]:
    """For each whole frame of 30 ms, whether it holds speech (WebRTC's voice activity detector)."""
    detector = webrtcvad.Vad(AGGRESSIVENESS)
    pcm = np.clip(np.rint(samples * FULL_SCALE), -32768, 32767).astype("<i2")
    frames = pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME)
    return np.array([detector.is_speech(frame.tobytes(), SAMPLE_RATE) for frame in frames], dtype=np.bool_)


def without_pauses(samples: Samples) -> Samples:
    """Cut silence down to 0.15 s on each side of speech; where no speech is found, everything stays."""
    active = activity(samples)
    if not active.any():
        return samples
    kept: NDArray[np.bool_] = np.repeat(binary_dilation(active, iterations=KEPT_AROUND_SPEECH), FRAME)
    return samples[: len(kept)][kept]
