"""Helpers as a clerk declares them: with or without copies, agreed to and taken back."""

from __future__ import annotations

from datetime import datetime

from certification.regions import SHANGHAI
from tests.ops.test_commands import NUMBER, json_of, sentence, settings, stillhere, town
from tests.ops.test_routes import BY, done

__all__ = ["settings", "town"]
DAUGHTER = ("--name", "王女士", "--phone", "13988000009", "--relation", "relative")
WORDS = "提醒也发给女儿"


def shown(town: dict[str, str]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = done(stillhere(town, "helpers", "show", NUMBER, "--json"))["helpers"]
    return found


def test_a_daughter_with_copies(town: dict[str, str]) -> None:
    declare = ("helpers", "declare", NUMBER, *DAUGHTER, *BY, "--json")
    assert "together" in stillhere(town, *declare, "--copies").stderr
    assert "together" in stillhere(town, *declare, "--consent", WORDS).stderr
    assert shown(town) == []
    made = done(stillhere(town, *declare, "--copies", "--consent", WORDS))
    assert (made["relation"], made["copies"]) == ("relative", True)
    [one] = shown(town)
    assert (one["name"], one["number"], one["copies"], one["consent"]) == ("王女士", "+8613988000009", True, WORDS)
    said = stillhere(town, "helpers", "show", NUMBER).stdout
    assert "抄送 copies" in said and WORDS in said
    assert done(stillhere(town, "people", "show", NUMBER, "--json"))["certified"] is False


def test_a_day_is_told_as_it_was_here(town: dict[str, str]) -> None:
    dawn = datetime(2026, 3, 10, 5, 30, tzinfo=SHANGHAI)  # the day before, in Greenwich
    declare = ("helpers", "declare", NUMBER, *DAUGHTER, *BY, "--copies", "--consent", WORDS)
    assert stillhere(town, *declare, now=lambda: dawn).exit_code == 0
    assert "2026-03-10 desk" in stillhere(town, "helpers", "show", NUMBER).stdout


def test_copies_are_agreed_to_taken_back_and_ended(town: dict[str, str]) -> None:
    helper = done(stillhere(town, "helpers", "declare", NUMBER, *DAUGHTER, *BY, "--json"))["id"]
    assert [one["copies"] for one in shown(town)] == [False]
    agree = ("helpers", "agree", NUMBER, helper, "--consent", WORDS, "--how", "visit", *BY, "--json")
    assert [done(stillhere(town, *agree)) for _ in range(2)] == [{"agreed": True}, {"agreed": False}]
    withdraw = ("helpers", "withdraw", NUMBER, helper, *BY, "--json")
    assert [one["copies"] for one in shown(town)] == [True]
    assert [done(stillhere(town, *withdraw)) for _ in range(2)] == [{"withdrawn": True}, {"withdrawn": False}]
    assert [one["copies"] for one in shown(town)] == [False]
    assert done(stillhere(town, "helpers", "end", NUMBER, helper, *BY, "--json")) == {"ended": True}
    assert shown(town) == []
    assert "helpers show" in sentence(stillhere(town, "helpers", "end", NUMBER, helper, *BY))
    assert json_of(stillhere(town, "journal", "verify", "--json"))["intact"] is True


def test_consent_says_something(town: dict[str, str]) -> None:
    helper = done(stillhere(town, "helpers", "declare", NUMBER, *DAUGHTER, *BY, "--json"))["id"]
    result = stillhere(town, "helpers", "agree", NUMBER, helper, "--consent", "  ", *BY)
    assert (result.exit_code, "must not be empty" in result.stderr) == (2, True)
