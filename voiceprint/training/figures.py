"""How often the voiceprint is wrong, by length of the challenge and by line, on a group of speakers."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from voiceprint import distribution
from voiceprint.calibration import Calibration
from voiceprint.distribution import Distribution
from voiceprint.metrics import Floats, Interval, Scored, cllr, curve, rate_interval, speaker_bootstrap
from voiceprint.training.tuning import CHALLENGE, WITH_CODECS, Measured, Plan, leave_one_out, strongest_impostor

MAX_FMR = 0.01


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one length over one line, as fractions with 95 % intervals; `refused` of tests for their quality.

    `worst`: the speaker whose own calls most often fall below the threshold, and how often; None where all are alike.
    """

    words: int
    line: str
    trials: int
    targets: int
    eer: float
    eer_ci95: Interval
    fmr: float
    fmr_ci95: Interval
    fnmr: float
    fnmr_ci95: Interval
    min_dcf: float
    cllr: float
    refused: float
    worst: tuple[str, float] | None

    def __str__(self) -> str:
        """One line for a person."""
        rates = (
            f"{name} {100 * rate:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
            for name, rate, (low, high) in (
                ("EER", self.eer, self.eer_ci95),
                ("FMR", self.fmr, self.fmr_ci95),
                ("FNMR", self.fnmr, self.fnmr_ci95),
            )
        )
        tail = f"minDCF {self.min_dcf:.2f}  Cllr {self.cllr:.2f}  refused {100 * self.refused:.1f} %"
        worst = f"  worst {self.worst[0]} {100 * self.worst[1]:.0f} %" if self.worst else ""
        return f"{self.words} words, {self.line:5}: {'  '.join(rates)}  {tail}{worst}"


def rows(
    measured: Measured,
    calibration: Calibration,
    threshold_llr: float,
    plan: Plan = WITH_CODECS,
) -> list[Row]:
    """One row for each length and line of the plan. `threshold_llr`: certify from here up."""
    return [_row(words, line, measured.only(words, line), calibration, threshold_llr) for words, line in plan]


def _row(words: int, line: str, measured: Measured, calibration: Calibration, threshold_llr: float) -> Row:
    scored = measured.scored
    llrs = calibration.log_likelihood_ratios(scored.scores, measured.conditions)
    accepted, genuine = llrs >= threshold_llr, scored.genuine

    def eer(weights: Floats) -> float:
        return curve(llrs, genuine, weights).eer

    return Row(
        words=words,
        line=line,
        trials=len(llrs),
        targets=int(genuine.sum()),
        eer=curve(llrs, genuine).eer,
        eer_ci95=speaker_bootstrap(scored, eer),
        fmr=float(accepted[~genuine].mean()),
        fmr_ci95=rate_interval(scored, accepted, ~genuine),
        fnmr=float(1 - accepted[genuine].mean()),
        fnmr_ci95=rate_interval(scored, ~accepted, genuine),
        min_dcf=curve(llrs, genuine).min_dcf(),
        cllr=cllr(llrs, genuine),
        refused=measured.refused[words, line],
        worst=_worst(scored, accepted),
    )


def _worst(scored: Scored, accepted: np.ndarray) -> tuple[str, float] | None:
    own = {
        str(name): float(1 - accepted[scored.genuine & (scored.enrolled == name)].mean())
        for name in np.unique(scored.enrolled[scored.genuine])
    }
    if len(set(own.values())) < 2:
        return None
    name = max(own, key=lambda one: own[one])
    return name, own[name]


def summary(measured: Measured, calibration: Calibration, threshold_llr: float) -> dict[str, object]:
    """What a group of speakers says of the models at a threshold, ready for JSON."""
    return {
        "encoder": calibration.encoder,
        "cohort": calibration.cohort,
        "speakers": measured.scored.speakers,
        "threshold": threshold_llr,
        "rows": [asdict(row) for row in rows(measured, calibration, threshold_llr)],
    }


def tuned(measured: Measured, calibration: Calibration) -> dict[str, object]:
    """What only the tuning speakers may be asked: how far their own calibration carries, and who resembles whom."""
    scored = measured.scored
    return {
        "one_voice": asdict(calibration.one_voice),
        "thresholds": [asdict(one) for one in calibration.thresholds],
        "leave_one_speaker_out": [asdict(one) for one in leave_one_out(measured, MAX_FMR)],
        "strongest_impostor": {name: strongest_impostor(scored, name) for name in np.unique(scored.enrolled).tolist()},
    }


def distributed(measured: Measured, calibration: Calibration) -> Distribution:
    """Where the ratios of calls lie that are as long as a challenge, over every line that was measured."""
    calls = measured.where(measured.words == CHALLENGE)
    llrs = calibration.log_likelihood_ratios(calls.scored.scores, calls.conditions)
    return distribution.of(calibration, llrs, calls.scored.genuine, speakers=calls.scored.speakers, words=CHALLENGE)
