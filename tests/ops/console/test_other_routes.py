"""Papers, home visits and appointments at the console: each step, who may take it, and nothing of another region."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from certification import appointments, cases, certifying, papers, people, visits
from certification.cases import CaseKind
from certification.papers import Document, DocumentKind, PaperKind
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Appointment, Evidence, Paper, Person, Visit
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled
from tests.ops.console.browser import Browser, Hire
from tests.ops.console.test_roll import SCRIPT, fetched

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
OFFICE = "玄武区社保窗口"
TODAY = "2026-03-10"


@pytest.fixture
def he(rt: Runtime) -> Person:
    """Mrs He of Nanjing, where every way is open."""
    with rt.sessions.begin() as session:
        number = resident_number("320102", 1950, 5, 15)
        return people.add(session, rt, id_number=number, name="何女士", region="nanjing", phone="13888000009")


@pytest.fixture
def clerk(browser: Browser, hired: Hire) -> Browser:
    """Clerk Zhao of Nanjing, signed in."""
    browser.signs_in(hired("赵经办", Role.CLERK, region="nanjing"))
    return browser


def act(clerk: Browser, page: str, deed: str, **form: str) -> int:
    """Open a page, send one of its forms, and read the page that follows; its status."""
    clerk.open(f"/console/{page}")
    return clerk.send(f"/console/{deed}", follow=True, **form).status_code


def only(rt: Runtime, table: type[Any]) -> Any:
    with rt.sessions() as session:
        return session.scalars(select(table)).one()


def evidence(rt: Runtime) -> list[Evidence]:
    with rt.sessions() as session:
        return list(session.scalars(select(Evidence)))


def test_a_form_goes_out_comes_back_is_returned_and_accepted(clerk: Browser, rt: Runtime, he: Person) -> None:
    assert act(clerk, f"people/{he.id}/ways", f"people/{he.id}/forms", kind="own", again="") == 200
    paper = only(rt, Paper)
    assert paper.number in clerk.page and "登记寄出" in clerk.page
    page = f"papers/{paper.id}"
    assert act(clerk, page, f"{page}/post") == 200
    assert act(clerk, "papers?state=posted", "papers/find", number=f" {paper.number} ") == 200
    assert act(clerk, page, f"{page}/receive") == 200 and "请审核" in clerk.page
    assert act(clerk, page, f"{page}/accept", signed_on=TODAY) == 409 and "勾选确认" in clerk.page
    assert act(clerk, page, f"{page}/accept", signed_on="2026-03-01", sure="yes") == 409
    assert "材料日期" in clerk.page and evidence(rt) == []
    assert act(clerk, page, f"{page}/return", reason=SCRIPT) == 200
    assert SCRIPT in clerk.page
    raw = fetched(clerk, page).decode()
    assert "<script>alert" not in raw and "登记收到" in raw
    assert act(clerk, page, f"{page}/receive") == 200  # returned by mistake: taken back
    assert act(clerk, page, f"{page}/accept", signed_on=TODAY, sure="yes") == 200
    [signed] = evidence(rt)
    assert signed.receipt in clerk.page and (signed.kind, signed.person_id) == ("paper", he.id)
    assert act(clerk, page, f"{page}/return", reason="x") == 409  # what is accepted stays so
    clerk.open(f"/console/{page}")
    assert "主管才能撤回" in clerk.page


def test_a_letter_shows_what_stands_against_it(clerk: Browser, rt: Runtime, he: Person) -> None:
    ways = f"people/{he.id}/ways"
    clerk.open(f"/console/{ways}")
    assert act(clerk, ways, f"people/{he.id}/letters", document="household_booklet", dated=TODAY) == 200
    assert "户口簿只说明身份" in clerk.page
    assert act(clerk, ways, f"people/{he.id}/letters", document="", dated="") == 400
    assert act(clerk, ways, f"people/{he.id}/letters", document="medical_record", dated="x") == 400
    paper = only(rt, Paper)
    assert act(clerk, f"papers/{paper.id}", f"papers/{paper.id}/accept", sure="yes") == 409
    assert evidence(rt) == []


def test_papers_are_listed_by_state_and_found_by_number_alone(clerk: Browser, rt: Runtime, he: Person) -> None:
    with rt.sessions.begin() as session:
        paper = papers.issue(session, rt, session.get_one(Person, he.id), PaperKind.OWN, "clerk")
    for query, there in (("", True), ("?state=issued", True), ("?state=received", False), ("?kind=post", False)):
        clerk.open(f"/console/papers{query}")
        assert ("何女士" in clerk.page) == there, query
    assert act(clerk, "papers", "papers/find", number="123") == 409
    assert "没有编号为 123" in clerk.page and len(journalled(rt, "paper refused")) == 1
    assert act(clerk, f"people/{he.id}/ways", f"people/{he.id}/forms", kind="own", again="") == 409  # one at a time
    assert act(clerk, f"people/{he.id}/ways", f"people/{he.id}/forms", kind="own", again="丢了") == 200
    with rt.sessions() as session:
        assert session.get_one(Paper, paper.id).state == "void"
    assert act(clerk, f"papers/{paper.id}", f"papers/{paper.id}/receive") == 409 and "已作废" in clerk.page


def test_a_visit_is_asked_for_once_given_and_given_to_another(
    clerk: Browser, rt: Runtime, he: Person, hired: Hire
) -> None:
    ways = f"people/{he.id}/ways"
    assert act(clerk, ways, f"people/{he.id}/visits") == 200
    assert "还没有上门人的账号" in clerk.page
    for name, region in (("李上门", "nanjing"), ("王上门", None), ("钱上门", "kunming")):
        hired(name, Role.VISITOR, region=region)
    assert act(clerk, ways, f"people/{he.id}/visits") == 200
    visit = only(rt, Visit)
    page, given = f"visits/{visit.id}", {"on": TODAY, "address": "中山路 1 号"}
    assert "李上门" in clerk.page and "王上门" in clerk.page and "钱上门" not in clerk.page
    for wrong in ({"visitor": "钱上门"}, {"visitor": "赵经办"}, {"on": "2026-03-09"}, {"on": "x"}):
        assert act(clerk, page, f"{page}/assign", **{"visitor": "李上门", **given, **wrong}) == 400
    assert act(clerk, page, f"{page}/assign", visitor="李上门", on=TODAY, address=" ") == 409
    assert act(clerk, page, f"{page}/assign", visitor="李上门", **given) == 200
    assert act(clerk, page, f"{page}/assign", visitor="王上门", **given) == 200
    assert "王上门" in clerk.page and "中山路 1 号" in clerk.page
    for query, there in (("state=assigned&visitor=王上门", True), ("visitor=李上门", False), ("state=asked", False)):
        clerk.open(f"/console/visits?{query}")
        assert ("何女士" in clerk.page) == there, query
    assert act(clerk, page, f"{page}/drop") == 400
    assert act(clerk, page, f"{page}/drop", sure="yes") == 200
    assert act(clerk, page, f"{page}/drop", sure="yes") == 409
    clerk.open(f"/console/{page}")
    assert "另外申请" in clerk.page


def test_a_report_and_its_photograph_are_read_and_journalled(
    clerk: Browser, rt: Runtime, he: Person, another: Another, hired: Hire
) -> None:
    with rt.sessions.begin() as session:
        visit = visits.ask(session, rt, session.get_one(Person, he.id), cause="a", by="clerk")
        visits.assign(session, rt, visit, visitor="李", on=certifying.day_of(rt.now()), by="s", address="x")
        visits.report(
            session, rt, visit, visitor="李", outcome=visits.Outcome.ABSENT, text=SCRIPT, photo=b"\x89PNG a door"
        )
    for query, there in (("outcome=absent", True), ("state=reported&outcome=absent", True), ("outcome=met", False)):
        clerk.open(f"/console/visits?{query}")
        assert ("何女士" in clerk.page) == there, query
    clerk.open(f"/console/visits/{visit.id}")
    assert SCRIPT in clerk.page and len(journalled(rt, "visit shown")) == 1
    photo = clerk.open(f"/console/visits/{visit.id}/photo")
    assert (photo.mimetype, photo.status_code) == ("image/png", 200) and len(journalled(rt, "photograph shown")) == 1
    assert act(clerk, f"visits/{visit.id}", f"visits/{visit.id}/assign", visitor="李", on=TODAY, address="y") == 400
    auditor = another("192.0.2.7")
    auditor.signs_in(hired("周审计", Role.AUDITOR))
    for name in ("papers", "visits"):
        assert ("何女士" in fetched(auditor, f"{name}.csv").decode()) == (name == "visits")
        assert len(journalled(rt, f"{name} exported")) == 1
    auditor.open(f"/console/visits/{visit.id}")
    assert auditor.send(f"/console/visits/{visit.id}/drop", sure="yes").status_code == 403


def test_a_time_is_booked_moved_called_off_and_restored(clerk: Browser, rt: Runtime, he: Person) -> None:
    ways = f"people/{he.id}/ways"
    clerk.open(f"/console/{ways}?office={OFFICE}")
    assert "2026-03-10T10:30" in clerk.page
    assert clerk.open(f"/console/{ways}?office=x").status_code == 404
    book = {"office": OFFICE, "at": "2026-03-11T09:00"}
    assert act(clerk, ways, f"people/{he.id}/appointment", **{**book, "at": "2026-03-11T03:00"}) == 409
    assert act(clerk, ways, f"people/{he.id}/appointment", **{**book, "at": "x"}) == 400
    assert act(clerk, ways, f"people/{he.id}/appointment", **book) == 200 and "2026-03-11 09:00" in clerk.page
    assert act(clerk, ways, f"people/{he.id}/appointment", **{**book, "at": "2026-03-11T09:30"}) == 200
    with rt.sessions() as session:
        [one] = session.scalars(select(Appointment.id).where(Appointment.state == "booked"))
    day = "appointments?day=2026-03-11"
    clerk.open(f"/console/{day}")
    assert "09:30" in clerk.page and "09:00" not in clerk.page and "何女士" in clerk.page
    assert act(clerk, day, f"appointments/{one}/miss") == 409  # still to come
    assert act(clerk, day, f"appointments/{one}/cancel") == 200 and "恢复预约" in clerk.page
    assert act(clerk, day, f"appointments/{one}/cancel") == 409
    assert act(clerk, day, f"appointments/{one}/restore") == 200
    assert act(clerk, ways, f"appointments/{one}/cancel", back=f"/console/{ways}") == 200
    assert "还没有预约" in clerk.page


def test_who_came_is_certified_and_who_did_not_is_noted(clerk: Browser, rt: Runtime, he: Person, clock: Clock) -> None:
    at = datetime(2026, 3, 10, 10, 30, tzinfo=SHANGHAI)
    with rt.sessions.begin() as session:
        one = appointments.book(session, rt, session.get_one(Person, he.id), OFFICE, at, "clerk").id
    for _ in range(2):  # half an hour without a page signs them out
        clock.forward(minutes=20)
        clerk.open("/console/")
    assert act(clerk, "appointments", f"appointments/{one}/miss") == 200 and "登记没来" in clerk.page
    assert act(clerk, "appointments", f"appointments/{one}/restore") == 200
    assert act(clerk, "appointments", f"appointments/{one}/keep") == 409 and evidence(rt) == []
    assert act(clerk, "appointments", f"appointments/{one}/keep", seen="yes") == 200
    [seen] = evidence(rt)
    assert seen.receipt in clerk.page and "来了，已认证" in clerk.page


def test_whom_to_invite_is_shown_and_where_nobody_is_expected(clerk: Browser, rt: Runtime, he: Person) -> None:
    clerk.open("/console/appointments")
    assert "这一天没有预约" in clerk.page and "没有要请来的人" in clerk.page
    with rt.sessions.begin() as session:
        person = session.get_one(Person, he.id)
        cases.open_case(session, rt, kind=CaseKind.NO_TEMPLATE, cause="x", person=person)
    clerk.open("/console/appointments")
    assert "何女士" in clerk.page
    assert clerk.open("/console/appointments?day=x").status_code == 404


def test_nothing_of_another_region_is_shown_or_done(
    another: Another, hired: Hire, rt: Runtime, he: Person, clock: Clock
) -> None:
    with rt.sessions.begin() as session:
        person = session.get_one(Person, he.id)
        document = Document(DocumentKind.MEDICAL, certifying.day_of(rt.now()))
        paper = papers.letter(session, rt, person, [document], "clerk")
        visit = visits.ask(session, rt, person, cause="a", by="clerk")
        at = datetime(2026, 3, 10, 10, 30, tzinfo=SHANGHAI)
        one = appointments.book(session, rt, person, OFFICE, at, "clerk")
    clock.forward(hours=1)
    elsewhere = another("192.0.2.9")
    elsewhere.signs_in(hired("钱经办", Role.CLERK, region="kunming"))
    for path in (f"papers/{paper.id}", f"visits/{visit.id}", f"visits/{visit.id}/photo", f"people/{he.id}/ways"):
        assert elsewhere.open(f"/console/{path}").status_code == 404, path
    for path in ("papers", "visits", "appointments?day=2026-03-10", "appointments?region=nanjing"):
        elsewhere.open(f"/console/{path}")
        assert "何女士" not in elsewhere.page, path
    elsewhere.open("/console/papers")
    page = elsewhere.page
    assert elsewhere.send("/console/papers/find", number=paper.number).status_code == 409
    for deed in (
        *(f"papers/{paper.id}/{name}" for name in ("post", "receive", "accept", "return")),
        *(f"visits/{visit.id}/{name}" for name in ("assign", "drop")),
        *(f"appointments/{one.id}/{name}" for name in ("cancel", "keep", "miss", "restore")),
        *(f"people/{he.id}/{name}" for name in ("forms", "letters", "visits", "appointment")),
    ):
        elsewhere.page = page
        form = {"sure": "yes", "seen": "yes", "reason": "x", "visitor": "李", "on": TODAY, "address": "x"}
        more = {"kind": "own", "document": "medical_record", "dated": TODAY, "office": OFFICE, "at": f"{TODAY}T10:30"}
        assert elsewhere.send(f"/console/{deed}", token=None, follow=False, **form, **more).status_code == 404, deed
    assert evidence(rt) == [] and only(rt, Appointment).state == "booked" and only(rt, Visit).state == "asked"
