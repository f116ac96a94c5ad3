"""What somebody types while the page follows the server, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from certification.runtime import Runtime
from certification.staff import Role
from certification.store import ComparisonRun
from tests.certification.comparing import compare, number, residents, signals
from tests.ops.console.browser import Hire
from tests.ops.console.chromium import Desk

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_reason_half_typed_stays_when_the_run_is_ready(
    chromium: Browser, url: str, rt: Runtime, hired: Hire, tmp_path: Path
) -> None:
    residents(rt, 1)
    run = compare(rt, signals(tmp_path / "signals.csv", [(number(1), "medical", "2026-03-02", "alive")]))
    becomes(rt, run, "releasing")
    desk = Desk.at(chromium, rt, url)
    desk.signs_in(hired("王主管", Role.SUPERVISOR, region="qingdao"))
    desk.page.goto(f"{url}runs/{run.id}")
    desk.types("原因", "发错了文件，要重")
    desk.page.keyboard.press("ArrowLeft")
    desk.page.evaluate("window.loaded = 'once'")
    desk.page.route(f"**/runs/{run.id}", lambda route: route.abort())  # the line is cut for a moment
    with desk.page.expect_event("requestfailed"):
        becomes(rt, run, "ready")
    desk.page.unroute(f"**/runs/{run.id}")
    desk.page.locator("#release").wait_for()
    desk.page.keyboard.insert_text("新")
    why = desk.page.locator("#undo input[name=why]")
    assert why.input_value() == "发错了文件，要新重"
    assert desk.page.evaluate("window.loaded") == "once"
    assert [one for one in desk.faults if "ERR_FAILED" not in one] == []
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")
    with rt.sessions() as session:
        assert session.get_one(ComparisonRun, run.id).state == "undoing"


def becomes(rt: Runtime, run: ComparisonRun, state: str) -> None:
    """Have a run in a state, as the sweep does."""
    with rt.sessions.begin() as session:
        session.get_one(ComparisonRun, run.id).state = state
