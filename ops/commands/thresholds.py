"""What the desk is told of a person's own threshold, whether or not their region uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from certification.keys import SealBroken
from certification.regions import VoiceRules
from certification.runtime import Runtime
from certification.store import VoiceTemplate
from ops import personal
from voiceprint import comparing
from voiceprint.ageing import Call
from voiceprint.personal import PersonalThreshold, Why
from voiceprint.vault import TemplateUnreadable

PLAINLY = {
    Why.FEW_CALLS: "来电还少，与通用门限相同 few calls yet, the same as everybody's",
    Why.FITS: "很少被拒，与通用门限相同 seldom rejected, the same as everybody's",
    Why.COHORT: "再低会放进别人，与通用门限相同 lower would let others in, the same as everybody's",
    Why.LOWERED: "常被拒而人工确认是本人，调低 often rejected and known by a human, lowered",
    Why.RAISED: "与很多人相像，调高 resembled by too many, raised",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The threshold `shipped` to everybody, the person's `own`, and whether the region uses that.

    `own`: None where the template cannot be read.
    """

    shipped: float
    own: PersonalThreshold | None
    used: bool

    @property
    def holds(self) -> float:
        """The one that calls are held against."""
        return self.own.llr if self.used and self.own is not None else self.shipped

    @property
    def facts(self) -> dict[str, Any]:
        """For a program."""
        own = None if self.own is None else {"llr": round(self.own.llr, 3), **personal.facts(self.own, self.shipped)}
        return {"own_threshold": own, "personal": self.used}

    @property
    def sentence(self) -> str:
        """The same in words."""
        if self.own is None:
            return "声纹无法读取，算不出本人的门限 the voiceprint cannot be read: no threshold of their own"
        unused = "" if self.used else "；本地区不启用 not used in this region"
        both = f"{self.own.llr:.2f}（通用 everybody's: {self.shipped:.2f}）"
        return f"本人的门限 a threshold of their own: {both}{PLAINLY[self.own.why]}{unused}"


def standing(rt: Runtime, rules: VoiceRules, template: VoiceTemplate, calls: Sequence[Call]) -> Standing:
    """Work it out. Raises CohortMissing, CalibrationMissing, ThresholdUnsupported."""
    from ops.voices import open_template

    strangers, fitted = comparing.fitted(template.encoder, *comparing.own(rt.settings.voiceprint_models))
    try:
        own = personal.threshold(strangers, fitted, rules, open_template(rt, template), calls)
    except (SealBroken, TemplateUnreadable):
        own = None
    return Standing(personal.shipped(fitted, rules), own, rules.personal)
