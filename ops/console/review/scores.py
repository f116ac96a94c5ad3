"""Where the likeness of one call lies among those of many known calls, by the person and by somebody else."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from certification.runtime import Runtime
from voiceprint import calibration, distribution
from voiceprint.calibration import CalibrationMissing
from voiceprint.comparing import own
from voiceprint.distribution import Distribution, DistributionMissing
from voiceprint.encoder import of_ones_own

logger = logging.getLogger(__name__)

WIDTH, HEIGHT = 720, 250
_TOP, _GROUND, _BESIDE = 46, 214, 12  # of the picture: where the highest point, and where nothing, is
_NEAR_EDGE = 80
_ROOM = 2.0  # of the ratio, beyond what is shown


@dataclass(frozen=True, slots=True)
class Mark:
    """A ratio, and how many of known calls lie beyond it, as shares; `x`: where it is in the picture."""

    llr: float
    genuine_below: float
    impostors_from: float
    x: float

    @property
    def anchor(self) -> str:
        """On which side of the mark its name stands, so that it stays inside."""
        return "start" if self.x < _NEAR_EDGE else "end" if self.x > WIDTH - _NEAR_EDGE else "middle"


@dataclass(frozen=True, slots=True)
class Place:
    """The picture's outlines as points, and its marks: the call, and from where on a voice certifies by itself."""

    call: Mark
    certify: Mark | None
    genuine: str
    impostor: str
    genuine_x: float
    impostor_x: float
    ticks: list[tuple[float, int]]
    speakers: int
    words: int
    genuine_calls: int
    impostor_calls: int


def place(rt: Runtime, numbers: Mapping[str, float]) -> Place | None:
    """Where a call lies whose numbers these are; None where nothing was weighed or no known calls are there to say."""
    known = None if "llr" not in numbers else _known(rt)
    if known is None:
        return None
    llr, certify = numbers["llr"], numbers.get("threshold")
    first, last = _range(known, [llr, *([] if certify is None else [certify])])

    def x(ratio: float) -> float:
        share = (min(max(ratio, first), last) - first) / (last - first)
        return round(_BESIDE + share * (WIDTH - 2 * _BESIDE), 1)

    def mark(ratio: float) -> Mark:
        return Mark(ratio, known.genuine_below(ratio), known.impostors_from(ratio), x(ratio))

    middles = known.lowest + known.width * (np.arange(len(known.genuine)) + 0.5)
    return Place(
        call=mark(llr),
        certify=None if certify is None else mark(certify),
        genuine=_outline(known.genuine, [x(one) for one in middles]),
        impostor=_outline(known.impostor, [x(one) for one in middles]),
        genuine_x=x(float(middles[int(np.argmax(known.genuine))])),
        impostor_x=x(float(middles[int(np.argmax(known.impostor))])),
        ticks=[(x(one), one) for one in range(-40, 41, 5) if first <= one <= last],
        speakers=known.speakers,
        words=known.words,
        genuine_calls=sum(known.genuine),
        impostor_calls=sum(known.impostor),
    )


def _known(rt: Runtime) -> Distribution | None:
    """The known calls of the calibration in use; None, said in the log, where there are none for it."""
    models = rt.settings.voiceprint_models
    path = of_ones_own(models, distribution.SHIPPED)
    try:
        found = distribution.load(path)
        fits = found.belongs_to(calibration.load(found.encoder, found.cohort, own(models)[1]))
    except (DistributionMissing, CalibrationMissing) as error:
        logger.warning("no likeness is shown among known calls: %s", error)
        return None
    return found if fits else None


def _range(known: Distribution, marks: Sequence[float]) -> tuple[float, float]:
    """From where to where the picture goes: known calls and these ratios, nothing beyond the known bins."""
    taken = np.flatnonzero(np.array(known.genuine) + np.array(known.impostor))
    first, last = (known.lowest + known.width * one for one in (taken[0], taken[-1] + 1))
    most = known.lowest + known.width * len(known.genuine)
    inside = [min(max(one, known.lowest), most) for one in marks]
    return float(min(first, *inside)) - _ROOM, float(max(last, *inside)) + _ROOM


def _outline(counts: Sequence[int], xs: Sequence[float]) -> str:
    """A histogram as the points of a polygon, the fullest bin at the top."""
    highest = max(counts)
    taken = np.flatnonzero(counts)
    shown = range(max(taken[0] - 1, 0), min(taken[-1] + 2, len(counts)))
    points = [(xs[n], round(_GROUND - (_GROUND - _TOP) * counts[n] / highest, 1)) for n in shown]
    around = [(points[0][0], _GROUND), *points, (points[-1][0], _GROUND)]
    return " ".join(f"{x},{y}" for x, y in around)
