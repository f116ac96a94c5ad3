"""A verdict taken back at the server: soon by whoever gave it, later by a supervisor who proves who they are."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from click.testing import Result
from sqlalchemy import select

from certification import cases
from certification.cases import CaseKind
from certification.identity import ResidentNumber
from certification.people import find_by_number
from certification.runtime import Runtime
from certification.store import Case, Evidence, Person, TakenBack
from tests.certification.test_review import spoken
from tests.ops.test_cases_command import listed, opened
from tests.ops.test_commands import NUMBER, sentence, settings, stillhere, town
from tests.ops.test_reminding import rt
from tests.ops.test_routes import done
from tests.ops.test_suspensions_command import PASSWORD, supervisors, typed

__all__ = ["rt", "settings", "town"]
DECIDED = "搬家了，已联系上"
LATER = timedelta(minutes=31)
REASON = ("--reason", "办错了人")


@pytest.fixture
def case(town: dict[str, str], rt: Runtime) -> str:
    """A case that the operator has just decided."""
    found = opened(rt, CaseKind.CALL_BACK, "1")
    done(stillhere(town, "cases", "decide", found, "--verdict", DECIDED, "--by", "operator", "--json"))
    return found


@pytest.fixture
def apps(town: dict[str, str]) -> dict[str, pyotp.TOTP]:
    """The apps of two supervisors."""
    return supervisors(town)


def take_back(
    town: dict[str, str],
    rt: Runtime,
    case: str,
    by: str,
    *more: str,
    app: pyotp.TOTP | None = None,
    password: str = PASSWORD,
    after: timedelta = timedelta(0),
) -> Result:
    """Take a verdict back so long after now, with what is typed where the command asks for it."""
    at = rt.now() + after
    asked = [password, app.at(at)] if app is not None else []
    return typed(town, asked, "cases", "take-back", case, "--by", by, *more, now=lambda: at)


def verdict(rt: Runtime, case: str) -> str | None:
    with rt.sessions() as session:
        return session.get_one(Case, case).verdict


def taken(rt: Runtime) -> list[tuple[str, str]]:
    with rt.sessions() as session:
        return [(row.by, row.why) for row in session.scalars(select(TakenBack).order_by(TakenBack.at))]


def test_whoever_gave_it_takes_it_back_at_once(town: dict[str, str], rt: Runtime, case: str) -> None:
    assert listed(town) == []
    assert done(take_back(town, rt, case[:12], "operator", "--json"))["taken_back"] == case
    assert listed(town) == [case] and verdict(rt, case) is None and taken(rt) == [("operator", "")]
    assert "no human's verdict" in sentence(take_back(town, rt, case, "operator"))
    assert "There is no case" in sentence(take_back(town, rt, "nothing", "operator"))


def test_what_it_certified_counts_no_more(town: dict[str, str], rt: Runtime) -> None:
    with rt.sessions() as session:
        person = find_by_number(session, rt.keys, ResidentNumber.parse(NUMBER))
        assert isinstance(person, Person)
    case = spoken(rt, person)
    confirm = ("cases", "decide", case, "--verdict", "confirmed", "--by", "operator", "--json")
    receipt = done(stillhere(town, *confirm))["receipt"]
    withdraw = ("evidence", "withdraw", receipt, "--by", "operator", *REASON)
    assert f"`stillhere cases take-back {case}`" in sentence(stillhere(town, *withdraw))
    done(take_back(town, rt, case, "operator", *REASON, "--json"))
    with rt.sessions() as session:
        assert session.scalars(select(Evidence)).one().withdrawn_at is not None
    assert done(stillhere(town, "certificate", "check", receipt, "--json"))["withdrawn"]
    assert done(stillhere(town, *confirm))["receipt"] != receipt


def test_later_and_of_others_a_supervisor_does_who_proves_it(
    town: dict[str, str], rt: Runtime, case: str, apps: dict[str, pyotp.TOTP]
) -> None:
    assert "another supervisor" in sentence(take_back(town, rt, case, "operator", *REASON, after=LATER))
    for by, after in (("另一人", timedelta(0)), ("李", LATER)):
        refused = take_back(town, rt, case, by, *REASON, after=after)
        assert refused.exit_code == 1 and "password" in refused.output, "it asks, and nothing was typed"
    wrong = take_back(town, rt, case, "李", *REASON, app=apps["李"], password="wrong", after=LATER)
    assert "Name, password or code is wrong" in sentence(wrong)
    assert "Please say why" in sentence(take_back(town, rt, case, "李", app=apps["李"], after=LATER))
    assert verdict(rt, case) == DECIDED and taken(rt) == []
    right = take_back(town, rt, case, " 李 ", *REASON, "--json", app=apps["李"], after=2 * LATER)
    assert done(right)["taken_back"] == case
    assert taken(rt) == [("李", REASON[1])] and listed(town) == [case]


def test_not_their_own_later_however_they_write_their_name(
    town: dict[str, str], rt: Runtime, apps: dict[str, pyotp.TOTP]
) -> None:
    added = typed(town, [PASSWORD, PASSWORD], "staff", "add", "WEI", "--role", "supervisor", "--json")
    app = pyotp.parse_uri(done(added)["otpauth"])
    assert isinstance(app, pyotp.TOTP)
    case = opened(rt, CaseKind.CALL_BACK, "1")
    done(stillhere(town, "cases", "decide", case, "--verdict", DECIDED, "--by", "WEI", "--json"))
    assert "another supervisor" in sentence(take_back(town, rt, case, "WEI", *REASON, app=app, after=LATER))
    assert "another supervisor" in sentence(take_back(town, rt, case, "ＷＥＩ", *REASON, app=app, after=2 * LATER))
    assert verdict(rt, case) == DECIDED and taken(rt) == []


@pytest.mark.parametrize(("role", "region"), [("operator", "昆明"), ("supervisor", "广州")])
def test_nobody_else_does(town: dict[str, str], rt: Runtime, case: str, role: str, region: str) -> None:
    add = ("staff", "add", "钱", "--role", role, "--region", region, "--json")
    app = pyotp.parse_uri(done(typed(town, [PASSWORD, PASSWORD], *add))["otpauth"])
    assert isinstance(app, pyotp.TOTP)
    said = sentence(take_back(town, rt, case, "钱", *REASON, app=app, after=LATER))
    assert ("another supervisor" if role == "operator" else "There is no case") in said
    assert verdict(rt, case) == DECIDED and taken(rt) == []


def test_a_second_look_stands(town: dict[str, str], rt: Runtime, apps: dict[str, pyotp.TOTP]) -> None:
    look = opened(rt, CaseKind.SECOND_LOOK, "1")
    with rt.sessions.begin() as session:
        assert cases.decide(session, rt, session.get_one(Case, look), verdict="unsure", by="operator")
    for by in ("operator", "李"):
        assert "the verdict stays" in sentence(take_back(town, rt, look, by, *REASON))
    assert verdict(rt, look) == "unsure"
