"""The sweep: what is lost is found, what is over is ended, and one duty that cannot be done stops no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from redis import Redis
from rq import Queue as RedisQueue
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from certification import consent, erasure, people
from certification.runtime import Runtime
from certification.store import Assessment, Call, Case, JournalEntry, Person, Recording
from ops import jobs, schedule
from ops.embedded import redis_server
from ops.queue import QUEUE, SERIALIZER
from ops.voices import Bench
from tests.certification.away import FailingOnce
from tests.certification.conftest import Clock, Queue
from tests.certification.numbers import resident_number
from tests.ops.voices import SAME, Breaking, Desk, bench_of

IN_CHALLENGE = {"step": "challenge", "dialect": "mandarin"}


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of our own."""
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def rt(rt: Runtime, redis_url: str) -> Runtime:
    """The runtime, with a Redis that is there and empty."""
    Redis.from_url(redis_url).flushall()
    return replace(rt, settings=replace(rt.settings, redis_url=redis_url))


class Broken:
    """A queue with a mistake in it."""

    def __call__(self, job: str, identifier: str) -> None:
        raise ZeroDivisionError(f"{job}({identifier})")


def journalled(rt: Runtime, action: str) -> list[str]:
    """The details of the entries of this action."""
    with rt.sessions() as session:
        entries = select(JournalEntry.detail).where(JournalEntry.action == action)
        return list(session.scalars(entries.order_by(JournalEntry.seq)))


def call_of(rt: Runtime, identifier: str) -> Call:
    with rt.sessions() as session:
        return session.get_one(Call, identifier)


def test_what_no_queue_holds_is_queued_again(desk: Desk, rt: Runtime, clock: Clock, queue: Queue) -> None:
    lost, queued, fresh = desk.ask([]), desk.ask([]), None
    RedisQueue(QUEUE, connection=Redis.from_url(rt.settings.redis_url), serializer=SERIALIZER).enqueue_call(
        "ops.jobs.assess", args=(queued,)
    )
    clock.forward(seconds=11)
    fresh = desk.ask([])
    schedule.sweep(rt)
    assert queue.jobs == [("ops.jobs.assess", lost)], f"{queued} waits behind another, {fresh} is on its way"


@pytest.mark.parametrize("serializer", [SERIALIZER, "pickle"])
def test_a_job_of_somebody_elses_stops_nothing(
    desk: Desk, rt: Runtime, clock: Clock, queue: Queue, serializer: str
) -> None:
    asked = desk.ask([])
    theirs = RedisQueue(QUEUE, connection=Redis.from_url(rt.settings.redis_url), serializer=serializer)
    theirs.enqueue_call("theirs.job", args=())
    theirs.enqueue_call("theirs.job", args=([asked],))
    clock.forward(seconds=11)
    schedule.sweep(rt)
    assert queue.jobs == [("ops.jobs.assess", asked)]


def test_a_duty_with_a_mistake_in_it_stops_no_other(
    desk: Desk, rt: Runtime, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    desk.ask(SAME)
    clock.forward(seconds=11)
    schedule.sweep(replace(rt, enqueue=Broken()))
    assert "requeue_assessments failed" in caplog.text and "ZeroDivisionError" in caplog.text
    assert len(journalled(rt, "recordings erased")) == 1


@pytest.mark.parametrize("away", ["redis", "producer"])
def test_a_queue_that_is_away_stops_nothing_else(
    desk: Desk, rt: Runtime, clock: Clock, queue: Queue, away: str
) -> None:
    asked = desk.ask(SAME)
    clock.forward(seconds=11)
    queue.reachable = away != "producer"
    nowhere = replace(rt, settings=replace(rt.settings, redis_url="redis://127.0.0.1:1/0"))
    schedule.sweep(nowhere if away == "redis" else rt)
    assert queue.jobs == []
    assert len(journalled(rt, "recordings erased")) == 1
    queue.reachable = True
    schedule.sweep(rt)
    assert queue.jobs == [("ops.jobs.assess", asked)]


def test_a_database_that_fails_once_is_asked_again(
    desk: Desk, rt: Runtime, clock: Clock, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    asked = desk.ask([])
    clock.forward(seconds=11)
    hiccup = replace(rt, sessions=FailingOnce(rt.sessions))
    schedule.sweep(hiccup)
    assert queue.jobs == []
    assert "requeue_assessments waits for the next sweep" in caplog.text
    schedule.sweep(hiccup)
    assert queue.jobs == [("ops.jobs.assess", asked)]


def test_the_database_that_fails_once_does_fail(rt: Runtime) -> None:
    failing = FailingOnce(rt.sessions)
    with pytest.raises(OperationalError), failing() as session:
        session.execute(select(Call.id))


def break_on(asked: str, times: int, bench: Bench, rt: Runtime) -> None:
    """Have so many workers break on this."""
    jobs.use(bench_of(rt, Breaking(bench.comparer.encoder.name)))
    for _ in range(times):
        with pytest.raises(RuntimeError, match="broken by"):
            jobs.assess(asked)
    jobs.use(bench)


def test_what_breaks_every_worker_is_given_up_to_a_human(
    enrolled: Desk, bench: Bench, rt: Runtime, clock: Clock, queue: Queue
) -> None:
    breaking, waiting = enrolled.ask(SAME), enrolled.ask(SAME)
    break_on(breaking, 3, bench, rt)
    clock.forward(minutes=9)
    schedule.sweep(rt)
    assert enrolled.assessment(breaking).state == "pending"
    assert ("ops.jobs.assess", breaking) in queue.jobs
    clock.forward(minutes=2)
    schedule.sweep(rt)
    schedule.sweep(rt)
    assert enrolled.outcome(breaking) == "human"
    assert (enrolled.failures(), enrolled.cases()) == (0, ["voice_doubt"])
    assert enrolled.assessment(waiting).state == "pending", "it was never begun: its turn comes with the next worker"


def test_a_backlog_is_weighed_and_not_given_up(enrolled: Desk, bench: Bench, rt: Runtime, clock: Clock) -> None:
    once, first = enrolled.ask(SAME), enrolled.ask(SAME)
    break_on(once, 1, bench, rt)
    clock.forward(hours=1)  # all workers are away
    break_on(first, 1, bench, rt)
    for asked in (once, first):
        schedule.give_up_assessments(rt)
        jobs.assess(asked)
        assert "llr" in enrolled.assessment(asked).detail


def test_what_is_weighed_just_now_is_left_to_its_worker(
    enrolled: Desk, bench: Bench, rt: Runtime, clock: Clock, queue: Queue
) -> None:
    breaking = enrolled.ask(SAME)
    clock.forward(minutes=11)
    break_on(breaking, 3, bench, rt)
    schedule.sweep(rt)
    assert enrolled.assessment(breaking).state == "pending", "the third worker may still have it in hand"
    assert queue.jobs == [], "a fourth would only keep it from being given up"
    clock.forward(minutes=4)
    schedule.sweep(rt)
    assert enrolled.outcome(breaking) == "human"


def test_what_cannot_be_given_up_keeps_nobody_else_waiting(
    enrolled: Desk, bench: Bench, rt: Runtime, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    unreadable, breaking = enrolled.ask(SAME), enrolled.ask(SAME)
    with rt.sessions.begin() as session:
        session.get_one(Assessment, unreadable).detail = {"begun": ["a while ago"] * 3}
    break_on(breaking, 3, bench, rt)
    clock.forward(minutes=11)
    schedule.sweep(rt)
    assert enrolled.outcome(breaking) == "human"
    assert unreadable in caplog.text


def test_recordings_are_erased_when_their_days_are_over(
    enrolled: Desk, rt: Runtime, clock: Clock, bench: Bench
) -> None:
    asked = enrolled.ask(SAME)
    kept, over = enrolled.assessment(asked).recordings
    with rt.sessions.begin() as session:
        session.get_one(Recording, kept).erase_after = rt.now() + timedelta(days=90)
        erased = session.get_one(Recording, over).sealed
    schedule.sweep(rt)
    schedule.sweep(rt)
    with rt.sessions() as session:
        assert list(session.scalars(select(Recording.id))) == [kept]
    [proof] = [json.loads(detail) for detail in journalled(rt, "recordings erased")]
    [[gone, digest]] = proof["erased"]["recordings.sealed"].items()
    assert (gone, digest) == (over, sha256(erased).hexdigest())
    assert (proof["count"], proof["left"]) == (1, {"recordings.sealed": 0, "assessments.voice_sealed": 0})
    clock.forward(days=90)
    schedule.sweep(rt)
    with rt.sessions() as session:
        assert list(session.scalars(select(Recording.id))) == []
    jobs.assess(asked)
    assert enrolled.assessment(asked).detail == {"problem": "recording_unreadable"}


def test_more_recordings_than_a_batch_are_erased_in_one_sweep(
    desk: Desk, rt: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "BATCH", 1)
    desk.ask(SAME)
    assert schedule.erase_recordings(rt) == 2
    assert len(journalled(rt, "recordings erased")) == 2


def test_a_voice_taken_back_is_erased_once_its_case_is_decided(enrolled: Desk, rt: Runtime) -> None:
    asked = enrolled.ask(SAME)
    with rt.sessions.begin() as session:
        consent.withdraw(session, rt, session.get_one(Person, enrolled.wu.id), by="clerk")
        session.execute(update(Recording).values(erase_after=rt.now() + timedelta(days=90)))
    jobs.assess(asked)
    assert enrolled.cases() == ["no_template"]
    schedule.sweep(rt)
    with rt.sessions.begin() as session:
        assert len(session.scalars(select(Recording.id)).all()) == 2
        session.execute(update(Case).values(state="decided"))
    schedule.sweep(rt)
    with rt.sessions() as session:
        assert session.scalars(select(Recording.id)).all() == []
    assert len(journalled(rt, "voice erased")) == 2


def test_a_silent_call_is_ended_with_what_it_came_to(desk: Desk, rt: Runtime, clock: Clock) -> None:
    states = {step: {**IN_CHALLENGE, "step": step} for step in ("challenge", "recorded", "of an earlier release")}
    calls = {step: desk.call(state=state) for step, state in states.items()}
    told = desk.call(state=IN_CHALLENGE, outcome="certified")
    clock.forward(minutes=9)
    schedule.sweep(rt)
    assert call_of(rt, told).ended_at is None
    clock.forward(minutes=2)
    schedule.sweep(rt)
    schedule.sweep(rt)
    ended = [call_of(rt, identifier) for identifier in (*calls.values(), told)]
    assert [call.outcome for call in ended] == ["dropped", "recorded", "dropped", "certified"]
    assert all(call.ended_at == rt.now() for call in ended)
    assert len(journalled(rt, "call found ended")) == 4


def test_wrong_words_before_the_callback_was_lost_are_a_failed_attempt(desk: Desk, rt: Runtime, clock: Clock) -> None:
    desk.call(state={**IN_CHALLENGE, "known": {"hear_group": {"result": "again", "round": 0, "tries": 1}}})
    desk.call(state=IN_CHALLENGE)
    clock.forward(minutes=11)
    schedule.sweep(rt)
    schedule.sweep(rt)
    assert desk.failures() == 1


def test_a_talk_with_a_human_is_not_ended_while_it_may_last(desk: Desk, rt: Runtime, clock: Clock) -> None:
    talking = desk.call(state={**IN_CHALLENGE, "step": "human.transfer"})
    clock.forward(hours=3)
    schedule.sweep(rt)
    assert call_of(rt, talking).ended_at is None
    clock.forward(hours=3)
    schedule.sweep(rt)
    assert call_of(rt, talking).outcome == "human"


def test_a_caller_who_cannot_be_read_keeps_nobody_else_waiting(
    desk: Desk, rt: Runtime, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with rt.sessions.begin() as session:
        lost = people.add(session, rt, id_number=resident_number("530102", 1951, 6, 1), name="何女士", region="kunming")
        sealed, lost.number_sealed = lost.number_sealed, b"sealed with a key that is not in the ring"
    first = desk.call(state=IN_CHALLENGE, outcome="dropped", ended_at=rt.now(), person_id=lost.id)
    desk.call(state=IN_CHALLENGE, outcome="dropped", ended_at=rt.now())
    desk.ask(SAME)
    clock.forward(minutes=11)
    for _ in range(2):
        schedule.sweep(rt)
    assert desk.cases() == ["dropped"]
    assert len(journalled(rt, "recordings erased")) == 1
    assert first in caplog.text
    with rt.sessions.begin() as session:
        session.get_one(Person, lost.id).number_sealed = sealed
    schedule.sweep(rt)
    assert Desk(rt, lost).cases() == ["dropped"], "the key is there again"


def test_a_sweep_notes_that_the_service_was_away(rt: Runtime, clock: Clock) -> None:
    schedule.sweep(rt)
    clock.forward(hours=2)
    schedule.sweep(rt)
    schedule.sweep(rt)
    [noted] = [json.loads(detail) for detail in journalled(rt, "outage noted")]
    assert noted["minutes"] == 120
