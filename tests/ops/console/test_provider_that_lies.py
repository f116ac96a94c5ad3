"""What a provider says that lies, and who comes back another way than they went: nobody gets in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc.jwk import RSAKey

from certification.runtime import Runtime
from certification.staff import Role
from ops.app import create_app
from tests.ops.console.arriving import (
    comes,
    comes_back,
    inside,
    li,
    liar,
    rt_of,
    starts,
    with_provider,
)
from tests.ops.console.browser import HERE, Account, Browser, Hire
from tests.ops.console.liar import Liar
from tests.ops.console.provider import CLIENT

__all__ = ["li", "liar", "rt_of"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_true_token_lets_somebody_in(rt_of: Runtime, liar: Liar) -> None:
    browser = Browser(create_app(rt_of), rt_of)
    there = starts(browser)
    assert comes_back(browser, liar, there, liar.signs(liar.claims(there, amr=["otp"]))) == 302
    assert inside(browser)


FORGED: dict[str, Callable[[Liar, dict[str, object]], str]] = {
    "signed by nobody": lambda liar, claims: liar.unsigned(claims),
    "signed with our secret": lambda liar, claims: liar.with_secret(claims),
    "signed with the public key": lambda liar, claims: liar.with_public_key(claims),
    "signed by another": lambda liar, claims: liar.signs(claims, RSAKey.generate_key(2048, {"kid": "one"})),
    "no token": lambda *_: "",
    "not a token": lambda *_: "x.y",
    "changed": lambda liar, claims: liar.signs(claims)[:-6] + "AAAAAA",
}
CHANGED: dict[str, dict[str, object]] = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "another"},
    "several audiences, for another": {"aud": [CLIENT, "another"], "azp": "another"},
    "expired": {"exp": 1_700_000_000},
    "without an end": {"exp": None},
    "another nonce": {"nonce": "another"},
    "without a nonce": {"nonce": None},
    "of nobody": {"sub": None},
    "of a number": {"sub": 7},
    "of nothing": {"sub": ""},
}


@pytest.mark.parametrize("how", FORGED)
def test_a_token_that_the_provider_did_not_sign_is_refused(rt_of: Runtime, liar: Liar, how: str) -> None:
    browser = Browser(create_app(rt_of), rt_of)
    there = starts(browser)
    claims: dict[str, object] = liar.claims(there, amr=["otp"])
    assert comes_back(browser, liar, there, FORGED[how](liar, claims)) == 401
    assert "核对不上" in browser.page and not inside(browser)


def test_what_stands_beside_a_token_that_is_not_there_says_of_nobody_who_they_are(rt_of: Runtime, liar: Liar) -> None:
    browser = Browser(create_app(rt_of), rt_of)
    there = starts(browser)
    liar.beside = {"userinfo": liar.claims(there, amr=["otp"], iss="https://evil.example")}
    assert comes_back(browser, liar, there, "") == 401
    assert not inside(browser)


@pytest.mark.parametrize("how", CHANGED)
def test_a_token_for_another_moment_place_or_person_is_refused(rt_of: Runtime, liar: Liar, how: str) -> None:
    browser = Browser(create_app(rt_of), rt_of)
    there = starts(browser)
    token = liar.signs(liar.claims(there, amr=["otp"], **CHANGED[how]))
    assert comes_back(browser, liar, there, token) == 401
    assert not inside(browser)


def test_a_document_of_another_issuer_and_one_that_is_not_to_be_had_leave_the_password(
    rt_of: Runtime, liar: Liar, li: Account
) -> None:
    browser = Browser(create_app(rt_of), rt_of)
    for wrong in ({"names": "https://evil.example"}, {"names": liar.issuer, "down": True}):
        for name, value in wrong.items():
            setattr(liar, name, value)
        assert browser.open("/console/sign-in/provider").status_code == 503
        assert "请用密码和动态码登录" in browser.page and 'name="password"' in browser.page
    liar.down = False
    there = starts(browser, "/console/cases")
    liar.down = True
    assert comes_back(browser, liar, there, "x") == 503, "it went away meanwhile"
    assert 'name="next" value="/console/cases"' in browser.page
    assert browser.signs_in(li).status_code == 302
    nowhere = with_provider(rt_of, "http://127.0.0.1:9")
    assert Browser(create_app(nowhere), nowhere).open("/console/sign-in/provider").status_code == 503


SHAPES: list[object] = [["x"], "x", 7, None, {}]
"""What JSON may be where an object with certain names is meant."""
DOCUMENT = "/.well-known/openid-configuration"


def addresses() -> Iterator[str]:
    """Others each time: nobody tries as often as they like from one."""
    return (f"198.51.{n}.7" for n in range(100, 250))


def test_a_document_that_is_none_or_has_parts_of_another_shape_leaves_the_password(rt_of: Runtime, liar: Liar) -> None:
    app, of = create_app(rt_of), addresses()
    ends = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "jwks_uri": "/jwks"}
    true = {"issuer": liar.issuer, **{one: liar.issuer + there for one, there in ends.items()}}
    parts = [{**true, name: one} for name in (*ends, "id_token_signing_alg_values_supported") for one in SHAPES]
    for document in [*SHAPES, *parts]:
        app, liar.instead = create_app(rt_of), {DOCUMENT: document}
        browser = Browser(app, rt_of, next(of))
        away = browser.open("/console/sign-in/provider")
        assert away.status_code in (302, 503), document
        if away.status_code == 302 and away.location.startswith(liar.issuer):
            token = liar.signs(liar.claims(away.location, amr=["otp"]))
            assert comes_back(browser, liar, away.location, token) in (302, 401, 503), document
        else:
            assert not inside(browser)


def test_a_token_or_keys_of_another_shape_let_nobody_in(rt_of: Runtime, liar: Liar) -> None:
    of = addresses()
    for path in ("/token", "/jwks"):
        for shape in [*SHAPES, {"keys": 7}, {"keys": [7]}, {"id_token": 7}, {"id_token": []}, {"error": []}]:
            browser = Browser(create_app(rt_of), rt_of, next(of))
            there, liar.instead = starts(browser), {path: shape}
            came = comes_back(browser, liar, there, liar.signs(liar.claims(there, amr=["otp"])))
            assert (came, inside(browser)) == (401, False), (path, shape)
            liar.instead = {}


def test_parts_of_another_shape_beside_a_token_break_nothing(rt_of: Runtime, liar: Liar) -> None:
    app, of = create_app(rt_of), addresses()
    for name in ("access_token", "token_type", "expires_in", "expires_at"):
        for shape in SHAPES:
            browser = Browser(app, rt_of, next(of))
            there = starts(browser)
            true = {"access_token": "x", "token_type": "Bearer"}
            token = liar.signs(liar.claims(there, amr=["otp"]))
            liar.instead = {"/token": {**true, "id_token": token, name: shape}}
            assert comes_back(browser, liar, there, token) in (302, 401), (name, shape)


def test_claims_of_another_shape_let_nobody_in(rt_of: Runtime, liar: Liar) -> None:
    app, of = create_app(rt_of), addresses()
    for name in ("sub", "aud", "amr", "nonce", "exp", "iat"):
        for shape in SHAPES:
            browser = Browser(app, rt_of, next(of))
            assert comes(browser, liar, **{"amr": ["otp"], name: shape}) in (302, 401), (name, shape)
            assert name in ("exp", "iat") or not inside(browser), (name, shape)


def test_whoever_says_no_there_is_not_signed_in(rt_of: Runtime, liar: Liar) -> None:
    browser = Browser(create_app(rt_of), rt_of)
    starts(browser)
    said = "/console/sign-in/back?error=access_denied&error_description=<script>alert(1)</script>"
    answer = browser.client.get(said, base_url=HERE)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401 and "没有完成" in page and "<script>alert" not in page
    there = starts(browser)
    [state] = parse_qs(urlsplit(there).query)["state"]
    liar.token = liar.signs(liar.claims(there, amr=["otp"]))
    mixed = urlencode({"code": "x", "state": state, "iss": "https://evil.example"})
    assert browser.open(f"/console/sign-in/back?{mixed}").status_code == 401, "an answer of another provider"


@pytest.mark.parametrize("there", ["https://evil.example/", "//evil.example", "/\\evil.example", "/voice"])
def test_nobody_is_sent_elsewhere(rt_of: Runtime, liar: Liar, there: str) -> None:
    browser = Browser(create_app(rt_of), rt_of)
    away = starts(browser, there)
    assert away.startswith(liar.issuer)
    comes_back(browser, liar, away, liar.signs(liar.claims(away, amr=["otp"])))
    assert inside(browser)
    back = browser.open(f"/console/sign-in/provider?{urlencode({'next': there})}")
    assert back.location == "/console/", "whoever is signed in stays"


def test_a_session_that_somebody_was_given_before_is_not_the_one_signed_in(rt_of: Runtime, liar: Liar) -> None:
    app = create_app(rt_of)
    attacker, victim = Browser(app, rt_of, "198.51.100.7"), Browser(app, rt_of)
    there = starts(attacker)
    planted = attacker.client.get_cookie("console", domain="line.example", path="/console")
    assert planted is not None
    victim.client.set_cookie("console", planted.value, path="/console", domain="line.example")
    assert comes_back(victim, liar, there, liar.signs(liar.claims(there, amr=["otp"]))) == 302
    assert inside(victim) and not inside(attacker)
    known = attacker.page.split('name="csrf_token" value="')[1].split('"')[0]
    assert victim.send("/console/sign-out", token=known).status_code == 400


def test_whoever_is_signed_in_is_not_signed_in_as_somebody_else(
    rt_of: Runtime, liar: Liar, hired: Hire, li: Account
) -> None:
    browser = Browser(create_app(rt_of), rt_of)
    there = starts(browser)
    browser.signs_in(hired("王审核", Role.OPERATOR))
    assert comes_back(browser, liar, there, liar.signs(liar.claims(there, amr=["otp"]))) == 302
    browser.open("/console/")
    assert "王审核，您好" in browser.page
