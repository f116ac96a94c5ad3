"""Where the ratios of many known calls lie, by the person and by somebody else, so that one can be seen among them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceprint.calibration import Calibration
from voiceprint.encoder import MODEL
from voiceprint.metrics import Floats

SHIPPED = MODEL / "distribution.json"
LOWEST, WIDTH, BINS = -30.0, 0.5, 120  # natural-log likelihood ratios; what lies beyond is counted at the ends


class DistributionMissing(LookupError):
    """There is no distribution that belongs to this calibration."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} 不属于现用的校准，请运行 stillhere voiceprint figures --group reporting --distribution {path}。"
            f"{path} does not belong to the calibration in use: run `stillhere voiceprint figures --group reporting "
            f"--distribution {path}`."
        )


@dataclass(frozen=True, slots=True)
class Distribution:
    """Histograms of natural-log likelihood ratios of known calls, fitted by one calibration.

    `genuine`, `impostor`: how many ratios fell into each bin of `width` from `lowest` up. `speakers`: of how many
    people they are; `words`: how many a call had. `slope`, `offset`, `encoder`, `cohort`: of the calibration.
    """

    encoder: str
    cohort: str
    slope: tuple[float, ...]
    offset: tuple[float, ...]
    speakers: int
    words: int
    lowest: float
    width: float
    genuine: tuple[int, ...]
    impostor: tuple[int, ...]

    def belongs_to(self, calibration: Calibration) -> bool:
        """Whether ratios of this calibration may be looked for in it."""
        mine = (self.encoder, self.cohort, self.slope, self.offset)
        return mine == (calibration.encoder, calibration.cohort, calibration.slope, calibration.offset)

    def genuine_below(self, llr: float) -> float:
        """The share of the calls by the person whose ratio is lower than this one."""
        return self._below(self.genuine, llr)

    def impostors_from(self, llr: float) -> float:
        """The share of the calls by somebody else whose ratio is as high as this one, or higher."""
        return 1 - self._below(self.impostor, llr)

    def _below(self, counts: Sequence[int], llr: float) -> float:
        up_to = np.concatenate([[0], np.cumsum(counts)]) / sum(counts)
        edges = self.lowest + self.width * np.arange(len(up_to))
        return float(np.interp(llr, edges, up_to))

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")


def of(
    calibration: Calibration, llrs: Floats, genuine: NDArray[np.bool_], *, speakers: int, words: int
) -> Distribution:
    """Count the ratios of trials, shape (trials,), by who spoke."""
    edges = LOWEST + WIDTH * np.arange(BINS + 1)
    inside = np.clip(llrs, edges[0], np.nextafter(edges[-1], -np.inf))
    own, others = (np.histogram(inside[chosen], edges)[0] for chosen in (genuine, ~genuine))
    return Distribution(
        calibration.encoder,
        calibration.cohort,
        calibration.slope,
        calibration.offset,
        speakers,
        words,
        LOWEST,
        WIDTH,
        tuple(map(int, own)),
        tuple(map(int, others)),
    )


def load(path: Path = SHIPPED) -> Distribution:
    """The distribution kept in `path`. Raises DistributionMissing when absent or damaged."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        series = {name: tuple(fields[name]) for name in ("slope", "offset", "genuine", "impostor")}
        found = Distribution(**{**fields, **series})
        sound = min(sum(found.genuine), sum(found.impostor)) > 0 and len(found.genuine) == len(found.impostor)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DistributionMissing(path) from error
    if not sound:
        raise DistributionMissing(path)
    return found
