"""A SpeechBrain model as the running encoder: the recipe's own, or a larger one of somebody else's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from voiceprint.audio import SAMPLE_RATE, Samples
from voiceprint.encoder import Embedding, fingerprint, to_embed, unit
from voiceprint.training.torchaudio_stand_in import prepare

WEIGHTS = "embedding_model.ckpt"


class SpeechBrainEncoder:
    """SpeechBrain's EncoderClassifier from a local folder (`hyperparams.yaml`, `embedding_model.ckpt`), one thread."""

    def __init__(self, folder: Path) -> None:
        """Raises TrainingMissing without torch, OSError when a file is missing."""
        prepare()
        import torch
        from speechbrain.inference.classifiers import EncoderClassifier

        torch.set_num_threads(1)
        self.name = f"speechbrain-{fingerprint((folder / WEIGHTS).read_bytes())}"
        self._torch = torch
        self._model = EncoderClassifier.from_hparams(
            source=str(folder), savedir=str(folder), overrides={"pretrained_path": str(folder)}
        )
        self._rate = int(getattr(self._model.hparams, "sample_rate", 16000))

    def embed(self, samples: Samples) -> Embedding:
        """Embed one utterance; pauses are cut out first, the rate is brought to the model's."""
        speech = to_embed(samples)
        if self._rate != SAMPLE_RATE:
            speech = resample_poly(speech, self._rate, SAMPLE_RATE).astype(np.float32)
        with self._torch.inference_mode():
            embedding = self._model.encode_batch(self._torch.from_numpy(np.ascontiguousarray(speech))[None])
        return Embedding(unit(embedding.flatten().numpy()), self.name)
