"""Comparison runs and campaigns in the console: counts and results, how far they are, and deeds that the sweep does."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from certification.cases import CaseKind
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Campaign, Case, ComparisonRun, Message, Person, new_id
from ops import comparisons, texting
from ops.console.work import events
from tests.certification.comparing import compare, number, residents, run, signals
from tests.certification.conftest import Clock
from tests.certification.suspending import journalled
from tests.ops.console.browser import Browser, Hire

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
CAMPAIGN = "c" * 32
NASTY = '<script>alert(1)</script>".csv'


@pytest.fixture
def wang(browser: Browser, hired: Hire) -> Browser:
    """Supervisor Wang of Qingdao, signed in."""
    browser.signs_in(hired("王主管", Role.SUPERVISOR, region="qingdao"))
    browser.open("/console/")
    return browser


def enters(another: Another, hired: Hire, name: str, role: Role, region: str | None = None) -> Browser:
    browser = another("192.0.2.7")
    browser.signs_in(hired(name, role, region=region))
    browser.open("/console/")
    return browser


@pytest.fixture
def found(rt: Runtime, tmp_path: Path) -> ComparisonRun:
    """A run of Qingdao: one certified, one unresolved, one dead, and a line that was not taken."""
    residents(rt, 3)
    rows = [(number(1), "medical", "2026-03-02", "alive"), (number(3), "civil_affairs", "2026-03-03", "death")]
    return compare(rt, signals(tmp_path / "signals.csv", [*rows, ("x", "medical", "soon", "alive")]))


def test_a_run_is_listed_and_shown_with_its_counts_and_results(
    wang: Browser, found: ComparisonRun, rt: Runtime
) -> None:
    wang.open("/console/runs?state=ready")
    assert found.id in wang.page and "待发布" in wang.page
    wang.open("/console/runs?state=released")
    assert found.id not in wang.page and "没有符合条件的比对" in wang.page
    with rt.sessions.begin() as session:
        session.get_one(ComparisonRun, found.id).files = [{"name": NASTY, "bytes": 1, "sha256": "x"}]
    raw = wang.client.get(f"/console/runs/{found.id}", **wang._from()).get_data(as_text=True)
    assert "<script>alert" not in raw and "&lt;script&gt;" in raw
    wang.open(f"/console/runs/{found.id}?outcome=death")
    with rt.sessions() as session:
        people = session.scalars(select(Person.id)).all()
    assert sum(f'people/{one}"' in wang.page for one in people) == 1
    assert "2026-03-03" in wang.page and "退回的行" in wang.page
    assert wang.page.count("吴3</a>") == 1 and f"{number(3)[:4]}**********{number(3)[-4:]}" in wang.page
    assert not any(f">{one[:8]}" in wang.page for one in people), "people have names, and no identifiers"


def test_results_and_rejected_lines_are_files(wang: Browser, found: ComparisonRun, rt: Runtime) -> None:
    there = f"/console/runs/{found.id}"
    answer = wang.client.get(f"{there}/results.csv", **wang._from())
    rows = list(csv.reader(answer.get_data().decode("utf-8-sig").splitlines()))
    answer.close()
    assert sorted(row[1] for row in rows[1:]) == ["有死亡记录", "比对不上", "比对通过"]
    assert len(journalled(rt, "comparison exported")) == 1
    answer = wang.client.get(f"{there}/rejected.csv", **wang._from())
    assert "signals.csv,4," in answer.get_data(as_text=True)
    answer.close()


def test_a_release_is_asked_for_and_the_sweep_does_it(wang: Browser, found: ComparisonRun, rt: Runtime) -> None:
    there = f"/console/runs/{found.id}"
    assert wang.send(f"{there}/release").status_code == 400, "without the tick"
    wang.open(there)
    wang.send(f"{there}/release", sure="yes", follow=True)
    assert "已开始发布" in wang.page and "<progress" in wang.page
    assert run(rt, found.id).state == "releasing"
    assert run(rt, found.id).released_by == "王主管"
    comparisons.go_on_with_runs(rt)
    wang.open(there)
    assert "<progress" not in wang.page and run(rt, found.id).state == "released"
    with rt.sessions() as session:
        [case] = session.scalars(select(Case.id).where(Case.kind == CaseKind.DEATH_REPORTED.value))
    assert f"/console/cases/{case}" in wang.page
    assert wang.send(f"{there}/undo", why=" ").status_code == 409
    wang.open(there)
    assert wang.send(f"{there}/undo", why="电话 13888800000").status_code == 409
    wang.open(there)
    wang.send(f"{there}/undo", follow=True, why="文件有误")
    assert run(rt, found.id).state == "undoing" and "撤销中" in wang.page
    comparisons.go_on_with_runs(rt)
    wang.open(there)
    assert "文件有误" in wang.page and run(rt, found.id).state == "undone"
    assert wang.send(f"{there}/release", sure="yes").status_code == 409


def told(browser: Browser, path: str) -> dict[str, object]:
    answer = browser.client.get(path, **browser._from())
    assert answer.mimetype == "text/event-stream"
    retry, data = answer.get_data(as_text=True).strip().split("\n")
    assert retry == f"retry: {events.AGAIN_MS}"
    told: dict[str, object] = json.loads(data.removeprefix("data: "))
    return told


def test_an_event_tells_how_far_a_run_is(wang: Browser, found: ComparisonRun, rt: Runtime) -> None:
    there = f"/console/runs/{found.id}/events"
    for state, to, percent in (("releasing", "", 0), ("releasing", "80", 50), ("undoing", "f" * 32, 99)):
        with rt.sessions.begin() as session:
            one = session.get_one(ComparisonRun, found.id)
            one.state, one.released_to, one.undone_to = state, to, to
        assert told(wang, there) == {"state": state, "percent": percent, "said": f"已完成约 {percent}%"}
    with rt.sessions.begin() as session:
        session.get_one(ComparisonRun, found.id).state = "released"
    assert told(wang, there)["percent"] == 100


@pytest.fixture
def campaign(rt: Runtime) -> str:
    """A planned campaign of Qingdao; where its page is."""
    counts = {"people": 3, "messages": 2, "cost": "0.10"}
    made = {"region": "qingdao", "on": rt.now().date(), "name": "reminders", "state": "planned", "counts": counts}
    with rt.sessions.begin() as session:
        session.add(Campaign(id=CAMPAIGN, **made, planned_by="schedule", planned_at=rt.now()))
    return f"/console/campaigns/{CAMPAIGN}"


def state(rt: Runtime) -> str:
    with rt.sessions() as session:
        return session.get_one(Campaign, CAMPAIGN).state


def test_a_campaign_is_let_go_paused_and_stopped(wang: Browser, campaign: str, rt: Runtime) -> None:
    wang.open("/console/campaigns")
    assert campaign in wang.page
    wang.open(campaign)
    assert "0.10" in wang.page and "没有设置短信通道" in wang.page
    for deed, after in (("release", "released"), ("pause", "paused"), ("release", "released"), ("stop", "stopped")):
        wang.send(f"{campaign}/{deed}", sure="yes", follow=True)
        assert state(rt) == after
        assert (f"{campaign}/{deed}" in wang.page) is False
    assert wang.send(f"{campaign}/release", sure="yes").status_code == 409, "what was stopped is not just let go"
    wang.open(campaign)
    assert wang.send(f"{campaign}/delete").status_code == 404
    assert told(wang, f"{campaign}/events") == {"state": "stopped", "percent": 100, "said": "已完成约 100%"}
    assert len(journalled(rt, "campaign stopped")) == 1
    answer = wang.client.get(f"{campaign}/counts.csv", **wang._from())
    assert len(answer.get_data(as_text=True).splitlines()) == 1
    answer.close()


def test_a_stop_is_taken_back_until_its_days_are_over(
    wang: Browser, campaign: str, rt: Runtime, another: Another, hired: Hire, clock: Clock
) -> None:
    wang.open(campaign)
    wang.send(f"{campaign}/stop", sure="yes")
    wang.open(campaign)
    assert "回到“已计划，待放行”" in wang.page
    assert wang.send(f"{campaign}/resume").status_code == 400, "a tick is asked for"
    wang.open(campaign)
    for _ in range(2):
        wang.send(f"{campaign}/resume", sure="yes", follow=True)
        assert state(rt) == "resuming"
    texting.settle_campaigns(rt)
    assert state(rt) == "planned"
    wang.open(campaign)
    wang.send(f"{campaign}/stop", sure="yes")
    clock.forward(days=3)
    later = enters(another, hired, "李主管", Role.SUPERVISOR, "qingdao")
    later.open(campaign)
    assert "不能再恢复" in later.page and f"{campaign}/resume" not in later.page
    assert later.send(f"{campaign}/resume", sure="yes").status_code == 409
    assert state(rt) == "stopped"
    assert len(journalled(rt, "campaign resumed")) == 1


def test_why_messages_came_to_nothing_is_said_in_words(wang: Browser, campaign: str, rt: Runtime) -> None:
    known = {"purpose": "reminder", "priority": 3, "words": "reminder", "not_before": rt.now(), "campaign_id": CAMPAIGN}
    with rt.sessions.begin() as session:
        for why in ("opted out", "opted out", "number: 21614", "21211", "30008"):
            session.add(Message(id=new_id(), reminder=new_id(), state="dropped", why=why, **known))
    wang.open(campaign)
    for said in (
        "要求不再发</dt><dd>2",
        "收不到短信（代码 21614）",
        "收不到短信（代码 21211）",
        "没有收下（代码 30008）",
    ):
        assert said in wang.page, said
    assert "opted out" not in wang.page and "number: " not in wang.page


def test_another_regions_work_is_no_such_page(
    another: Another, hired: Hire, found: ComparisonRun, campaign: str, rt: Runtime
) -> None:
    browser = enters(another, hired, "孙主管", Role.SUPERVISOR, "kunming")
    there = f"/console/runs/{found.id}"
    for path in (there, f"{there}/events", f"{there}/results.csv", f"{there}/rejected.csv", campaign):
        assert browser.open(path).status_code == 404, path
    for path in (f"{campaign}/events", f"{campaign}/counts.csv"):
        assert browser.open(path).status_code == 404, path
    browser.open("/console/")
    for path in (f"{there}/release", f"{there}/undo", f"{campaign}/release", f"{campaign}/stop"):
        assert browser.send(path, why="x").status_code == 404, path
    browser.open("/console/runs")
    assert found.id not in browser.page and "还没有比对过" in browser.page
    assert (run(rt, found.id).state, state(rt)) == ("ready", "planned")


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR], ids=str)
def test_who_only_looks_changes_nothing_and_the_administrator_sees_numbers_alone(
    another: Another, hired: Hire, found: ComparisonRun, campaign: str, rt: Runtime, role: Role
) -> None:
    browser = enters(another, hired, "某某", role)
    there = f"/console/runs/{found.id}"
    for path in (f"{there}/release", f"{there}/undo", f"{campaign}/release"):
        page = browser.page
        assert browser.send(path, why="x").status_code == 403
        browser.page = page
    browser.open(there)
    assert "比对通过" in browser.page and f"{there}/release" not in browser.page
    assert ("每个人的结果" in browser.page) == (role is Role.AUDITOR)
    assert browser.open(f"{there}/results.csv").status_code == (200 if role is Role.AUDITOR else 403)
    browser.open(campaign)
    assert f"{campaign}/release" not in browser.page
    assert (run(rt, found.id).state, state(rt)) == ("ready", "planned")
