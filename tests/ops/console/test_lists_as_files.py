"""What stands in the files of lists: the filters of their pages, what is theirs alone, no secret, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from certification import agents, appointments, cases, holding, journal, listened
from certification.agents import AgentKind
from certification.cases import CaseKind
from certification.comparison import folders
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import (
    Campaign,
    Case,
    ComparisonRun,
    PaymentList,
    Person,
    PromptVersion,
    PublishedPrompt,
    Staff,
    new_id,
)
from ops.console import exporting
from ops.console.audit import search
from tests.certification.suspending import pensioner
from tests.ops.console.browser import Account, Browser, Hire
from tests.ops.console.files import content, entries, table

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Enter = Callable[..., Browser]


@pytest.fixture
def enter(another: Callable[[str], Browser], hired: Hire) -> Enter:
    """Somebody signs in."""

    def entered(name: str, role: Role, region: str | None = None, **facts: object) -> Browser:
        browser = another(f"192.0.2.{len(name)}")
        account: Account = hired(name, role, region=region, **facts)
        browser.signs_in(account)
        browser.open("/console/")
        return browser

    return entered


def waits(rt: Runtime, kind: CaseKind, cause: str, person: Person | None) -> str:
    with rt.sessions.begin() as session:
        whose = None if person is None else session.get_one(Person, person.id)
        return cases.open_case(session, rt, kind=kind, cause=cause, person=whose).id


def someone(rt: Runtime, year: int, name: str, region: str = "kunming") -> Person:
    with rt.sessions.begin() as session:
        found = pensioner(session, rt, year, name)
        found.region = region
        return found


def test_the_queue_is_a_file_in_its_order_with_its_filters(enter: Enter, rt: Runtime, wu: Person) -> None:
    later, urgent = waits(rt, CaseKind.NO_PIN, "a", wu), waits(rt, CaseKind.URGENT, "b", None)
    far = waits(rt, CaseKind.NO_PIN, "c", someone(rt, 1951, "徐女士", "nanjing"))
    operator, auditor = enter("李审核", Role.OPERATOR, "kunming"), enter("赵审计员", Role.AUDITOR)
    with rt.sessions.begin() as session:
        holding.take(session, rt, session.get_one(Case, later), "李审核")
    heading, first, second = table(operator, "cases.csv")
    assert heading == ["事由", "先后", "疑点", "截止日", "登记时间", "地区", "经手人", "编号"]
    assert (first[1], first[-1], second[-2:]) == ("马上", urgent, ["李审核", later])
    assert {row[-1] for row in table(auditor, "cases.csv")[1:]} == {urgent, later, far}
    assert [row[-1] for row in table(auditor, "cases.csv?kind=no_pin&region=nanjing")[1:]] == [far]
    assert [row[-1] for row in table(operator, "cases.xlsx?kind=no_pin&region=nanjing")[1:]] == [later]
    content(operator, "cases.csv?kind=x", 404)
    facts = {"rows": 1, "kind": "csv", "filter": {"kind": "no_pin", "region": "nanjing"}}
    assert facts in entries(rt, "cases exported")
    assert "吴先生" not in content(auditor, "cases.csv").decode(), "neither names nor numbers"


def test_appointments_are_a_file_of_one_day_at_one_place(enter: Enter, rt: Runtime) -> None:
    he, zheng = someone(rt, 1951, "何女士", "nanjing"), someone(rt, 1952, "郑女士", "nanjing")
    with rt.sessions.begin() as session:
        at = appointments.free(session, rt, rt.regions["nanjing"])[0]
        appointments.book(session, rt, session.get_one(Person, he.id), at.office, at.at, "clerk")
    waits(rt, CaseKind.NO_TEMPLATE, "x", zheng)
    chief, elsewhere = enter("周主管", Role.SUPERVISOR, "nanjing"), enter("青岛主管", Role.SUPERVISOR, "qingdao")
    day = f"{at.at:%Y-%m-%d}"
    heading, row = table(chief, f"appointments.csv?day={day}")
    assert heading == ["日期", "时间", "窗口", "姓名", "状态"]
    assert (row[0], row[2:4]) == (day, [at.office, "何女士"])
    assert table(chief, "appointments.csv?day=2026-01-01")[1:] == []
    assert [row[0] for row in table(chief, "appointments/invited.xlsx")[1:]] == ["郑女士"]
    assert entries(rt, "appointments exported")[0] == {"rows": 1, "kind": "csv", "day": day}
    for path in ("appointments", "appointments/invited"):
        said = elsewhere.client.get(f"/console/{path}.csv?day={day}&region=nanjing", **elsewhere._from())
        assert "女士" not in said.get_data(as_text=True)
        said.close()
    clerk = enter("王柜员工", Role.CLERK, "nanjing")
    clerk.open(f"/console/appointments?day={day}")
    assert "何女士" in clerk.page and "appointments.csv" not in clerk.page
    content(clerk, f"appointments.csv?day={day}", 403)


def test_accounts_are_a_file_without_what_proves_who_they_are(enter: Enter, rt: Runtime) -> None:
    boss = enter("孙管理", Role.ADMINISTRATOR)
    enter("=李审核", Role.OPERATOR, "kunming")
    rows = table(boss, "staff.csv")
    assert rows[0] == ["姓名", "身份", "地区", "开户时间"]
    assert {tuple(row[:3]) for row in rows[1:]} == {("孙管理", "管理员", "各地"), ("'=李审核", "审核员", "昆明")}
    with rt.sessions() as session:
        kept = session.scalars(select(Staff)).all()
    for kind in ("csv", "xlsx"):
        said = content(boss, f"staff.{kind}")
        assert not [one for one in kept if one.password_hash.encode() in said or one.totp_sealed in said]
    assert [one["kind"] for one in entries(rt, "accounts exported")] == ["csv", "csv", "xlsx"]


def test_sentences_are_a_file_with_every_version(enter: Enter, rt: Runtime) -> None:
    made = {"dialect": "sichuanese", "name": "greeting", "source": b"", "audio": b"", "starts_s": 0, "ends_s": 1}
    ids = [new_id(), new_id()]
    with rt.sessions.begin() as session:
        for number, one in enumerate(ids, 1):
            more = {"number": number, "sentence": f"您好 {number}", "made_by": f"录音人{number}", "made_at": rt.now()}
            session.add(PromptVersion(id=one, **made, **more, published_at=rt.now() if number == 1 else None))
        session.flush()
        live = {"version_id": ids[0], "published_by": "孙管理", "published_at": rt.now()}
        session.add(PublishedPrompt(dialect="sichuanese", name="greeting", **live))
    chief = enter("周主管", Role.SUPERVISOR, "kunming")
    rows = table(chief, "prompts.csv?dialect=sichuanese")
    versions = [row[4:] for row in rows if row[1] == "greeting"]
    assert [(one[0], one[1], one[2], one[5]) for one in versions] == [
        ("2", "您好 2", "录音人2", ""),
        ("1", "您好 1", "录音人1", "孙管理"),
    ]
    assert {row[0] for row in rows[1:]} == {"四川话"} and ["", "", "", "", "", ""] in [row[4:] for row in rows]
    assert table(chief, "prompts.csv?dialect=sichuanese&says=folder")[1:] == []
    assert {row[0] for row in table(chief, "prompts.csv?dialect=mandarin")[1:]} == {"普通话"}
    content(chief, "prompts.csv?dialect=x", 404)


def test_runs_campaigns_and_payment_lists_are_files_of_ones_own_region(enter: Enter, rt: Runtime) -> None:
    on, at = date(2026, 3, 1), rt.now()
    with rt.sessions.begin() as session:
        for region in ("kunming", "qingdao"):
            run = {"region": region, "on": on, "state": "ready", "counts": {"people": 3, "certified": 2}}
            session.add(ComparisonRun(**run, inputs=region, files=[], started_by="甲", started_at=at))
            batch = {"region": region, "on": on, "name": "r", "state": "planned", "counts": {"cost": "0.10"}}
            session.add(Campaign(**batch, planned_by="schedule", planned_at=at))
            pays = {"region": region, "kind": "suspension", "month": on, "part": 1, "proposed_by": "乙"}
            session.add(PaymentList(**pays, proposed_at=at))
    chief, auditor = enter("周主管", Role.SUPERVISOR, "kunming"), enter("赵审计员", Role.AUDITOR)
    for name, column, other in (("runs", 1, "released"), ("campaigns", 1, "done"), ("suspensions", 1, "released")):
        rows = table(chief, f"{name}.csv")
        assert [row[column] for row in rows[1:]] == ["昆明"], name
        assert {row[column] for row in table(auditor, f"{name}.xlsx")[1:]} == {"昆明", "青岛"}
        assert [row[column] for row in table(auditor, f"{name}.csv?region=qingdao")[1:]] == ["青岛"]
        which = "stage" if name == "suspensions" else "state"
        assert table(auditor, f"{name}.csv?{which}={other}")[1:] == []
    run = dict(zip(*table(chief, "runs.csv"), strict=True))
    assert (run["比对通过"], run["名册人数"], run["开始人"]) == ("2", "3", "甲")
    assert "0.10" in table(chief, "campaigns.csv")[1]
    assert table(chief, "suspensions.csv")[1][:5] == ["2026-03", "昆明", "待签名发出", "1", "乙"]
    assert len(entries(rt, "comparisons exported")) == 5 and len(entries(rt, "payment lists exported")) == 5


def test_rejected_lines_are_text_in_both_kinds(enter: Enter, rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        made = {"region": "kunming", "on": date(2026, 3, 1), "state": "ready", "counts": {"rejected": 1}}
        run = ComparisonRun(**made, inputs="x", files=[], started_by="甲", started_at=rt.now())
        session.add(run)
    path = folders.rejected(rt, run.id)
    path.parent.mkdir(parents=True)
    path.write_text('file,line,reason\n"=1+1",4,"日期不对，\n请核对"\n', "utf-8-sig")
    chief = enter("周主管", Role.SUPERVISOR, "kunming")
    for kind, name in (("csv", "'=1+1"), ("xlsx", "=1+1")):
        rows = table(chief, f"runs/{run.id}/rejected.{kind}")
        assert rows == [["文件名", "行号", "退回原因"], [name, "4", "日期不对，\n请核对"]]
    assert [one["rows"] for one in entries(rt, "rejected lines exported")] == [1, 1]
    with rt.sessions.begin() as session:
        session.get_one(ComparisonRun, run.id).counts = {"rejected": exporting.MOST + 1}
    content(chief, f"runs/{run.id}/rejected.csv")
    assert "请下载 CSV" in content(chief, f"runs/{run.id}/rejected.xlsx", 409).decode()


def test_an_agent_takes_its_own_people_alone(enter: Enter, rt: Runtime, wu: Person) -> None:
    someone(rt, 1951, "徐女士")
    with rt.sessions.begin() as session:
        agent = agents.add(session, rt, name="机床厂", kind=AgentKind.EMPLOYER, region="kunming", by="cli")
        agents.assign(session, rt, agent, session.get_one(Person, wu.id), "cli")
    browser = enter("王代办", Role.AGENT, agent=agent)
    heading, row = table(browser, "mine.csv")
    assert heading == ["姓名", "身份证号", "截止日", "状态"] and row[0] == "吴先生" and "**********" in row[1]
    assert table(browser, "mine.xlsx?stand=done")[1:] == []
    assert entries(rt, "people exported")[0] == {"rows": 1, "kind": "csv", "filter": {}}
    content(browser, "roll.csv", 403)


def test_no_file_of_the_journal_is_cut(enter: Enter, rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    auditor = enter("赵审计员", Role.AUDITOR)
    monkeypatch.setattr(search, "MOST_IN_A_FILE", 1)
    assert "请用筛选缩小范围再下载" in content(auditor, "journal/file.csv", 409).decode()
    assert entries(rt, "journal exported") == [], "what was not taken is not journalled"
    assert len(table(auditor, "journal/file.csv?action=signed+in")) == 2


def test_nor_who_listened(enter: Enter, rt: Runtime, wu: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    case, chief = waits(rt, CaseKind.VOICE_DOUBT, "a", wu), enter("周主管", Role.SUPERVISOR, "nanjing")
    with rt.sessions.begin() as session:
        for one in ("r1", "r2"):
            journal.write(session, rt.now(), "李审核", listened.LISTENED, f"recording:{one}", case=case)
    assert len(table(chief, "journal/listened.csv")) == 1, "those of another region are not theirs"
    monkeypatch.setattr(listened, "MOST", 1)
    assert "请少选几天再下载" in content(chief, "journal/listened.csv", 409).decode()
    assert len(entries(rt, "journal exported")) == 1
