"""Signing in through an OpenID Connect provider that none of us wrote; doors, codes and bindings on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from certification import providers, staff
from certification.doors import TRIES
from certification.runtime import Runtime
from certification.signins import IDLE
from certification.staff import Role
from certification.store import ProviderAccount, SignIn
from ops.app import create_app
from ops.console.provider import WITHIN
from tests.certification.conftest import Clock
from tests.certification.suspending import journalled
from tests.ops.console.arriving import (
    bind,
    comes,
    facts_of,
    inside,
    li,
    liar,
    path,
    rt_of,
    starts,
    with_provider,
)
from tests.ops.console.browser import HERE, Account, Browser, Hire
from tests.ops.console.liar import SUB, Liar
from tests.ops.console.provider import Provider, User, running

__all__ = ["li", "liar", "rt_of"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
BACK = f"{HERE}/console/sign-in/back"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """One glewlwyd for all; it asks for a password, and for a code where somebody has an authenticator there."""
    with running(tmp_path_factory.mktemp("glewlwyd")) as found:
        found.knows(BACK)
        yield found


def known_at(provider: Provider, rt: Runtime, user: User, browser: Browser) -> str:
    """What the provider calls somebody, as the page shows it to whoever is not bound yet."""
    user.signs_in()
    answer = browser.open(path(user.goes(starts(browser))))
    assert answer.status_code == 401 and "还没有您的账号" in browser.page
    return browser.page.split("告诉管理员：")[1].split("<")[0]


def test_who_is_bound_comes_in_with_a_code_of_ours_where_the_provider_asked_for_none(
    provider: Provider, rt: Runtime, li: Account
) -> None:
    rt = with_provider(rt, provider.issuer, "amr:otp")
    browser, user = Browser(create_app(rt), rt), provider.adds("li")
    provider.asks_for()
    bind(rt, li.name, known_at(provider, rt, user, browser))
    there = starts(browser, "/console/cases?kind=voice_doubt")
    asked = parse_qs(urlsplit(there).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["redirect_uri"] == [BACK]
    assert len(asked["state"][0]) >= 20 and len(asked["nonce"][0]) >= 20 and asked["scope"] == ["openid"]
    back = browser.open(path(user.goes(there)))
    assert (back.status_code, back.location) == (302, "/console/sign-in/code")
    assert not inside(browser)
    browser.open("/console/sign-in/code")
    for wrong, status in (("000000", 401), ("", 400)):
        assert browser.send("/console/sign-in/code", code=wrong).status_code == status
    assert not inside(browser)
    browser.open("/console/sign-in/code")
    answer = browser.send("/console/sign-in/code", code=li.otp.at(rt.now()))
    assert (answer.status_code, answer.location) == (302, "/console/cases?kind=voice_doubt")
    assert inside(browser) and "审核员" in browser.page and "昆明" in browser.page, "role and region are ours"
    assert facts_of(rt, "signed in") == [{"how": "oidc"}]
    with rt.sessions() as session:
        assert len(session.scalars(select(SignIn)).all()) == 1


def test_who_proved_a_second_factor_there_is_asked_for_none_here(provider: Provider, rt: Runtime, li: Account) -> None:
    rt = with_provider(rt, provider.issuer, "amr:otp")
    browser, user = Browser(create_app(rt), rt), provider.adds("li2")
    provider.asks_for("otp")
    user.takes_authenticator()
    sub = known_at(provider, rt, user, browser)
    bind(rt, li.name, sub)
    answer = browser.open(path(user.goes(starts(browser))))
    assert (answer.status_code, answer.location) == (302, "/console/")
    assert inside(browser)
    stricter = with_provider(rt, provider.issuer, "acr:gold")
    theirs = Browser(create_app(stricter), stricter)
    there = starts(theirs)
    assert parse_qs(urlsplit(there).query)["acr_values"] == ["gold"]
    assert theirs.open(path(user.goes(there))).location == "/console/sign-in/code", "said otherwise than configured"


def test_a_code_of_the_provider_is_good_once_and_in_one_browser(provider: Provider, rt: Runtime, li: Account) -> None:
    rt = with_provider(rt, provider.issuer)
    app, user = create_app(rt), provider.adds("li3")
    provider.asks_for()
    browser, victim = Browser(app, rt), Browser(app, rt, "198.51.100.7")
    bind(rt, li.name, known_at(provider, rt, user, browser))
    back = path(user.goes(starts(browser)))
    assert victim.open(back).status_code == 400, "begun in another browser: nobody is signed in as somebody else"
    assert "不是在这个浏览器里开始的" in victim.page
    starts(victim)
    assert victim.open(back).status_code == 400, "nor with a sign-in of their own under way"
    kept = browser.client.get_cookie("console", domain="line.example", path="/console")
    assert kept is not None and browser.open(back).location == "/console/sign-in/code"
    browser.client.set_cookie("console", kept.value, path="/console", domain="line.example")
    assert browser.open(back).status_code == 401, "the provider takes a code once"


def test_wrong_codes_lock_the_door_they_came_through_and_no_other(
    rt_of: Runtime, liar: Liar, li: Account, clock: Clock
) -> None:
    app = create_app(rt_of)
    thief, home = Browser(app, rt_of, "198.51.100.7"), Browser(app, rt_of)
    for n in range(TRIES):
        comes(thief, liar)
        thief.open("/console/sign-in/code")
        assert thief.send("/console/sign-in/code", code="000000").status_code == 401, n
    assert "不能再登录" in thief.page
    comes(thief, liar)
    thief.open("/console/sign-in/code")
    assert thief.send("/console/sign-in/code", code=li.otp.at(rt_of.now())).status_code == 401, "locked is locked"
    clock.forward(seconds=30)
    assert thief.signs_in(li).status_code == 401
    comes(home, liar)
    home.open("/console/sign-in/code")
    assert home.send("/console/sign-in/code", code=li.otp.at(rt_of.now())).status_code == 302


def test_a_locked_door_is_locked_to_the_provider_too_and_it_forgets_no_try(
    rt_of: Runtime, liar: Liar, li: Account, another: Another
) -> None:
    app = create_app(rt_of)
    thief = Browser(app, rt_of, "198.51.100.7")
    for _ in range(TRIES - 1):
        thief.signs_in(li, password="wrong")
    assert comes(thief, liar, amr=["otp"]) == 302 and inside(thief)
    thief.send("/console/sign-out")
    thief.client.delete_cookie("device", path="/console/sign-in", domain="line.example")
    thief.signs_in(li, password="wrong")
    assert "不能再登录" in thief.page
    assert comes(thief, liar, amr=["otp"]) == 401
    assert "不能再登录" in thief.page


def test_the_code_is_asked_for_within_minutes_and_only_while_bound(
    rt_of: Runtime, liar: Liar, li: Account, clock: Clock
) -> None:
    browser = Browser(create_app(rt_of), rt_of)
    assert browser.open("/console/sign-in/code").status_code == 400, "nobody came back"
    comes(browser, liar)
    browser.open("/console/sign-in/code")
    clock.forward(seconds=WITHIN.total_seconds() + 1)
    assert browser.send("/console/sign-in/code", code=li.otp.at(rt_of.now())).status_code == 400
    comes(browser, liar)
    browser.open("/console/sign-in/code")
    with rt_of.sessions.begin() as session:
        assert providers.unbind(session, rt_of, li.name, "cli")
    assert browser.send("/console/sign-in/code", code=li.otp.at(rt_of.now())).status_code == 401
    assert "还没有您的账号" in browser.page and not inside(browser)


def test_who_is_closed_or_rebound_is_out(rt_of: Runtime, liar: Liar, li: Account, hired: Hire) -> None:
    browser = Browser(create_app(rt_of), rt_of)
    comes(browser, liar, amr=["otp"])
    assert inside(browser)
    bind(rt_of, li.name, "another sub")
    assert not inside(browser)
    assert comes(browser, liar, amr=["otp"]) == 401
    bind(rt_of, li.name, SUB)
    with rt_of.sessions.begin() as session:
        staff.close(session, rt_of, li.name, "cli")
    assert comes(browser, liar, amr=["otp"]) == 401
    bind(rt_of, hired("李审核二", Role.OPERATOR).name, SUB)
    assert comes(browser, liar, amr=["otp"]) == 302


def test_who_comes_to_a_screen_that_another_left_is_asked_by_the_provider_who_they_are(
    rt_of: Runtime, liar: Liar, clock: Clock
) -> None:
    browser = Browser(create_app(rt_of), rt_of)
    assert "prompt" not in parse_qs(urlsplit(starts(browser)).query)
    comes(browser, liar, amr=["otp"])
    browser.open("/console/")
    browser.send("/console/sign-out")
    assert parse_qs(urlsplit(starts(browser)).query)["prompt"] == ["login"]
    comes(browser, liar, amr=["otp"])
    clock.forward(seconds=IDLE.total_seconds())
    assert parse_qs(urlsplit(starts(browser)).query)["prompt"] == ["login"], "who was away too long is another, too"


def test_tries_from_one_address_are_held_back(rt_of: Runtime, liar: Liar) -> None:
    app = create_app(rt_of)
    stranger = Browser(app, rt_of, "198.51.100.7")
    codes = [stranger.open("/console/sign-in/provider").status_code for _ in range(22)]
    assert codes == [302] * 20 + [429] * 2
    assert Browser(app, rt_of).open("/console/sign-in/provider").status_code == 302


def test_without_a_provider_there_is_neither_a_button_nor_a_way(browser: Browser, li: Account) -> None:
    browser.open("/console/sign-in")
    assert "统一登录" not in browser.page
    for there in ("provider", "back?code=x&state=y", "code"):
        assert browser.open(f"/console/sign-in/{there}").status_code == 404


def test_the_administrator_binds_on_the_page_of_accounts(rt_of: Runtime, hired: Hire, li: Account) -> None:
    admin = Browser(create_app(rt_of), rt_of)
    zhao = hired("赵经办", Role.CLERK)
    admin.signs_in(hired("孙管理", Role.ADMINISTRATOR))
    admin.open("/console/staff")
    assert "李审核 · 已绑定" in admin.page
    page = admin.page
    for sub, status in ((SUB, 409), ("名", 409), ("x" * 256, 409)):
        admin.page = page
        assert admin.send("/console/staff/provider", name=zhao.name, sub=sub).status_code == status
    admin.page = page
    assert admin.send("/console/staff/provider", name="无此人", sub="sub-2").status_code == 409
    admin.open("/console/staff")
    admin.send("/console/staff/provider", name=zhao.name, sub=" sub-2 ", follow=True)
    assert "已为赵经办绑定" in admin.page and "赵经办 · 已绑定" in admin.page
    admin.send("/console/staff/provider", name=zhao.name, sub="", follow=True)
    assert "已解除赵经办" in admin.page
    with rt_of.sessions() as session:
        assert [one.sub for one in session.scalars(select(ProviderAccount))] == [SUB]
    assert len(journalled(rt_of, "provider account bound")) == 2
    assert SUB not in "".join(journalled(rt_of, "provider account bound"))
