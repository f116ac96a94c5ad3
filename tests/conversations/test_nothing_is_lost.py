"""Webhooks that repeat, come late or unsigned; lines that drop; workers that are killed."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest
from sqlalchemy import select

from certification.store import Call
from tests.conversations.speakers import Speaker
from tests.conversations.town import Town
from tests.conversations.walks import identified, talks, understood


def test_every_webhook_three_times_at_once_changes_nothing(town: Town, speaker: Speaker) -> None:
    mary = town.resident(voice=speaker)
    call = understood(mary, speaker.repeats, lambda: mary.phone.dial(repeats=3).repeat_webhooks(3, together=True))
    call.hears("result.certified|result.human").hears("goodbye", timeout_s=90).ended()
    assert len(town.assessments(mary)) == 1
    assert len(town.evidence(mary)) + len(town.cases(mary)) == 1
    assert not call.faults


def test_a_late_turn_gets_the_last_answer_and_moves_nothing(town: Town) -> None:
    mary = town.resident(pin="274913")
    call = mary.phone.dial().hears("menu.main").press("1").hears("who.tail")
    before = _turn(town, call.sid)
    answer = call.late(0)
    assert answer.status == 200
    assert answer.body == call.answers[-1].body
    assert _turn(town, call.sid) == before
    call.press(mary.tail).hears("pin.ask").hang_up().ended()


def test_an_unsigned_request_is_refused_and_journalled(town: Town) -> None:
    mary = town.resident(pin="274913")
    refused = town.journalled("unsigned request refused")
    call = town.switch.unsigned().phone(mary.phone.number).dial().ended()
    assert call.failure is not None
    assert _turn(town, call.sid) is None, "nothing of it was stored"
    _wait_until(lambda: town.journalled("unsigned request refused") > refused, "never journalled")


def test_a_dropped_call_is_taken_up_again_with_fresh_words(town: Town, speaker: Speaker) -> None:
    mary = town.resident(voice=speaker)
    first = identified(mary.phone.dial(), mary)
    first.repeats(speaker.repeats).hears("word.*").hang_up().ended()
    assert not town.assessments(mary)

    again = mary.phone.dial().hears("resume.welcome").hears("who.tail").press(mary.tail)
    if talks(again, speaker.repeats) != "assess.wait":
        again = understood(mary, speaker.repeats)
    again.hears("result.certified|result.human").ended()
    [assessment] = town.assessments(mary)
    calls = {recording.call_id for recording in town.recordings(assessment.recordings)}
    assert len(calls) == 1, "nothing that was heard in the first call counts in the second"


@pytest.mark.parametrize("another", [True, False], ids=["another takes over", "none for a while"])
def test_a_worker_killed_with_the_voice_in_its_hands(town: Town, speaker: Speaker, another: bool) -> None:
    mary = town.resident(voice=speaker)
    town.service.signal("worker", signal.SIGSTOP)  # what is handed to it now is taken from the queue and not done
    try:
        call = understood(mary, speaker.repeats)
        town.service.kill("worker")
        if another:
            town.service.start("worker")
        said = call.hears_first("result.certified", "result.human", "result.promise", timeout_s=90)
        call.ended()
    finally:
        if not another:
            town.service.start("worker")
    assert another or said == "result.promise"
    assert said != "result.promise" or "promised_result" in town.cases(mary)
    _wait_until(lambda: town.assessments(mary)[-1].state == "done", "never assessed")
    town.service.wait_until_ready()
    assert town.journal(mary).count("voice weighed") == 1, "assessed once, whatever died"
    assert town.certified(mary) or "voice_doubt" in town.cases(mary)


def test_a_lost_media_socket_is_asked_again(town: Town, speaker: Speaker) -> None:
    mary = town.resident(voice=speaker)
    call = identified(mary.phone.dial(), mary)
    call.hears("word.*").drop_socket()
    call.hears_first("word.*", "pin.ask")
    call.hang_up().ended()
    assert not town.assessments(mary)
    assert town.failures(mary) == 0


def _turn(town: Town, sid: str) -> int | None:
    with town.rt.sessions() as session:
        return session.scalars(select(Call.turn).where(Call.sid == sid)).one_or_none()


def _wait_until(true: Callable[[], bool], otherwise: str) -> None:
    for _ in range(120):
        if true():
            return
        time.sleep(0.5)
    raise AssertionError(otherwise)
