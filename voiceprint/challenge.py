"""What follows from a spoken challenge: words, voice, quality of the recording and suspicions taken together."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from voiceprint.quality import Reason


class Outcome(StrEnum):
    """Certified; a person looks at it; or the caller is asked again. A machine never refuses anybody."""

    CERTIFY = "certify"
    HUMAN = "human"
    AGAIN = "again"


class Suspicion(StrEnum):
    """Why a human listens to a voice that would do."""

    REPLAY = "replay"  # an earlier recording, or stretches of some
    REPEATS = "repeats"  # one recording twice within the call
    SYNTHETIC = "synthetic"  # perhaps no human voice
    HOUSEHOLD = "household"  # somebody at home fits better
    SEVERAL_VOICES = "several_voices"  # somebody else seems to say one of the turns


def judge(
    words_right: bool,
    llr: float,
    threshold_llr: float,
    reasons: Sequence[Reason],
    suspicions: Sequence[Suspicion] = (),
) -> Outcome:
    """Decide on one challenge.

    `llr` and `threshold_llr` are natural-log likelihood ratios; at the threshold counts as above it. A recording too
    poor to judge, or wrong words, are asked for again: how often is the caller's script to say. Under a suspicion no
    voice certifies by itself.
    """
    if reasons or not words_right:
        return Outcome.AGAIN
    return Outcome.CERTIFY if llr >= threshold_llr and not suspicions else Outcome.HUMAN
