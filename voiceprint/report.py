"""The figures of an evaluation: for people, for programs, and as a DET plot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from voiceprint.calibration import Calibration
from voiceprint.evaluation import Outcome, speaker_of
from voiceprint.metrics import Floats, Interval, Scored, cllr, curve, rate_interval, speaker_bootstrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class PlotMissing(ImportError):
    """matplotlib is not installed here."""

    def __init__(self) -> None:
        super().__init__("画图需要 matplotlib，请安装 test 依赖组。The plot needs matplotlib: install the test group.")


@dataclass(frozen=True, slots=True)
class Rates:
    """Error rates (fractions) of some trials at a threshold, with 95 % intervals; None where there are no trials."""

    trials: int
    targets: int
    speakers: int
    eer: float | None
    fmr: float | None
    fnmr: float | None
    ci95: Mapping[str, Interval | None]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything `voiceprint evaluate` says."""

    encoder: str
    rates: Rates
    trials: int  # in the list, scored or not
    min_dcf: float
    cllr: float
    threshold: float
    fte: float
    fta: float
    skipped: int
    groups: Mapping[str, Rates]

    @property
    def worst(self) -> str | None:
        """The group whose people are most often not recognised; of equals the one more often mistaken for others.

        None where no group fares worse than another.
        """
        judged = {name: (one.fnmr, one.fmr or 0.0) for name, one in self.groups.items() if one.fnmr is not None}
        if len(set(judged.values())) < 2:
            return None
        return max(judged, key=lambda name: judged[name])

    @property
    def empty(self) -> list[str]:
        """The groups that no trial falls in."""
        return [name for name, one in self.groups.items() if not one.trials]

    def as_json(self) -> dict[str, object]:
        """The keys that other programs rely on."""
        groups = {name: _fields(rates) for name, rates in self.groups.items()}
        rest = {
            name: getattr(self, name)
            for name in ("trials", "min_dcf", "cllr", "threshold", "fte", "fta", "skipped", "encoder")
        }
        return {**_fields(self.rates), **rest, "groups": groups, "worst_group": self.worst}

    def as_text(self) -> str:
        """A few lines for a person."""
        lines = [
            f"encoder {self.encoder}",
            f"trials {self.trials}, compared {self.rates.trials}, of them genuine {self.rates.targets}, "
            f"speakers {self.rates.speakers}, lines skipped {self.skipped}",
            f"minDCF(0.01) {self.min_dcf:.3f}  Cllr {self.cllr:.3f} bit  FTE {self.fte:.2%}  FTA {self.fta:.2%}",
            f"at LLR >= {self.threshold:.2f}:",
        ]
        named = {"all": self.rates, **self.groups}
        rows = [f"  {name}: {_sentence(rates)}" for name, rates in named.items()]
        worst = [f"worst group: {self.worst}"] if self.worst else []
        return "\n".join([*lines, *rows, *worst])


def make(outcome: Outcome, calibration: Calibration, threshold: float, groups: Mapping[str, str]) -> Report:
    """Work out the figures at `threshold`, a natural-log likelihood ratio.

    A group's trials are those with both speakers in it: impostors of one's own group are the hardest.
    """
    scored = outcome.scored
    llrs = calibration.log_likelihood_ratios(scored.scores, outcome.conditions)
    enrolled, tested = (
        np.array([groups.get(names[0]) or groups.get(speaker_of(names[0]), "") for names in sides], dtype=np.str_)
        for sides in ([one.enrolment for one in outcome.compared], [one.test for one in outcome.compared])
    )
    by_group = {}
    for group in sorted(set(groups.values())):
        chosen = (enrolled == group) & (tested == group)
        by_group[group] = _rates(scored.where(chosen), llrs[chosen], threshold)
    return Report(
        encoder=calibration.encoder,
        rates=_rates(scored, llrs, threshold),
        trials=outcome.trials,
        min_dcf=curve(llrs, scored.genuine).min_dcf(),
        cllr=cllr(llrs, scored.genuine),
        threshold=threshold,
        fte=outcome.fte,
        fta=outcome.fta,
        skipped=len(outcome.problems),
        groups=by_group,
    )


def plot(outcome: Outcome, calibration: Calibration, threshold: float, path: Path) -> None:
    """Draw the DET curve and the histogram of both kinds of trials as an SVG file. Raises PlotMissing."""
    try:
        from matplotlib.figure import Figure  # heavy, and not part of the service
    except ImportError as error:
        raise PlotMissing from error
    llrs = calibration.log_likelihood_ratios(outcome.scored.scores, outcome.conditions)
    found = curve(llrs, outcome.scored.genuine)
    figure = Figure(figsize=(10, 5), layout="constrained")
    axes, beside = figure.subplots(1, 2)
    ticks = np.array([0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4])
    rates = (np.clip(rate, 1e-4, 1 - 1e-4) for rate in (found.fmr, found.fnmr))
    axes.plot(*(norm.ppf(rate) for rate in rates), drawstyle="steps-post")
    axes.set_xticks(norm.ppf(ticks), [f"{tick:.1%}" for tick in ticks])
    axes.set_yticks(norm.ppf(ticks), [f"{tick:.1%}" for tick in ticks])
    axes.set(xlabel="false match rate", ylabel="false non-match rate", title=f"EER {found.eer:.2%}")
    axes.set(xlim=norm.ppf([5e-4, 0.5]), ylim=norm.ppf([5e-4, 0.5]))
    axes.grid(visible=True, alpha=0.3)
    _histogram(beside, llrs, outcome.scored.genuine, threshold)
    figure.savefig(path, format="svg")


def _histogram(axes: Axes, llrs: Floats, genuine: NDArray[np.bool_], threshold: float) -> None:
    """Both kinds of trials by ratio, and the threshold between them."""
    bins = np.linspace(max(float(llrs.min()), -40.0), min(float(llrs.max()), 40.0), 60)
    for chosen, label in ((genuine, "same speaker"), (~genuine, "another speaker")):
        axes.hist(np.clip(llrs[chosen], bins[0], bins[-1]), bins=bins.tolist(), density=True, alpha=0.6, label=label)
    axes.axvline(threshold, color="black", linestyle="--", label=f"certified from {threshold:.2f}")
    axes.set(xlabel="natural-log likelihood ratio", ylabel="density of trials")
    axes.legend()


def _rates(scored: Scored, llrs: Floats, threshold: float) -> Rates:
    genuine, impostor = scored.genuine, ~scored.genuine
    rejected, accepted = llrs < threshold, llrs >= threshold
    both = bool(genuine.any() and impostor.any())

    def eer(weights: Floats) -> float:
        return curve(llrs, genuine, weights).eer

    return Rates(
        trials=len(llrs),
        targets=int(genuine.sum()),
        speakers=scored.speakers,
        eer=curve(llrs, genuine).eer if both else None,
        fmr=float(accepted[impostor].mean()) if impostor.any() else None,
        fnmr=float(rejected[genuine].mean()) if genuine.any() else None,
        ci95={
            "eer": speaker_bootstrap(scored, eer) if both else None,
            "fmr": rate_interval(scored, accepted, impostor) if impostor.any() else None,
            "fnmr": rate_interval(scored, rejected, genuine) if genuine.any() else None,
        },
    )


def _fields(rates: Rates) -> dict[str, object]:
    return {
        "trials": rates.trials,
        "targets": rates.targets,
        "speakers": rates.speakers,
        "eer": rates.eer,
        "fmr": rates.fmr,
        "fnmr": rates.fnmr,
        "ci95": {name: list(interval) if interval else None for name, interval in rates.ci95.items()},
    }


def _sentence(rates: Rates) -> str:
    def said(name: str, rate: float | None) -> str:
        interval = rates.ci95[name]
        if rate is None:
            return f"{name.upper()} –"
        return f"{name.upper()} {rate:.2%}" + (f" [{interval[0]:.2%}, {interval[1]:.2%}]" if interval else "")

    return ", ".join([said("eer", rates.eer), said("fmr", rates.fmr), said("fnmr", rates.fnmr)])
