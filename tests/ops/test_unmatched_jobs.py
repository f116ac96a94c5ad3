"""A voice that did not match, kept and compared by the worker: one more case, and nobody refused by it."""

from __future__ import annotations

import pytest

from certification import people
from certification.runtime import Runtime
from ops import jobs
from ops.concluding import conclude
from ops.judging import gather, judge
from ops.voices import Bench
from tests.ops.unmatched import found, named, number, phone_of
from tests.ops.voices import SAME, Desk, says


def enrolled_as(rt: Runtime, bench: Bench, one: int) -> Desk:
    """The desk of somebody whose voice is the demonstration's caller's."""
    with rt.sessions.begin() as session:
        person = people.add(session, rt, id_number=number(one), name=f"吴{one}", region="kunming", phone=phone_of(one))
    desk = Desk(rt, person)
    desk.enrol(bench)
    return desk


def test_an_impostor_who_calls_for_three_is_one_more_case_and_refuses_nobody(bench: Bench, rt: Runtime) -> None:
    desks = [enrolled_as(rt, bench, one) for one in range(3)]
    asked = [desk.ask([says("impostor", 3, first), says("impostor", 3, first + 3)]) for first, desk in enumerate(desks)]
    for identifier in (*asked, asked[-1]):
        jobs.assess(identifier)
    for desk, identifier in zip(desks, asked, strict=True):
        assert (desk.outcome(identifier), desk.failures(), desk.cases()) == ("human", 1, ["voice_doubt"])
    [case] = found(rt)
    assert named(rt, case) == {desk.wu.id for desk in desks}
    certifying = desks[0].ask(SAME)
    jobs.assess(certifying)
    assert desks[0].outcome(certifying) == "certified", "the person themselves"
    assert desks[0].assessment(certifying).voice_sealed is None


def test_a_worker_killed_before_it_compared_does_so_when_the_job_comes_again(bench: Bench, rt: Runtime) -> None:
    desks = [enrolled_as(rt, bench, one) for one in range(3)]
    asked = [desk.ask([says("impostor", 3, first), says("impostor", 3, first + 3)]) for first, desk in enumerate(desks)]
    for identifier in asked:
        jobs._weigh(bench, identifier)
    assert found(rt) == []
    jobs.assess(asked[1])
    assert len(found(rt)) == 1


@pytest.mark.parametrize("meanwhile", [True, False], ids=["taken back", "stands"])
def test_a_consent_taken_back_while_it_was_weighed_keeps_no_voice(bench: Bench, rt: Runtime, meanwhile: bool) -> None:
    desk = enrolled_as(rt, bench, 0)
    asked = desk.assessment(desk.ask([says("impostor", 3), says("impostor", 3, 3)]))
    with rt.sessions() as session:
        verdict = judge(bench, gather(session, rt, asked))
    if meanwhile:
        desk.disagrees()
    with rt.sessions.begin() as session:
        conclude(session, rt, asked, verdict)
    assert (desk.assessment(asked.id).voice_sealed is None) == meanwhile


@pytest.mark.parametrize("why", ["poor", "no consent", "matched", "played again"])
def test_whose_voice_is_not_kept(bench: Bench, rt: Runtime, why: str) -> None:
    desk = enrolled_as(rt, bench, 0)
    others = [says("impostor", 3), says("impostor", 3, 3)]
    turns = {"poor": [others[0][:4000]], "no consent": others}.get(why, SAME)
    if why == "played again":
        jobs.assess(desk.ask(SAME))
    asked = desk.ask(turns)
    if why == "no consent":
        desk.disagrees()
    jobs.assess(asked)
    assert desk.outcome(asked) == {"poor": "again", "matched": "certified"}.get(why, "human")
    assert desk.assessment(asked).voice_sealed is None
