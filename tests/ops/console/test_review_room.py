"""The queue and the room: one operator has a case, hears both sides, says whose voice it was; nobody sees another's."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from certification import cases, people, review, seals
from certification.cases import CaseKind
from certification.holding import HELD
from certification.regions import Route
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Assessment, Call, Case, Evidence, Person, Text, Visit
from tests.certification import sealed
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled
from tests.certification.test_review import spoken
from tests.certification.together import at_once
from tests.ops.console.browser import Browser, Hire

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]


@pytest.fixture
def li(browser: Browser, hired: Hire) -> Browser:
    """Operator Li of Kunming, signed in."""
    browser.signs_in(hired("李审核", Role.OPERATOR, region="kunming"))
    return browser


def colleague(
    another: Another, hired: Hire, name: str = "王审核", role: Role = Role.OPERATOR, region: str = "kunming"
) -> Browser:
    browser = another("192.0.2.2")
    browser.signs_in(hired(name, role, region=region))
    return browser


def heard(rt: Runtime, case_id: str) -> tuple[str, str]:
    """Recordings of the call of a case, and of the enrolment before; their identifiers."""
    with rt.sessions.begin() as session:
        case = session.get_one(Case, case_id)
        asked = session.get_one(Assessment, case.detail["assessment"])
        call = session.get_one(Call, asked.call_id)
        attempt, enrolled = sealed.recording(session, rt, call), sealed.recording(session, rt, call)
        asked.recordings = [attempt.id]
        asked.detail = {
            review.WEIGHED: 1.5,
            "threshold": 4.0,
            "score": 0.4,
            "reasons": ["too_noisy"],
            "suspicions": {"replay": {}},
        }
        before = {"call_id": call.id, "person_id": asked.person_id, "purpose": "enrol", "recordings": [enrolled.id]}
        at = asked.asked_at - timedelta(days=30)
        session.add(Assessment(**before, state="done", outcome="enrolled", asked_at=at))
        return attempt.id, enrolled.id


def test_a_voice_is_taken_listened_to_and_certified(li: Browser, rt: Runtime, wu: Person) -> None:
    case = spoken(rt, wu)
    attempt, enrolled = heard(rt, case)
    li.open("/console/cases")
    assert "声音有疑问" in li.page and "领取" in li.page
    li.send(f"/console/cases/{case}/take", follow=True)
    for said in ("吴**", "…0001", "像是以前来电的录音", "太吵", "有些像本人", "苹果", "是本人，认证通过"):
        assert said in li.page, said
    for identifier in (attempt, enrolled):
        answer = li.client.get(f"/console/cases/{case}/recordings/{identifier}.wav", base_url="https://line.example")
        with wave.open(io.BytesIO(answer.data)) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getnframes()) == (8000, 1, len(sealed.AUDIO))
    assert len(journalled(rt, "recording listened to")) == 2
    li.send(f"/console/cases/{case}/decide", verdict="confirmed", follow=True)
    with rt.sessions() as session:
        [one] = session.scalars(select(Evidence))
        decided = session.get_one(Case, case)
        assert (decided.verdict, decided.taken_by) == ("confirmed", "李审核")
    assert one.receipt in li.page
    assert "现在没有等人处理的事" in li.page


def test_two_operators_race_for_a_case_and_one_has_it(
    li: Browser, another: Another, hired: Hire, rt: Runtime, wu: Person
) -> None:
    case, wang = spoken(rt, wu), colleague(another, hired)
    both = [li, wang]
    for one in both:
        one.open("/console/cases")
    codes = at_once(2, lambda: both.pop().send(f"/console/cases/{case}/take").status_code)
    assert sorted(codes) == [302, 409]
    winner, loser = (li, wang) if "没有办成" not in li.page else (wang, li)
    assert "正在办这件事" in loser.page
    loser.open(f"/console/cases/{case}")
    assert "最迟" in loser.page and "认证通过" not in loser.page
    loser.open("/console/cases")
    assert loser.send(f"/console/cases/{case}/decide", verdict="unsure").status_code == 409
    winner.open(f"/console/cases/{case}")
    assert winner.send(f"/console/cases/{case}/decide", verdict="unsure").status_code == 302
    assert len(journalled(rt, "case taken")) == 1


def test_a_case_goes_back_after_a_quarter_of_an_hour_or_by_hand(
    li: Browser, another: Another, hired: Hire, rt: Runtime, wu: Person, clock: Clock
) -> None:
    case, wang = spoken(rt, wu), colleague(another, hired)
    li.open("/console/cases")
    li.send(f"/console/cases/{case}/take")
    clock.forward(seconds=HELD.total_seconds())
    li.open(f"/console/cases/{case}")
    assert li.send(f"/console/cases/{case}/decide", verdict="unsure").status_code == 409
    assert "什么都没有丢" in li.page
    wang.open("/console/cases")
    assert wang.send(f"/console/cases/{case}/take").status_code == 302
    wang.open(f"/console/cases/{case}")
    assert wang.send(f"/console/cases/{case}/give-back").status_code == 302
    li.open("/console/cases")
    assert li.send(f"/console/cases/{case}/take").status_code == 302


def test_nobody_sees_what_is_of_another_region_or_another_case(
    li: Browser, another: Another, hired: Hire, rt: Runtime, wu: Person
) -> None:
    case = spoken(rt, wu)
    attempt, _ = heard(rt, case)
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1951, 6, 16)
        other = people.add(session, rt, id_number=number, name="郑女士", region="kunming", phone="13888000009")
    mine = spoken(rt, other)
    elsewhere = colleague(another, hired, region="qingdao")
    elsewhere.open("/console/cases")
    assert "声音有疑问" not in elsewhere.page
    for path in (f"/console/cases/{case}", f"/console/cases/{case}/recordings/{attempt}.wav"):
        assert elsewhere.open(path).status_code == 404
    elsewhere.open("/console/")
    for deed in ("take", "give-back", "decide"):
        page = elsewhere.page
        assert elsewhere.send(f"/console/cases/{case}/{deed}", verdict="confirmed").status_code == 404
        elsewhere.page = page
    assert li.open(f"/console/cases/{mine}/recordings/{attempt}.wav").status_code == 404
    assert journalled(rt, "recording listened to") == []
    with rt.sessions() as session:
        assert session.get_one(Case, case).taken_by is None


def test_a_case_of_a_number_that_nobody_knows_is_for_every_region(
    li: Browser, another: Another, hired: Hire, rt: Runtime
) -> None:
    with rt.sessions.begin() as session:
        case = cases.open_case(session, rt, kind=CaseKind.URGENT, cause="a stranger").id
    for one in (li, colleague(another, hired, region="qingdao")):
        one.open("/console/cases")
        assert "马上" in one.page
        assert one.open(f"/console/cases/{case}").status_code == 200
    li.open("/console/cases")
    assert li.send(f"/console/cases/{case}/take").status_code == 302


def test_an_auditor_looks_and_changes_nothing(another: Another, hired: Hire, rt: Runtime, wu: Person) -> None:
    case, auditor = spoken(rt, wu), colleague(another, hired, "赵审计", Role.AUDITOR)
    auditor.open(f"/console/cases/{case}")
    assert "您可以查看，不能办理" in auditor.page
    assert len(journalled(rt, "case shown")) == 1
    auditor.open("/console/cases")
    assert "领取" not in auditor.page
    assert auditor.send(f"/console/cases/{case}/take").status_code == 403


def test_what_people_are_called_is_shown_as_it_is_written(li: Browser, rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1951, 6, 16)
        name = '<script>alert(1)</script>"吴'
        person = people.add(session, rt, id_number=number, name=name, region="kunming", phone="13888000009")
        detail = {"first": True}
        case = cases.open_case(session, rt, kind=CaseKind.CALL_BACK, cause="x", person=person, detail=detail).id
    answer = li.open(f"/console/cases/{case}")
    raw = answer.get_data(as_text=True)
    assert "<script>alert" not in raw and "&lt;script&gt;alert(1)" in raw


def test_what_people_write_is_shown_as_it_is_written(li: Browser, rt: Runtime, wu: Person) -> None:
    body, text = "<script>alert(1)</script>\"' 谢谢", "a" * 32
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        sealed = {"from_sealed": rt.keys.seal(b"+8613888000001", seals.writer(text)), "from_index": "x"}
        kept = {"body_sealed": rt.keys.seal(body.encode(), seals.body(text)), "received_at": rt.now()}
        session.add(Text(id=text, provider="x", provider_ref=text, read="human", person_id=wu.id, **kept, **sealed))
        detail = {"text": text}
        case = cases.open_case(session, rt, kind=CaseKind.URGENT, cause="x", person=person, detail=detail).id
    answer = li.open(f"/console/cases/{case}")
    raw = answer.get_data(as_text=True)
    assert "<script>alert" not in raw and body in li.page


def test_a_verdict_in_words_names_nobody(li: Browser, rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        case = cases.open_case(
            session, rt, kind=CaseKind.CALL_BACK, cause="x", person=session.get_one(Person, wu.id)
        ).id
    li.open("/console/cases")
    li.send(f"/console/cases/{case}/take", follow=True)
    for said in ("吴先生下周来", "回电 13888000001"):
        page = li.page
        assert li.send(f"/console/cases/{case}/decide", verdict=said).status_code == 409
        li.page = page
    assert li.send(f"/console/cases/{case}/decide", verdict="  ").status_code == 400
    li.open(f"/console/cases/{case}")
    assert li.send(f"/console/cases/{case}/decide", verdict="已回电，下周来窗口").status_code == 302
    with rt.sessions() as session:
        assert session.get_one(Case, case).verdict == "已回电，下周来窗口"


@pytest.mark.parametrize("verdict", ["refused", "certify", "CONFIRMED"])
def test_there_is_no_other_verdict_of_a_voice(li: Browser, rt: Runtime, wu: Person, verdict: str) -> None:
    case = spoken(rt, wu)
    li.open("/console/cases")
    li.send(f"/console/cases/{case}/take", follow=True)
    assert li.send(f"/console/cases/{case}/decide", verdict=verdict).status_code == 400
    with rt.sessions() as session:
        assert session.get_one(Case, case).decided_at is None


def test_of_a_death_a_human_says_what_they_found(li: Browser, rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        case = cases.open_case(session, rt, kind=CaseKind.DEATH_REPORTED, cause="d", person=person).id
    li.open("/console/cases")
    li.send(f"/console/cases/{case}/take", follow=True)
    assert "本人在世" in li.page
    assert li.send(f"/console/cases/{case}/decide", verdict="alive").status_code == 302
    assert len(journalled(rt, "person found alive")) == 1


@pytest.mark.parametrize(("step", "kind"), [("call_back", "call_back"), ("invite", "invited")])
def test_what_does_not_show_it_may_be_gone_on_with(li: Browser, rt: Runtime, wu: Person, step: str, kind: str) -> None:
    case = spoken(rt, wu)
    heard(rt, case)
    li.open("/console/cases")
    li.send(f"/console/cases/{case}/take", follow=True)
    assert "不会停发" in li.page
    assert li.send(f"/console/cases/{case}/decide", verdict=f"confirmed {step}").status_code == 400
    li.open(f"/console/cases/{case}")
    assert li.send(f"/console/cases/{case}/decide", verdict=f"unsure {step}", reason="听不清").status_code == 302
    with rt.sessions() as session:
        assert session.get_one(Case, case).verdict == "unsure"
        [more] = session.scalars(select(Case).where(Case.kind == kind))
        assert (more.person_id, more.cause) == (wu.id, f"review:{case}")
        assert session.scalars(select(Evidence)).all() == []


def test_a_visit_is_asked_for_where_the_region_makes_any(li: Browser, rt: Runtime, wu: Person) -> None:
    case = spoken(rt, wu)
    li.open("/console/cases")
    li.send(f"/console/cases/{case}/take", follow=True)
    there = "请人上门" in li.page
    assert there == rt.regions["kunming"].opens(Route.VISIT)
    assert li.send(f"/console/cases/{case}/decide", verdict="unsure visit").status_code == (302 if there else 409)
    with rt.sessions() as session:
        assert len(session.scalars(select(Visit)).all()) == there
        assert (session.get_one(Case, case).decided_at is not None) == there


def test_a_suspected_fraud_is_judged_by_another_supervisor(
    li: Browser, another: Another, hired: Hire, rt: Runtime, wu: Person
) -> None:
    with rt.sessions.begin() as session:
        person, detail = session.get_one(Person, wu.id), {"by": "周主管"}
        kind = CaseKind.SUSPECTED_FRAUD
        case = cases.open_case(session, rt, kind=kind, cause="f", person=person, detail=detail).id
    zhou = colleague(another, hired, "周主管", Role.SUPERVISOR)
    wei = colleague(another, hired, "魏主管", Role.SUPERVISOR)
    for one, status in ((li, 409), (zhou, 409), (wei, 302)):
        one.open("/console/cases")
        assert one.send(f"/console/cases/{case}/take").status_code == 302
        one.open(f"/console/cases/{case}")
        assert one.send(f"/console/cases/{case}/decide", verdict="已报案").status_code == status
        one.open(f"/console/cases/{case}")
        if status == 409:
            one.send(f"/console/cases/{case}/give-back")
    with rt.sessions() as session:
        assert session.get_one(Case, case).taken_by == "魏主管"
