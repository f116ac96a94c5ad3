"""Accounts: the administrator opens and closes them, and everybody changes their own password."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyotp
import pytest

from certification.doors import TRIES
from certification.runtime import Runtime
from certification.staff import Role
from tests.certification.conftest import Clock
from tests.certification.suspending import journalled
from tests.ops.console.browser import PASSWORD, Account, Browser, Hire

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]


@pytest.fixture
def admin(browser: Browser, hired: Hire) -> Browser:
    """Administrator Sun, signed in."""
    browser.signs_in(hired("孙管理", Role.ADMINISTRATOR))
    return browser


def opens(admin: Browser, name: str, role: str = "clerk", region: str = "kunming") -> tuple[Account, str]:
    """Open an account; it, and its first password."""
    admin.open("/console/staff")
    assert admin.send("/console/staff", name=name, role=role, region=region).status_code == 200
    [password] = re.findall(r'class="code">([^<]+)<', admin.page)
    [uri] = re.findall(r"otpauth://[^<]+", admin.page)
    found = pyotp.parse_uri(uri)
    assert isinstance(found, pyotp.TOTP) and "<svg" in admin.page
    return Account(name, found), password


def test_an_account_is_opened_and_its_secrets_are_shown_once(admin: Browser, another: Another) -> None:
    zhao, password = opens(admin, "赵经办")
    admin.open("/console/staff")
    assert "赵经办" in admin.page and password not in admin.page and "otpauth" not in admin.page
    theirs = another("192.0.2.2")
    assert theirs.signs_in(zhao, password=password).status_code == 302
    theirs.open("/console/")
    assert "窗口经办" in theirs.page and "昆明" in theirs.page


def test_what_is_wrong_opens_none(admin: Browser) -> None:
    admin.open("/console/staff")
    for form, status in (
        ({"name": "甲", "role": "king"}, 400),
        ({"name": "甲", "role": "clerk", "region": "atlantis"}, 400),
        ({"name": "甲", "role": "agent"}, 409),
        ({"name": "孙管理", "role": "clerk"}, 409),
        ({"name": "", "role": "clerk"}, 409),
    ):
        page = admin.page
        assert admin.send("/console/staff", token=None, follow=False, **form).status_code == status
        admin.page = page
    admin.open("/console/staff")
    assert admin.page.count("<tr>") == 2


def test_a_closed_account_is_out_at_once_and_nobody_closes_their_own(admin: Browser, another: Another) -> None:
    zhao, password = opens(admin, "赵经办")
    theirs = another("192.0.2.2")
    theirs.signs_in(zhao, password=password)
    assert theirs.inside
    admin.open("/console/staff")
    admin.send("/console/staff/close", name="赵经办", follow=True)
    assert "已停用" in admin.page
    assert theirs.open("/console/").status_code == 302
    assert admin.send("/console/staff/close", name=" 孙管理").status_code == 400
    assert admin.inside


def reopens(admin: Browser, name: str) -> tuple[Account, str]:
    """Open a closed account again; it, and its new password."""
    admin.open("/console/staff")
    assert admin.send("/console/staff/reopen", name=name, sure="yes").status_code == 200
    [password] = re.findall(r'class="code">([^<]+)<', admin.page)
    found = pyotp.parse_uri(re.findall(r"otpauth://[^<]+", admin.page)[0])
    assert isinstance(found, pyotp.TOTP)
    return Account(name, found), password


def test_a_closed_account_is_opened_again_and_nothing_of_before_lets_anybody_in(
    admin: Browser, another: Another, clock: Clock, rt: Runtime
) -> None:
    zhao, password = opens(admin, "赵经办")
    theirs = another("192.0.2.2")
    theirs.signs_in(zhao, password=password)
    admin.open("/console/staff")
    admin.send("/console/staff/close", name="赵经办", follow=True)
    assert "已停用的账号" in admin.page
    assert admin.send("/console/staff/reopen", name="赵经办").status_code == 400, "a tick is asked for"
    again, new = reopens(admin, "赵经办")
    assert "已停用的账号" not in admin.page and new != password
    assert theirs.open("/console/").status_code == 302, "who was signed in before stays out"
    clock.forward(seconds=30)
    assert another("192.0.2.3").signs_in(zhao, password=password).status_code == 401
    assert another("192.0.2.3").signs_in(Account("赵经办", zhao.otp), password=new).status_code == 401
    clock.forward(seconds=30)
    assert another("192.0.2.4").signs_in(again, password=new).status_code == 302
    assert admin.send("/console/staff/reopen", name="赵经办", sure="yes").status_code == 409
    [entry] = journalled(rt, "staff reopened")
    assert '"clerk"' in entry and new not in entry


def test_auditors_see_the_accounts_and_no_button(admin: Browser, another: Another, hired: Hire) -> None:
    opens(admin, "赵经办")
    opens(admin, "钱经办")
    admin.open("/console/staff")
    admin.send("/console/staff/close", name="钱经办")
    auditor = another("192.0.2.5")
    auditor.signs_in(hired("周审计", Role.AUDITOR))
    auditor.open("/console/staff")
    assert "赵经办" in auditor.page and "钱经办" in auditor.page and "/console/staff" in auditor.page
    assert 'action="/console/staff' not in auditor.page


def changes(
    browser: Browser, account: Account, now: str = PASSWORD, new: str = "another horse", again: str = ""
) -> int:
    browser.open("/console/password")
    form = {"password": now, "code": account.otp.at(browser.rt.now()), "new": new, "again": again or new}
    return browser.send("/console/password", token=None, follow=True, **form).status_code


def test_whoever_changes_their_password_is_signed_out_everywhere_else(
    another: Another, hired: Hire, clock: Clock, rt: Runtime
) -> None:
    zhao = hired("赵经办", Role.CLERK)
    here, there = another("192.0.2.1"), another("192.0.2.2")
    for one in (here, there):
        one.signs_in(zhao)
        clock.forward(seconds=30)
    assert changes(here, zhao, new="short") == 409
    assert changes(here, zhao, again="otherwise") == 409
    assert changes(here, zhao) == 200
    assert "密码已换" in here.page
    assert here.inside and not there.inside
    clock.forward(seconds=30)
    assert there.signs_in(zhao).status_code == 401
    clock.forward(seconds=30)
    assert there.signs_in(zhao, password="another horse").status_code == 302
    assert len(journalled(rt, "password changed")) == 1


def test_whoever_finds_a_screen_open_guesses_no_password(another: Another, hired: Hire, clock: Clock) -> None:
    zhao = hired("赵经办", Role.CLERK)
    here = another("192.0.2.1")
    here.signs_in(zhao)
    for _ in range(TRIES):
        clock.forward(seconds=30)
        assert changes(here, zhao, now="wrong") == 409
    clock.forward(seconds=30)
    assert changes(here, zhao) == 409
    assert "不能再登录" in here.page
    clock.forward(seconds=30)
    assert another("192.0.2.2").signs_in(zhao).status_code == 302, "elsewhere, nothing is locked"
