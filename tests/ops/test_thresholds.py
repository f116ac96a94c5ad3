"""What `voice show` says of a person's own threshold."""

from __future__ import annotations

import pytest

from ops.commands.thresholds import PLAINLY, Standing
from voiceprint.personal import PersonalThreshold, Why

OWN = PersonalThreshold(0.4, Why.LOWERED, calls=9, days=8, rejected=6, weight=0.6, voices=564, fmr=0.002)


def test_every_reason_has_a_sentence() -> None:
    assert {*PLAINLY} == {*Why}


@pytest.mark.parametrize(
    ("standing", "holds", "said"),
    [
        (Standing(1.0, OWN, used=True), 0.4, "lowered"),
        (Standing(1.0, OWN, used=False), 1.0, "not used in this region"),
        (Standing(1.0, None, used=True), 1.0, "cannot be read: no threshold of their own"),
    ],
    ids=["used", "not used", "unreadable"],
)
def test_what_holds_is_said(standing: Standing, holds: float, said: str) -> None:
    assert standing.holds == holds
    assert standing.sentence.endswith(said)
    assert (standing.facts["own_threshold"] is None) == (standing.own is None)
