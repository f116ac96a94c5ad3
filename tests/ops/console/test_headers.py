"""What stands in a header or a cookie and can be nothing: every page refuses it or overlooks it, and none breaks."""

from __future__ import annotations

from collections import defaultdict

import pytest
from flask import Flask
from sqlalchemy import select

from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Recording
from tests.certification.test_secondlooks import seeded
from tests.ops.console.browser import HERE, Browser
from tests.ops.console.test_matrix import MATRIX, STRANGERS, filled, signed_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
JUNK = "x;=,%00%[" * 900  # about eight thousand
NO_ADDRESS = "https://["
HEADERS: list[dict[str, str]] = [
    {"Referer": NO_ADDRESS, "X-Forwarded-Prefix": "//[", "Forwarded": 'for="[', "X-HTTP-Method-Override": "BREW"},
    {
        "Referer": "javascript:\xff",
        "Origin": NO_ADDRESS,
        "X-CSRFToken": "\xff",
        "Accept": "*;q=nan/,;",
        "Accept-Language": "zh;q=x,,;;=,*;q=-1,\xff",
        "Accept-Encoding": ";;q=",
        "Range": "bytes=9-1",
        "If-Range": '"',
        "If-None-Match": '"',
        "If-Modified-Since": "Xday, 99 Foo 10000000",
    },
    {
        "Accept-Language": JUNK,
        "X-By-Itself": JUNK,
        "Authorization": "Basic \xff",
        "Range": f"bytes={'9' * 400}-",
        "If-Match": 'W/"\xff',
        "X-Forwarded-For": "[::1, \xff",
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-Host": "[",
        "X-Forwarded-Port": "x",
    },
    {"Content-Type": "multipart/form-data; boundary=\xff", "Content-Encoding": "nonsense"},
    {"Content-Type": "text/plain; charset=nonsense", "Transfer-Encoding": "nonsense", "Authorization": "Digest =,="},
    {"Content-Length": "-1"},
    {"Content-Length": "x"},
    {"Host": "["},
    {"Host": "line.example:x"},
    {"Host": "\xff"},
]
COOKIES = ["x;=,%00%[" * 120, "a" * 3900, ".eJw" + "A" * 400, "e30.\xff.", '{"_user_id":1}', ""]


def holder(path: str, method: str) -> Role:
    """Somebody who may use a page; anybody, where strangers may."""
    roles = MATRIX[method, path]
    return next(role for role in Role if roles == STRANGERS or role in roles)


def by_role() -> dict[Role, list[tuple[str, str]]]:
    found = defaultdict[Role, list[tuple[str, str]]](list)
    for method, path in MATRIX:
        if not path.endswith("sign-out"):
            found[holder(path, method)].append((method, path))
    return found


def asks(browser: Browser, method: str, path: str, headers: dict[str, str]) -> int:
    """What comes of a request with the token that is good and these headers."""
    sent = {"base_url": HERE, "environ_base": {"REMOTE_ADDR": browser.address}}
    given = {"headers": {"Referer": HERE + browser.at, **headers}}
    if method == "GET":
        answer = browser.client.get(path, **sent, **given)
        answer.close()
        return answer.status_code
    token = browser.page.split('name="csrf_token" value="')[1].split('"')[0]
    answer = browser.client.post(path, data={"csrf_token": token}, **sent, **given)
    answer.close()
    return answer.status_code


@pytest.fixture
def plain(app: Flask) -> Flask:
    """The process as it is served: what breaks is an answer of 500."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


def test_no_header_breaks_a_page(plain: Flask, rt: Runtime) -> None:
    broken = set()
    for role, pages in by_role().items():
        browser = signed_in(plain, rt, role)
        for headers in HEADERS:
            for method, path in pages:
                if (code := asks(browser, method, filled(path), headers)) >= 500:
                    broken.add((method, path, str(headers)[:60], code))
    assert not broken


def test_no_cookie_breaks_a_page(plain: Flask, rt: Runtime) -> None:
    browser, broken = signed_in(plain, rt, Role.SUPERVISOR), set()
    for name in ("console", "device", "other"):
        for junk in COOKIES:
            for method, path in MATRIX:
                browser.client.set_cookie(name, junk, path="/", domain="line.example")
                if (code := asks(browser, method, filled(path), {})) >= 500:
                    broken.add((method, path, junk[:9], code))
    assert not broken


def test_a_recording_is_heard_or_refused(plain: Flask, rt: Runtime) -> None:
    case, browser = seeded(rt), signed_in(plain, rt, Role.OPERATOR)
    with rt.sessions() as session:
        recording = session.scalars(select(Recording.id)).first()
    browser.send(f"/console/cases/{case}/take")
    there = f"/console/cases/{case}/recordings/{recording}.wav"
    assert asks(browser, "GET", there, {}) == 200
    for headers in HEADERS:
        if not headers.keys() & {"Host"}:
            assert asks(browser, "GET", there, headers) in (200, 206, 304, 412, 416), headers


def test_a_form_from_an_address_that_is_none_is_refused(plain: Flask, rt: Runtime) -> None:
    browser = signed_in(plain, rt, Role.CLERK)
    assert asks(browser, "POST", "/console/people", {"Referer": NO_ADDRESS}) == 400
    assert asks(browser, "GET", "/console/people", {"Referer": NO_ADDRESS}) == 200
