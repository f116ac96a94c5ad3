"""Calls that are over: nobody who was cut off is forgotten, and a code that made no template is good again, once."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from certification import certifying, codes
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Person, Recording
from ops import jobs, schedule
from ops.voices import Bench
from tests.certification.conftest import Clock
from tests.certification.together import at_once
from tests.ivr.line.telephone import Telephone, Worker, line
from tests.ops.voices import SAME, Desk

IN_CHALLENGE = {"step": "challenge", "dialect": "mandarin"}


@pytest.fixture
def client(rt: Runtime) -> FlaskClient:
    """The line's routes."""
    return line(rt).test_client()


@pytest.fixture
def code(rt: Runtime, wu: Person) -> str:
    """The code that the desk gave Mr Wu."""
    with rt.sessions.begin() as session:
        return codes.issue(session, rt, session.get_one(Person, wu.id), "clerk")


def enrolling(rt: Runtime, client: FlaskClient, code: str, sid: str = "CA1") -> Telephone:
    """A call with the code, up to the voice being weighed."""
    phone = Telephone(rt, client, sid=sid).dial().press(code).press("1").repeats().repeats().repeats()
    assert phone.heard == ("enrol.wait",)
    return phone


def is_good(rt: Runtime, client: FlaskClient, code: str) -> bool:
    """Whether the line asks for the code, and takes it."""
    phone = Telephone(rt, client, sid=f"CA{rt.random.random()}").dial()
    return phone.heard[-1] == "enrol.code" and phone.press(code).heard == ("enrol.consent",)


def test_a_dropped_call_that_is_not_taken_up_is_a_humans(desk: Desk, rt: Runtime, clock: Clock) -> None:
    desk.call(state=IN_CHALLENGE, outcome="dropped", ended_at=rt.now())
    clock.forward(minutes=9)
    schedule.see_to_ended_calls(rt)
    assert desk.cases() == []
    clock.forward(minutes=2)
    schedule.see_to_ended_calls(rt)
    schedule.see_to_ended_calls(rt)
    assert desk.cases() == ["dropped"]
    clock.forward(days=3)
    schedule.see_to_ended_calls(rt)
    assert desk.cases() == ["dropped"]


def test_who_hung_up_before_the_voice_was_found_too_poor_is_seen_to(enrolled: Desk, rt: Runtime, clock: Clock) -> None:
    waiting = enrolled.call(state={**IN_CHALLENGE, "step": "assess"}, outcome="dropped", ended_at=rt.now())
    asked = enrolled.ask([SAME[0][:4000]], call=waiting)
    clock.forward(minutes=11)
    schedule.give_up_assessments(rt)
    schedule.see_to_ended_calls(rt)
    assert enrolled.cases() == [], "the voice is still to be weighed"
    jobs.assess(asked)
    assert enrolled.outcome(asked) == "again"
    schedule.see_to_ended_calls(rt)
    assert enrolled.cases() == ["dropped"]


@pytest.mark.parametrize("why", ["called again", "certified since", "in the menu", "a human has it"])
def test_a_dropped_call_that_needs_nobody_opens_no_case(enrolled: Desk, rt: Runtime, clock: Clock, why: str) -> None:
    step = "menu" if why == "in the menu" else "assess"
    dropped = enrolled.call(state={**IN_CHALLENGE, "step": step}, outcome="dropped", ended_at=rt.now())
    clock.forward(minutes=1)
    match why:
        case "called again":
            enrolled.call(state=IN_CHALLENGE)
        case "certified since":
            with rt.sessions.begin() as session:
                certifying.record(
                    session,
                    rt,
                    session.get_one(Person, enrolled.wu.id),
                    kind=Kind.VOICE,
                    strength=Strength.LIVE,
                    source="desk",
                    ref="test",
                    observed_at=rt.now(),
                    actor="clerk",
                )
        case "a human has it":
            asked = enrolled.ask([SAME[0]], call=dropped)
            with rt.sessions.begin() as session:
                session.delete(session.get_one(Recording, enrolled.assessment(asked).recordings[0]))
            jobs.assess(asked)
    before = enrolled.cases()
    clock.forward(minutes=10, seconds=30)
    schedule.see_to_ended_calls(rt)
    assert enrolled.cases() == before
    assert (before == ["voice_doubt"]) == (why == "a human has it")


@pytest.mark.parametrize("hours", [25, 24 * 30])
def test_nobody_is_forgotten_while_no_sweep_runs(desk: Desk, rt: Runtime, clock: Clock, hours: int) -> None:
    desk.call(state=IN_CHALLENGE, outcome="dropped", ended_at=rt.now())
    clock.forward(hours=hours)
    schedule.see_to_ended_calls(rt)
    assert desk.cases() == ["dropped"]


def test_each_call_is_seen_to_once_and_not_looked_at_again(desk: Desk, rt: Runtime, clock: Clock) -> None:
    for outcome in ("certified", "dropped", "informed"):
        desk.call(state={**IN_CHALLENGE, "step": "menu"}, outcome=outcome, ended_at=rt.now())
    assert schedule.see_to_ended_calls(rt) == 2, "the dropped one may still be taken up"
    clock.forward(minutes=11)
    assert schedule.see_to_ended_calls(rt) == 1
    assert schedule.see_to_ended_calls(rt) == 0


def test_whoever_hangs_up_before_the_voice_is_too_poor_keeps_the_code(
    desk: Desk, rt: Runtime, client: FlaskClient, code: str
) -> None:
    enrolling(rt, client, code).hangs_up()
    schedule.see_to_ended_calls(rt)
    assert not is_good(rt, client, code), "a template may come of it yet"
    Worker(rt).weighs("again")
    schedule.see_to_ended_calls(rt)
    assert desk.cases() == ["enrolment_unfinished"]
    assert is_good(rt, client, code)


def test_whoever_hangs_up_before_hearing_so_keeps_the_code(
    desk: Desk, rt: Runtime, client: FlaskClient, code: str
) -> None:
    phone = enrolling(rt, client, code)
    Worker(rt).weighs("again")
    schedule.see_to_ended_calls(rt)
    assert desk.cases() == [], "the call itself will say so"
    phone.hangs_up()
    schedule.see_to_ended_calls(rt)
    assert desk.cases() == ["enrolment_unfinished"]
    assert is_good(rt, client, code)


def test_a_code_is_given_back_once_and_not_after_it_made_a_template(
    desk: Desk, rt: Runtime, client: FlaskClient, code: str
) -> None:
    enrolling(rt, client, code).hangs_up()
    Worker(rt).weighs("again")
    at_once(4, lambda: schedule.see_to_ended_calls(rt))
    enrolling(rt, client, code, sid="CA2")
    Worker(rt).weighs("enrolled")
    schedule.see_to_ended_calls(rt)
    assert not is_good(rt, client, code)
    assert desk.cases() == ["enrolment_unfinished"]


def test_what_the_caller_heard_is_not_done_again(desk: Desk, rt: Runtime, client: FlaskClient, code: str) -> None:
    phone = enrolling(rt, client, code)
    Worker(rt).weighs("again")
    assert phone.waits().heard[0] == "enrol.poor"
    phone.hangs_up()
    enrolling(rt, client, code, sid="CA2")
    schedule.see_to_ended_calls(rt)
    assert not is_good(rt, client, code), "the second call uses it"
    assert desk.cases() == []


def test_whoever_hangs_up_in_the_second_round_keeps_the_code(
    desk: Desk, rt: Runtime, client: FlaskClient, code: str, clock: Clock
) -> None:
    phone = enrolling(rt, client, code)
    Worker(rt).weighs("again")
    phone.waits()
    clock.forward(seconds=20)
    assert phone.repeats().repeats().repeats().heard == ("enrol.wait",)
    phone.hangs_up()
    Worker(rt).weighs("again")
    schedule.see_to_ended_calls(rt)
    assert desk.cases() == ["enrolment_unfinished"]
    assert is_good(rt, client, code)


def test_who_was_promised_the_result_keeps_the_code_and_one_case(
    desk: Desk, rt: Runtime, client: FlaskClient, code: str, clock: Clock
) -> None:
    phone = enrolling(rt, client, code)
    clock.forward(seconds=26)
    assert "result.promise" in phone.waits().heard
    phone.hangs_up()
    Worker(rt).weighs("again")
    schedule.see_to_ended_calls(rt)
    assert desk.cases() == ["promised_result"]
    assert is_good(rt, client, code)


def test_who_was_enrolled_since_needs_nobody(
    desk: Desk, rt: Runtime, client: FlaskClient, code: str, clock: Clock, bench: Bench
) -> None:
    enrolling(rt, client, code).hangs_up()
    Worker(rt).weighs("again")
    clock.forward(minutes=1)
    desk.enrol(bench)
    schedule.see_to_ended_calls(rt)
    assert desk.cases() == []
