"""What was asked for in the console and is done behind it: once, whoever is killed, with what came of it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from certification import errands, knowncases
from certification.comparison import folders, runs
from certification.errands import STALLED, TRIES, Kind
from certification.runtime import Runtime
from certification.store import ComparisonRun, Errand, KnownCase, PaymentList, new_id, only_read
from ops import errands as behind
from ops import jobs, schedule, seeding
from ops.voices import Bench
from tests.certification.comparing import number, residents, signals
from tests.certification.conftest import Clock, Queue, clock, queue
from tests.certification.conftest import rt as domain
from tests.certification.suspending import MAY, REGION, journalled, overdue, states
from tests.certification.together import at_once

__all__ = ["clock", "domain", "queue"]
ONCE = "e" * 32


@pytest.fixture
def rt(domain: Runtime) -> Runtime:
    """The runtime of the domain's tests."""
    return domain


def ask(rt: Runtime, kind: Kind, region: str = REGION, once: str = ONCE, of: int = 1, **asked: object) -> None:
    with rt.sessions.begin() as session:
        errands.ask(session, rt, once, kind, region, "孙管理", of=of, **asked)


def found(rt: Runtime, once: str = ONCE) -> Errand:
    with rt.sessions() as session:
        only_read(session)
        return session.get_one(Errand, once)


def sent(rt: Runtime, path: Path) -> list[dict[str, str]]:
    """A file as the page keeps it."""
    folder = behind.folder(rt, ONCE) / "a"
    folder.mkdir(parents=True)
    path.rename(folder / path.name)
    return [{"name": path.name, "kept": f"a/{path.name}"}]


def test_a_list_is_proposed_by_the_sweeps_thread_once(rt: Runtime, clock: Clock) -> None:
    person = overdue(rt, clock)
    for _ in range(2):
        ask(rt, Kind.PROPOSAL, month=MAY.isoformat())
    assert schedule.do_errands in schedule.DUTIES
    assert schedule.do_errands(rt) == 1
    for thread in threading.enumerate():
        if thread.name == "errands":
            thread.join()
    assert (found(rt).state, found(rt).tries) == ("done", 1)
    with rt.sessions() as session:
        only_read(session)
        [listed] = session.scalars(select(PaymentList)).all()
        assert (listed.id, listed.proposed_by) == (found(rt).result, "孙管理")
        assert list(states(session)) == [person.id]
    assert behind.work(rt) == 0
    assert len(journalled(rt, "work asked for")) == len(journalled(rt, "suspensions proposed")) == 1


def test_what_cannot_be_done_says_why(rt: Runtime, clock: Clock) -> None:
    ask(rt, Kind.PROPOSAL, month=(MAY - timedelta(days=40)).replace(day=1).isoformat())
    assert behind.work(rt) == 1
    there = found(rt)
    assert there.state == "refused" and there.zh is not None and "只能在上一个月里办理" in there.zh
    assert len(journalled(rt, "work refused")) == 1


def test_killed_it_is_begun_again_and_given_up_at_last(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    ask(rt, Kind.PROPOSAL, month=MAY.isoformat())
    for begun in range(TRIES):
        with rt.sessions.begin() as session:
            [one] = errands.waiting(session, rt)
            assert errands.begin(session, rt, one) and one.tries == begun + 1
            assert not errands.waiting(session, rt), "somebody has it in hand"
        clock.at += STALLED + timedelta(seconds=1)
    assert behind.work(rt) == 0
    there = found(rt)
    assert there.state == "refused" and there.en is not None and "broke off" in there.en


def test_known_cases_that_break_off_are_given_up_at_last(rt: Runtime, clock: Clock, queue: Queue) -> None:
    ask(rt, Kind.KNOWN_CASES, of=2)
    for begun in range(TRIES):  # the worker has each, and ends before it put one in
        clock.at += STALLED + timedelta(seconds=1)
        assert schedule.do_errands(rt) == 1
        assert (found(rt).tries, len(queue.jobs)) == (begun + 1, begun + 2)
    clock.at += STALLED + timedelta(seconds=1)
    schedule.do_errands(rt)
    there = found(rt)
    assert there.state == "refused" and there.en is not None and "broke off" in there.en
    assert len(queue.jobs) == TRIES + 1 and schedule.do_errands(rt) == 0


def test_for_a_region_whose_file_is_gone_nothing_is_done(rt: Runtime) -> None:
    ask(rt, Kind.KNOWN_CASES, "gone", of=2)
    assert not seeding.seed(rt, ONCE)
    ask(rt, Kind.COMPARISON, "gone", once="1" * 32, files=[])
    assert behind.work(rt) == 1
    for once in (ONCE, "1" * 32):
        there = found(rt, once)
        assert there.state == "refused" and there.zh is not None and "规则文件不在了" in there.zh


def test_where_many_wait_or_the_disk_is_full_nothing_more_is_taken(rt: Runtime) -> None:
    rt.settings.data.mkdir(parents=True, exist_ok=True)
    behind.make_sure_of_room(rt, 1)
    with pytest.raises(behind.NoRoom):
        behind.make_sure_of_room(rt, 1 << 60)
    for n in range(behind.MOST_WAITING):
        ask(rt, Kind.COMPARISON, "qingdao", once=f"{n:032}", files=[])
    with pytest.raises(behind.NoRoom):
        behind.make_sure_of_room(rt, 1)


def test_of_two_sweeps_one_has_it(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    ask(rt, Kind.PROPOSAL, month=MAY.isoformat())
    with rt.sessions() as session:
        [one] = errands.waiting(session, rt)

    def begins() -> bool:
        with rt.sessions.begin() as session:
            return errands.begin(session, rt, one)

    assert sorted(at_once(3, begins)) == [False, False, True]


def test_files_are_compared_once_and_go(rt: Runtime, tmp_path: Path) -> None:
    residents(rt, 3)
    path = signals(tmp_path / "医保.csv", [(number(1), "medical", "2026-03-02", "alive")])
    ask(rt, Kind.COMPARISON, "qingdao", of=behind.PARTS, files=sent(rt, path))
    assert behind.work(rt) == 1
    there = found(rt)
    with rt.sessions() as session:
        [run] = session.scalars(select(ComparisonRun)).all()
    assert (there.state, there.result, run.state, run.started_by) == ("done", run.id, "ready", "孙管理")
    assert run.files[0]["name"] == "医保.csv"
    assert not behind.folder(rt, ONCE).exists()


def test_while_a_command_compares_the_same_files_it_waits(rt: Runtime, clock: Clock, tmp_path: Path) -> None:
    residents(rt, 1)
    path = signals(tmp_path / "signals.csv", [(number(1), "medical", "2026-03-02", "alive")])
    ask(rt, Kind.COMPARISON, "qingdao", of=behind.PARTS, files=sent(rt, path))
    kept = behind.folder(rt, ONCE) / "a" / path.name
    run = runs.run(rt, rt.regions["qingdao"], [kept], "cli")
    with rt.sessions.begin() as session:
        session.get_one(ComparisonRun, run).state = "running"
    with folders.alone(rt, run):
        assert behind.work(rt) == 1
    assert (found(rt).state, found(rt).tries, kept.exists()) == ("asked", 0, True)
    clock.at += STALLED + timedelta(seconds=1)
    assert behind.work(rt) == 1
    assert (found(rt).state, found(rt).result) == ("done", run)


def test_how_far_a_comparison_is_is_noted(rt: Runtime, clock: Clock, tmp_path: Path) -> None:
    residents(rt, 3)
    path = signals(tmp_path / "signals.csv", [(number(1), "medical", "2026-03-02", "alive")])
    ask(rt, Kind.COMPARISON, "qingdao", of=behind.PARTS, files=sent(rt, path))
    seen = list[int]()

    def later() -> object:
        clock.at += timedelta(seconds=1)
        seen.append(found(rt).done)
        return clock.at

    behind.compare(replace(rt, now=later), found(rt))  # type: ignore[arg-type]
    assert seen == sorted(seen) and 0 < max(seen) <= behind.PARTS


def test_a_file_that_is_none_is_refused_and_goes(rt: Runtime, tmp_path: Path) -> None:
    residents(rt, 1)
    path = tmp_path / "x.csv"
    path.write_text("一份通知", "utf-8")
    ask(rt, Kind.COMPARISON, "qingdao", of=behind.PARTS, files=sent(rt, path))
    assert behind.work(rt) == 1
    said = found(rt).zh
    assert found(rt).state == "refused" and said is not None
    assert "x.csv" in said and str(rt.settings.data) not in said
    assert not behind.folder(rt, ONCE).exists()


def test_files_of_which_nothing_came_go_after_a_day(rt: Runtime, clock: Clock, tmp_path: Path) -> None:
    path = signals(tmp_path / "signals.csv", [])
    ask(rt, Kind.COMPARISON, "qingdao", of=behind.PARTS, files=sent(rt, path))
    left = behind.folder(rt, new_id())
    left.mkdir()
    now = behind._touched(left)
    assert behind.clear_left(replace(rt, now=lambda: now + behind.LEFT_FOR)) == 0
    assert behind.clear_left(replace(rt, now=lambda: now + behind.LEFT_FOR + timedelta(minutes=1))) == 1
    assert behind.folder(rt, ONCE).exists() and not left.exists()


def test_the_worker_puts_known_cases_in_one_behind_the_other(rt: Runtime, queue: Queue, bench: Bench) -> None:
    for _ in range(2):
        ask(rt, Kind.KNOWN_CASES, of=3)
    done = 0
    while done < len(queue.jobs):
        assert queue.jobs[done] == (errands.JOB, ONCE)
        jobs.do_errand(ONCE)
        done += 1
    jobs.do_errand(ONCE)
    with rt.sessions() as session:
        only_read(session)
        known = session.scalars(select(KnownCase)).all()
        assert not session.scalars(select(KnownCase.case_id).where(knowncases.real())).all()
    assert (done, len(known), found(rt).state, found(rt).done) == (3, 3, "done", 3)
    assert {(one.region, one.seeded_by) for one in known} == {(REGION, "孙管理")}


def test_what_fell_out_of_the_queue_is_queued_again(rt: Runtime, clock: Clock, queue: Queue) -> None:
    ask(rt, Kind.KNOWN_CASES, of=2)
    queue.jobs.clear()
    behind.see_to(rt)
    assert queue.jobs == [], "it may be in the queue yet"
    clock.at += STALLED + timedelta(seconds=1)
    for _ in range(2):
        behind.see_to(rt)
    assert queue.jobs == [(errands.JOB, ONCE)]
