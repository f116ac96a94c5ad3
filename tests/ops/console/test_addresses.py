"""What stands in addresses, forms and headers and can be nothing of ours: refused, and never an error of the server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from certification.staff import Role
from certification.store import Person
from ops.console import setup
from tests.ops.console.browser import Browser, Hire

HOST = "//["  # none: a bracket that does not end


@pytest.fixture
def clerk(browser: Browser, hired: Hire) -> Browser:
    """Clerk Wang, who is of no region, signed in."""
    browser.signs_in(hired("王柜员", Role.CLERK))
    browser.open("/console/people")
    return browser


@pytest.mark.parametrize("path", ["/console/people/%00", "/console/roll?after=%00", "/console/papers?x%00=1"])
def test_what_no_database_keeps_stands_in_no_address(clerk: Browser, path: str) -> None:
    assert clerk.open(path).status_code in (400, 404)


def test_nor_in_a_form(clerk: Browser, another: Callable[[str], Browser]) -> None:
    assert clerk.send("/console/papers/find", number="12\0").status_code == 400
    assert clerk.send("/console/people", wanted="\0", narrow="").status_code == 400
    stranger = another("192.0.2.9")
    stranger.open("/console/sign-in")
    assert stranger.send("/console/sign-in", name="\0", password="x", code="1").status_code == 400


@pytest.mark.parametrize("number", [2**31, 10**25])
def test_a_number_greater_than_any_leads_nowhere(clerk: Browser, wu: Person, number: int) -> None:
    assert clerk.send(f"/console/people/{wu.id}/enrol/samples/{number}").status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_address_to_go_on_to_that_is_none_leads_to_the_first_page(clerk: Browser) -> None:
    for path in (f"/console/sign-in?next={HOST}", f"/console/sign-in/provider?next={HOST}"):
        assert clerk.open(path).status_code in (302, 404)
    for there in (HOST, "/console/\r\nX: y", "/console/\\x"):
        clerk.open("/console/people")
        answer = clerk.send("/console/language/en", next=there)
        assert (answer.status_code, answer.location) == (302, "/console/")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nor_is_one_that_somebody_came_from(clerk: Browser) -> None:
    with clerk.app.test_request_context("/console/people", headers={"Referer": f"https:{HOST}"}):
        assert setup._back() == "/console/"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_sends_much_to_a_page_that_is_not_theirs(
    clerk: Browser, wu: Person, hired: Hire, another: Callable[[str], Browser]
) -> None:
    path, much = f"/console/people/{wu.id}/enrol/samples/0", b"\0" * 100_000
    assert clerk.upload(path, "file", "a.wav", much).status_code == 409, "no recording, but taken in"
    stranger, operator = another("192.0.2.8"), another("192.0.2.9")
    stranger.open("/console/sign-in")
    assert stranger.upload(path, "file", "a.wav", much).status_code == 413
    operator.signs_in(hired("李审核", Role.OPERATOR))
    operator.open("/console/people")
    assert operator.upload(path, "file", "a.wav", much).status_code == 413


def test_a_file_is_kept_where_its_address_says_what_is_in_it(browser: Browser) -> None:
    browser.open("/console/sign-in")
    sheet = browser.page.split('rel="stylesheet" href="')[1].split('"')[0]
    path, _, version = sheet.partition("?v=")
    for there, kept in ((sheet, "immutable"), (path, "no-cache"), (f"{path}?v={version[:-1]}", "no-cache")):
        answer = browser.open(there)
        assert answer.status_code == 200 and kept in answer.headers["Cache-Control"]
        answer.close()
    for odd in ("nope/../live.js", "./live.js", "nope.js"):
        answer = browser.open(f"/console/static/{odd}?v={version}")
        assert answer.status_code == 404 or "no-cache" in answer.headers["Cache-Control"]
        answer.close()
