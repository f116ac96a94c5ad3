"""Score the tuning trials with an encoder, over a clean or a poor line: the ground for calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from voiceprint.audio import Samples, telephone
from voiceprint.calibration import Calibration, affine, threshold_at
from voiceprint.encoder import Encoder
from voiceprint.metrics import Floats, Scored, cllr, curve
from voiceprint.quality import Use, measure, reasons
from voiceprint.scoring import agreement, score, template_of
from voiceprint.training import channel
from voiceprint.training.corpus import Group
from voiceprint.training.trials import spoken

MAX_FMR = 0.01


def score_trials(
    encoder: Encoder,
    data: Path,
    transmit: Callable[[Samples], Samples] = telephone,
    seen: Callable[[], object] = int,
) -> Scored:
    """Every tuning enrolment against every tuning test, each sent over a line by `transmit`.

    What a call would refuse for its quality is left out. `seen` is called after each enrolment or test. Raises
    CorpusMissing.
    """

    def heard(pieces: Sequence[Samples], use: Use) -> list[Samples]:
        seen()
        over = [transmit(piece) for piece in pieces]
        return [] if any(reasons(measure(piece), use) for piece in over) else over

    enrolments, tests = spoken(data, Group.TUNING)
    templates = [
        (one.speaker, template_of([encoder.embed(piece) for piece in pieces]))
        for one in enrolments
        if (pieces := heard(one.audio(), Use.ENROLMENT))
    ]
    embeddings = [
        (one.speaker, encoder.embed(piece)) for one in tests for piece in heard([np.concatenate(one.audio())], Use.TEST)
    ]
    pairs = [(template, embedding) for template in templates for embedding in embeddings]
    return Scored(
        np.array([score(template, embedding) for (_, template), (_, embedding) in pairs], dtype=np.float64),
        np.array([enrolled == tested for (enrolled, _), (tested, _) in pairs], dtype=np.bool_),
        np.array([enrolled for (enrolled, _), _ in pairs], dtype=np.str_),
        np.array([tested for _, (tested, _) in pairs], dtype=np.str_),
    )


def agreements(encoder: Encoder, data: Path, seen: Callable[[], object] = int) -> tuple[Floats, Floats]:
    """Agreement of each tuning enrolment, and of each with its last utterance taken from another speaker's.

    Over a clean telephone line. Raises CorpusMissing.
    """
    embedded = []
    for one in spoken(data, Group.TUNING)[0]:
        embedded.append((one.speaker, [encoder.embed(telephone(piece)) for piece in one.audio()]))
        seen()
    same = [agreement(pieces) for _, pieces in embedded]
    mixed = [
        agreement([*pieces[:-1], others[-1]])
        for speaker, pieces in embedded
        for other, others in embedded
        if other != speaker
    ]
    return np.array(same), np.array(mixed)


def strongest_impostor(scored: Scored, speaker: str) -> str:
    """Who, speaking as themselves, comes closest to `speaker`: the highest median score against their templates."""
    against = scored.where((scored.enrolled == speaker) & ~scored.genuine)

    def median(other: str) -> float:
        return float(np.median(against.scores[against.tested == other]))

    return max(sorted({str(other) for other in against.tested}), key=median)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Errors on the trials of one speaker at a threshold that was set without that speaker."""

    speaker: str
    fmr: float
    fnmr: float


def leave_one_out(scored: Scored, max_fmr: float) -> list[LeftOut]:
    """For each speaker: calibrate and set the threshold on the trials of the others, then count errors on theirs."""
    found = []
    for speaker in np.unique(scored.enrolled):
        involved = (scored.enrolled == speaker) | (scored.tested == speaker)
        others, theirs = scored.where(~involved), scored.where(involved)
        slope, offset = affine(others.scores, others.genuine)
        threshold = threshold_at(others, slope * others.scores + offset, max_fmr).llr
        accepted = slope * theirs.scores + offset >= threshold
        fmr, fnmr = accepted[~theirs.genuine].mean(), 1 - accepted[theirs.genuine].mean()
        found.append(LeftOut(str(speaker), float(fmr), float(fnmr)))
    return found


def poor_line(data: Path) -> Callable[[Samples], Samples]:
    """A random line for each piece of audio, the same sequence each time: rooms, noise down to 3 dB, packet loss."""
    line, rng = channel.load(data), np.random.default_rng(1)
    return lambda samples: line(samples, rng)


def summary(clean: Scored, poor: Scored, calibration: Calibration) -> dict[str, object]:
    """What the tuning speakers say of an encoder at its threshold for 1 %, ready for JSON."""
    return {
        "encoder": calibration.encoder,
        "speakers": clean.speakers,
        "clean_line": _figures(clean, calibration),
        "poor_line": _figures(poor, calibration),
        "one_voice": asdict(calibration.one_voice),
        "thresholds": [asdict(one) for one in calibration.thresholds],
        "leave_one_speaker_out": [asdict(one) for one in leave_one_out(clean, MAX_FMR)],
        "strongest_impostor": {name: strongest_impostor(clean, name) for name in np.unique(clean.enrolled).tolist()},
    }


def _figures(scored: Scored, calibration: Calibration) -> dict[str, object]:
    llrs = calibration.slope * scored.scores + calibration.offset
    accepted = llrs >= calibration.threshold(MAX_FMR).llr
    return {
        "trials": len(llrs),
        "targets": int(scored.genuine.sum()),
        "eer": curve(llrs, scored.genuine).eer,
        "cllr": cllr(llrs, scored.genuine),
        "fmr": float(accepted[~scored.genuine].mean()),
        "fnmr": float(1 - accepted[scored.genuine].mean()),
    }
