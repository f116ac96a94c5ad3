"""How likely it is that somebody is speaking: Silero VAD, a network that tells a voice from noise and music."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from certification.errors import Problem
from ivr.speech.g711 import Pcm

SAMPLE_RATE = 8000
_WINDOW = 256  # samples that the network hears at once at 8 kHz, and as many before them as _CONTEXT
_CONTEXT = 32
_GAIN = 4 / 32768  # telephone voices are quieter than those it was trained on; chosen by measurement


class VoiceDetectorMissing(Problem):
    """The package whose network hears voices is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "缺少语音检测模型，请运行：pip install --no-deps -r requirements/voice.txt。",
            "The voice detector is missing: pip install --no-deps -r requirements/voice.txt.",
        )


class Voice:
    """Hears one caller; audio may be cut in any way."""

    def __init__(self) -> None:
        self._network = _network()
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._heard = np.zeros(_CONTEXT, dtype=np.float32)
        self._rest: Pcm = np.zeros(0, dtype=np.int16)
        self._probability = 0.0

    def feed(self, samples: Pcm) -> float:
        """Take more audio (8 kHz) and say how likely there is a voice at its end, from 0 to 1."""
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= _WINDOW:
            window = np.clip(self._rest[:_WINDOW] * np.float32(_GAIN), -1, 1)
            heard = np.concatenate([self._heard, window]).astype(np.float32)
            inputs = {"input": heard[None], "state": self._state, "sr": np.array(SAMPLE_RATE, dtype=np.int64)}
            probability, self._state = self._network.run(None, inputs)
            self._probability = float(probability[0, 0])
            self._heard, self._rest = heard[-_CONTEXT:], self._rest[_WINDOW:]
        return self._probability


@cache
def _network() -> Any:
    """The network, once a process."""
    import onnxruntime  # heavy, and no part of a web process

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    found = find_spec("silero_vad")  # its network alone: to import the package would import torch
    if found is None or found.origin is None:
        raise VoiceDetectorMissing
    weights = Path(found.origin).parent / "data" / "silero_vad.onnx"
    return onnxruntime.InferenceSession(weights.read_bytes(), options, providers=["CPUExecutionProvider"])
