"""SpeechBrain's training loop around the encoder: AAM-softmax over speakers, checked on the tuning speakers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hyperpyyaml import load_hyperpyyaml
from speechbrain.core import Brain, Stage
from speechbrain.utils.checkpoints import Checkpointer
from tqdm import tqdm

from voiceprint.audio import Samples, telephone
from voiceprint.metrics import equal_error_rate
from voiceprint.training import channel, corpus, espeak, trials
from voiceprint.training.batches import Batch, Batches, Draw

HYPERPARAMETERS = Path(__file__).with_name("hyperparameters.yaml")
LOG, KEPT = "log.txt", "hyperparameters.yaml"
SNR_DB = 20.0  # of the tuning tests that choose the checkpoint


@dataclass(frozen=True, slots=True)
class Check:
    """The tuning trials as pieces of audio: enrolments over a clean telephone line, tests with noise at SNR_DB."""

    pieces: tuple[Samples, ...]
    enrolments: tuple[tuple[str, tuple[int, ...]], ...]  # speaker, numbers of its pieces
    tests: tuple[tuple[str, tuple[int, ...]], ...]

    def equal_error_rate(self, embeddings: np.ndarray) -> float:
        """`embeddings`: unit length, one a piece, shape (pieces, dimensions)."""
        templates, templates_of = _averages(embeddings, self.enrolments)
        heard, heard_of = _averages(embeddings, self.tests)
        scores, same = templates @ heard.T, templates_of[:, None] == heard_of[None, :]
        return equal_error_rate(scores[same], scores[~same])


def _averages(embeddings: np.ndarray, groups: Sequence[tuple[str, tuple[int, ...]]]) -> tuple[np.ndarray, np.ndarray]:
    means = np.stack([embeddings[list(pieces)].mean(axis=0) for _, pieces in groups])
    return means / np.linalg.norm(means, axis=1, keepdims=True), np.array([name for name, _ in groups])


def tuning_check(data: Path) -> Check:
    """Load the tuning trials; a test's groups are joined, as in a call."""
    pieces: list[Samples] = []
    line, rng = channel.load(data), np.random.default_rng(1)

    def kept(audio: Sequence[Samples]) -> tuple[int, ...]:
        pieces.extend(audio)
        return tuple(range(len(pieces) - len(audio), len(pieces)))

    enrolments, tests = trials.spoken(data, corpus.Group.TUNING)
    enrolled = tuple((one.speaker, kept([telephone(piece) for piece in one.audio()])) for one in enrolments)
    tested = tuple((one.speaker, kept([line.noisy(np.concatenate(one.audio()), SNR_DB, rng)])) for one in tests)
    return Check(tuple(pieces), enrolled, tested)


class Pieces(torch.utils.data.IterableDataset[torch.Tensor]):
    """One piece of the check at a time, shape (1, samples)."""

    def __init__(self, pieces: Sequence[Samples]) -> None:
        self._pieces = pieces

    def __len__(self) -> int:
        return len(self._pieces)

    def __iter__(self) -> Iterator[torch.Tensor]:
        return (torch.from_numpy(piece)[None] for piece in self._pieces)


class SpeakerBrain(Brain):
    """Trains the encoder as a classifier of training speakers; keeps the checkpoint of the lowest tuning EER."""

    def __init__(self, hparams: dict[str, Any], batches: Batches, check: Check, folder: Path) -> None:
        modules = {name: hparams[name] for name in ("fbank", "normalise", "encoder", "classifier")}
        recoverables = {name: hparams[name] for name in ("encoder", "classifier")}
        checkpointer = Checkpointer(folder, {**recoverables, "counter": hparams["epoch_counter"]})
        device = "cuda" if torch.cuda.is_available() else "cpu"
        options = {"device": device, "max_grad_norm": hparams["max_grad_norm"]}
        super().__init__(modules, hparams["optimiser"], hparams, options, checkpointer)
        self._batches, self._check, self._folder = batches, check, folder
        self._embeddings: list[np.ndarray] = []
        self._train_loss = 0.0

    def compute_forward(self, batch: Batch | torch.Tensor, stage: Stage) -> torch.Tensor:
        """Cosines to every training speaker (training) or the embedding (validation)."""
        wavs = (batch.wavs if isinstance(batch, Batch) else batch).to(self.device)
        features = self.modules.normalise(self.modules.fbank(wavs), torch.ones(len(wavs), device=self.device))
        if stage == Stage.TRAIN:
            features = _masked(features)
        output: torch.Tensor = self.modules.encoder(features)
        if stage == Stage.TRAIN:
            output = self.modules.classifier(output)
        return output

    def compute_objectives(self, predictions: torch.Tensor, batch: Batch | torch.Tensor, stage: Stage) -> torch.Tensor:
        """AAM-softmax loss in training; in validation embeddings are kept for the EER."""
        if stage == Stage.TRAIN and isinstance(batch, Batch):
            loss: torch.Tensor = self.hparams.loss(predictions, batch.speakers.to(self.device)[:, None])
            return loss
        unit = torch.nn.functional.normalize(predictions.flatten(1), dim=-1)
        self._embeddings.append(unit.cpu().numpy())
        return torch.zeros(1)

    def on_fit_batch_start(self, batch: Batch, should_step: bool) -> None:  # noqa: ARG002
        """The rate of the next step."""
        self.hparams.schedule(self.optimizer, self.optimizer_step + 1)

    def on_stage_start(self, stage: Stage, epoch: int | None = None) -> None:  # noqa: ARG002
        """A fresh draw of batches each epoch; no embeddings yet."""
        self._batches.epoch = epoch or 0
        self._embeddings = []

    def on_stage_end(self, stage: Stage, stage_loss: float, epoch: int | None = None) -> None:
        """After validation: print and write down loss and EER, keep the last checkpoint and the best."""
        if stage == Stage.TRAIN:
            self._train_loss = float(stage_loss)
            return
        eer = self._check.equal_error_rate(np.concatenate(self._embeddings))
        line = f"epoch {epoch} step {self.optimizer_step} loss {self._train_loss:.3f} tuning EER {eer:.4f}"
        tqdm.write(line)
        with (self._folder / LOG).open("a", encoding="utf-8") as log:
            log.write(line + "\n")
        self.checkpointer.save_and_keep_only(meta={"eer": eer, "epoch": epoch}, min_keys=["eer"])


def _masked(features: torch.Tensor) -> torch.Tensor:
    """SpecAugment without warping: one stretch of up to 8 bands and one of up to 20 frames set to the mean."""
    masked = features.clone()
    for dimension, most in ((2, 8), (1, 20)):
        width = int(torch.randint(0, most + 1, ()))
        start = int(torch.randint(0, features.shape[dimension] - width, ()))
        masked.narrow(dimension, start, width).zero_()
    return masked


def train(data: Path, folder: Path, hyperparameters: Path = HYPERPARAMETERS) -> None:
    """Train, or go on where the last run in `folder` stopped; checkpoints and the LOG go there.

    Raises CorpusMissing, EspeakMissing.
    """
    torch.manual_seed(0)
    text = hyperparameters.read_text(encoding="utf-8")
    settings = load_hyperpyyaml(text, {"speakers": 1})
    voices = _voices(data, settings)
    hparams = load_hyperpyyaml(text, {"speakers": len(voices) * len(settings["speeds"])})
    torch.set_num_threads(hparams["threads"])
    draw = Draw(
        size=hparams["batch_size"],
        steps=hparams["steps_per_epoch"],
        seed=hparams["seed"],
        seconds=tuple(hparams["seconds"]),
        speeds=hparams["speeds"],
    )
    batches, check = Batches(voices, channel.load(data), draw), tuning_check(data)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / KEPT).write_text(text, encoding="utf-8")
    brain = SpeakerBrain(hparams, batches, check, folder)
    drawn = torch.utils.data.DataLoader(batches, batch_size=None, num_workers=_drawing())
    brain.fit(hparams["epoch_counter"], drawn, torch.utils.data.DataLoader(Pieces(check.pieces), batch_size=None))


def _drawing() -> int:
    """How many processes draw batches: all cores beside a GPU; one beside the core that trains, where there are two."""
    cores = os.cpu_count() or 1
    return cores if torch.cuda.is_available() else min(cores - 1, 1)


def _voices(data: Path, settings: Mapping[str, Any]) -> list[corpus.Voice]:
    with tqdm(unit=" recordings", desc="Reading") as progress:
        voices = corpus.training_voices(
            data, lambda _: progress.update(), settings["recordings_each"], settings["without"]
        )
    if settings["espeak_phrases"]:
        syllables = [found.text for found in corpus.recordings(data, "cmn-syllables") if found.text[:1].isalpha()]
        voices += espeak.voices(syllables, settings["espeak_phrases"], settings["seed"])
    return [voice for voice in voices if voice.name not in settings["without"]]
