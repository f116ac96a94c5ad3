"""Signing in: who is let in and for how long; nobody else is, and nobody can lock another out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from certification import staff
from certification.doors import FIRST_LOCK, TRIES, TRIES_ANYWHERE
from certification.runtime import Runtime
from certification.signins import IDLE, LONGEST
from certification.staff import Role
from tests.certification.conftest import Clock
from tests.certification.suspending import journalled
from tests.ops.console.browser import HERE, Account, Browser, Hire

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
SESSION = "console"


@pytest.fixture
def li(hired: Hire) -> Account:
    """Operator Li of Kunming."""
    return hired("李审核", Role.OPERATOR, region="kunming")


def test_name_password_and_code_let_somebody_in_and_to_where_they_meant_to_go(
    browser: Browser, li: Account, rt: Runtime
) -> None:
    sent = browser.open("/console/cases?kind=voice_doubt")
    assert (sent.status_code, sent.location) == (302, "/console/sign-in?next=/console/cases?kind%3Dvoice_doubt")
    answer = browser.signs_in(li, there="/console/cases?kind=voice_doubt")
    assert (answer.status_code, answer.location) == (302, "/console/cases?kind=voice_doubt")
    browser.open("/console/")
    assert "李审核，您好" in browser.page and "审核员" in browser.page and "昆明" in browser.page
    assert len(journalled(rt, "signed in")) == 1


def test_whatever_is_wrong_is_refused_in_the_same_words(browser: Browser, li: Account, clock: Clock) -> None:
    said = set()
    for wrong in (
        {"password": "incorrect horse"},
        {"code": "000000"},
        {"code": "12345x"},
    ):
        answer = browser.signs_in(li, **wrong)
        assert answer.status_code == 401
        said.add(browser.page.split('role="alert">')[1].split("<")[0])
    nobody = Account("无此人", li.otp)
    assert browser.signs_in(nobody).status_code == 401
    said.add(browser.page.split('role="alert">')[1].split("<")[0])
    assert len(said) == 1
    assert not browser.inside
    assert browser.signs_in(li, password="").status_code == 400


def test_strangers_wrong_tries_lock_neither_another_network_nor_a_browser_that_is_known(
    another: Another, li: Account, clock: Clock
) -> None:
    office, stranger, home = another("192.0.2.1"), another("198.51.100.7"), another("203.0.113.9")
    assert office.signs_in(li).status_code == 302
    office.open("/console/")
    office.send("/console/sign-out")
    clock.forward(seconds=30)
    for _ in range(TRIES):
        stranger.signs_in(li, password="wrong")
    assert "不能再登录" in stranger.page
    assert stranger.signs_in(li).status_code == 401, "the right ones do not open a locked door"
    neighbour = another("198.51.100.200")
    assert neighbour.signs_in(li).status_code == 401, "of the same network"
    assert home.signs_in(li).status_code == 302
    clock.forward(seconds=30)
    for n in range(TRIES_ANYWHERE):
        another(f"198.18.{n}.1").signs_in(li, password="wrong")
    assert another("203.0.113.77").signs_in(li).status_code == 401, "no stranger comes in now"
    assert office.signs_in(li).status_code == 302, "a browser that is known does"
    clock.forward(seconds=FIRST_LOCK.total_seconds() + 30)
    assert another("203.0.113.77").signs_in(li).status_code == 302


def test_a_known_browser_is_known_for_whoever_signed_in_there_alone(
    another: Another, li: Account, hired: Hire, clock: Clock
) -> None:
    theirs = another("198.51.100.7")
    assert theirs.signs_in(hired("王审核", Role.OPERATOR)).status_code == 302
    theirs.open("/console/")
    theirs.send("/console/sign-out")
    for _ in range(TRIES):
        theirs.signs_in(li, password="wrong")
    assert another("198.51.100.8").signs_in(li).status_code == 401, "it was counted for the network"


def test_a_session_ends(browser: Browser, li: Account, clock: Clock, rt: Runtime) -> None:
    browser.signs_in(li)
    for _ in range(3):
        clock.forward(seconds=IDLE.total_seconds() - 60)
        assert browser.inside
    clock.forward(seconds=IDLE.total_seconds())
    assert not browser.inside
    browser.signs_in(li)
    for _ in range(int(LONGEST / IDLE) * 2 - 1):
        clock.forward(seconds=IDLE.total_seconds() / 2)
        assert browser.inside
    clock.forward(seconds=IDLE.total_seconds() / 2)
    assert not browser.inside, "the longest day is over"
    browser.signs_in(li)
    with rt.sessions.begin() as session:
        staff.close(session, rt, li.name, "cli")
    assert not browser.inside, "the account is closed"


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(browser: Browser, li: Account, clock: Clock) -> None:
    browser.signs_in(li)
    for _ in range(3):
        clock.forward(seconds=IDLE.total_seconds() / 3)
        browser.open("/console/cases/events")
    assert not browser.inside


def test_who_signed_out_is_out_with_every_copy_of_the_cookie(browser: Browser, li: Account, rt: Runtime) -> None:
    browser.signs_in(li)
    copied = browser.client.get_cookie(SESSION, domain="line.example", path="/console")
    assert copied is not None
    browser.open("/console/")
    assert browser.send("/console/sign-out").status_code == 302
    browser.client.set_cookie(SESSION, copied.value, path="/console", domain="line.example")
    assert not browser.inside
    assert len(journalled(rt, "signed out")) == 1


def test_a_session_that_somebody_was_given_before_is_not_the_one_signed_in(another: Another, li: Account) -> None:
    attacker, victim = another("198.51.100.7"), another("192.0.2.1")
    attacker.open("/console/sign-in")
    planted = attacker.client.get_cookie(SESSION, domain="line.example", path="/console")
    assert planted is not None
    victim.client.set_cookie(SESSION, planted.value, path="/console", domain="line.example")
    assert victim.signs_in(li).status_code == 302
    now = victim.client.get_cookie(SESSION, domain="line.example", path="/console")
    assert now is not None and now.value != planted.value
    assert victim.inside
    assert not attacker.inside
    known = attacker.page.split('name="csrf_token" value="')[1].split('"')[0]
    assert victim.send("/console/sign-out", token=known).status_code == 400, "nor is its token"


def test_a_form_without_its_token_changes_nothing(browser: Browser, li: Account, app: Flask) -> None:
    browser.open("/console/sign-in")
    form = {"name": li.name, "password": "correct horse battery", "code": li.otp.at(browser.rt.now())}
    for token in ("", "forged"):
        assert browser.send("/console/sign-in", token=token, follow=False, **form).status_code == 400
        assert "页面过期了" in browser.page
    browser.signs_in(li)
    assert browser.send("/console/sign-out", token="").status_code == 400
    assert browser.inside
    browser.open("/console/")
    elsewhere = {"base_url": HERE, "headers": {"Referer": "https://evil.example/"}}
    token = browser.page.split('name="csrf_token" value="')[1].split('"')[0]
    assert browser.client.post("/console/sign-out", data={"csrf_token": token}, **elsewhere).status_code == 400
    assert browser.inside


@pytest.mark.parametrize(
    "there", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/voice"]
)
def test_nobody_is_sent_elsewhere(browser: Browser, li: Account, there: str) -> None:
    assert browser.signs_in(li, there=there).location == "/console/"


def test_tries_from_one_address_are_held_back(another: Another, li: Account) -> None:
    stranger = another("198.51.100.7")
    codes = [stranger.signs_in(Account(f"某人{n}", li.otp), password="wrong").status_code for n in range(22)]
    assert codes == [401] * 20 + [429] * 2
    assert "试得太快" in stranger.page
    assert another("203.0.113.9").signs_in(li).status_code == 302


def test_pages_are_closed_to_others(browser: Browser, li: Account) -> None:
    browser.signs_in(li)
    for path in ("/console/", "/console/sign-in", "/console/nowhere"):
        answer = browser.open(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
    cookie = browser.client.get_cookie(SESSION, domain="line.example", path="/console")
    assert cookie is not None and cookie.secure and cookie.http_only


def test_the_language_is_ones_own_choice(browser: Browser, li: Account) -> None:
    browser.open("/console/sign-in")
    assert '<html lang="zh">' in browser.page
    browser.send("/console/language/en", next="/console/sign-in", follow=True)
    assert '<html lang="en">' in browser.page and "One-time code" in browser.page
    browser.signs_in(li, password="wrong")
    assert "try again with the next code" in browser.page
    browser.signs_in(li)
    browser.open("/console/")
    assert "Hello, 李审核" in browser.page, "as before signing in"
    assert browser.send("/console/language/xx").status_code == 404


def test_carriers_need_no_token_and_get_plain_answers(app: Flask) -> None:
    refused = app.test_client().post("/voice", data={"CallSid": "CA1"})
    assert (refused.status_code, "console" in refused.get_data(as_text=True)) == (403, False)


def test_what_a_page_asks_for_by_itself_keeps_nobody_signed_in(browser: Browser, li: Account, clock: Clock) -> None:
    browser.signs_in(li)
    for _ in range(4):
        clock.forward(seconds=IDLE.total_seconds() / 3)
        browser.open("/console/cases/events")
        browser.client.get("/console/cases", base_url=HERE, headers={"X-By-Itself": "yes"})
    assert not browser.inside
