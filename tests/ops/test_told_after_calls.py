"""What people are told in writing after a call: what a human decided, and that nothing is lost where it broke off."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from certification import bereavement, cases, certifying, desks, review, safewords, standings, templates
from certification.cases import CaseKind
from certification.review import Step, Verdict
from certification.runtime import Runtime
from certification.store import Person, Phone
from tests.certification.conftest import Clock
from tests.ivr.line.conftest import enrolled
from tests.ops.test_commands import json_of, sentence, stillhere
from tests.ops.told import Service, service
from tests.sms.outbox.conftest import carrier, redis, redis_url

__all__ = ["carrier", "enrolled", "redis", "redis_url", "service"]

MOBILE = "+8613888000001"
NIGHT = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)  # eleven o'clock in Kunming
BROKE_OFF = "【昆明社保】刚才电话断了，您的认证还没办完，不要紧，养老金不受影响。请再打087112333，不收费。"
NOT_YET = "【昆明社保】您这次来电还没办好认证。请再打087112333，或带身份证到社保窗口。这件事不影响养老金，请放心。"

INVITED = "【昆明社保】请您带身份证到社保窗口办认证，有人帮您。要问请打087112333。这件事不影响养老金，请放心。"


def certified(rt: Runtime, person: Person) -> bool:
    with rt.sessions.begin() as session:
        return certifying.status(session, rt, session.get_one(Person, person.id)).closed


def at_the_desk(rt: Runtime, person: Person) -> None:
    """They certify at the desk."""
    with rt.sessions.begin() as session:
        desks.certify(session, rt, session.get_one(Person, person.id), "clerk")


def reported_dead(rt: Runtime, person: Person) -> None:
    with rt.sessions.begin() as session:
        bereavement.report(session, rt, session.get_one(Person, person.id), source="desk", ref="1", by="clerk")


def landline(rt: Runtime) -> None:
    """What Mr Wu has is a landline."""
    with rt.sessions.begin() as session:
        session.execute(update(Phone).values(kind="landline"))


def wants_no_reminders(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        standings.opt_out(session, rt, MOBILE)


def test_whom_a_human_knew_is_certified_by_that_call_and_told_so_once(service: Service, wu: Person) -> None:
    with service.rt.sessions.begin() as session:
        safewords.choose(session, service.rt, session.get_one(Person, wu.id), "喜鹊", "clerk")
    case = service.doubted(wu)
    assert service.texts() == [], "nobody has decided"
    assert not certified(service.rt, wu)
    waiting: Any = json_of(stillhere(service.environment, "cases", "list", "--json"))["cases"]
    assert [(one["id"], one["kind"]) for one in waiting] == [(case, "voice_doubt")]
    decided = service.decides(case, "confirmed")
    assert (decided["verdict"], decided["certified"]) == ("confirmed", True)
    assert certified(service.rt, wu)
    receipt = decided["receipt"]
    said = f"【昆明社保】工作人员核对好了，您的认证办好了。回执号{receipt}，请您留着。暗号：喜鹊"
    assert service.texts() == service.texts() == [(MOBILE, said)]
    again = stillhere(service.environment, "cases", "decide", case, "--verdict", "unsure", "--by", "another")
    assert "operator" in sentence(again)
    assert json_of(stillhere(service.environment, "cases", "list", "--json"))["cases"] == []


def test_whom_a_human_did_not_know_is_told_how_to_go_on_and_never_refused(service: Service, wu: Person) -> None:
    decided = service.decides(service.doubted(wu), "unsure")
    del decided["decided"]
    assert decided == {"verdict": "unsure", "certified": False, "receipt": None}
    assert service.texts() == service.texts() == [(MOBILE, NOT_YET)]
    assert not re.search("拒|不通过|失败", NOT_YET)
    assert not certified(service.rt, wu)
    assert service.cases() == {"voice_doubt": "unsure"}


def test_whoever_is_invited_to_the_desk_is_told_so_and_refused_nothing(service: Service, wu: Person) -> None:
    case = service.doubted(wu)
    with service.rt.sessions.begin() as session:
        review.decide(session, service.rt, case, Verdict.UNSURE, "operator", step=Step.INVITE, reason="太吵")
    assert service.texts() == service.texts() == [(MOBILE, INVITED)]
    assert not re.search("拒|不通过|失败|冒", INVITED)
    assert service.cases() == {"voice_doubt": "unsure", "invited": None}
    at_the_desk(service.rt, wu)
    service.sweep()
    assert service.cases() == {"voice_doubt": "unsure", "invited": "certified"}


@pytest.mark.parametrize("when", ["before", "before it is sent"], ids=["before", "after"])
def test_the_dead_are_told_nothing(service: Service, wu: Person, when: str) -> None:
    case = service.doubted(wu)
    if when == "before":
        reported_dead(service.rt, wu)
    service.decides(case, "unsure")
    if when != "before":
        service.sweep()
        reported_dead(service.rt, wu)
    assert service.texts() == []
    assert service.messages() == ([] if when == "before" else [("verdict.more", "dropped", "bereavement")])


@pytest.mark.parametrize("verdict", ["confirmed", "unsure"])
def test_what_no_mobile_takes_is_written_down_and_a_human_calls(service: Service, wu: Person, verdict: str) -> None:
    landline(service.rt)
    service.decides(service.doubted(wu), verdict)
    assert service.texts() == service.texts() == []
    words = "verdict.certified" if verdict == "confirmed" else "verdict.more"
    assert service.messages() == [(words, "dropped", "no mobile")]
    assert service.journalled("message dropped") == 1
    to_call = {} if verdict == "confirmed" else {"to_call": None}
    assert service.cases() == {"voice_doubt": verdict, **to_call}
    if to_call:
        at_the_desk(service.rt, wu)
        service.texts()
        assert service.cases()["to_call"] == "certified"


@pytest.mark.parametrize("verdict", ["confirmed", "unsure"])
def test_a_record_that_does_not_open_is_a_humans_once(service: Service, wu: Person, verdict: str) -> None:
    service.decides(service.doubted(wu), verdict)
    with service.rt.sessions.begin() as session:
        session.execute(update(Person).values(number_sealed=b"broken"))
    assert service.texts() == service.texts() == []
    assert service.messages() == [("verdict.more", "dropped", "unreadable")]
    assert service.cases() == {"voice_doubt": verdict, "unreadable": None}
    assert (service.journalled("message dropped"), service.journalled("case opened")) == (1, 2)


def test_whoever_is_certified_meanwhile_is_not_told_to_go_on(service: Service, wu: Person) -> None:
    service.decides(service.doubted(wu), "unsure")
    at_the_desk(service.rt, wu)
    assert service.texts() == []
    assert service.messages() == [("verdict.more", "dropped", "certified")]


def test_at_night_nobody_is_woken_by_a_verdict(service: Service, wu: Person, clock: Clock) -> None:
    case = service.doubted(wu)
    clock.at = NIGHT
    service.decides(case, "unsure")
    assert service.texts() == []
    clock.forward(hours=11)
    assert service.texts() == [(MOBILE, NOT_YET)]


def test_a_template_confirmed_alone_certifies_no_call_and_the_person_is_told_to_call(
    service: Service, wu: Person
) -> None:
    with service.rt.sessions.begin() as session:
        template = templates.current(session, wu)
        assert template is not None
        kind, detail = CaseKind.UNCONFIRMED, {"template": template.id}
        case = cases.open_case(session, service.rt, kind=kind, cause="1", person=wu, detail=detail)
    assert stillhere(service.environment, "voice", "confirm", case.id, "--by", "operator").exit_code == 0
    assert service.texts() == [(MOBILE, NOT_YET)]
    assert not certified(service.rt, wu)


def test_stopping_reminders_stops_no_verdict(service: Service, wu: Person) -> None:
    wants_no_reminders(service.rt)
    service.decides(service.doubted(wu), "unsure")
    assert service.texts() == [(MOBILE, NOT_YET)]


def test_whoever_was_cut_off_is_told_once_a_day_that_nothing_is_lost(
    service: Service, wu: Person, clock: Clock
) -> None:
    service.dropped(wu)
    assert service.texts() == [], "the call may still be taken up"
    clock.forward(minutes=11)
    assert service.texts() == [(MOBILE, BROKE_OFF)]
    service.dropped(wu, "CA2")
    clock.forward(minutes=11)
    assert len(service.texts()) == 1, "once a day"
    clock.forward(days=1)
    service.dropped(wu, "CA3")
    clock.forward(minutes=11)
    assert [text for _, text in service.texts()] == [BROKE_OFF] * 2
    assert service.cases() == {"dropped": None}


@pytest.mark.parametrize("why", ["unnamed", "called again", "certified since", "in the menu", "a death", "days ago"])
def test_nobody_else_is_told_so(service: Service, wu: Person, clock: Clock, why: str) -> None:
    if why == "unnamed":
        service.telephone().dial().press("1").says("认证").hangs_up()
    elif why == "in the menu":
        service.telephone().dial().press("1").hangs_up()
    else:
        service.dropped(wu)
    clock.forward(minutes=1)
    match why:
        case "called again":
            service.named(wu, "CA2")
        case "certified since":
            at_the_desk(service.rt, wu)
        case "a death":
            reported_dead(service.rt, wu)
        case "days ago":
            clock.forward(days=2)
    clock.forward(minutes=9, seconds=30)
    assert service.texts() == []
    assert service.messages() == []


@pytest.mark.parametrize("why", ["landline", "stopped"])
def test_a_dropped_call_of_whom_no_text_reaches_is_written_down(
    service: Service, wu: Person, clock: Clock, why: str
) -> None:
    (landline if why == "landline" else wants_no_reminders)(service.rt)
    service.dropped(wu)
    clock.forward(minutes=11)
    assert service.texts() == service.texts() == []
    assert service.messages() == [("call.dropped", "dropped", "no mobile")]
    assert service.cases() == {"dropped": None}, "a human sees to it"


def test_in_the_night_it_waits_and_is_dropped_where_they_certify_first(
    service: Service, wu: Person, clock: Clock
) -> None:
    clock.at = NIGHT
    service.dropped(wu)
    clock.forward(minutes=11)
    assert service.texts() == []
    at_the_desk(service.rt, wu)
    clock.forward(hours=11)
    assert service.texts() == []
    assert service.messages() == [("call.dropped", "dropped", "certified")]
