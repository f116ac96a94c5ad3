"""Calls of one person weighed at the same moment: each knows the other, as if they had come one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Barrier

import pytest

from certification.regions import VoiceRules
from certification.runtime import Runtime
from certification.store import Assessment, VoiceTemplate
from ops import jobs, known
from ops.concluding import conclude
from ops.judging import NO_END, Verdict
from ops.known import Known
from ops.voices import Bench, Weighed
from tests.certification.together import at_once
from tests.ops.voices import OTHER, SAME, Desk
from voiceprint import audio
from voiceprint.audio import Samples
from voiceprint.fingerprint import listen


@dataclass(frozen=True, slots=True)
class Meeting(Bench):
    """A bench at which the first two voices are both weighed before either is written down."""

    barrier: Barrier
    first: Iterator[int]

    def weigh(self, sealed: VoiceTemplate, turns: Sequence[Samples], rules: VoiceRules, known: Known) -> Weighed:
        weighed = Bench.weigh(self, sealed, turns, rules, known)
        if next(self.first, None) is not None:
            self.barrier.wait(60)
        return weighed


@dataclass(frozen=True, slots=True)
class Overtaking(Bench):
    """A bench at which, whenever a voice was weighed, one of these assessments is remembered, as by another worker."""

    others: Iterator[Assessment]
    weighed: list[frozenset[str]]

    def weigh(self, sealed: VoiceTemplate, turns: Sequence[Samples], rules: VoiceRules, known: Known) -> Weighed:
        weighed = Bench.weigh(self, sealed, turns, rules, known)
        self.weighed.append(known.remembered)
        if (other := next(self.others, None)) is not None:
            remember(self.rt, other)
        return weighed


def remember(rt: Runtime, assessment: Assessment) -> None:
    with rt.sessions.begin() as session:
        known.keep(session, rt, assessment, listen(audio.decode_mulaw(OTHER[0])).fingerprint)


def overtaking(bench: Bench, desk: Desk, asked: Sequence[str]) -> Overtaking:
    others = iter([desk.assessment(one) for one in asked])
    overtaking = Overtaking(bench.rt, bench.comparer, bench.countermeasure, others, [])
    jobs.use(overtaking)
    return overtaking


@pytest.mark.parametrize(
    ("purpose", "outcomes", "cases"),
    [
        ("certify", ["certified", "human"], ["voice_doubt"]),
        ("confirm", ["confirmed", "differ"], ["confirmation_differs"]),
    ],
)
def test_one_recording_in_two_calls_at_once_does_only_once(
    enrolled: Desk, bench: Bench, purpose: str, outcomes: list[str], cases: list[str]
) -> None:
    jobs.use(Meeting(bench.rt, bench.comparer, bench.countermeasure, Barrier(2), iter(range(2))))
    both = [enrolled.ask(SAME, purpose) for _ in range(2)]
    waiting = iter(both)
    at_once(2, lambda: jobs.assess(next(waiting)))
    assert sorted(str(enrolled.outcome(one)) for one in both) == outcomes
    first, second = sorted(both, key=lambda one: str(enrolled.outcome(one)))
    assert enrolled.assessment(second).detail["suspicions"]["replay"]["of"] == [first]
    assert (enrolled.evidence(), enrolled.cases()) == (int(purpose == "certify"), cases)


def test_different_calls_at_once_both_count(enrolled: Desk, bench: Bench) -> None:
    jobs.use(Meeting(bench.rt, bench.comparer, bench.countermeasure, Barrier(2), iter(range(2))))
    both = [enrolled.ask(turns) for turns in (SAME, OTHER)]
    waiting = iter(both)
    at_once(2, lambda: jobs.assess(next(waiting)))
    assert [enrolled.outcome(one) for one in both] == ["certified", "human"]
    assert not [one for one in both if "replay" in enrolled.assessment(one).detail["suspicions"]]


def test_a_call_that_was_overtaken_is_held_against_what_came_before(enrolled: Desk, bench: Bench) -> None:
    asked, other = enrolled.ask(SAME), enrolled.ask(OTHER)
    bench = overtaking(bench, enrolled, [other])
    jobs.assess(asked)
    assert bench.weighed == [frozenset(), {other}]
    assert enrolled.outcome(asked) == "certified"


def test_what_is_remembered_of_a_call_itself_does_not_overtake_it(enrolled: Desk, bench: Bench) -> None:
    asked = enrolled.ask(SAME)
    bench = overtaking(bench, enrolled, [asked])
    jobs.assess(asked)
    assert len(bench.weighed) == 1
    assert enrolled.outcome(asked) == "certified"


@pytest.mark.parametrize("then", ["weighed", "given up"])
def test_what_is_overtaken_again_and_again_waits_and_is_not_lost(
    enrolled: Desk, bench: Bench, rt: Runtime, then: str
) -> None:
    asked = enrolled.ask(SAME)
    busy = overtaking(bench, enrolled, [enrolled.ask(OTHER) for _ in range(jobs.ROUNDS)])
    jobs.assess(asked)
    assert len(busy.weighed) == jobs.ROUNDS
    waits = enrolled.assessment(asked)
    assert (waits.state, waits.outcome, waits.done_at) == ("pending", None, None)
    assert len(waits.detail["begun"]) == 1, "it was no fault of its own"
    assert (enrolled.evidence(), enrolled.failures(), enrolled.cases()) == (0, 0, [])
    if then == "weighed":
        jobs.assess(asked)
        assert enrolled.outcome(asked) == "certified"
    else:
        with rt.sessions.begin() as session:
            assert conclude(session, rt, waits, Verdict.unweighable(waits.purpose, NO_END), actor="schedule")
        assert (enrolled.outcome(asked), enrolled.failures(), enrolled.cases()) == ("human", 0, ["voice_doubt"])
