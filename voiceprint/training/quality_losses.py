"""What poor audio costs the comparison of voices: the ground for the limits of quality."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voiceprint.audio import Samples, decode_mulaw, encode_mulaw, telephone
from voiceprint.encoder import Encoder
from voiceprint.metrics import Floats, curve
from voiceprint.scoring import Template, enrol, score
from voiceprint.training.degrading import Ground, flattened, high_passed, low_passed
from voiceprint.training.trials import Spoken

Line = Callable[[Samples], Samples]
Table = dict[str, object]

MAX_FMR = 0.01
EDGES = (3400, 3300, 3200, 3100, 3000, 2800, 2400, 2000, 1600)  # Hz
BOTH_EDGES, HIGH_EDGES = (3200, 3000, 2800, 2400, 2000), (200, 250, 300, 400, 500)  # Hz
CLIPPED = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1)
STEPS = 1 + len(EDGES) + 2 * len(BOTH_EDGES) + len(HIGH_EDGES) + len(CLIPPED) - 1


@dataclass(frozen=True, slots=True)
class _Enrolled:
    """Templates over a clean line, every fourth test, and the score that 1 % of its impostors reach."""

    encoder: Encoder
    ground: Ground
    templates: Sequence[tuple[str, Template]]
    threshold: float

    @classmethod
    def of(cls, ground: Ground, encoder: Encoder) -> _Enrolled:
        templates = _templates(encoder, ground.enrolments, telephone)
        scores, genuine = cls(encoder, ground, templates, 0.0).scores(telephone, templates)
        impostors = np.sort(scores[~genuine])[::-1]
        threshold = float(np.nextafter(impostors[int(MAX_FMR * len(impostors))], np.inf))
        return cls(encoder, ground, templates, threshold)

    def against(self, line: Line, templates: Sequence[tuple[str, Template]] | None = None) -> dict[str, float]:
        """EER, and FNMR and FMR at the threshold, of the tests over a line."""
        scores, genuine = self.scores(line, templates or self.templates)
        return {
            "eer": round(curve(scores, genuine).eer, 4),
            "fnmr": round(float((scores[genuine] < self.threshold).mean()), 4),
            "fmr": round(float((scores[~genuine] >= self.threshold).mean()), 4),
        }

    def scores(self, line: Line, templates: Sequence[tuple[str, Template]]) -> tuple[Floats, NDArray[np.bool_]]:
        """Of every template against every test, and which are genuine."""
        heard = [(one.speaker, self.encoder.embed(line(one.samples))) for one in self.ground.few]
        pairs = [(score(template, test), a == b) for a, template in templates for b, test in heard]
        return np.array([one for one, _ in pairs]), np.array([same for _, same in pairs])


def losses(ground: Ground, encoder: Encoder, seen: Callable[[], object]) -> Table:
    """Errors at the threshold for 1 % FMR over a clean line, by the edges of the band and by the share clipped."""
    enrolled = _Enrolled.of(ground, encoder)
    whole = enrolled.against(telephone)
    seen()
    return {
        "trials": len(ground.few) * len(ground.enrolments),
        "threshold": round(enrolled.threshold, 4),
        "whole line": whole,
        **_narrow(enrolled, seen),
        **_flat(enrolled, seen),
    }


def _templates(encoder: Encoder, enrolments: Sequence[Spoken], line: Line) -> list[tuple[str, Template]]:
    return [(one.speaker, enrol(encoder, [line(piece) for piece in one.audio()])) for one in enrolments]


def _narrow(enrolled: _Enrolled, seen: Callable[[], object]) -> Table:
    def low(edge: int) -> Line:
        return lambda samples: _coded(low_passed(telephone(samples), edge))

    def high(edge: int) -> Line:
        return lambda samples: _coded(high_passed(telephone(samples), edge))

    found: Table = {}
    for edge in EDGES:
        found[f"test below {edge} Hz"] = enrolled.against(low(edge))
        seen()
    for edge in BOTH_EDGES:
        narrow = _templates(enrolled.encoder, enrolled.ground.enrolments[::3], low(edge))
        found[f"both below {edge} Hz"] = enrolled.against(low(edge), narrow)
        seen()
        found[f"enrolment below {edge} Hz"] = enrolled.against(telephone, narrow)
        seen()
    for edge in HIGH_EDGES:
        found[f"test above {edge} Hz"] = enrolled.against(high(edge))
        seen()
    return found


def _flat(enrolled: _Enrolled, seen: Callable[[], object]) -> Table:
    def clipped(share: float) -> Line:
        return lambda samples: _coded(flattened(telephone(samples), share) / np.float32(2))

    found: Table = {}
    for share in CLIPPED[1:]:
        found[f"test clipped {100 * share:g} %"] = enrolled.against(clipped(share))
        seen()
    return found


def _coded(samples: Samples) -> Samples:
    return decode_mulaw(encode_mulaw(samples))
