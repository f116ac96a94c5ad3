"""The exported network in whole numbers of eight bits: it errs no more often, and serves faster."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from voiceprint.audio import SAMPLE_RATE
from voiceprint.features import log_mel
from voiceprint.onnx_encoder import ARCHITECTURE
from voiceprint.training import channel
from voiceprint.training.corpus import join_at_random, training_voices

SECONDS = 3.0
RECORDINGS_EACH = 60
STEPS = 141
"""How many training voices there are: how often `seen` is called."""


class NotExported(FileNotFoundError):
    """There is no exported network."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"没有 {path}，请先运行 stillhere voiceprint export。No {path}: run `stillhere voiceprint export` first."
        )


class NothingToQuantise(ValueError):
    """No convolution over frames and bands lies below the first stage: not a network that this was made for."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} 不能量化。{path} has no two-dimensional convolutions to quantise.")


def quantise(source: Path, out: Path, data: Path, seen: Callable[[], object] = int) -> Path:
    """Write the network `source` (ONNX, float32) with its convolutions in int8 to `out`; the same file each time.

    Static, each channel with its own scale. The range of what flows between is that of every training voice over a
    random line. Weights have seven bits: eight overflow on processors without VNNI, and embeddings would hang on the
    machine. Raises CorpusMissing, NotExported,
    NothingToQuantise.
    """
    if not source.exists():
        raise NotExported(source)
    with tempfile.TemporaryDirectory() as folder:
        folded = Path(folder) / "folded.onnx"
        quant_pre_process(source, folded, skip_symbolic_shape=True)
        network = onnx.load(folded)
        left = _in_float(network.graph)
        if all(node.name in left for node in network.graph.node if node.op_type == "Conv"):
            raise NothingToQuantise(source)
        written = Path(folder) / "written.onnx"
        quantize_static(
            folded,
            written,
            _Heard(_utterances(data, seen)),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Relu"],
            nodes_to_exclude=left,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        quantised = onnx.load(written)
    named = {prop.key: prop.value for prop in onnx.load(source).metadata_props}
    onnx.helper.set_model_props(quantised, {ARCHITECTURE: f"{named.get(ARCHITECTURE, 'onnx')}-int8"})
    onnx.save(quantised, out)
    return out


def _in_float(graph: onnx.GraphProto) -> list[str]:
    """The nodes that stay as they are.

    The first convolution, its activation and whatever convolution reads that: at full resolution, arranging numbers
    anew takes longer than int8 saves. And the one-dimensional ones of the attention, which are few and delicate.
    """
    shapes = {weights.name: tuple(weights.dims) for weights in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    first = convolutions[0]
    activations = [node for node in graph.node if node.op_type == "Relu" and first.output[0] in node.input]
    early = {first.output[0], *(name for node in activations for name in node.output)}
    kept = [node for node in convolutions if node.input[0] in early or len(shapes[node.input[1]]) < 4]
    return [node.name for node in (first, *activations, *kept)]


class _Heard(CalibrationDataReader):
    def __init__(self, utterances: Iterator[NDArray[np.float32]]) -> None:
        self._utterances = utterances

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        features = next(self._utterances, None)
        return None if features is None else {"features": features[None]}


def _utterances(data: Path, seen: Callable[[], object]) -> Iterator[NDArray[np.float32]]:
    """The features of one utterance of each training voice, shape (frames, BANDS)."""
    line, rng = channel.load(data), np.random.default_rng(5)
    for voice in training_voices(data, each=RECORDINGS_EACH):
        yield log_mel(line(join_at_random(voice.recordings, int(SECONDS * SAMPLE_RATE), rng), rng))
        seen()
