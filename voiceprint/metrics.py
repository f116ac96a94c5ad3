"""Error rates of verification scores: EER, minDCF, Cllr, DET points, intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


def det_points(targets: Scores, impostors: Scores) -> tuple[Scores, Scores]:
    """FMR and FNMR at every threshold "accept from here up", the thresholds being the scores, falling.

    Returns two arrays of the same length that begin at (0, 1) and end at (1, 0).
    """
    scores = np.concatenate([targets, impostors])
    same = np.concatenate([np.ones(len(targets)), np.zeros(len(impostors))])
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    accepted_targets = np.cumsum(same[order])[last_of_ties]
    accepted_impostors = np.cumsum(1 - same[order])[last_of_ties]
    fmr = np.concatenate([[0.0], accepted_impostors / len(impostors)])
    fnmr = np.concatenate([[1.0], 1 - accepted_targets / len(targets)])
    return fmr, fnmr


def equal_error_rate(targets: Scores, impostors: Scores) -> float:
    """The rate where FMR and FNMR cross, between the two points of the DET curve beside the crossing."""
    fmr, fnmr = det_points(targets, impostors)
    after = int(np.argmax(fmr >= fnmr))
    gap_before, gap_after = fnmr[after - 1] - fmr[after - 1], fmr[after] - fnmr[after]
    share = gap_before / (gap_before + gap_after)
    return float(fmr[after - 1] + share * (fmr[after] - fmr[after - 1]))
