"""`remind send` and `campaigns`: sent once, shown in counts alone, paused, gone on with and stopped by a clerk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from certification.regions import SHANGHAI
from certification.runtime import Runtime
from tests.ops.test_commands import sentence, settings, stillhere, town
from tests.ops.test_reminding import KUNMING, last_day, rt
from tests.ops.test_routes import done

__all__ = ["rt", "settings", "town"]
CLERK = ("--by", "clerk", "--json")


def noon(day: date) -> Callable[[], datetime]:
    """A clock that stands at noon of a day in Shanghai."""
    return lambda: datetime.combine(day, time(12), SHANGHAI)


def test_a_day_is_sent_once_and_then_held_let_go_and_stopped(town: dict[str, str], rt: Runtime) -> None:
    day = last_day(rt) - timedelta(days=7)
    on, then = day.isoformat(), noon(day)
    town["SMS_SEGMENT_COST"] = "0.05"
    planned = done(stillhere(town, "remind", "plan", *KUNMING, "--on", on))
    assert [planned[one] for one in ("people", "messages", "copies", "segments", "calls")] == [1, 1, 0, 1, 0]
    assert planned["cost"] == "0.05"
    send = ("remind", "send", *KUNMING, "--on", on, "--by", "clerk")
    sent, again = (done(stillhere(town, *send, now=then)) for _ in range(2))
    assert sent == again
    assert "SMS_PROVIDERS" in stillhere(town, *send, now=then).stderr, "no carrier is named"
    assert "SMS_PROVIDERS" not in stillhere(town | {"SMS_PROVIDERS": "console"}, *send, now=then).stderr
    assert (sent["state"], sent["states"]) == ("released", {"queued": 1})
    one = str(sent["id"])[:8]
    listed = done(stillhere(town, "campaigns", "list", "--json"))["campaigns"]
    assert listed == [{"id": sent["id"], "region": "kunming", "on": on, "state": "released"}]
    for deed, state, messages in (
        ("pause", "paused", {"planned": 1}),
        ("resume", "released", {"queued": 1}),
        ("stop", "stopped", {"dropped": 1}),
    ):
        found = done(stillhere(town, "campaigns", deed, one, *CLERK))
        assert (found["state"], found["states"]) == (state, messages)
    refused = sentence(stillhere(town, "campaigns", "release", one, *CLERK))
    assert "已经停止" in refused and "which does not allow this" in refused
    assert done(stillhere(town, "campaigns", "show", one, "--json"))["reasons"] == {"stopped": 1}


def test_a_day_with_nobody_to_remind_says_so_and_is_not_over(town: dict[str, str], rt: Runtime) -> None:
    day = last_day(rt) - timedelta(days=8)
    for _ in range(2):
        said = stillhere(town, "remind", "send", *KUNMING, "--on", day.isoformat(), *CLERK, now=noon(day))
        assert "没有要提醒的人" in said.stdout
        assert (done(said)["state"], done(said)["counts"]["people"]) == ("done", 0)


def test_a_day_of_which_nothing_would_be_sent_any_more_is_refused(town: dict[str, str], rt: Runtime) -> None:
    day = last_day(rt) - timedelta(days=7)
    send = ("remind", "send", *KUNMING, "--on", day.isoformat(), *CLERK)
    refused = sentence(stillhere(town, *send, now=noon(day + timedelta(days=3))))
    assert "leave out --on" in refused
    assert done(stillhere(town, "campaigns", "list", "--json"))["campaigns"] == []
    assert done(stillhere(town, *send, now=noon(day + timedelta(days=2))))["state"] == "released"


def test_a_campaign_that_is_none_is_named(town: dict[str, str]) -> None:
    assert done(stillhere(town, "campaigns", "list", "--json"))["campaigns"] == []
    assert "campaigns list" in sentence(stillhere(town, "campaigns", "show", "nothing"))
