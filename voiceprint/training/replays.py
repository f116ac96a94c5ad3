"""How often a replayed call is found, and how often a genuine one is taken for a replay; ground of the chance model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from voiceprint.audio import telephone
from voiceprint.fingerprint import BLOCK, fingerprint, listen
from voiceprint.metrics import Interval, clopper_pearson
from voiceprint.replay import best_scores, compare, find, repeats
from voiceprint.training import channel
from voiceprint.training.channel import Channel
from voiceprint.training.corpus import Group
from voiceprint.training.playback import (
    FROM_SEVERAL,
    WITHIN,
    WORDS,
    Attack,
    Call,
    over,
    played,
    spoken_calls,
    with_noise,
)
from voiceprint.training.trials import join

TAIL = 0.95  # the chance model is fitted to what lies above this quantile


class Genuine(StrEnum):
    """Comparisons without any shared recording; every second new call has noise at 15 dB."""

    SAME_WORDS = "same_speaker_same_words"  # in the same order, other takes: the hard kind
    OTHER_WORDS = "same_speaker_other_words"
    OTHER_SPEAKER = "other_speaker_same_words"
    SAME_FAN = "other_speaker_same_fan"  # another section of the same recorded noise at 15 dB in both
    HISTORY = "against_all_calls_of_the_speaker"  # one trial a call
    SAID_TWICE = "word_said_twice"  # two takes of a word within one call


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `trials`. Of them `independent` have no recording in common with one another; `ci95` is their exact
    binomial interval, `independent_count` of them being counted; (0, 1) where there are none.
    """

    count: int
    trials: int
    independent_count: int
    independent: int
    ci95: Interval

    def __str__(self) -> str:
        low, high = self.ci95
        apart = f"{self.independent_count} of {self.independent} independent [{100 * low:.1f}, {100 * high:.1f} %]"
        return f"{self.count} of {self.trials}, {apart if self.independent else 'none independent'}"


@dataclass(frozen=True, slots=True)
class Figures:
    """What came out for one group: replays found, by attack; genuine calls taken for replays, by kind of comparison."""

    group: str
    speakers: int
    calls: int
    found: dict[str, Rate]
    false_alarms: dict[str, Rate]

    def __str__(self) -> str:
        """For a person, a line to each attack and to each kind of genuine call."""
        rows = [f"{self.group}: {self.calls} calls, {self.speakers} speakers"]
        rows += [f"replay found      {kind:34} {rate}" for kind, rate in self.found.items()]
        rows += [f"taken for replay  {kind:34} {rate}" for kind, rate in self.false_alarms.items()]
        return "\n".join(rows)


@dataclass(frozen=True, slots=True)
class _Trial:
    kind: str
    positive: bool
    independent: bool


def measure(data: Path, group: Group, seen: Callable[[], object] = int) -> Figures:
    """Replay every call of a group in every way, and compare genuine calls; `seen` is called once for each call.

    A call is six of the twenty words of dsp20. Replays are looked for among all calls of the speaker, and count as
    found when a stretch comes from where it was taken. Nothing is fitted on the training speakers: the detector has no
    trained part, and its chance model and threshold come from the tuning speakers. Raises CorpusMissing.
    """
    line = channel.load(data)
    calls = spoken_calls(data, group)
    attacks: list[_Trial] = []
    genuine: list[_Trial] = []
    for number, call in enumerate(calls):
        rng = np.random.default_rng((number, 1))
        attacks += _replays(call, [other for other in calls if other.speaker == call.speaker], line, rng)
        genuine += _comparisons(call, calls, line, rng, noise=number % 2 == 1)
        seen()
    return Figures(group.value, len({call.speaker for call in calls}), len(calls), _rates(attacks), _rates(genuine))


def chance(data: Path, seen: Callable[[], object] = int) -> tuple[float, float]:
    """λ and K of `voiceprint.replay`, on comparisons of the hard kind among the tuning speakers. Raises CorpusMissing.

    λ from what lies above the 95 % quantile of the best scores, which falls off exponentially; K so that as many as
    were seen are expected there.
    """
    line = channel.load(data)
    calls = spoken_calls(data, Group.TUNING)
    scores, sizes = [], []
    for number, call in enumerate(calls):
        rng = np.random.default_rng((number, 2))
        probe = listen(over(join(call.words), line, rng, noise=number % 2 == 1))
        for other in calls:
            if _same_words(call, other) and other is not call:
                scores.append(float(best_scores(probe, [other.kept])[0]))
                sizes.append(len(probe.blocks) * BLOCK * len(other.kept.frames))
        seen()
    above = float(np.quantile(scores, TAIL))
    steepness = 1 / float(np.mean([score - above for score in scores if score > above]))
    return steepness, float((1 - TAIL) * np.exp(steepness * above) / np.mean(sizes))


def _replays(call: Call, history: Sequence[Call], line: Channel, rng: np.random.Generator) -> Iterator[_Trial]:
    """Every attack made from one call: whether it was found, and found where it came from."""
    same = [other for other in history if _same_words(call, other)]
    sources = [same[(call.take + step) % len(same)] for step in range(WORDS)]
    for attack, samples in played(call, sources, line, rng):
        probe = listen(samples)
        if attack in WITHIN:
            yield _Trial(attack, repeats(probe).found, independent=True)
            continue
        slipped = attack is Attack.ONE_WORD
        searched = [other for other in history if not (slipped and other is sources[1])]
        match = find(probe, [other.kept for other in searched])
        right = sources if attack in FROM_SEVERAL else [call]
        found = match.found and any(searched[stretch.call] in right for stretch in match.stretches)
        yield _Trial(attack, found, independent=not slipped)


def _comparisons(
    call: Call, calls: Sequence[Call], line: Channel, rng: np.random.Generator, noise: bool
) -> Iterator[_Trial]:
    """A call, spoken and not replayed, against others; independent are those of fixed pairs, each call in one pair."""
    probe = listen(over(join(call.words), line, rng, noise=noise))
    speakers = sorted({other.speaker for other in calls})
    history = [other for other in calls if other.speaker == call.speaker and other is not call]
    for other in history:
        if _same_words(call, other):
            yield _Trial(Genuine.SAME_WORDS, compare(probe, other.kept).found, _next_take(call, other))
        else:
            paired = (call.theme, other.theme) == (0, 1) and call.take == other.take
            yield _Trial(Genuine.OTHER_WORDS, compare(probe, other.kept).found, paired)
    yield _Trial(Genuine.HISTORY, find(probe, [other.kept for other in history]).found, independent=False)
    for other in calls:
        if other.speaker != call.speaker and (other.theme, other.take) == (call.theme, call.take):
            place, others_place = speakers.index(call.speaker), speakers.index(other.speaker)
            paired = place % 2 == 0 and others_place == place + 1
            yield _Trial(Genuine.OTHER_SPEAKER, compare(probe, other.kept).found, paired)
            if paired:
                yield _Trial(Genuine.SAME_FAN, _same_fan(call, other, line, rng), independent=True)
    word = int(rng.integers(WORDS))
    for other in history:
        if _same_words(call, other) and abs(call.take - other.take) == 1:
            twice = join([*call.words, other.words[word]])
            yield _Trial(Genuine.SAID_TWICE, repeats(listen(over(twice, line, rng))).found, _next_take(call, other))


def _same_words(call: Call, other: Call) -> bool:
    return (call.speaker, call.theme) == (other.speaker, other.theme)


def _next_take(call: Call, other: Call) -> bool:
    """Takes 0 and 1, 2 and 3, …: no take is in two such pairs."""
    return call.take % 2 == 0 and other.take == call.take + 1


def _same_fan(call: Call, other: Call, line: Channel, rng: np.random.Generator) -> bool:
    """Both calls beside the longest recorded noise, in two halves of it."""
    fan = max(line.noises, key=len)
    halves = fan[: len(fan) // 2], fan[len(fan) // 2 :]
    spoken = join(call.words), join(other.words)
    new, earlier = (with_noise(one, np.resize(half, len(one))) for one, half in zip(spoken, halves, strict=True))
    return compare(listen(over(new, line, rng)), fingerprint(telephone(earlier))).found


def _rates(trials: Sequence[_Trial]) -> dict[str, Rate]:
    by_kind: dict[str, list[_Trial]] = defaultdict(list)
    for trial in trials:
        by_kind[trial.kind].append(trial)
    return {kind: _rate(found) for kind, found in by_kind.items()}


def _rate(trials: Sequence[_Trial]) -> Rate:
    apart = [trial.positive for trial in trials if trial.independent]
    ci95 = clopper_pearson(sum(apart), len(apart)) if apart else (0.0, 1.0)
    return Rate(sum(trial.positive for trial in trials), len(trials), sum(apart), len(apart), ci95)
