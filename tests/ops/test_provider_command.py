"""The commands that bind somebody's account at the provider to theirs here."""

from __future__ import annotations

from tests.ops.test_commands import settings, stillhere, town
from tests.ops.test_suspensions_command import PASSWORD, typed

__all__ = ["settings", "town"]

OIDC = {"OIDC_ISSUER": "https://sso.example", "OIDC_CLIENT_ID": "console", "OIDC_CLIENT_SECRET": "a secret"}


def test_the_administrator_binds_and_unbinds(town: dict[str, str]) -> None:
    assert typed(town, [PASSWORD, PASSWORD], "staff", "add", "李", "--role", "operator").exit_code == 0
    without = stillhere(town, "staff", "bind", "李", "sub-1")
    assert without.exit_code == 1 and "OIDC_ISSUER" in without.output
    here = town | OIDC
    assert stillhere(here, "staff", "bind", "无此人", "sub-1").exit_code == 1
    bound = stillhere(here, "staff", "bind", "李", "sub-1")
    assert bound.exit_code == 0 and "已绑定" in bound.output and "sub-1" not in bound.output
    assert "已解除" in stillhere(here, "staff", "unbind", "李").output
    assert "没有绑定" in stillhere(here, "staff", "unbind", "李").output
