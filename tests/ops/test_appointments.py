"""The commands of appointments, from outside."""

from __future__ import annotations

from pathlib import Path

from tests.certification.numbers import resident_number
from tests.ops.test_commands import json_of, sentence, settings, stillhere
from tests.ops.test_routes import BY, done

__all__ = ["settings"]


def test_a_time_is_found_booked_and_called_off(settings: dict[str, str], tmp_path: Path) -> None:
    roll = tmp_path / "roll.csv"
    number = resident_number("320102", 1950, 5, 15)
    roll.write_text(f"身份证号,姓名,地区\n{number},王,南京\n", encoding="utf-8")
    assert stillhere(settings, "db", "upgrade").exit_code == 0
    assert json_of(stillhere(settings, "people", "import", str(roll), "--json"))["added"] == 1
    free = done(stillhere(settings, "appointments", "free", "--region", "南京", "--json"))["free"]
    slot = free[-1]
    book = ("appointments", "book", number, "--office", slot["office"], "--at", slot["at"], *BY, "--json")
    assert done(stillhere(settings, *book))["at"] == slot["at"]
    assert "要改时间请用 appointments move" in sentence(stillhere(settings, *book))
    other = ("appointments", "move", number, "--office", free[0]["office"], "--at", free[0]["at"], *BY, "--json")
    assert done(stillhere(settings, *other))["at"] == free[0]["at"]
    assert "约满了或不接待" in sentence(
        stillhere(settings, "appointments", "move", number, "--office", slot["office"], "--at", "2020-01-01 09:00", *BY)
    )
    assert "没有可预约的“别处”" in sentence(
        stillhere(settings, "appointments", "book", number, "--office", "别处", "--at", slot["at"], *BY)
    )
    assert done(stillhere(settings, "appointments", "cancel", number, *BY, "--json"))["id"]
    assert done(stillhere(settings, *book))["office"] == slot["office"]
    assert done(stillhere(settings, "appointments", "keep", number, *BY, "--json"))["certified"] is True
