"""Signs of life at the server: listed, one taken back that was a mistake, and put back; each once."""

from __future__ import annotations

from tests.ops.test_commands import NUMBER, sentence, settings, stillhere, town
from tests.ops.test_routes import BY, done

__all__ = ["settings", "town"]
CERTIFY = ("certify", NUMBER, "--route", "desk", *BY, "--json")
WHY = ("--reason", "点错了人")


def test_one_is_taken_back_and_put_back(town: dict[str, str]) -> None:
    receipt = done(stillhere(town, *CERTIFY))["receipt"]
    withdraw = ("evidence", "withdraw", receipt, *BY, *WHY, "--json")
    assert done(stillhere(town, *withdraw)) == {"receipt": receipt, "withdrawn": True, "open": True}
    assert done(stillhere(town, *withdraw)) == {"receipt": receipt, "withdrawn": False, "open": False}
    [listed] = done(stillhere(town, "evidence", "list", NUMBER, "--json"))["evidence"]
    assert (listed["receipt"], listed["kind"], listed["withdrawn"]) == (receipt, "desk", True)
    checked = stillhere(town, "certificate", "check", receipt, "--json")
    assert done(checked)["withdrawn"] and "entered by mistake" in checked.stdout
    back = ("evidence", "put-back", receipt, *BY, "--reason", "没有点错", "--json")
    assert [done(stillhere(town, *back))["put_back"] for _ in range(2)] == [True, False]
    assert done(stillhere(town, "certificate", "check", receipt, "--json"))["stands"]


def test_a_receipt_of_nobody_and_a_reason_with_a_number_are_said(town: dict[str, str]) -> None:
    unknown = stillhere(town, "evidence", "withdraw", "1234567897", *BY, *WHY)
    assert unknown.exit_code == 1 and "没有编号或回执号为 1234567897" in sentence(unknown)
    receipt = done(stillhere(town, *CERTIFY))["receipt"]
    assert stillhere(town, "evidence", "withdraw", receipt, *BY, "--reason", "13888000001").exit_code != 0
    assert not done(stillhere(town, "certificate", "check", receipt, "--json"))["withdrawn"]
