"""Accounts at a provider bound to ours, on both databases; and the settings that name the provider."""

from __future__ import annotations

from dataclasses import replace

import pyotp
import pytest

from certification import providers, signins, staff
from certification.providers import NotBound, ProviderAbsent, SubTaken, SubUnusable
from certification.runtime import Runtime
from certification.settings import SettingInvalid, SettingMissing, Settings
from certification.staff import CodeWrong, NameUnknown, NotProven, Proven, Role
from tests.certification.suspending import journalled
from tests.certification.test_settings import LEAST

ISSUER = "https://sso.example"
OIDC = {"OIDC_ISSUER": ISSUER, "OIDC_CLIENT_ID": "console", "OIDC_CLIENT_SECRET": "a secret"}


@pytest.fixture
def here(rt: Runtime) -> Runtime:
    """A Runtime with a provider, and two accounts."""
    for name in ("李审核", "王审核"):
        with rt.sessions.begin() as session:
            staff.add(session, rt, name=name, role=Role.OPERATOR, password="correct horse battery", by="cli")
    return replace(rt, settings=replace(rt.settings, oidc_issuer=ISSUER, oidc_second_factor=("amr:otp", "acr:gold")))


def bind(rt: Runtime, name: str, sub: str) -> None:
    with rt.sessions.begin() as session:
        providers.bind(session, rt, name, sub, "cli")


def whose(rt: Runtime, sub: str) -> str | None:
    """The name of whose account is bound to a `sub`."""
    with rt.sessions.begin() as session:
        found = providers.whose(session, rt, sub)
        assert isinstance(found, (str, NotBound))
        return staff.named(session, found) if isinstance(found, str) else None


def test_one_sub_is_one_account_of_one_provider(here: Runtime) -> None:
    bind(here, " 李审核", "a")
    assert (whose(here, "a"), whose(here, "A"), whose(here, "")) == ("李审核", None, None)
    with pytest.raises(SubTaken):
        bind(here, "王审核", "a")
    bind(here, "李审核", "b")
    assert (whose(here, "a"), whose(here, "b")) == (None, "李审核"), "the new one instead of the old"
    bind(here, "王审核", "a")
    elsewhere = replace(here, settings=replace(here.settings, oidc_issuer="https://another.example"))
    assert whose(elsewhere, "a") is None, "another provider's names are another's"
    with here.sessions.begin() as session:
        assert providers.bound(session, elsewhere) == set() and len(providers.bound(session, here)) == 2
        assert providers.unbind(session, here, "王审核", "cli") and not providers.unbind(session, here, "王审核", "cli")
        staff.close(session, here, "李审核", "cli")
    assert (whose(here, "a"), whose(here, "b")) == (None, None)
    assert len(journalled(here, "provider account unbound")) == 1


def test_what_cannot_be_bound_is_not(here: Runtime, rt: Runtime) -> None:
    for sub in ("", "  ", "编号", "x" * 256, "a\nb"):
        with pytest.raises(SubUnusable):
            bind(here, "李审核", sub)
    with pytest.raises(NameUnknown):
        bind(here, "无此人", "a")
    with pytest.raises(ProviderAbsent):
        bind(rt, "李审核", "a")


def test_who_is_bound_anew_is_signed_out(here: Runtime) -> None:
    bind(here, "李审核", "a")
    with here.sessions.begin() as session:
        staff_id = providers.whose(session, here, "a")
        assert isinstance(staff_id, str)
        proven = staff.vouched(session, here, staff_id, None)
        assert isinstance(proven, Proven)
        identifier = signins.begin(session, here, proven, how="oidc")
    bind(here, "李审核", "b")
    with here.sessions() as session:
        assert signins.of(session, here, identifier) is None


def test_a_code_is_good_once_also_behind_a_provider(here: Runtime) -> None:
    with here.sessions.begin() as session:
        uri = staff.add(session, here, name="赵经办", role=Role.CLERK, password="correct horse battery", by="cli")
        otp = pyotp.parse_uri(uri)
        assert isinstance(otp, pyotp.TOTP)
        providers.bind(session, here, "赵经办", "z", "cli")
        staff_id = providers.whose(session, here, "z")
        assert isinstance(staff_id, str)
        code = otp.at(here.now())
        assert isinstance(staff.vouched(session, here, staff_id, "000000"), CodeWrong)
        assert isinstance(staff.vouched(session, here, staff_id, code), Proven)
        assert isinstance(staff.vouched(session, here, staff_id, code), CodeWrong)
        assert isinstance(staff.vouched(session, here, "0" * 32, None), NotProven)


def test_a_second_factor_is_what_the_settings_take_for_one(here: Runtime) -> None:
    for claims, good in (
        ({"amr": ["password", "otp"]}, True),
        ({"acr": "gold"}, True),
        ({"amr": ["password"], "acr": "silver"}, False),
        ({"amr": "otp"}, False),
        ({"acr": ["gold"]}, False),
        ({"amr": ["gold"], "acr": "otp"}, False),
        ({}, False),
    ):
        assert providers.second_factor(here, claims) is good, claims
    none = replace(here, settings=replace(here.settings, oidc_second_factor=()))
    assert not providers.second_factor(none, {"amr": ["otp"], "acr": "gold"})


def test_the_settings_of_a_provider() -> None:
    assert Settings.read(LEAST).oidc_issuer == ""
    settings = Settings.read(LEAST | OIDC | {"OIDC_SECOND_FACTOR": "amr:otp, acr:urn:gold"})
    assert (settings.oidc_issuer, settings.oidc_second_factor) == (ISSUER, ("amr:otp", "acr:urn:gold"))
    assert "a secret" not in repr(settings)
    for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"):
        with pytest.raises(SettingMissing, match=name):
            Settings.read(LEAST | OIDC | {name: ""})
    for name, wrong in (("OIDC_ISSUER", "http://sso.example"), ("OIDC_SECOND_FACTOR", "otp")):
        with pytest.raises(SettingInvalid, match=name):
            Settings.read(LEAST | OIDC | {name: wrong})
    assert Settings.read(LEAST | OIDC | {"OIDC_ISSUER": "http://127.0.0.1:4593/"}).oidc_issuer.endswith("/")
