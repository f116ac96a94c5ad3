"""Fit the network to labelled frames: cross-entropy on both heads, resumable after every round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from ivr.speech.training.calls import Counts, Frames
from ivr.speech.training.features import BINS, HIGH, LOW
from ivr.speech.training.network import CONTEXT, SUBSAMPLING, Network

Say = Callable[[str], None]
_OUTPUTS = 48  # of one training window: 1.44 s
_THROATS = 0.07  # how much throats differ (standard deviation of the frequencies' factor)
Spectrum = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast to train: rounds over the data, windows in a step at most, highest learning rate."""

    rounds: int
    batch: int = 64
    rate: float = 2e-3
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """Features (frames, bins) and labels (frames, 2), where the network is."""

    features: Tensor
    labels: Tensor


def fit(network: Network, frames: Frames, plan: Plan, checkpoint: Path, say: Say) -> None:
    """Train in place, on a GPU where torch finds one; goes on from `checkpoint` where it left off."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network.to(device)
    kept = Kept(torch.from_numpy(frames.features).to(device), torch.from_numpy(frames.labels).to(device))
    windows = len(frames.features) // (_OUTPUTS * SUBSAMPLING)
    steps = plan.rounds * -(-windows // plan.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=0.01)
    rise = max(0.1, 1.5 / (steps + 1))  # of a handful of steps, one at least
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, plan.rate, total_steps=steps + 1, pct_start=rise, anneal_strategy="linear"
    )
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=device)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        done = state["rounds"]
    counts = np.bincount(frames.labels.ravel(), minlength=network.shape.words + network.shape.sounds)
    for turn in range(done, plan.rounds):
        network.train()
        losses = _one_round(network, kept, plan, turn, optimiser, schedule)
        written = checkpoint.with_suffix(".part")
        torch.save(
            {
                "network": network.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "rounds": turn + 1,
                "counts": torch.from_numpy(counts),
            },
            written,
        )
        written.replace(checkpoint)
        say(f"round {turn + 1}/{plan.rounds}: loss words {losses[0]:.3f}, sounds {losses[1]:.3f}")
    network.cpu().eval()


def finished(checkpoint: Path, rounds: int, network: Network) -> Counts | None:
    """Where so many rounds are done, load the network and return how many frames had each pdf; None where not."""
    if not checkpoint.exists():
        return None
    state = torch.load(checkpoint, weights_only=True, map_location="cpu")
    if state["rounds"] < rounds:
        return None
    network.load_state_dict(state["network"])
    return np.asarray(state["counts"])


def _one_round(
    network: Network,
    kept: Kept,
    plan: Plan,
    turn: int,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> tuple[float, float]:
    random = np.random.default_rng((plan.seed, turn))
    length = 2 * CONTEXT + SUBSAMPLING * (_OUTPUTS - 1) + 1
    device, count = kept.features.device, len(kept.features)
    starts = np.arange(0, count - length - SUBSAMPLING, _OUTPUTS * SUBSAMPLING)
    starts = random.permutation(starts + random.integers(0, _OUTPUTS * SUBSAMPLING, len(starts)))
    starts = starts[starts < count - length]
    within = torch.arange(length, device=device)
    outputs = CONTEXT + SUBSAMPLING * torch.arange(_OUTPUTS, device=device)
    total = torch.zeros(2, device=device)
    batches = torch.from_numpy(starts).to(device).split(plan.batch)
    for batch in tqdm(batches, desc=f"round {turn + 1}/{plan.rounds}", unit="step", leave=False):
        spectra = kept.features[batch[:, None] + within].float().transpose(1, 2)
        labels = kept.labels[batch[:, None] + outputs].long()
        words, sounds = network(_disturbed(spectra, random))
        first = nn.functional.cross_entropy(words, labels[:, :, 0])
        second = nn.functional.cross_entropy(sounds, labels[:, :, 1] - network.shape.words)
        optimiser.zero_grad()
        (first + second).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        total += torch.stack([first, second]).detach()  # on a GPU, to ask for a number would be to wait for it
    words_loss, sounds_loss = (total / len(batches)).tolist()
    return words_loss, sounds_loss


def _disturbed(spectra: Tensor, random: np.random.Generator) -> Tensor:
    """Another throat, another microphone, louder or softer; now and then a band missing.

    The throat is vocal tract length perturbation (Jaitly & Hinton, 2013); the microphone a smooth curve over the bins.
    """
    count = len(spectra)
    spectra = _another_throat(spectra, random)
    bins = np.arange(BINS) / BINS
    curve = random.normal(0, 1.0, (count, 1))
    for ripple in (1, 2, 3, 4):
        curve = curve + random.normal(0, 0.6 / ripple, (count, 1)) * np.cos(np.pi * ripple * bins)
    spectra = spectra + _on(spectra, curve)[:, :, None]
    low = random.integers(0, BINS - 6, (count, 1))
    high = low + random.integers(1, 7, (count, 1)) * (random.uniform(size=(count, 1)) < 0.3)
    missing = _on(spectra, (low <= np.arange(BINS)) & (np.arange(BINS) < high))[:, :, None] > 0
    return torch.where(missing, spectra.mean((1, 2), keepdim=True), spectra)


def _another_throat(spectra: Tensor, random: np.random.Generator) -> Tensor:
    """Every frequency moved by up to some 15 %, another share for each window."""
    factors = np.clip(random.normal(1, _THROATS, (len(spectra), 1)), 0.85, 1.15)
    places = np.interp(_mel(_hertz() * factors), _mel(_hertz()), np.arange(BINS))
    first = np.minimum(places.astype(np.int64), BINS - 2)
    low, share = torch.from_numpy(first).to(spectra.device)[:, :, None], _on(spectra, places - first)[:, :, None]
    frames = low.expand(-1, -1, spectra.shape[2])
    return spectra.gather(1, frames) * (1 - share) + spectra.gather(1, frames + 1) * share


def _on(spectra: Tensor, numbers: np.ndarray[tuple[int, ...], np.dtype[Any]]) -> Tensor:
    """As numbers of 32 bits, where the spectra are."""
    return torch.from_numpy(numbers.astype(np.float32)).to(spectra.device)


def _mel(hertz: Spectrum) -> Spectrum:
    return np.asarray(1127 * np.log1p(hertz / 700))


def _hertz() -> Spectrum:
    """The middle of each bin."""
    edges = np.linspace(_mel(np.array(LOW)), _mel(np.array(HIGH)), BINS + 2)[1:-1]
    return np.asarray(700 * np.expm1(edges / 1127))
