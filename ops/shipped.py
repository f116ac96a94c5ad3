"""Pairs of the two voices that came along, for known cases: each call over a line of its own."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np

from certification.knowncases import Clip, Pair
from ivr.dialects import HOME
from ivr.speech.vocabulary import challenge_words
from ops.demo.callers import SHIPPED, Caller
from voiceprint import audio, quality
from voiceprint.audio import Samples
from voiceprint.quality import Use
from voiceprint.training.channel import Channel

ENROLMENT, CALL = (3, 4), (2, 3)
"""Recordings of an enrolment and of a call, and words in each, as the line asks for them (ivr.scripts)."""
TRIES = 20
"""Lines that are drawn until one is good enough, as a poor one is asked for again; then a clean one is taken."""
_GROUND = 60  # seconds of noise to draw from


def pairs(random: Random) -> Iterator[Pair]:
    """Pairs without end: which of the voices is enrolled, who calls, what they say and over which line, is drawn."""
    rng = np.random.default_rng(random.getrandbits(64))
    white = rng.standard_normal(_GROUND * audio.SAMPLE_RATE).astype(np.float32)
    line = Channel((white,), (np.ones(1, np.float32),))
    while True:
        voices = [Caller(SHIPPED / name, random) for name in ("caller", "impostor")]
        own, caller = random.randrange(2), random.randrange(2)
        enrolled = _side(voices[own], ENROLMENT, Use.ENROLMENT, line, random)
        yield Pair(own == caller, enrolled, _side(voices[caller], CALL, Use.TEST, line, random), HOME)


def _side(voice: Caller, asked: tuple[int, int], use: Use, line: Channel, random: Random) -> list[Clip]:
    """The recordings of one call: different words, one line."""
    (count, words), known = asked, challenge_words()
    drawn = [random.sample(sorted(known), words) for _ in range(count)]
    said = [voice.repeats([f"word.{name}" for name in some]) for some in drawn]
    return [
        Clip("+".join(some), audio.encode_mulaw(samples), tuple(known[name] for name in some))
        for some, samples in zip(drawn, _sent(said, use, line, random), strict=True)
    ]


def _sent(said: list[Samples], use: Use, line: Channel, random: Random) -> list[Samples]:
    """What comes of it over a line: its band, noise, level and codec; good enough to be judged."""
    ends = np.cumsum([len(one) for one in said])[:-1]
    for _ in range(TRIES):
        heard = line(np.concatenate(said), np.random.default_rng(random.getrandbits(64)))
        sent: list[Samples] = np.split(heard, ends)
        if not any(quality.reasons(quality.measure(one), use) for one in sent):
            return sent
    return [audio.telephone(one) for one in said]
