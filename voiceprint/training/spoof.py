"""Train the countermeasure against synthetic speech on the training speakers; set its threshold on the tuning ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.signal import lfilter
from torch import nn
from tqdm import tqdm

from voiceprint import synthetic
from voiceprint.audio import SAMPLE_RATE, Samples, read, telephone
from voiceprint.metrics import Floats, cllr
from voiceprint.speech import without_pauses
from voiceprint.synthetic import Countermeasure, Network, Operation
from voiceprint.training import channel, codecs
from voiceprint.training.attacks import TRAINED, attack_audio
from voiceprint.training.channel import Channel
from voiceprint.training.corpus import DSP20, OTHER_FOLDERS, Group, of_group, recordings
from voiceprint.training.presentation import UNHEARD_FOLDER, Call, attacks, bona_fide, by_line, over_lines
from voiceprint.training.trials import join
from voiceprint.training.tuning import EVERY_LINE

FOLDERS = (DSP20, *(folder for folder in OTHER_FOLDERS if folder != UNHEARD_FOLDER))
MAX_BPCER = 0.02
LEVEL = 0.05  # of a call before the line: far enough from full scale that no copy clips
CLEAN, MOBILE = 0.3, 0.3  # shares of the lines; the rest are random poor ones
OPUS_KBIT_S = 8.0, 24.0
BONA_FIDE = -1
Output = tuple[str, str, float]
"""Line, speaker, and what the network says of a call."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The size of the run.

    `calls` of each speaker (of librispeech: one), of which `attacked` are attacked by `attacks` kinds each; `lines`
    that each of all these is sent over; `hidden` units; `epochs` over all that is heard, in steps of `batch`.
    """

    calls: int = 24
    attacked: int = 12
    attacks: int = 2
    lines: int = 5
    hidden: int = 128
    epochs: int = 30
    batch: int = 64
    rate: float = 1e-3
    decay: float = 0.3
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Source:
    """Whose recordings make a call, its place among all (what is drawn depends on it), and whether it is attacked."""

    speaker: str
    recordings: tuple[Path, ...]
    place: int
    attacked: bool


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is learned from: features of calls over lines, shape (calls, features), and how each call was made.

    `kinds`: place in TRAINED, or BONA_FIDE.
    """

    features: NDArray[np.float32]
    kinds: NDArray[np.int64]


def train(data: Path, out: Path, progress: bool = True, settings: Settings | None = None) -> Countermeasure:
    """Make attacks, train, calibrate on the tuning speakers, write the model file `out`; the same for the same seed.

    Raises CorpusMissing, WorldMissing, EspeakMissing.
    """
    settings = settings or Settings()
    torch.set_num_threads(1)
    network = fit(learn(data, settings, progress), settings, progress)
    real = bona_fide(data, Group.TUNING)
    kinds = tqdm(TRAINED, desc="Tuning attacks", unit=" kinds", disable=not progress)
    known = [attack for kind in kinds for attack in attacks(real, kind)]
    operation = operate(*(outputs(network, calls, data, progress) for calls in (real, known)))
    Countermeasure("", network, operation).save(out)
    return synthetic.load(out)


def learn(data: Path, settings: Settings, progress: bool) -> Lesson:
    """Make calls of the training speakers and attacks on them, and hear all over random lines. Raises as `train`."""
    line, found = channel.load(data), list[Lesson]()
    for source in tqdm(sources(data, settings), desc="Calls and attacks", unit=" calls", disable=not progress):
        found.append(hear_all(made(source, settings), source, line, settings))
    return Lesson(np.concatenate([one.features for one in found]), np.concatenate([one.kinds for one in found]))


def sources(data: Path, settings: Settings) -> list[Source]:
    """Whose recordings the calls are made of: every training speaker several times. Raises CorpusMissing."""
    by_speaker: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for folder in FOLDERS:
        for one in of_group(data, Group.TRAINING) if folder == DSP20 else recordings(data, folder):
            by_speaker[folder, one.speaker].append(one.path)
    drawn = [
        (name, number < settings.attacked)
        for name in sorted(by_speaker)
        for number in range(1 if name[0] == "librispeech" else settings.calls)
    ]
    return [Source(name[1], tuple(by_speaker[name]), place, attacked) for place, (name, attacked) in enumerate(drawn)]


def made(source: Source, settings: Settings) -> list[Call]:
    """A bona fide call and the attacks on it. Raises WorldMissing, EspeakMissing."""
    rng = np.random.default_rng((settings.seed, source.place))
    audio = _call(source.recordings, rng)
    drawn = rng.choice(len(TRAINED), settings.attacks, replace=False) if source.attacked else ()
    copies = [Call(source.speaker, TRAINED[number], attack_audio(TRAINED[number], audio, rng)) for number in drawn]
    return [Call(source.speaker, None, audio), *copies]


def _call(paths: Sequence[Path], rng: np.random.Generator) -> Samples:
    """About four seconds of one speaker: recordings joined, or a stretch of a longer one."""
    length = 4 * SAMPLE_RATE
    pieces: list[Samples] = []
    for number in rng.permutation(len(paths)):
        pieces.append(read(paths[number]))
        if sum(map(len, pieces)) >= length:
            break
    joined = join(pieces)
    start = int(rng.integers(max(1, len(joined) - 2 * length)))
    joined = joined[start : start + int(1.25 * length)]
    return joined * np.float32(LEVEL / np.sqrt(np.mean(joined**2) + 1e-10))


def hear_all(calls: Sequence[Call], source: Source, line: Channel, settings: Settings) -> Lesson:
    """A call over several lines, and the attacks on it over the very same ones: the line must not give them away."""
    found, kinds = [], []
    for again in range(settings.lines):
        for call in calls:
            rng = np.random.default_rng((settings.seed, source.place, again))
            spoken = dispersed(call.audio, rng)
            speech = without_pauses(_sent(spoken, line, rng))
            if len(speech) >= synthetic.SHORTEST:
                found.append(synthetic.features(speech))
                kinds.append(TRAINED.index(call.attack) if call.attack else BONA_FIDE)
    return Lesson(np.array(found, dtype=np.float32).reshape(len(found), -1), np.array(kinds, dtype=np.int64))


def _sent(samples: Samples, line: Channel, rng: np.random.Generator) -> Samples:
    """Over a clean line, a mobile telephone, or a random poor line."""
    draw, gain = rng.random(), np.float32(10 ** rng.uniform(-0.6, 0.5))
    if draw >= CLEAN + MOBILE:
        return line(samples, rng)
    heard = telephone(samples * gain)
    if draw < CLEAN:
        return heard
    return codecs.gsm(heard, rng) if rng.random() < 0.5 else codecs.opus(heard, rng.uniform(*OPUS_KBIT_S))


def dispersed(samples: Samples, rng: np.random.Generator) -> Samples:
    """Half of the time, phases shifted by up to five all-pass sections, as real lines do; magnitudes stay.

    Without this the network would take for life what the microphones of the corpus do to phases.
    """
    if rng.random() < 0.5:
        for _ in range(rng.integers(1, 6)):
            radius, angle = rng.uniform(0.3, 0.85), rng.uniform(0.2, 2.8)
            poles = [1, -2 * radius * np.cos(angle), radius**2]
            samples = lfilter(poles[::-1], poles, samples)
    return np.clip(samples, -1, 1).astype(np.float32)


def fit(lesson: Lesson, settings: Settings, progress: bool) -> Network:
    """Train the two layers; bona fide calls weigh as much as all attacks together, and their kinds the same."""
    torch.manual_seed(settings.seed)
    mean, scale = lesson.features.mean(axis=0), lesson.features.std(axis=0) + synthetic.FLOOR
    standard = np.clip((lesson.features - mean) / scale, -synthetic.FARTHEST, synthetic.FARTHEST)
    inputs, target = torch.from_numpy(standard), torch.from_numpy(lesson.kinds != BONA_FIDE).float()
    weights = torch.from_numpy(_weights(lesson.kinds))
    inner, outer = nn.Linear(inputs.shape[1], settings.hidden), nn.Linear(settings.hidden, 1)
    network = nn.Sequential(nn.Dropout(0.1), inner, nn.ReLU(), nn.Dropout(0.3), outer)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    steps = settings.epochs * (len(inputs) // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, total_steps=steps)
    order = torch.cat([torch.randperm(len(inputs)) for _ in range(settings.epochs)])
    for step in tqdm(range(steps), desc="Training", unit=" steps", disable=not progress):
        chosen = order[step * settings.batch : (step + 1) * settings.batch]
        blurred = inputs[chosen] + 0.1 * torch.randn(len(chosen), inputs.shape[1])
        loss = nn.functional.binary_cross_entropy_with_logits(
            network(blurred)[:, 0], target[chosen], weight=weights[chosen]
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return Network(mean, scale, _rows(inner), _rows(outer)[:, 0])


def _weights(kinds: NDArray[np.int64]) -> NDArray[np.float32]:
    """Of mean 1: half of all for bona fide calls, the other half in even parts for the kinds of attack."""
    found, place, count = np.unique(kinds, return_inverse=True, return_counts=True)
    share = np.where(found == BONA_FIDE, 0.5, 0.5 / (len(found) - 1))
    return (share / count * len(kinds))[place].astype(np.float32)


def _rows(layer: nn.Linear) -> NDArray[np.float32]:
    """The weights of a layer, an input a row, with what is added as the last one."""
    return np.vstack([layer.weight.detach().numpy().T, layer.bias.detach().numpy()])


def outputs(network: Network, calls: Sequence[Call], data: Path, progress: bool) -> list[Output]:
    """What the network says of calls, over each line. Raises CorpusMissing."""
    found = []
    with tqdm(total=len(calls) * len(EVERY_LINE), desc="Tuning", unit=" calls", disable=not progress) as bar:
        for line, call, samples in over_lines(calls, data, bar.update):
            found.append((line, call.speaker, network(synthetic.features(without_pauses(samples)))))
    return found


def operate(real: Sequence[Output], attacked: Sequence[Output]) -> Operation:
    """Calibration and threshold from outputs for bona fide calls and for attacks; at most MAX_BPCER on each line."""
    slope, offset = _affine(*(np.array([output for *_, output in side]) for side in (real, attacked)))
    ratios = [(line, speaker, slope * output + offset) for line, speaker, output in real]
    lines = {line for line, *_ in ratios}
    threshold = max(_threshold([ratio for other, _, ratio in ratios if other == line]) for line in lines)
    flagged = by_line((line, speaker, ratio >= threshold) for line, speaker, ratio in ratios).values()
    worst = max(flagged, key=lambda one: one.rate)
    fewest = min(one.calls for one in flagged)
    return Operation(slope, offset, threshold, MAX_BPCER, worst.rate, worst.ci95, worst.speakers, fewest)


def _affine(human: Floats, machine: Floats) -> tuple[float, float]:
    """Slope and offset of the lowest Cllr (Brümmer & du Preez, 2006), kept from an endless slope."""
    outputs = np.concatenate([human, machine])
    is_machine = np.repeat([False, True], [len(human), len(machine)])

    def cost(parameters: Floats) -> float:
        return cllr(parameters[0] * outputs + parameters[1], is_machine) + 1e-4 * float(parameters[0]) ** 2

    slope, offset = minimize(cost, np.array([1.0, 0.0]), method="BFGS").x
    return float(slope), float(offset)


def _threshold(ratios: Sequence[float]) -> float:
    """The lowest that at most MAX_BPCER of the ratios reach."""
    highest_first = sorted(ratios, reverse=True)
    return float(np.nextafter(highest_first[int(MAX_BPCER * len(ratios))], np.inf))
