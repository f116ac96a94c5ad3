"""Known cases of the voices that came along: as a call and an enrolment are, each over another line."""

from __future__ import annotations

from itertools import islice
from random import Random

import numpy as np

from ivr.dialects import HOME
from ivr.scripts.certify import CERTIFY
from ivr.scripts.enrol import ENROL
from ivr.steps import Speak
from ops import shipped
from voiceprint import audio, quality
from voiceprint.quality import Use


def test_no_two_sound_alike_and_all_are_good_enough_to_be_judged() -> None:
    made = list(islice(shipped.pairs(Random(5)), 12))
    clips = [clip for pair in made for clip in (*pair.enrolled, *pair.attempt)]
    assert len({clip.audio for clip in clips}) == len(clips)
    for pair in made:
        for side, use in ((pair.enrolled, Use.ENROLMENT), (pair.attempt, Use.TEST)):
            heard = [quality.measure(audio.decode_mulaw(clip.audio)) for clip in side]
            assert not [reason for one in heard for reason in quality.reasons(one, use)]
    heard = [quality.measure(audio.decode_mulaw(clip.audio)) for clip in clips]
    for spread, least in (([one.level_dbfs for one in heard], 10), ([one.snr_db for one in heard], 12)):
        assert float(np.ptp(spread)) > least, "levels and noise differ from line to line"
    assert {pair.same for pair in made} == {True, False} and {pair.dialect for pair in made} == {HOME}


def test_there_are_as_many_recordings_of_as_many_words_as_the_line_asks_for() -> None:
    asked = [step.challenge for script in (ENROL, CERTIFY) for step in script.values() if isinstance(step, Speak)]
    groups = {(one.groups, one.words) for one in asked if one is not None}
    assert {shipped.ENROLMENT, shipped.CALL} <= groups
    [pair] = islice(shipped.pairs(Random(1)), 1)
    for side, (count, words) in ((pair.enrolled, shipped.ENROLMENT), (pair.attempt, shipped.CALL)):
        assert [len(set(clip.words)) for clip in side] == [words] * count
