"""Score the tuning trials with an encoder, over clean and over poor lines: the ground for calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from voiceprint.audio import Samples, telephone
from voiceprint.calibration import Calibration, affine, threshold_at
from voiceprint.encoder import Encoder
from voiceprint.metrics import Scored, cllr, curve
from voiceprint.quality import Use, measure, reasons
from voiceprint.scoring import score, template_of
from voiceprint.training import channel
from voiceprint.training.corpus import Group
from voiceprint.training.trials import spoken


def score_trials(encoder: Encoder, data: Path, seen: Callable[[], object] = int) -> Scored:
    """Every tuning enrolment against every tuning test, each heard twice: over a clean line and over a random one.

    What a call would refuse for its quality is left out. `seen` is called after each enrolment or test. Raises
    CorpusMissing.
    """
    line, rng = channel.load(data), np.random.default_rng(1)

    def heard(pieces: Sequence[Samples], use: Use) -> list[list[Samples]]:
        seen()
        lines = ([telephone(piece) for piece in pieces], [line(piece, rng) for piece in pieces])
        return [over for over in lines if not any(reasons(measure(piece), use) for piece in over)]

    enrolments, tests = spoken(data, Group.TUNING)
    templates = [
        (one.speaker, template_of([encoder.embed(piece) for piece in pieces]))
        for one in enrolments
        for pieces in heard(one.audio(), Use.ENROLMENT)
    ]
    embeddings = [
        (one.speaker, encoder.embed(pieces[0]))
        for one in tests
        for pieces in heard([np.concatenate(one.audio())], Use.TEST)
    ]
    pairs = [(template, embedding) for template in templates for embedding in embeddings]
    return Scored(
        np.array([score(template, embedding) for (_, template), (_, embedding) in pairs], dtype=np.float64),
        np.array([enrolled == tested for (enrolled, _), (tested, _) in pairs], dtype=np.bool_),
        np.array([enrolled for (enrolled, _), _ in pairs], dtype=np.str_),
        np.array([tested for _, (tested, _) in pairs], dtype=np.str_),
    )


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


def summary(scored: Scored, calibration: Calibration) -> dict[str, object]:
    """What the tuning speakers say of an encoder, ready for JSON."""
    llrs = calibration.slope * scored.scores + calibration.offset
    threshold = calibration.threshold(0.01)
    passed = llrs >= threshold.llr
    return {
        "encoder": calibration.encoder,
        "trials": len(scored.scores),
        "targets": int(scored.genuine.sum()),
        "speakers": scored.speakers,
        "eer": curve(scored.scores, scored.genuine).eer,
        "cllr": cllr(llrs, scored.genuine),
        "fnmr": float(1 - passed[scored.genuine].mean()),
        "thresholds": [asdict(one) for one in calibration.thresholds],
        "leave_one_speaker_out": [asdict(one) for one in leave_one_out(scored, 0.01)],
        "strongest_impostor": {name: strongest_impostor(scored, name) for name in np.unique(scored.enrolled).tolist()},
    }
