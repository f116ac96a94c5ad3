"""Pairs of the two voices that came along, for known cases."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from certification.knowncases import Clip, Pair
from ivr.speech.vocabulary import challenge_words
from ops.demo.callers import SHIPPED, Caller
from voiceprint import audio

SAMPLES, WORDS = 3, 4  # recordings of an enrolment, and words in each


def pairs(random: Random) -> Iterator[Pair]:
    """Pairs without end: which of the voices is enrolled, and who calls, is drawn."""
    voices = [Caller(SHIPPED / name) for name in ("caller", "impostor")]
    words = challenge_words()

    def said(voice: Caller) -> Clip:
        drawn = random.sample(sorted(words), WORDS)
        samples = audio.telephone(voice.repeats([f"word.{name}" for name in drawn]))
        return Clip("+".join(drawn), audio.encode_mulaw(samples), tuple(words[name] for name in drawn))

    while True:
        own, caller = random.randrange(2), random.randrange(2)
        yield Pair(own == caller, [said(voices[own]) for _ in range(SAMPLES)], [said(voices[caller])])
