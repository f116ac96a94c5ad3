"""What people do here, done to its end in a real browser by keys alone: no pointer, and the focus is always seen."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser as Chromium
from sqlalchemy import select

from certification import agents, certifying, people
from certification.agents import AgentKind
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Appointment, Evidence, Helper, Paper, Person, PromptVersion, Staff, Visit
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled
from tests.ivr.studio.test_studio import read_aloud
from tests.ops.console.browser import Account, Hire
from tests.ops.console.chromium import Desk
from tests.ops.console.test_work import campaign, state

__all__ = ["campaign"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PLACE = "nanjing"  # where every other way is open
STAND = "document.activeElement"


def seated(chromium: Chromium, rt: Runtime, url: str, account: Account) -> Desk:
    desk = Desk.at(chromium, rt, url)
    desk.signs_in(account)
    return desk


def resident(rt: Runtime, year: int, name: str) -> Person:
    with rt.sessions.begin() as session:
        person = people.add(
            session, rt, id_number=resident_number("320102", year, 5, 15), name=name, region=PLACE, phone="13888000009"
        )
        certifying.current_period(session, rt, person)
        return person


def told(desk: Desk) -> str:
    """What the page says of what was done."""
    return desk.page.get_by_role("status").first.inner_text()


def papers(rt: Runtime) -> dict[str, str]:
    with rt.sessions() as session:
        return {one.number: one.state for one in session.scalars(select(Paper))}


def test_a_form_is_issued_replaced_posted_returned_and_accepted(
    chromium: Chromium, url: str, rt: Runtime, hired: Hire
) -> None:
    he = resident(rt, 1950, "何女士")
    desk = seated(chromium, rt, url, hired("赵经办", Role.CLERK, region=PLACE))
    desk.page.goto(f"{url}people/{he.id}")
    desk.goes_to("其他办法：表格")
    desk.chooses("种类", "认证表")
    desk.goes_to("发一张表", "button")
    [lost] = papers(rt)
    desk.goes_to("何女士", "main a")
    desk.goes_to("其他办法：表格")
    desk.types("另发的原因", "寄丢了")
    desk.goes_to("发一张表", "button")
    [number] = set(papers(rt)) - {lost}
    assert papers(rt) == {lost: "void", number: "issued"}
    desk.goes_to("登记寄出", "button")
    desk.goes_to("表格信件", "nav a")
    desk.types("编号", number)
    desk.goes_to("查找", "button")
    desk.goes_to("登记收到", "button")
    desk.types("原因", "没有签名")
    desk.goes_to("退回", "button")
    assert papers(rt)[number] == "returned"
    desk.goes_to("登记收到", "button")
    desk.dates("表上签名日期", certifying.day_of(rt.now()))
    desk.ticks("已核对本人、签名和日期")
    desk.goes_to("审核通过", "button")
    assert papers(rt)[number] == "accepted"
    with rt.sessions() as session:
        [evidence] = session.scalars(select(Evidence).where(Evidence.person_id == he.id))
    assert evidence.receipt in told(desk)
    assert desk.faults == []


def test_a_letter_is_taken_and_a_visit_asked_for_given_and_called_off(
    chromium: Chromium, url: str, rt: Runtime, hired: Hire
) -> None:
    he, today = resident(rt, 1950, "何女士"), certifying.day_of(rt.now())
    hired("李上门", Role.VISITOR, region=PLACE)
    desk = seated(chromium, rt, url, hired("赵经办", Role.CLERK, region=PLACE))
    desk.page.goto(f"{url}people/{he.id}/ways")
    desk.chooses("材料 1", "户口簿")
    desk.dates("材料 1 的日期", today)
    desk.goes_to("登记来信", "button")
    assert list(papers(rt).values()) == ["received"]
    desk.page.goto(f"{url}people/{he.id}/ways")
    desk.goes_to("申请上门", "button")
    desk.chooses("上门人", "李上门")
    desk.dates("上门日期", today + timedelta(days=1))
    desk.types("上门地址", "翠湖北路 1 号")
    desk.goes_to("派人", "button")
    with rt.sessions() as session:
        [visit] = session.scalars(select(Visit))
        assert (visit.state, visit.visitor, visit.planned_on) == ("assigned", "李上门", today + timedelta(days=1))
    desk.ticks("不用去了")
    desk.goes_to("取消上门", "button")
    with rt.sessions() as session:
        assert session.get_one(Visit, visit.id).state == "dropped"
    assert desk.faults == []


def booked(rt: Runtime) -> tuple[str, datetime]:
    with rt.sessions() as session:
        one = session.scalars(select(Appointment).order_by(Appointment.booked_at.desc())).first()
        assert one is not None
        return one.state, one.at


def test_an_appointment_is_booked_moved_cancelled_missed_and_kept(
    chromium: Chromium, url: str, rt: Runtime, clock: Clock, hired: Hire
) -> None:
    he, zhao = resident(rt, 1950, "何女士"), hired("赵经办", Role.CLERK, region=PLACE)
    desk = seated(chromium, rt, url, zhao)
    desk.page.goto(f"{url}people/{he.id}/ways")
    desk.goes_to("预约", "main button")
    first = booked(rt)
    desk.reaches("", "select[name=at]")
    desk.page.keyboard.press("ArrowDown")
    clock.forward(seconds=1)
    desk.goes_to("改约", "button")
    assert first[0] == "booked" == booked(rt)[0] and booked(rt)[1] > first[1]
    desk.goes_to("取消预约", "button")
    assert booked(rt)[0] == "cancelled"
    desk.goes_to("预约", "nav a")
    desk.dates("日期", certifying.day_of(booked(rt)[1]))
    desk.goes_to("筛选", "button")
    desk.goes_to("恢复预约 何女士")
    assert booked(rt)[0] == "booked"
    clock.forward(seconds=(booked(rt)[1] - rt.now()).total_seconds() + 60)
    desk.signs_in(zhao)
    desk.goes_to("预约", "nav a")
    desk.goes_to("没来 何女士")
    assert booked(rt)[0] == "missed"
    desk.goes_to("恢复预约 何女士")
    desk.reaches("到了 何女士", "summary")
    desk.page.keyboard.press("Enter")
    desk.ticks("本人在场")
    desk.goes_to("当面认证", "button")
    assert booked(rt)[0] == "kept"
    with rt.sessions() as session:
        assert [one.person_id for one in session.scalars(select(Evidence))] == [he.id]
    assert desk.faults == []


def test_the_counter(chromium: Chromium, url: str, rt: Runtime, wu: Person, hired: Hire) -> None:
    desk = seated(chromium, rt, url, hired("赵经办", Role.CLERK, region="kunming"))
    desk.page.goto(f"{url}people/{wu.id}")
    desk.ticks("独居")
    desk.goes_to("保存", "form[action$=needs] button")
    assert len(journalled(rt, "need declared")) == 1
    desk.types("帮手姓名", "李女士")
    desk.types("帮手电话", "13888000077")
    desk.chooses("和本人的关系", "邻居")
    desk.goes_to("登记帮手", "button")
    desk.goes_to("停用 李女士")
    with rt.sessions() as session:
        [helper] = session.scalars(select(Helper))
        assert (helper.relation, helper.ended_at is None) == ("neighbour", False)
    for name in ("密码", "再按一次"):
        desk.types(name, "482913")
    desk.goes_to("", "form[action$=pin] button")
    desk.ticks("本人在场")
    desk.goes_to("当面认证", "button")
    with rt.sessions() as session:
        assert [one.person_id for one in session.scalars(select(Evidence))] == [wu.id]
    assert desk.faults == []


def test_an_account_is_opened_and_closed(chromium: Chromium, url: str, rt: Runtime, hired: Hire) -> None:
    desk = seated(chromium, rt, url, hired("周管理", Role.ADMINISTRATOR))
    desk.goes_to("账号", "nav a")
    desk.types("姓名", "新来的")
    desk.chooses("身份", "审核员")
    desk.goes_to("开户", "button")
    assert "新来的 的账号已开" in told(desk)
    desk.reaches("停用 新来的", "summary")
    desk.page.keyboard.press("Enter")
    desk.reaches("确定停用 新来的")
    desk.page.keyboard.press("Escape")
    assert desk.page.locator("details[open]").count() == 0, "Escape closes what was opened"
    assert desk.page.evaluate(f"{STAND}.innerText").split() == ["停用", "新来的"], "and leads back"
    desk.page.keyboard.press("Enter")
    desk.goes_to("确定停用 新来的")
    with rt.sessions() as session:
        one = session.scalars(select(Staff).where(Staff.name == "新来的")).one()
        assert (one.role, one.closed_at is None) == ("operator", False)
    assert desk.faults == []


def test_a_campaign_is_let_go_paused_let_on_and_stopped(
    chromium: Chromium, url: str, rt: Runtime, campaign: str, hired: Hire
) -> None:
    desk = seated(chromium, rt, url, hired("王主管", Role.SUPERVISOR, region="qingdao"))
    desk.goes_to("短信批次", "nav a")
    desk.goes_to(f"{rt.now():%Y-%m-%d}", f"a[href='{campaign}']")
    for deed, name, after in (
        ("release", "放行", "released"),
        ("pause", "暂停", "paused"),
        ("release", "放行", "released"),
        ("stop", "停止", "stopped"),
    ):
        if deed != "pause":
            desk.ticks("我确认", f"#{deed}")
        desk.goes_to(name, f"#{deed} button")
        assert state(rt) == after
    assert desk.faults == []


def test_a_sentence_is_sent_cut_published_and_withdrawn(chromium: Chromium, url: str, rt: Runtime, hired: Hire) -> None:
    desk = seated(chromium, rt, url, hired("周管理", Role.ADMINISTRATOR))
    desk.goes_to("提示音", "nav a")
    desk.chooses("方言", "四川话")
    desk.goes_to("筛选", "button")
    desk.page.goto(f"{url}prompts/sichuanese/greeting")
    desk.reaches("或者选一个录音文件")
    with desk.page.expect_file_chooser(timeout=5000) as chooser:
        desk.page.keyboard.press("Space")
    chooser.value.set_files({"name": "a.wav", "mimeType": "audio/wav", "buffer": read_aloud(rate=16_000)})
    desk.goes_to("上传", "button")
    desk.types("从第几秒开始", "1")
    desk.types("到第几秒结束", "2.5")
    desk.goes_to("重新剪", "button")
    desk.goes_to("发布", "button")
    with rt.sessions() as session:
        version = session.scalars(select(PromptVersion)).one()
        assert (version.starts_s, version.ends_s, version.published_at is None) == (1, 2.5, False)
    desk.goes_to("停用，恢复原来的声音")
    desk.goes_to("改用这个版本 1")
    assert (len(journalled(rt, "prompt withdrawn")), len(journalled(rt, "prompt published"))) == (1, 2)
    assert desk.faults == []


def test_an_agent_certifies_whom_they_saw(chromium: Chromium, url: str, rt: Runtime, wu: Person, hired: Hire) -> None:
    with rt.sessions.begin() as session:
        agent = agents.add(session, rt, name="机床厂", kind=AgentKind.EMPLOYER, region="kunming", by="clerk")
        agents.assign(session, rt, agent, session.get_one(Person, wu.id), "clerk")
    desk = seated(chromium, rt, url, hired("王代办", Role.AGENT, agent=agent))
    desk.goes_to("我单位的人", "nav a")
    desk.types("身份证号", resident_number("530102", 1950, 5, 15))
    desk.goes_to("查找", "button")
    desk.ticks("见到 吴先生")
    desk.ticks("勾选的每一位")
    desk.goes_to("认证勾选的人", "button")
    with rt.sessions() as session:
        assert [one.person_id for one in session.scalars(select(Evidence))] == [wu.id]
    assert desk.faults == []


def test_the_roll_and_the_journal_are_narrowed_and_taken_away(
    chromium: Chromium, url: str, rt: Runtime, wu: Person, hired: Hire
) -> None:
    desk = seated(chromium, rt, url, hired("钱审计", Role.AUDITOR))
    desk.goes_to("名册", "nav a")
    desk.chooses("状态", "本期已认证")
    desk.goes_to("筛选", "button")
    assert "吴先生" not in desk.page.inner_text("main")
    desk.goes_to("清除筛选")
    assert taken(desk, "CSV") == "people.csv" and len(journalled(rt, "people exported")) == 1
    desk.goes_to("日志", "nav a")
    desk.types("对谁、对什么", "people")
    desk.goes_to("筛选", "button")
    assert desk.page.locator("tbody tr").count() == 5, "three looks at the roll, the file, and this look"
    assert taken(desk, "XLSX").endswith(".xlsx") and len(journalled(rt, "journal exported")) == 1
    assert desk.faults == []


def taken(desk: Desk, kind: str) -> str:
    """The name of the file that a link leads to."""
    desk.reaches(kind, "main a")
    with desk.page.expect_download() as file:
        desk.page.keyboard.press("Enter")
    return file.value.suggested_filename
