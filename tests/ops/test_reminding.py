"""`remind plan` and `due`: counts alone, and a list of the overdue for nobody else's eyes."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from certification.runtime import Runtime
from certification.store import Period
from ops import compose
from tests.ops.test_commands import sentence, settings, stillhere, town
from tests.ops.test_routes import done, today

__all__ = ["settings", "town"]
KUNMING = ("--region", "昆明", "--json")


@pytest.fixture
def rt(town: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """The runtime of the small service."""
    for name, value in town.items():
        monkeypatch.setenv(name, value)
    return compose.runtime()


def last_day(rt: Runtime) -> date:
    with rt.sessions() as session:
        return session.scalars(select(Period.due)).one()


def test_whom_to_remind_is_counted_by_days_and_mobile(town: dict[str, str], rt: Runtime) -> None:
    last = last_day(rt)
    on = last - timedelta(days=7)
    found = done(stillhere(town, "remind", "plan", *KUNMING, "--on", on.isoformat()))
    assert (found["region"], found["on"], found["people"]) == ("kunming", on.isoformat(), 1)
    days = rt.regions["kunming"].reminders.days_before
    assert found["by"] == [
        {"days_before": before, "mobile": int(before == 7), "no_mobile": 0} for before in sorted(days, reverse=True)
    ]
    later = done(stillhere(town, "remind", "plan", *KUNMING, "--on", last.replace(year=last.year + 1).isoformat()))
    assert later["people"] == 0


def test_who_is_overdue_is_listed_by_identifier_and_dates_alone(
    town: dict[str, str], rt: Runtime, tmp_path: Path
) -> None:
    listed = tmp_path / "overdue.csv"
    listed.write_text("older", encoding="utf-8")
    assert done(stillhere(town, "due", *KUNMING))["open"] == 1
    opens, last = today() - timedelta(days=90), today() - timedelta(days=1)
    with rt.sessions.begin() as session:
        person = session.scalars(update(Period).values(opens=opens, due=last).returning(Period.person_id)).one()
    found = done(stillhere(town, "due", *KUNMING, "--out", str(listed)))
    assert found == {
        "region": "kunming",
        "on": today().isoformat(),
        "certified": 0,
        "open": 0,
        "overdue": 1,
        "file": str(listed),
    }
    assert listed.read_text("utf-8-sig").splitlines() == ["person,opens,due", f"{person},{opens},{last}"]
    assert listed.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.glob(".*draft")] == []


@pytest.mark.parametrize("command", [("due",), ("remind", "plan")], ids=["due", "plan"])
def test_a_place_that_is_none_is_named(town: dict[str, str], command: tuple[str, ...]) -> None:
    assert "There are no rules for" in sentence(stillhere(town, *command, "--region", "大理"))
