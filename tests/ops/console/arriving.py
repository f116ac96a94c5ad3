"""Coming to the console through a provider, as the tests of both kinds of provider do it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import select

from certification import providers
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import JournalEntry
from tests.ops.console.browser import Account, Browser, Hire
from tests.ops.console.liar import SUB, Liar, lying
from tests.ops.console.provider import CLIENT, SECRET


def with_provider(rt: Runtime, issuer: str, *second: str) -> Runtime:
    facts = {"oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    return replace(rt, settings=replace(rt.settings, **facts, oidc_second_factor=second))  # type: ignore[arg-type]


@pytest.fixture
def li(hired: Hire) -> Account:
    """Operator Li of Kunming."""
    return hired("李审核", Role.OPERATOR, region="kunming")


def bind(rt: Runtime, name: str, sub: str) -> None:
    with rt.sessions.begin() as session:
        providers.bind(session, rt, name, sub, "cli")


def starts(browser: Browser, there: str = "") -> str:
    """Press the button; where the browser is sent."""
    browser.open("/console/sign-in")
    answer = browser.open(
        f"/console/sign-in/provider?{urlencode({'next': there})}" if there else "/console/sign-in/provider"
    )
    assert answer.status_code == 302
    return str(answer.location)


def inside(browser: Browser) -> bool:
    """Whether somebody is signed in there by now."""
    return browser.inside


def path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def facts_of(rt: Runtime, action: str) -> list[dict[str, object]]:
    with rt.sessions() as session:
        found = session.scalars(select(JournalEntry.detail).where(JournalEntry.action == action))
        return [json.loads(one) for one in found]


@pytest.fixture
def liar() -> Iterator[Liar]:
    with lying() as found:
        yield found


@pytest.fixture
def rt_of(rt: Runtime, liar: Liar, li: Account) -> Runtime:
    """The runtime with the liar as its provider, which says of everybody that they are Li, and gave a code."""
    changed = with_provider(rt, liar.issuer, "amr:otp")
    bind(changed, li.name, SUB)
    return changed


def comes_back(browser: Browser, liar: Liar, there: str, token: str) -> int:
    [state] = parse_qs(urlsplit(there).query)["state"]
    liar.token = token
    return browser.open(f"/console/sign-in/back?{urlencode({'code': 'x', 'state': state})}").status_code


def comes(browser: Browser, liar: Liar, **claims: object) -> int:
    there = starts(browser)
    return comes_back(browser, liar, there, liar.signs(liar.claims(there, **claims)))
