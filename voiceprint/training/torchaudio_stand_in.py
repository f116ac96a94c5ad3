"""An empty module named torchaudio, for SpeechBrain beside a CPU build of torch.

PyPI's torchaudio links CUDA libraries and does not import beside a CPU torch; SpeechBrain imports it by name, and
what we use of SpeechBrain (Brain, Fbank, ECAPA_TDNN) calls nothing of it.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType


class TrainingMissing(ImportError):
    """torch or SpeechBrain is not installed here."""

    def __init__(self) -> None:
        super().__init__(
            "训练需要 torch 和 speechbrain，请安装 training 附加依赖。"
            "Training needs torch and speechbrain: install the training extra."
        )


def prepare() -> None:
    """Make `import speechbrain` possible. Raises TrainingMissing when torch or SpeechBrain is absent."""
    try:
        importlib.import_module("torch")
        _make_torchaudio_importable()
        importlib.import_module("speechbrain")
    except ImportError as error:
        raise TrainingMissing from error


def _make_torchaudio_importable() -> None:
    try:
        importlib.import_module("torchaudio")
    except (ImportError, OSError):
        stand_in = ModuleType("torchaudio", "Stand-in: see voiceprint.training.torchaudio_stand_in.")
        stand_in.__spec__ = ModuleSpec("torchaudio", None)
        stand_in.__dict__["__version__"] = "2.1.0"  # the oldest that SpeechBrain does not warn about
        sys.modules["torchaudio"] = stand_in
