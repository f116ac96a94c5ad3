"""Staff prove who they are by password and a code that is good once; wrong tries are counted, locked and journalled."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from certification import agents, doors, journal, staff
from certification.agents import AgentKind
from certification.doors import FIRST_LOCK, TRIES
from certification.keys import KeyRing
from certification.people import NameMissing
from certification.runtime import Runtime
from certification.staff import (
    AccountLocked,
    AgentMissing,
    NameTaken,
    NameUnknown,
    NotProven,
    PasswordTooShort,
    Proven,
    Role,
)
from certification.store import SignInTry, Staff
from tests.certification.conftest import Clock
from tests.certification.suspending import journalled
from tests.certification.together import at_once

PASSWORD = "correct horse battery"


@pytest.fixture
def otp(rt: Runtime) -> pyotp.TOTP:
    """Supervisor Li, and the app with their codes."""
    with rt.sessions.begin() as session:
        uri = staff.add(session, rt, name="李 主管", role=Role.SUPERVISOR, password=PASSWORD, by="cli")
    found = pyotp.parse_uri(uri)
    assert isinstance(found, pyotp.TOTP) and found.issuer == "stillhere" and found.name == "李 主管"
    return found


def prove(
    rt: Runtime, code: str, password: str = PASSWORD, name: str = "李 主管", at: tuple[str, ...] = doors.CLI
) -> object:
    with rt.sessions.begin() as session:
        return staff.prove(session, rt, name, password, code, at)


def test_password_and_code_prove_who_somebody_is(rt: Runtime, otp: pyotp.TOTP, clock: Clock) -> None:
    proven = prove(rt, otp.at(clock.at), name=" 李　主管 ")
    assert isinstance(proven, Proven)
    assert (proven.name, proven.role) == ("李 主管", Role.SUPERVISOR)
    with rt.sessions() as session:
        account = session.scalars(select(Staff)).one()
        assert account.id == proven.staff_id
        assert otp.secret.encode() not in account.totp_sealed and PASSWORD not in account.password_hash


def test_a_code_is_good_once_and_none_older_after_it(rt: Runtime, otp: pyotp.TOTP, clock: Clock) -> None:
    assert isinstance(prove(rt, otp.at(clock.at)), Proven)
    assert isinstance(prove(rt, otp.at(clock.at)), NotProven)
    assert isinstance(prove(rt, otp.at(clock.at - timedelta(seconds=30))), NotProven)
    clock.forward(seconds=30)
    assert isinstance(prove(rt, otp.at(clock.at)), Proven)


def test_of_those_who_use_a_code_at_the_same_time_one_is_let_in(rt: Runtime, otp: pyotp.TOTP, clock: Clock) -> None:
    found = at_once(4, lambda: prove(rt, otp.at(clock.at)))
    assert sorted(type(one).__name__ for one in found) == ["NotProven"] * 3 + ["Proven"]


@pytest.mark.parametrize(("away", "good"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_clock_may_be_a_step_away(rt: Runtime, otp: pyotp.TOTP, clock: Clock, away: int, good: bool) -> None:
    assert isinstance(prove(rt, otp.at(clock.at + timedelta(seconds=away))), Proven) == good


def test_each_part_is_needed_and_the_refusal_does_not_say_which(rt: Runtime, otp: pyotp.TOTP, clock: Clock) -> None:
    code = otp.at(clock.at)
    refused = [
        prove(rt, code, "incorrect horse battery"),
        prove(rt, f"{(int(code) + 1) % 10**6:06d}"),
        prove(rt, ""),
        prove(rt, "１２３４５６"),
        prove(rt, code, name="nobody"),
    ]
    assert len({str(one) for one in refused}) == 1 and isinstance(refused[0], NotProven)
    assert len(journalled(rt, "sign-in refused")) == 5
    assert "horse" not in "".join(journalled(rt, "sign-in refused"))


def test_wrong_tries_lock_and_the_lock_grows(rt: Runtime, otp: pyotp.TOTP, clock: Clock) -> None:
    for lock in (FIRST_LOCK, FIRST_LOCK * 2):
        for _ in range(TRIES - 1):
            assert isinstance(prove(rt, "000000", "wrong"), NotProven)
        locked = prove(rt, "000000", "wrong")
        assert isinstance(locked, AccountLocked) and locked.until == clock.at + lock
        assert isinstance(prove(rt, otp.at(clock.at)), AccountLocked), "the right ones do not open it either"
        clock.forward(seconds=lock.total_seconds())
    assert isinstance(prove(rt, otp.at(clock.at)), Proven)
    assert isinstance(prove(rt, "000000", "wrong"), NotProven), "counted from the beginning again"
    assert len(journalled(rt, "staff locked")) == 2
    with rt.sessions() as session:
        assert isinstance(journal.verify(session), journal.Verified)


def test_wrong_tries_at_the_same_time_are_all_counted(rt: Runtime, otp: pyotp.TOTP) -> None:
    at_once(4, lambda: prove(rt, "000000", "wrong"))
    with rt.sessions() as session:
        assert session.scalars(select(SignInTry.wrong_in_row)).one() == 4


def test_a_locked_door_locks_no_other(rt: Runtime, otp: pyotp.TOTP, clock: Clock) -> None:
    stranger, home = doors.network("198.51.100.7"), doors.device("known")
    for _ in range(TRIES):
        locked = prove(rt, "000000", "wrong", at=stranger)
    assert isinstance(locked, AccountLocked)
    assert isinstance(prove(rt, otp.at(clock.at), at=doors.network("198.51.100.99")), AccountLocked), "one network"
    assert isinstance(prove(rt, otp.at(clock.at), at=home), Proven)
    clock.forward(seconds=30)
    assert isinstance(prove(rt, otp.at(clock.at)), Proven), "at the service itself, too"
    clock.forward(seconds=30)
    assert isinstance(prove(rt, otp.at(clock.at), at=doors.network("203.0.113.1")), Proven)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("198.51.100.7", "198.51.100.250", True),
        ("198.51.100.7", "198.51.101.7", False),
        ("2001:db8:1:2::3", "2001:db8:1:ffff::9", True),
        ("2001:db8:1:2::3", "2001:db8:2:2::3", False),
        (None, "no address", True),
    ],
)
def test_a_network_is_what_one_stranger_has(one: str | None, other: str, same: bool) -> None:
    assert (doors.network(one) == doors.network(other)) == same


def test_doors_that_nobody_tries_are_forgotten(rt: Runtime, otp: pyotp.TOTP, clock: Clock) -> None:
    prove(rt, "000000", "wrong")
    clock.forward(days=doors.KEPT.days - 1)
    prove(rt, "000000", "wrong", at=doors.device("x"))
    clock.forward(days=2)
    with rt.sessions.begin() as session:
        doors.forget(session, clock.at)
        assert session.scalars(select(SignInTry.door)).all() == ["device:x"]


def test_an_account_is_of_a_region_or_of_an_agent(rt: Runtime, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        agent = agents.add(session, rt, name="机床厂", kind=AgentKind.EMPLOYER, region="kunming", by="cli")
        uri = staff.add(session, rt, name="厂里", role=Role.AGENT, password=PASSWORD, by="cli", agent=agent)
        with pytest.raises(AgentMissing):
            staff.add(session, rt, name="甲", role=Role.AGENT, password=PASSWORD, by="cli")
        with pytest.raises(AgentMissing):
            staff.add(session, rt, name="乙", role=Role.CLERK, password=PASSWORD, by="cli", agent=agent)
    app = pyotp.parse_uri(uri)
    assert isinstance(app, pyotp.TOTP)
    proven = prove(rt, app.at(clock.at), name="厂里")
    assert isinstance(proven, Proven)
    assert (proven.region, proven.agent_id) == ("kunming", agent.id)


def test_a_closed_account_proves_nothing_and_its_name_is_not_given_again(
    rt: Runtime, otp: pyotp.TOTP, clock: Clock
) -> None:
    with rt.sessions.begin() as session:
        staff.close(session, rt, "李 主管", "cli")
        with pytest.raises(NameUnknown):
            staff.close(session, rt, "李 主管", "cli")
        with pytest.raises(NameTaken):
            staff.add(session, rt, name="李　主管", role=Role.CLERK, password=PASSWORD, by="cli")
    assert isinstance(prove(rt, otp.at(clock.at)), NotProven)


def test_without_its_key_an_account_proves_nothing(rt: Runtime, otp: pyotp.TOTP, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        account = session.scalars(select(Staff)).one()
        account.totp_sealed = KeyRing.from_text(KeyRing.generate_text("other")).seal(b"x", "y")
    assert isinstance(prove(rt, otp.at(clock.at)), NotProven)


def test_passwords_and_names_have_a_length(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        with pytest.raises(PasswordTooShort):
            staff.add(session, rt, name="李", role=Role.CLERK, password="x" * 11, by="cli")
        with pytest.raises(NameMissing):
            staff.add(session, rt, name=" ", role=Role.CLERK, password=PASSWORD, by="cli")
