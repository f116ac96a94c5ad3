"""From a training run to files: the ONNX model that serves, and the same weights in SpeechBrain's form."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx
import torch
from hyperpyyaml import load_hyperpyyaml
from speechbrain.utils.checkpoints import Checkpointer

from voiceprint.encoder import FLOAT
from voiceprint.features import BANDS
from voiceprint.onnx_encoder import ARCHITECTURE
from voiceprint.training.recipe import KEPT
from voiceprint.training.runtime import WEIGHTS

PRETRAINED = Path(__file__).with_name("pretrained.yaml")
OPSET = 17


class RunEmpty(FileNotFoundError):
    """The folder of the training run holds no checkpoint."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} 里没有训练检查点，请先训练。No checkpoint in {folder}: run `stillhere voiceprint train` first."
        )


def export(run: Path, model: Path) -> Path:
    """Write `encoder.onnx` and `speechbrain/` into the folder `model` from the checkpoint of the lowest tuning EER.

    Returns the path of the ONNX file. Raises RunEmpty.
    """
    found = Checkpointer(run).find_checkpoint(min_key="eer") if (run / KEPT).exists() else None
    if found is None:
        raise RunEmpty(run)
    torch.set_num_threads(1)
    network = load_hyperpyyaml((run / KEPT).read_text(encoding="utf-8"), {"speakers": 1})["encoder"]
    network.load_state_dict(torch.load(found.path / "encoder.ckpt", weights_only=True, map_location="cpu"))
    network.eval()
    (model / "speechbrain").mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), model / "speechbrain" / WEIGHTS)
    shutil.copyfile(PRETRAINED, model / "speechbrain" / "hyperparams.yaml")
    return to_onnx(network, model / FLOAT)


class _Embedder(torch.nn.Module):
    """The network with the shape that serving wants: (1, frames, bands) in, (1, dimensions) out."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        embedding: torch.Tensor = self.network(features).flatten(1)
        return embedding


def to_onnx(network: torch.nn.Module, path: Path) -> Path:
    """Write a trained network as ONNX: `features` (1, frames, BANDS) to `embedding` (1, dimensions)."""
    torch.onnx.export(
        _Embedder(network).eval(),
        (torch.randn(1, 300, BANDS),),
        str(path),
        input_names=["features"],
        output_names=["embedding"],
        dynamic_axes={"features": {1: "frames"}},
        opset_version=OPSET,
        dynamo=False,
    )
    written = onnx.load(path)
    onnx.helper.set_model_props(written, {ARCHITECTURE: f"{type(network).__name__.lower()}8k"})
    onnx.save(written, path)
    return path
