"""The encoder that serves: an ONNX network in onnxruntime, without torch."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf

from voiceprint.audio import Samples
from voiceprint.encoder import Embedding, fingerprint, to_embed, unit
from voiceprint.features import log_mel

ARCHITECTURE = "architecture"  # key of the model's metadata, as `voiceprint export` writes it


class OnnxEncoder:
    """The network in onnxruntime on one thread (two threads on a busy machine are slower); features in numpy."""

    def __init__(self, path: Path) -> None:
        weights = path.read_bytes()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        except (Fail, InvalidGraph, InvalidProtobuf) as error:
            raise RuntimeError(f"not a network for onnxruntime: {error}") from error
        architecture = self._session.get_modelmeta().custom_metadata_map.get(ARCHITECTURE, "onnx")
        self.name = f"{architecture}-{fingerprint(weights)}"

    def embed(self, samples: Samples) -> Embedding:
        """Embed one utterance; pauses are cut out first."""
        features = log_mel(to_embed(samples))
        (embedding,) = self._session.run(None, {"features": features[None]})
        return Embedding(unit(embedding[0]), self.name)
