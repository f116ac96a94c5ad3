"""Payment made again: by parts, killed anywhere, and while the release that suspended people stands still."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import pytest
from sqlalchemy import select, text, update

from certification import forgetting, journal
from certification.errors import Problem
from certification.runtime import Runtime
from certification.staff import Proven, Role
from certification.store import Case, PaymentList, Person, Suspension, open_sessions
from certification.suspension import lifting, releasing, restoring
from certification.suspension.files import File, FileGone
from ops import releases
from tests.certification.conftest import Clock
from tests.certification.killed import mortal
from tests.certification.suspending import MAY, REGION, certify, journalled, overdue, restore, states, suspend
from tests.certification.test_suspension_slices import begun, found, in_order, listed, one_slice
from tests.certification.together import side_by_side

_FORKED = get_context("fork")


def certified(rt: Runtime, *people: Person) -> None:
    with rt.sessions.begin() as session:
        for person in people:
            certify(session, rt, session.get_one(Person, person.id))


def numbers(file: File) -> int:
    """How many lines a file has, but its heading."""
    return file.content.count(b"\n") - 1


def holds(rt: Runtime) -> bool:
    with rt.sessions() as session:
        return isinstance(journal.verify(session), journal.Verified)


def killed_once_it_is_out(rt: Runtime, url: str, identifier: str, more: int) -> None:
    """Go on with a release in a process that the system ends so many slices after the file is out."""
    here, left = replace(rt, sessions=open_sessions(url)), iter(range(more))

    def enough() -> bool:
        with here.sessions() as session:
            out = session.get_one(PaymentList, identifier).releasing == releasing.SUSPENDING
        if out and next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    releasing.go_on(here, identifier, 1, enough)


@pytest.mark.parametrize("suspended", [0, 1, 2])
def test_who_is_in_the_file_of_a_release_that_stands_still_is_paid_again(
    rt: Runtime, clock: Clock, database_url: str, suspended: int
) -> None:
    people = in_order(rt, clock, 3)
    identifier = begun(rt, 0)
    rt.sessions.kw["bind"].dispose()
    process = _FORKED.Process(target=killed_once_it_is_out, args=(rt, database_url, identifier, suspended))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert found(rt) == ["suspended"] * suspended + ["cleared"] * (3 - suspended)
    certified(rt, people[0], people[2])
    with rt.sessions() as session:
        assert restoring.waiting(session) == {REGION: 2}
    [file] = restore(rt)
    assert (file.people, numbers(file)) == (2, 2)
    assert found(rt) == ["restored", "suspended", "restored"] and listed(rt, identifier).releasing is None
    assert releases.go_on_with_lists(rt) == 0 and restore(rt) == [file]
    assert len(journalled(rt, "payment suspended")) == 3 and len(journalled(rt, "payment restored")) == 2
    assert holds(rt)


def test_who_certifies_once_the_file_is_out_is_paid_again(rt: Runtime, clock: Clock) -> None:
    one, _ = in_order(rt, clock, 2)
    identifier = begun(rt, 3)
    assert listed(rt, identifier).releasing == releasing.SUSPENDING
    certified(rt, one)
    assert releasing.go_on(rt, identifier) is None
    assert found(rt) == ["suspended", "suspended"]
    assert [file.people for file in restore(rt)] == [1]


def test_a_release_that_nobody_certified_after_is_finished_all_the_same(rt: Runtime, clock: Clock) -> None:
    in_order(rt, clock, 2)
    identifier = begun(rt, 4)
    assert restore(rt) == []
    assert found(rt) == ["suspended"] * 2 and listed(rt, identifier).releasing is None


def test_a_release_that_is_not_out_and_those_of_other_regions_are_left_alone(rt: Runtime, clock: Clock) -> None:
    in_order(rt, clock, 2)
    identifier = begun(rt, 1)
    with rt.sessions.begin() as session:
        more = {"kind": "suspension", "region": "qingdao", "month": MAY, "part": 1, "proposed_by": "x"}
        row = PaymentList(id="0" * 32, **more, proposed_at=rt.now(), releasing=releasing.SUSPENDING)
        session.add(row)
    assert restore(rt) == []
    assert found(rt) == ["cleared", "proposed"] and listed(rt, identifier).releasing == releasing.CHECKING
    assert listed(rt, "0" * 32).releasing == releasing.SUSPENDING


def test_the_release_and_restorations_at_once_suspend_and_restore_each_once(rt: Runtime, clock: Clock) -> None:
    people = in_order(rt, clock, 6)
    identifier = begun(rt, 7)
    certified(rt, *people[:4])
    side_by_side(*[lambda: releasing.go_on(rt, identifier, 1), lambda: restore(rt, size=2)] * 2)
    assert found(rt) == ["restored"] * 4 + ["suspended"] * 2
    files = restore(rt)
    assert sum(file.people for file in files) == sum(map(numbers, files)) == 4
    assert len(journalled(rt, "payment suspended")) == 6 and len(journalled(rt, "payment restored")) == 4
    assert holds(rt)


def test_somebody_in_the_file_is_lifted_before_the_release_comes_to_them(rt: Runtime, clock: Clock) -> None:
    _, second = in_order(rt, clock, 2)
    identifier, boss = begun(rt, 3), Proven("x", "吴主管", Role.SUPERVISOR, REGION)
    with rt.sessions.begin() as session:
        entry = session.scalars(select(Suspension).where(Suspension.person_id == second.id)).one().id
        lifting.lift(session, rt, entry, boss, "文书有误")
    assert found(rt) == ["cleared", "lifted"]
    assert one_slice(rt, identifier) is None
    assert found(rt) == ["suspended", "lifted"]
    with rt.sessions.begin() as session:
        lifting.take_back(session, rt, entry, boss, "没有点错")
        lifting.lift(session, rt, entry, boss, "文书有误")
    [file] = restore(rt)
    assert file.people == 1 and found(rt) == ["suspended", "restored"]
    assert [json.loads(one)["from"] for one in journalled(rt, "payment suspended")] == ["2026-05"] * 2


def waits(rt: Runtime, going: Future[Problem | None]) -> None:
    """Until another waits for what this transaction holds; on SQLite it does from its beginning."""
    with rt.sessions() as session:
        if session.get_bind().dialect.name == "sqlite":
            return
    waiting = text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    while not going.done():
        with rt.sessions() as session:
            if session.execute(waiting).first() is not None:
                return


def test_lifted_just_as_the_release_comes_to_them_nobody_after_them_is_left_out(rt: Runtime, clock: Clock) -> None:
    first, _ = in_order(rt, clock, 2)
    identifier, boss = begun(rt, 3), Proven("x", "吴主管", Role.SUPERVISOR, REGION)
    with ThreadPoolExecutor(1) as pool, rt.sessions.begin() as session:
        entry = session.scalars(select(Suspension.id).where(Suspension.person_id == first.id)).one()
        lifting.lift(session, rt, entry, boss, "文书有误")
        session.flush()
        going = pool.submit(releasing.go_on, rt, identifier, 1)
        waits(rt, going)
    assert going.result() is None
    assert found(rt) == ["lifted", "suspended"] and listed(rt, identifier).releasing is None
    assert len(journalled(rt, "payment suspended")) == 2


def test_many_are_restored_in_parts(rt: Runtime, clock: Clock) -> None:
    people = in_order(rt, clock, 5)
    suspend(rt)
    certified(rt, *people)
    files = restore(rt, size=2)
    assert [(file.name[-5], file.people, numbers(file)) for file in files] == [("1", 2, 2), ("2", 2, 2), ("3", 1, 1)]
    assert restore(rt) == files and len(journalled(rt, "payment restored")) == 5
    assert len({line for file in files for line in file.content.splitlines()[1:]}) == 5


def dies(rt: Runtime, url: str, moments: int) -> None:
    """Restore payment, and be killed in the middle."""
    restore(mortal(rt, url, moments), size=2)


@pytest.mark.parametrize("moments", [1, 3, 5, 7, 9, 11, 13])
def test_killed_anywhere_everybody_is_restored_once(rt: Runtime, clock: Clock, database_url: str, moments: int) -> None:
    people = in_order(rt, clock, 5)
    suspend(rt)
    certified(rt, *people)
    rt.sessions.kw["bind"].dispose()
    process = _FORKED.Process(target=dies, args=(rt, database_url, moments))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with rt.sessions() as session:
        parts = session.scalars(select(PaymentList).where(PaymentList.kind == restoring.RESTORATION)).all()
    assert all(part.people and part.sha256 for part in parts)
    assert found(rt).count("restored") == sum(part.people or 0 for part in parts)
    files = restore(rt, size=2)
    assert sum(map(numbers, files)) == 5 and found(rt) == ["restored"] * 5
    assert len(journalled(rt, "payment restored")) == 5 and len(journalled(rt, "restorations released")) == len(files)
    assert holds(rt)


def test_somebody_erased_keeps_nobody_else_waiting(rt: Runtime, clock: Clock) -> None:
    first, second = overdue(rt, clock), overdue(rt, clock, 1951)
    suspend(rt)
    certified(rt, first)
    [whole] = restore(rt)
    with rt.sessions.begin() as session:
        assert forgetting.person(session, rt, first.id, "clerk") is not None
    certified(rt, second)
    gone, file = restoring.restore(rt, REGION, MAY, "clerk")
    assert isinstance(gone, FileGone) and whole.sha256 in gone.en
    assert isinstance(file, File) and file.people == 1
    with rt.sessions() as session:
        assert states(session) == {second.id: ("restored", ())}


def test_one_whose_name_does_not_open_keeps_nobody_else_from_being_paid_again(rt: Runtime, clock: Clock) -> None:
    people = in_order(rt, clock, 3)
    suspend(rt)
    certified(rt, *people)
    with rt.sessions.begin() as session:
        mine = update(Suspension).where(Suspension.person_id == people[0].id)
        session.execute(mine.values(payee_sealed=b"altered"))
    [file] = restore(rt)
    assert (file.people, numbers(file)) == (2, 2)
    assert found(rt) == ["suspended", "restored", "restored"]
    with rt.sessions() as session:
        assert restoring.waiting(session) == {REGION: 1}
        kinds = session.scalars(select(Case.kind).where(Case.person_id == people[0].id)).all()
    assert kinds.count("unreadable") == 1
    assert restore(rt) == [file]
