"""How real calls and attacks are met, by kind of attack and by line: BPCER, APCER and IAPAR of ISO/IEC 30107-3."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voiceprint import quality
from voiceprint.audio import Samples, read, telephone
from voiceprint.comparing import Comparer
from voiceprint.metrics import Rate, rate_by_speaker
from voiceprint.scoring import enrol
from voiceprint.training.attacks import Attack, attack_audio
from voiceprint.training.corpus import SPEAKERS, Group, recordings
from voiceprint.training.trials import join, spoken
from voiceprint.training.tuning import EVERY_LINE, lines

# Other people in another language, whom the countermeasure never trains on.
UNHEARD_FOLDER = "fsdd"
UNHEARD_SPEAKERS, UNHEARD_EACH = 6, 20
# Of `spoken`: 3 × 20 bona fide calls of six words each speaker. Enrolments are of the first seed, and so are the calls
# that are attacked: no recording is in both.
SEEDS = (1, 2, 3)
BONA_FIDE_EACH, ATTACKED_EACH = 60, 10


@dataclass(frozen=True, slots=True)
class Call:
    """A call before the line: who speaks (or whose call was attacked), by which kind of attack (None: bona fide)."""

    speaker: str
    attack: Attack | None
    audio: Samples


@dataclass(frozen=True, slots=True)
class AttackFigures:
    """`apcer`: attacks that the countermeasure lets pass.

    IAPAR: attacks that are certified as the person whose call was attacked, by the voiceprint alone, and by the
    voiceprint and the countermeasure together.
    """

    apcer: Rate
    iapar_voiceprint: Rate
    iapar: Rate


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything measured, by line; calls too poor to be judged are in no figure.

    `bpcer_by_speaker`: over all lines. `other_recordings`: BPCER on a folder that the countermeasure never trains on.
    """

    bpcer: dict[str, Rate]
    bpcer_by_speaker: dict[str, float]
    other_recordings: dict[str, Rate]
    attacks: dict[Attack, dict[str, AttackFigures]]

    def __str__(self) -> str:
        """For a person, a line to each kind of call and each line that it came over."""
        rows = []
        for what, by_line in (("bona fide", self.bpcer), ("other recordings", self.other_recordings)):
            for line, bpcer in by_line.items():
                rows.append(f"{what:16} {line:6} BPCER {bpcer}  of {bpcer.calls} calls, {bpcer.speakers} speakers")
        shares = (f"{speaker} {100 * share:.1f} %" for speaker, share in self.bpcer_by_speaker.items())
        rows.append(f"BPCER by speaker: {', '.join(shares)}")
        for kind, figures in self.attacks.items():
            for line, one in figures.items():
                rates = f"APCER {one.apcer}  IAPAR voiceprint alone {one.iapar_voiceprint}, with both {one.iapar}"
                rows.append(f"{kind:16} {line:6} {rates}  of {one.apcer.calls} calls")
        return "\n".join(rows)


def steps(group: Group, kinds: Collection[Attack], over: Collection[str] = EVERY_LINE) -> int:
    """How often `measure` calls `seen`."""
    attacked = len(kinds) * ATTACKED_EACH
    elsewhere = UNHEARD_SPEAKERS * UNHEARD_EACH * len(over)
    return len(SPEAKERS[group]) * ((BONA_FIDE_EACH + attacked) * len(over) + attacked) + elsewhere


def measure(
    suspicious: Callable[[Samples], bool],
    certifies: Callable[[str, Samples], bool],
    data: Path,
    group: Group,
    kinds: Collection[Attack] = tuple(Attack),
    seen: Callable[[], object] = int,
    over: Collection[str] = EVERY_LINE,
) -> Figures:
    """Judge bona fide calls, and these kinds of attack on them, over each of these lines.

    `suspicious`: the countermeasure. `certifies`: whether the voice alone certifies a call as that speaker's; it is
    asked of an attack for the speaker whose call was attacked. `seen` is called after each attack made and each call
    judged. Raises CorpusMissing, WorldMissing, EspeakMissing.
    """
    genuine = bona_fide(data, group)

    def suspicions(calls: Sequence[Call]) -> list[tuple[str, str, bool]]:
        heard = over_lines(calls, data, seen, over)
        return [(line, call.speaker, suspicious(samples)) for line, call, samples in heard]

    def met(kind: Attack) -> dict[str, AttackFigures]:
        passed, certified, both = [], [], []
        for line, call, samples in over_lines(attacks(genuine, kind, seen), data, seen, over):
            passes, as_them = not suspicious(samples), certifies(call.speaker, samples)
            passed.append((line, call.speaker, passes))
            certified.append((line, call.speaker, as_them))
            both.append((line, call.speaker, passes and as_them))
        apcer, alone, together = map(by_line, (passed, certified, both))
        return {line: AttackFigures(apcer[line], alone[line], together[line]) for line in apcer}

    flagged = suspicions(genuine)
    return Figures(
        bpcer=by_line(flagged),
        bpcer_by_speaker={
            name: float(np.mean([found for _, speaker, found in flagged if speaker == name]))
            for name in sorted({speaker for _, speaker, _ in flagged})
        },
        other_recordings=by_line(suspicions(other_recordings(data))),
        attacks={kind: met(kind) for kind in kinds},
    )


def certifying(comparer: Comparer, certify_from: float, data: Path, group: Group) -> Callable[[str, Samples], bool]:
    """What `measure` asks of the voiceprint: whether the likelihood ratio reaches `certify_from` (natural log).

    Compared with the first enrolment of the speaker, over a clean line. Raises CorpusMissing.
    """
    first = {one.speaker: one for one in reversed(spoken(data, group, SEEDS[0])[0])}
    enrolled = {
        name: enrol(comparer.encoder, [telephone(piece) for piece in one.audio()]) for name, one in first.items()
    }

    def certifies(speaker: str, samples: Samples) -> bool:
        return comparer.compare(enrolled[speaker], comparer.hear(samples)).llr >= certify_from

    return certifies


def bona_fide(data: Path, group: Group) -> list[Call]:
    """Calls of six words by the speakers of a group, the same each time. Raises CorpusMissing."""
    tests = [one for seed in SEEDS for one in spoken(data, group, seed)[1]]
    return [Call(one.speaker, None, np.concatenate(one.audio())) for one in tests]


def other_recordings(data: Path) -> list[Call]:
    """Calls of eight English digits by the speakers of UNHEARD_FOLDER. Raises CorpusMissing."""
    by_speaker: dict[str, list[Path]] = defaultdict(list)
    for one in recordings(data, UNHEARD_FOLDER):
        by_speaker[one.speaker].append(one.path)
    rng = np.random.default_rng(1)
    drawn = [
        (speaker, rng.choice(len(paths), 8, replace=False))
        for speaker, paths in sorted(by_speaker.items())
        for _ in range(UNHEARD_EACH)
    ]
    return [Call(speaker, None, join(read(by_speaker[speaker][n]) for n in numbers)) for speaker, numbers in drawn]


def attacks(calls: Sequence[Call], kind: Attack, seen: Callable[[], object] = int) -> list[Call]:
    """The first ATTACKED_EACH calls of each speaker, attacked; the same each time. Raises as `attack_audio`."""
    rng, made = np.random.default_rng(list(Attack).index(kind)), []
    for speaker in sorted({call.speaker for call in calls}):
        for call in [call for call in calls if call.speaker == speaker][:ATTACKED_EACH]:
            made.append(Call(speaker, kind, attack_audio(kind, call.audio, rng)))
            seen()
    return made


def over_lines(
    calls: Sequence[Call],
    data: Path,
    seen: Callable[[], object] = int,
    over: Collection[str] = EVERY_LINE,
) -> Iterator[tuple[str, Call, Samples]]:
    """Send calls over each of these lines, the same way each time; those that are good enough to be compared arrive."""
    ways = lines(data)
    for line in over:
        for call in calls:
            samples = ways[line](call.audio)
            if not quality.reasons(quality.measure(samples), quality.Use.TEST):
                yield line, call, samples
            seen()


def by_line(found: Iterable[tuple[str, str, bool]]) -> dict[str, Rate]:
    """From (line, speaker, whether it was so) the rate on each line."""
    rows: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for line, speaker, so in found:
        rows[line].append((speaker, so))
    return {line: rate_by_speaker(theirs) for line, theirs in rows.items()}
