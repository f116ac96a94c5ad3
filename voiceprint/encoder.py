"""From samples to an embedding: the shipped ONNX model, or a SpeechBrain one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from voiceprint.audio import SAMPLE_RATE, Samples
from voiceprint.speech import without_pauses

SHORTEST = SAMPLE_RATE // 5  # the network's convolutions need some frames
MODEL = Path(__file__).with_name("model")
FLOAT, INT8 = "encoder.onnx", "encoder.int8.onnx"  # as exported, and as it serves
SHIPPED = f"onnx:{MODEL / INT8}"


def of_ones_own(folder: Path | None, shipped: Path) -> Path:
    """The file of the same name in a folder of one's own models; the shipped one where there is none."""
    own = folder / shipped.name if folder else shipped
    return own if own.exists() else shipped


@dataclass(frozen=True, slots=True)
class Embedding:
    """A voice as a point on the unit sphere.

    `vector`: float32, shape (dimensions,), length 1. `encoder`: the name of the encoder that made it; only
    embeddings of the same encoder can be compared.
    """

    vector: NDArray[np.float32]
    encoder: str


class EncoderMissing(LookupError):
    """The encoder named in the settings cannot be loaded; `spec` names it."""

    def __init__(self, spec: str, why: str) -> None:
        super().__init__(
            f"无法加载声纹模型 {spec}（{why}），请检查 VOICEPRINT_ENCODER。"
            f"Cannot load the voice encoder {spec} ({why}): check VOICEPRINT_ENCODER."
        )
        self.spec = spec


class Encoder(Protocol):
    """What turns audio into embeddings."""

    @property
    def name(self) -> str:
        """Kind and weights, such as resnet8k-1a2b3c4d."""

    def embed(self, samples: Samples) -> Embedding:
        """Embed one utterance; pauses are cut out first."""


def load(spec: str = SHIPPED) -> Encoder:
    """Load `onnx:PATH` (a file) or `speechbrain:PATH` (a folder of SpeechBrain's pretrained form; needs torch).

    Raises EncoderMissing.
    """
    kind, _, where = spec.partition(":")
    path = Path(where)
    if kind not in {"onnx", "speechbrain"}:
        raise EncoderMissing(spec, "neither onnx:PATH nor speechbrain:PATH")
    if not path.exists():
        raise EncoderMissing(spec, "no such file")
    try:
        if kind == "onnx":
            from voiceprint.onnx_encoder import OnnxEncoder  # onnxruntime starts threads: never before a server forks

            return OnnxEncoder(path)
        from voiceprint.training.runtime import SpeechBrainEncoder  # torch: only where it is asked for

        return SpeechBrainEncoder(path)
    except (ImportError, OSError, RuntimeError) as error:
        raise EncoderMissing(spec, str(error)) from error


def to_embed(samples: Samples) -> Samples:
    """What an encoder hears of an utterance: its speech, with silence behind where it is very short."""
    speech = without_pauses(samples)
    return np.pad(speech, (0, max(0, SHORTEST - len(speech))))


def unit(vector: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale to length 1."""
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def fingerprint(weights: bytes) -> str:
    """The first eight hex digits of the SHA-256 of a model file."""
    return hashlib.sha256(weights).hexdigest()[:8]
