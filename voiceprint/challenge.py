"""What follows from a spoken challenge: the words, the voice and the quality of the recording taken together."""

from __future__ import annotations

from enum import StrEnum

from voiceprint.quality import Reason


class Outcome(StrEnum):
    """Certified; a person looks at it; or the caller is asked again. A machine never refuses anybody."""

    CERTIFY = "certify"
    HUMAN = "human"
    AGAIN = "again"


def judge(words_right: bool, llr: float, threshold_llr: float, reasons: tuple[Reason, ...]) -> Outcome:
    """Decide on one challenge.

    `llr` and `threshold_llr` are natural-log likelihood ratios; at the threshold counts as above it. A recording too
    poor to judge, or wrong words, are asked for again: how often is the caller's script to say.
    """
    if reasons or not words_right:
        return Outcome.AGAIN
    return Outcome.CERTIFY if llr >= threshold_llr else Outcome.HUMAN
