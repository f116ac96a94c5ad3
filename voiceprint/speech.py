"""Where in a recording somebody speaks."""

from __future__ import annotations

import numpy as np
import webrtcvad
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_opening

from voiceprint.audio import FULL_SCALE, SAMPLE_RATE, Samples

FRAME = 240  # 30 ms, the longest frame that WebRTC's detector takes
FRAME_S = FRAME / SAMPLE_RATE
AGGRESSIVENESS = 2
KEPT_AROUND_SPEECH = 5  # frames, 0.15 s
G711_STEP = 8.5 / FULL_SCALE  # the smallest values of G.711 are 0 and ±8
SILENT_RUN = SAMPLE_RATE // 200  # 5 ms without a step is no room that a microphone hears


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


def digital_silence(samples: Samples) -> NDArray[np.bool_]:
    """For each whole frame of 30 ms, whether it holds 5 ms or more of nothing at all.

    Joined recordings, lost packets and networks that send no noise between words hold such silence; it says nothing of
    the noise under the words.
    """
    nothing = binary_opening(np.abs(samples) <= G711_STEP, np.ones(SILENT_RUN, dtype=np.bool_))
    frames: NDArray[np.bool_] = nothing[: len(nothing) // FRAME * FRAME].reshape(-1, FRAME).any(axis=1)
    return frames
