"""Works begun in the console: once for each form, only by whoever may, and whole before anything is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from certification.errands import MOST_SHIPPED
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import ComparisonRun, Errand, PaymentList, only_read
from ops import errands as behind
from ops import seeding
from tests.certification.comparing import number, residents, signals
from tests.certification.conftest import Clock, Queue
from tests.certification.suspending import REGION, journalled, overdue
from tests.ops.console.browser import Browser, Hire
from tests.ops.console.test_work import told

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
ONCE = "e" * 32
HERE = f"/console/errands/{ONCE}"


@pytest.fixture
def overdue_one(rt: Runtime, clock: Clock) -> None:
    """Somebody whose period is over; the clock stands in April."""
    overdue(rt, clock)


@pytest.fixture
def sun(browser: Browser, hired: Hire) -> Browser:
    """Administrator Sun, with the page of works open."""
    browser.signs_in(hired("孙管理", Role.ADMINISTRATOR))
    browser.open("/console/errands")
    return browser


def asked(rt: Runtime) -> list[Errand]:
    with rt.sessions() as session:
        only_read(session)
        return list(session.scalars(select(Errand)))


def asks(browser: Browser, what: str, **form: str) -> TestResponse:
    given = {"once": ONCE, "sure": "yes", "region": REGION, **form}
    return browser.send(f"/console/errands/{what}", **given)  # type: ignore[arg-type]


def sends(browser: Browser, *files: tuple[str, bytes], once: str = ONCE, sure: str = "yes") -> TestResponse:
    """Send files to be compared."""
    token = browser.page.split('name="csrf_token" value="')[1].split('"')[0]
    parts = {"csrf_token": token, "once": once, "sure": sure, "region": "qingdao"}
    data = {**parts, "files": [(BytesIO(content), name) for name, content in files]}
    return browser.client.post("/console/errands/comparison", data=data, **browser._from())


def test_a_list_is_proposed_once_however_often_the_form_is_sent(overdue_one: None, sun: Browser, rt: Runtime) -> None:
    month = {"month": "2026-05"}
    assert asks(sun, "proposal", **month, sure="").status_code == 400, "a tick is asked for"
    for _ in range(2):
        sun.open("/console/errands")
        answer = asks(sun, "proposal", **month)
        assert (answer.status_code, answer.location) == (302, HERE)
    assert told(sun, f"{HERE}/events")["state"] == "asked"
    assert sun.open(HERE).status_code == 200 and "正在办" in sun.page
    assert behind.work(rt) == 1
    sun.open(HERE)
    assert "已办好" in sun.page and "看名单" not in sun.page, "an administrator sees no lists"
    with rt.sessions() as session:
        [listed] = session.scalars(select(PaymentList)).all()
    assert listed.proposed_by == "孙管理"
    assert asks(sun, "proposal", month="2026-09", once="f" * 32).status_code == 409
    assert asks(sun, "proposal", month="x", once="f" * 32).status_code == 400
    assert len(asked(rt)) == 1


def test_files_are_kept_whole_compared_and_deleted(sun: Browser, rt: Runtime, tmp_path: Path) -> None:
    residents(rt, 2)
    path = signals(tmp_path / "s.csv", [(number(1), "medical", "2026-03-02", "alive")])
    more = signals(tmp_path / "t.csv", [(number(2), "medical", "2026-03-02", "alive")])
    for _ in range(2):
        answer = sends(sun, ("../医保 3月.csv", path.read_bytes()), ("b.csv", more.read_bytes()))
        assert (answer.status_code, answer.location) == (302, HERE)
    [there] = asked(rt)
    assert [one["name"] for one in there.asked["files"]] == ["1-.._医保_3月.csv", "2-b.csv"]
    kept = [one for one in behind.folder(rt, ONCE).rglob("*") if one.is_file()]
    assert {one.read_bytes() for one in kept} == {path.read_bytes(), more.read_bytes()} and len(kept) == 2
    assert behind.work(rt) == 1
    assert asked(rt)[0].zh is None
    sun.open(HERE)
    with rt.sessions() as session:
        run = session.scalars(select(ComparisonRun)).one()
    assert f"/console/runs/{run.id}" in sun.page and run.started_by == "孙管理"
    assert not behind.folder(rt, ONCE).exists()


def test_what_is_no_comparison_is_not_taken(sun: Browser, rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sends(sun).status_code == 409
    assert sends(sun, *((f"{n}.csv", b"x") for n in range(behind.MOST_FILES + 1))).status_code == 409
    assert sends(sun, ("a.csv", b"x"), sure="").status_code == 400
    for once in ("", "../" * 11, "E" * 32):
        assert sends(sun, ("a.csv", b"x"), once=once).status_code == 400
    assert asked(rt) == [] and not (rt.settings.data / behind.FOLDER).exists()


def test_known_cases_are_asked_for_in_the_worker(sun: Browser, rt: Runtime, queue: Queue) -> None:
    for wrong in ("", "0", "-1", "1.5", str(MOST_SHIPPED + 1), "１"):
        page = sun.page
        assert asks(sun, "known-cases", number=wrong).status_code == 400
        sun.page = page
    assert asks(sun, "known-cases", number="2").status_code == 302
    assert queue.jobs == [("ops.jobs.do_errand", ONCE)]
    assert seeding.seed(rt, ONCE) and not seeding.seed(rt, ONCE)
    sun.open(HERE)
    assert "2 / 2" in sun.page
    assert len(journalled(rt, "known case seeded")) == 2


def test_a_work_is_of_its_region_and_auditors_begin_none(
    sun: Browser, another: Another, hired: Hire, rt: Runtime
) -> None:
    asks(sun, "known-cases", number="1")
    far, auditor, near = another("192.0.2.2"), another("192.0.2.3"), another("192.0.2.4")
    far.signs_in(hired("王主管", Role.SUPERVISOR, region="qingdao"))
    far.open("/console/errands")
    assert HERE not in far.page
    assert far.open(HERE).status_code == far.open(f"{HERE}/events").status_code == 404
    far.open("/console/errands")
    assert asks(far, "known-cases", number="1", once="f" * 32).status_code == 404
    near.signs_in(hired("李主管", Role.SUPERVISOR, region=REGION))
    near.open("/console/errands?kind=known_cases")
    assert HERE in near.page and 'id="proposal"' in near.page
    auditor.signs_in(hired("周审计", Role.AUDITOR))
    auditor.open("/console/errands")
    assert HERE in auditor.page and 'id="proposal"' not in auditor.page
    near.open("/console/suspensions")
    assert "/console/errands#proposal" in near.page
    assert json.loads(journalled(rt, "work asked for")[0])["kind"] == "known_cases"


def test_no_files_are_asked_for_where_nothing_is_compared(another: Another, hired: Hire) -> None:
    here, everywhere = another("192.0.2.5"), another("192.0.2.6")
    here.signs_in(hired("王主管", Role.SUPERVISOR, region="kunming"))
    here.open("/console/errands")
    assert 'id="comparison"' in here.page and "没有开通数据比对" in here.page and ".parquet" not in here.page
    everywhere.signs_in(hired("李主管", Role.SUPERVISOR))
    everywhere.open("/console/errands")
    form = everywhere.page.partition('id="comparison"')[2].partition("</form>")[0]
    assert ".parquet" in form and 'value="kunming"' not in form and "<option value" in form
