"""The second look and known cases as pages show them, and the figures of those who judge: each only what is theirs."""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from sqlalchemy import select

from certification import review, secondlooks
from certification.cases import CaseKind
from certification.judgements import Part
from certification.names import masked
from certification.review import Verdict
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Case, KnownCase, Person, Staff
from ops.app import create_app
from ops.console import shown
from ops.console.language import LANGUAGES
from tests.certification.suspending import journalled
from tests.certification.test_operators import judged
from tests.certification.test_review import spoken
from tests.certification.test_secondlooks import LI, WANG, WEI, seeded, share
from tests.ops.console.browser import Account, Browser, Hire
from tests.ops.console.chromium import SIZE, TABLET, Desk, served
from tests.ops.console.test_review_room import heard

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
REASON = "后半段换了人"
Arrive = Callable[..., Browser]


@pytest.fixture
def rt(rt: Runtime) -> Runtime:
    """The console's runtime, where every voice is heard twice."""
    return share(rt, 100)


@pytest.fixture
def app(rt: Runtime) -> Flask:
    """Its web process."""
    return create_app(rt)


@pytest.fixture
def arrive(app: Flask, rt: Runtime, hired: Hire) -> Arrive:
    """Somebody signs in."""

    def arrived(name: str, role: Role = Role.OPERATOR, region: str | None = "kunming") -> Browser:
        browser = Browser(app, rt, address=f"192.0.2.{len(name) + len(role)}")
        browser.signs_in(hired(name, role, region=region))
        return browser

    return arrived


def decided(browser: Browser, case: str, verdict: str, reason: str = "") -> int:
    """Take a case and decide it; the answer's status."""
    browser.open("/console/cases")
    browser.send(f"/console/cases/{case}/take", follow=True)
    return browser.send(f"/console/cases/{case}/decide", verdict=verdict, reason=reason, follow=False).status_code


def second(rt: Runtime, case: str) -> str:
    with rt.sessions() as session:
        found = secondlooks.waiting(session, case)
        assert found is not None
        return found.id


def test_the_second_sees_neither_verdict_nor_reason_nor_score_until_they_decided(
    arrive: Arrive, rt: Runtime, wu: Person
) -> None:
    case, li, wang = spoken(rt, wu), arrive(LI), arrive(WANG)
    heard(rt, case)
    li.open(f"/console/cases/{case}")
    assert "1.5" in li.page, "the first sees the score"
    assert decided(li, case, "unsure fraud", REASON) == 302
    other = second(rt, case)
    wang.open("/console/cases")
    wang.send(f"/console/cases/{other}/take", follow=True)
    pages = [wang.page]
    for path in (f"/console/cases/{other}", f"/console/cases/{case}", f"/console/people/{wu.id}", "/console/cases"):
        wang.open(path)
        pages.append(wang.page)
    for page in pages:
        for secret in (REASON, "1.5", "4.0", "有些像本人", "疑似冒充<"):
            assert secret not in page, secret
    assert LI not in pages[0] and "请只凭耳朵判断" in pages[0] and "太吵" in pages[0]
    wang.open(f"/console/cases/{other}")
    assert wang.send(f"/console/cases/{other}/decide", verdict="confirmed").status_code == 302
    wang.open(f"/console/cases/{other}")
    assert "1.5" in wang.page, "afterwards they may"


def test_nor_do_they_see_it_in_any_other_case_of_the_person(arrive: Arrive, rt: Runtime, wu: Person) -> None:
    case, li, wang = spoken(rt, wu), arrive(LI), arrive(WANG)
    heard(rt, case)
    assert decided(li, case, "unsure call_back") == 302
    with rt.sessions() as session:
        followed = session.scalars(select(Case.id).where(Case.kind == CaseKind.CALL_BACK.value)).one()
    wang.open(f"/console/cases/{followed}")
    assert "1.5" not in wang.page and "以前的认证" not in wang.page
    later = spoken(rt, wu)
    heard(rt, later)
    wang.open(f"/console/cases/{later}")
    assert "等人处理" in wang.page and LI not in wang.page
    li.open(f"/console/cases/{later}")
    assert "等人处理" not in li.page and LI in li.page, "who was first knows what they found"


def test_nor_in_the_record_nor_in_the_journal(arrive: Arrive, rt: Runtime, wu: Person) -> None:
    case, li, wang, chief = spoken(rt, wu), arrive(LI), arrive(WANG), arrive("周主管", Role.SUPERVISOR)
    heard(rt, case)
    assert decided(li, case, "confirmed") == 302
    other, record, journal = second(rt, case), f"/console/people/{wu.id}", f"/console/journal?subject=case:{case}"
    assert [one.open(record).status_code for one in (wang, li, chief)] == [409, 200, 200]
    assert chief.open(journal).status_code == 404
    assert decided(wang, other, "confirmed") == 302
    assert wang.open(record).status_code == chief.open(journal).status_code == 200


def test_the_first_does_not_get_the_second_look_by_any_address(arrive: Arrive, rt: Runtime, wu: Person) -> None:
    case, li, elsewhere = spoken(rt, wu), arrive(LI), arrive("青审核员", region="qingdao")
    attempt, _ = heard(rt, case)
    assert decided(li, case, "confirmed") == 302
    other = second(rt, case)
    for browser in (li, elsewhere):
        browser.open("/console/cases")
        assert other not in browser.page and "第二人再听" not in browser.page
        for path in (f"/console/cases/{other}", f"/console/cases/{other}/recordings/{attempt}.wav"):
            assert browser.open(path).status_code == 404
        browser.open("/console/")
        for deed in ("take", "give-back", "decide"):
            page = browser.page
            assert browser.send(f"/console/cases/{other}/{deed}", verdict="confirmed").status_code == 404
            browser.page = page
    with rt.sessions() as session:
        assert session.get_one(Case, other).decided_at is None


@pytest.mark.parametrize("verdict", ["unsure call_back", "unsure invite", "refused", "confirmed fraud"])
def test_a_second_look_has_no_other_verdict(arrive: Arrive, rt: Runtime, wu: Person, verdict: str) -> None:
    case = spoken(rt, wu)
    assert decided(arrive(LI), case, "unsure") == 302
    assert decided(arrive(WANG), second(rt, case), verdict, REASON) == 400


def test_what_two_did_not_agree_on_is_a_supervisors_who_sees_both(arrive: Arrive, rt: Runtime, wu: Person) -> None:
    case, li, wang = spoken(rt, wu), arrive(LI), arrive(WANG)
    reason = '<script>alert(1)</script>"'
    assert decided(li, case, "unsure fraud", reason) == 302
    assert decided(wang, second(rt, case), "confirmed") == 302
    with rt.sessions() as session:
        [asked] = session.scalars(select(Case).where(Case.kind == CaseKind.DISAGREED.value))
        assert asked.person_id == wu.id
    assert decided(wang, asked.id, "查过了") == 409
    wang.open(f"/console/cases/{asked.id}")
    assert "两个人各自听后的结论" not in wang.page
    wang.send(f"/console/cases/{asked.id}/give-back")
    wei = arrive(WEI, Role.SUPERVISOR)
    answer = wei.open(f"/console/cases/{asked.id}")
    raw = answer.get_data(as_text=True)
    assert "<script>alert" not in raw and "&lt;script&gt;" in raw
    for said in (LI, WANG, "是另一个人", "是本人"):
        assert said in wei.page
    assert decided(wei, asked.id, "已联系本人，是本人") == 302


def test_an_invitation_and_a_suspicion_need_a_reason(arrive: Arrive, rt: Runtime, wu: Person) -> None:
    case, li = spoken(rt, wu), arrive(LI)
    for verdict in ("unsure invite", "unsure fraud"):
        assert decided(li, case, verdict, "  ") == 409
        assert "什么都没有丢" in li.page
    assert decided(li, case, "unsure invite", "字" * 201) == 400
    assert decided(li, case, "unsure invite", "太吵，听不清") == 302
    with rt.sessions() as session:
        [invited] = session.scalars(select(Case).where(Case.kind == CaseKind.INVITED.value))
        assert invited.detail["why"] == "太吵，听不清"


def test_a_known_case_looks_like_any_other_and_tells_nobody(arrive: Arrive, rt: Runtime, wu: Person) -> None:
    case, li = seeded(rt, same=False), arrive(LI)
    li.open("/console/cases")
    assert "声音有疑问" in li.page
    li.send(f"/console/cases/{case}/take", follow=True)
    with rt.sessions() as session:
        about = session.get_one(KnownCase, case).about
    for said in (masked(about["name"]), shown.ending(about["telephone"]), "昆明", "是本人，认证通过", "苹果"):
        assert said in li.page, said
    assert about["name"] not in li.page, "nobody finds it in the list of people"
    [attempt] = about["attempt"]
    answer = li.client.get(f"/console/cases/{case}/recordings/{attempt}.wav", base_url="https://line.example")
    assert (answer.status_code, answer.mimetype) == (200, "audio/wav")
    assert len(journalled(rt, "recording listened to")) == 1
    li.open(f"/console/cases/{case}")
    assert li.send(f"/console/cases/{case}/decide", verdict="confirmed", follow=True).status_code == 200
    assert "回执" in li.page, "it ends as others do"
    for word in ("已知", "known", "判错"):
        assert word not in li.page
    elsewhere = arrive("青审核员", region="qingdao")
    for path in (f"/console/cases/{case}", f"/console/cases/{case}/recordings/{attempt}.wav"):
        assert elsewhere.open(path).status_code == 404


def test_each_sees_the_figures_that_are_theirs_to_see(arrive: Arrive, rt: Runtime) -> None:
    who = {name: arrive(name) for name in (LI, WANG)}
    supervisor, auditor = arrive(WEI, Role.SUPERVISOR), arrive("赵审计", Role.AUDITOR, region=None)
    other = arrive("青主管", Role.SUPERVISOR, region="qingdao")
    for name in (LI, WANG):
        judged(rt, name)
        judged(rt, name, part=Part.KNOWN, yes=True, same=False)
    with rt.sessions() as session:
        ids = {one.name: one.id for one in session.scalars(select(Staff))}
    for browser, names in ((supervisor, {LI, WANG}), (auditor, {LI, WANG}), (who[LI], {LI}), (other, set())):
        browser.open("/console/operators")
        assert {name for name in (LI, WANG) if f'days=30">{name}</a>' in browser.page} == names
        for name in (LI, WANG):
            for path in (f"/console/operators/{ids[name]}", f"/console/operators/{ids[name]}/picture.svg"):
                assert browser.open(path).status_code == (200 if name in names else 404)
    supervisor.open(f"/console/operators/{ids[LI]}")
    assert "判错" in supervisor.page and "把别人当本人" in supervisor.page
    who[LI].open(f"/console/operators/{ids[LI]}")
    assert "判错" not in who[LI].page and "把别人当本人" not in who[LI].page
    assert "<dd>2</dd>" in who[LI].page, "a known case counts as any other"
    assert supervisor.open("/console/operators?days=7").status_code == 404


def test_figures_are_files_and_pictures_that_say_the_same(arrive: Arrive, rt: Runtime) -> None:
    arrive(LI)
    supervisor = arrive(WEI, Role.SUPERVISOR)
    for n in range(25):
        judged(rt, LI, yes=n % 2 == 0, seconds=float(n), agreed=n < 20)
    supervisor.open("/console/operators")
    assert "80%（61–91%，共25）" in supervisor.page
    answer = supervisor.client.get("/console/operators.csv?days=90", base_url="https://line.example")
    content = answer.get_data()
    answer.close()
    heading, row = csv.reader(content.decode("utf-8-sig").splitlines())
    assert len(heading) == len(row) == 23
    assert row[:5] == [LI, "25", "12.0", "13", "25"]
    codes = [supervisor.open(f"/console/operators.{kind}").status_code for kind in ("xlsx", "pdf")]
    assert codes == [200, 404]
    picture = supervisor.client.get("/console/operators/picture.svg", base_url="https://line.example")
    assert picture.mimetype == "image/svg+xml" and LI in picture.get_data(as_text=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_supervisor_looks_by_keys_and_axe_finds_nothing(
    chromium: Chromium, rt: Runtime, wu: Person, hired: Hire, language: str
) -> None:
    hired(LI, Role.OPERATOR, region="kunming")
    wei: Account = hired(WEI, Role.SUPERVISOR, region="kunming")
    for n in range(30):
        judged(rt, LI, yes=n % 2 == 0, seconds=float(n), agreed=n < 20)
    judged(rt, LI, part=Part.KNOWN, yes=True, same=False)
    case = spoken(rt, wu)
    heard(rt, case)
    with rt.sessions.begin() as session:
        review.decide(session, rt, case, Verdict.UNSURE, LI, step=review.Step.FRAUD, reason=REASON)
    other, found = second(rt, case), list[tuple[str, list[str]]]()
    with served(rt) as url:
        desk = Desk.at(chromium, rt, url)
        desk.page.goto(f"{url}sign-in")
        if language != "zh":
            desk.page.get_by_role("button", name=LANGUAGES[language]).click()
        desk.signs_in(wei)
        desk.page.goto(f"{url}cases/{other}")
        desk.goes_to("领取" if language == "zh" else "Take")
        found.append(("second", _looked_at(desk)))
        desk.goes_to("听来是本人" if language == "zh" else "It is this person")
        with rt.sessions() as session:
            [asked] = session.scalars(select(Case).where(Case.kind == CaseKind.DISAGREED.value))
        for path in (f"cases/{asked.id}", "operators"):
            desk.page.goto(url + path)
            found.append((path, _looked_at(desk)))
        desk.goes_to(LI)
        found.append(("operator", _looked_at(desk)))
        drawn = desk.page.locator("img.drawn").evaluate("one => one.complete && one.naturalWidth > 0")
        assert drawn and desk.faults == []
    assert [one for one in found if one[1]] == []


def _looked_at(desk: Desk) -> list[str]:
    """What axe finds, and whether the page is wider than a tablet."""
    found = desk.violations()
    desk.page.set_viewport_size(TABLET)
    wide = desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    desk.page.set_viewport_size(SIZE)
    return found + ([f"{wide} px too wide"] if wide > 0 else [])
