"""The joint decision."""

import pytest

from voiceprint.challenge import Outcome, Suspicion, judge
from voiceprint.quality import Reason


@pytest.mark.parametrize(
    ("words_right", "llr", "reasons", "outcome"),
    [
        (True, 3.0, (), Outcome.CERTIFY),
        (True, 2.0, (), Outcome.CERTIFY),
        (True, 1.9, (), Outcome.HUMAN),
        (True, -50.0, (), Outcome.HUMAN),
        (False, 3.0, (), Outcome.AGAIN),
        (True, 3.0, (Reason.TOO_SHORT,), Outcome.AGAIN),
        (True, float("nan"), (), Outcome.HUMAN),
    ],
)
def test_judge(words_right: bool, llr: float, reasons: tuple[Reason, ...], outcome: Outcome) -> None:
    assert judge(words_right, llr, 2.0, reasons) is outcome


@pytest.mark.parametrize("suspicion", Suspicion)
def test_under_a_suspicion_a_human_listens_and_nobody_is_refused(suspicion: Suspicion) -> None:
    assert judge(True, 9.0, 2.0, (), [suspicion]) is Outcome.HUMAN
    assert judge(True, -9.0, 2.0, (), [suspicion]) is Outcome.HUMAN
    assert judge(True, 9.0, 2.0, (Reason.TOO_SHORT,), [suspicion]) is Outcome.AGAIN
