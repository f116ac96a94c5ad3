"""Whole conversations by text that certify nobody: questions, stop and start, a death, rubbish, machines."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from certification import (
    bereavement,
    cases,
    forgetting,
    helpers,
    needs,
    standings,
)
from certification.bereavement import Verdict
from certification.helpers import Relation
from certification.needs import Declared
from certification.runtime import Runtime
from certification.store import Case, JournalEntry, Message, Person, Text
from sms import conversation
from sms.conversation import ANSWERS_A_DAY
from tests.certification.conftest import Clock, clock, queue, rt
from tests.certification.together import at_once
from tests.conversations.correspondents import (
    DAUGHTER,
    HERS,
    LANDLINE,
    PIN,
    STRANGER,
    WIFE,
    WU,
    Writes,
    closed,
    evidence,
    opened,
    resident,
    writes,
    wu,
)

__all__ = ["clock", "queue", "rt", "writes", "wu"]


def test_rubbish_twice_is_offered_a_call_and_yes_takes_it(rt: Runtime, wu: Person, writes: Writes) -> None:
    phone = writes()
    phone.writes("今天天气很好啊").hears("answer.unreadable")
    assert opened(rt) == []
    phone.writes("你们是谁家的孩子").hears("answer.offer_call")
    assert opened(rt) == [("not_understood", wu.id)]
    phone.writes("好").hears("answer.call_me")
    assert opened(rt) == [("not_understood", wu.id), ("call_back", wu.id)]
    phone.writes("好").hears("answer.yes")  # nothing was offered any more
    phone.writes("不").hears("answer.no")
    assert len(opened(rt)) == 2


def test_rubbish_of_two_days_is_no_rubbish_twice(wu: Person, writes: Writes, clock: Clock) -> None:
    phone = writes()
    phone.writes("今天天气很好啊").hears("answer.unreadable")
    clock.forward(days=1)
    phone.writes("今天天气很好啊").hears("answer.unreadable")


def test_a_machine_is_answered_so_often_and_no_more(rt: Runtime, wu: Person, writes: Writes, clock: Clock) -> None:
    phone = writes()
    for _ in range(ANSWERS_A_DAY):
        phone.writes("您好，我现在不方便，请稍后联系")
        assert len(phone.answers()) == 1
    phone.writes("您好，我现在不方便，请稍后联系").hears_nothing()
    phone.writes(PIN).hears_nothing()
    assert closed(rt, wu)  # what it asks for is done all the same
    with rt.sessions() as session:
        assert session.scalars(select(func.count()).select_from(Text)).one() == ANSWERS_A_DAY + 2
        ended = select(func.count()).select_from(JournalEntry).where(JournalEntry.action == "answers ended")
        assert session.scalars(ended).one() == 1
    clock.forward(days=1)
    phone.writes("谢谢").hears("answer.thanks")


@pytest.mark.parametrize("sender", ["12306", "Taobao", ""])
def test_what_is_no_telephone_is_kept_and_not_answered(rt: Runtime, wu: Person, writes: Writes, sender: str) -> None:
    writes(sender).writes(PIN).hears_nothing()
    assert evidence(rt, wu) == []


def test_a_query_is_answered_with_where_they_stand(wu: Person, writes: Writes) -> None:
    phone = writes()
    assert phone.writes("查询").hears("answer.open").facts["due"] == "2026-03-31"
    phone.writes(PIN).hears("answer.certified")
    assert phone.writes("查询").hears("answer.already").facts["next_due"] == "2026-06-30"


def test_a_query_from_a_couples_telephone_tells_the_first_day(rt: Runtime, wu: Person, writes: Writes) -> None:
    resident(rt, 2, WU, HERS)
    phone = writes()
    phone.writes(PIN).hears("answer.certified")
    assert phone.writes("查询").hears("answer.open").person_id is None
    phone.writes(HERS).hears("answer.certified")
    phone.writes("查询").hears("answer.already")


@pytest.mark.parametrize(("body", "words"), [("帮助", "answer.help"), ("谢谢", "answer.thanks"), ("是", "answer.yes")])
def test_what_needs_no_more_than_an_answer(wu: Person, writes: Writes, body: str, words: str) -> None:
    writes().writes(body).hears(words)
    writes(STRANGER).writes(body).hears("answer.unknown" if body == "是" else words)


@pytest.mark.parametrize(("pin", "region"), [(None, "kunming"), (PIN, "beijing")], ids=["no PIN", "not enough"])
def test_no_pin_is_asked_of_whoever_has_none_or_whom_it_would_not_certify(
    rt: Runtime, writes: Writes, pin: str | None, region: str
) -> None:
    resident(rt, pin=pin, region=region)
    phone = writes()
    phone.writes("好").hears("answer.call_yes")
    phone.writes("查询").hears("answer.call_open")
    phone.writes("今天天气很好啊").hears("answer.call_unreadable")
    writes(STRANGER).writes("今天天气很好啊").hears("answer.call_unreadable")


@pytest.mark.parametrize("body", ["查询", "我还活着", "1"])
def test_whoever_was_reported_dead_is_told_of_a_human_and_not_to_certify(
    rt: Runtime, wu: Person, writes: Writes, body: str
) -> None:
    phone = writes()
    phone.writes("老人去世了").hears("answer.death")
    phone.writes(body).hears("answer.human")
    assert sorted(opened(rt)) == [("call_back", wu.id), ("death_reported", wu.id)]


def test_whoever_wants_to_live_no_longer_is_called_before_others(rt: Runtime, wu: Person, writes: Writes) -> None:
    writes(STRANGER).writes("打给我").hears("answer.call_me")
    phone = writes()
    phone.writes("人工").hears("answer.human")
    phone.writes("不想活了").hears("answer.urgent")
    phone.writes("不如死了算了，不想活了").hears("answer.urgent")
    with rt.sessions() as session:
        waiting = [(one.kind, one.person_id) for one in cases.waiting(session, most=9)]
    assert waiting == [("urgent", wu.id), ("call_back", None), ("call_back", wu.id)]


@pytest.mark.parametrize(
    ("body", "words", "cases_"),
    [
        ("我住院了", "answer.call_me", ["call_back"]),
        ("我搬家了", "answer.human", ["call_back"]),
        ("我没有收到短信", "answer.human", ["call_back"]),
        ("改密码", "answer.pin", []),
        ("忘记密码了", "answer.pin", []),
    ],
    ids=["hospital", "moved", "no text", "change the PIN", "forgot the PIN"],
)
def test_who_cannot_certify_now_is_called_and_who_forgot_their_pin_is_told_how_to_set_one(
    rt: Runtime, wu: Person, writes: Writes, body: str, words: str, cases_: list[str]
) -> None:
    writes().writes(body).hears(words)
    assert opened(rt) == [(kind, wu.id) for kind in cases_]


def test_a_human_and_a_call_are_one_question_a_day_until_answered(rt: Runtime, wu: Person, writes: Writes) -> None:
    phone = writes()
    phone.writes("打给我").hears("answer.call_me")
    phone.writes("人工").hears("answer.human")
    assert opened(rt) == [("call_back", wu.id)]
    writes(STRANGER).writes("打给我").hears("answer.call_me")
    assert opened(rt) == [("call_back", wu.id), ("call_back", None)]


def no_mobile(rt: Runtime, person: Person) -> bool:
    with rt.sessions() as session:
        return Declared.NO_MOBILE in needs.of(session, person.id)


def out(rt: Runtime, number: str = WU) -> bool:
    with rt.sessions() as session:
        return standings.opted_out(session, rt.keys, number)


def test_calls_take_over_from_the_last_telephone_until_start(rt: Runtime, wu: Person, writes: Writes) -> None:
    phone = writes()
    phone.writes("退订").hears("answer.not_stopped")
    assert (out(rt), no_mobile(rt, wu)) == (True, True)
    phone.writes(PIN).hears("answer.certified")  # what they ask for is answered
    phone.writes("恢复").hears("answer.started")
    assert (out(rt), no_mobile(rt, wu)) == (False, False)


def test_what_a_clerk_declared_stays_when_reminders_start_again(rt: Runtime, wu: Person, writes: Writes) -> None:
    with rt.sessions.begin() as session:
        needs.declare(session, rt, session.get_one(Person, wu.id), Declared.NO_MOBILE, "clerk")
    writes().writes("退订").hears("answer.not_stopped")
    writes().writes("恢复").hears("answer.started")
    assert no_mobile(rt, wu)


def test_who_has_a_landline_is_called_there(rt: Runtime, wu: Person, writes: Writes) -> None:
    resident(rt, 1, LANDLINE)
    writes().writes("退订").hears("answer.stopped")
    assert no_mobile(rt, wu)


def test_who_has_another_mobile_keeps_it(rt: Runtime, wu: Person, writes: Writes) -> None:
    resident(rt, 1, WIFE)
    writes().writes("退订").hears("answer.stopped")
    assert not no_mobile(rt, wu)
    writes(WIFE).writes("退订").hears("answer.not_stopped")
    assert no_mobile(rt, wu)


def test_a_helper_with_copies_is_a_channel_until_they_stop_too(rt: Runtime, wu: Person, writes: Writes) -> None:
    with rt.sessions.begin() as session:
        one = session.get_one(Person, wu.id)
        helper = helpers.declare(
            session, rt, one, name="吴女士", phone=DAUGHTER, relation=Relation.RELATIVE, by="clerk"
        )
        helpers.agree_to_copies(session, rt, one, helper, text="同意", how="desk", by="clerk")
    writes().writes("退订").hears("answer.stopped")
    assert not no_mobile(rt, wu)
    writes(DAUGHTER).writes("退订").hears("answer.not_stopped")
    assert no_mobile(rt, wu)


def test_a_stranger_is_not_written_to_any_more(rt: Runtime, writes: Writes) -> None:
    writes(STRANGER).writes("退订").hears("answer.stopped")
    assert out(rt, STRANGER)


def test_a_death_stops_reminders_and_a_later_sign_of_life_is_put_to_a_human(
    rt: Runtime, wu: Person, writes: Writes
) -> None:
    phone = writes()
    phone.writes("他上个月去世了").hears("answer.death")
    phone.writes("他去世了").hears("answer.death")
    assert opened(rt) == [("death_reported", wu.id)]
    with rt.sessions.begin() as session:
        assert bereavement.reminders_stopped(session, wu.id)
        assert bereavement.answer(session, rt, session.get_one(Person, wu.id), Verdict.DEAD, "clerk") == 1
    phone.writes(PIN).hears("answer.certified")
    assert opened(rt) == [("death_reported", wu.id), ("contradiction", wu.id)]
    phone.writes("他真的去世了").hears("answer.death")
    assert [kind for kind, _ in opened(rt)].count("death_reported") == 2  # the first was answered already


def test_a_death_of_one_of_a_couple_is_asked_about_both(rt: Runtime, wu: Person, writes: Writes) -> None:
    wife = resident(rt, 2, WU, HERS)
    writes().writes("我老伴去世了").hears("answer.death")
    assert sorted(opened(rt)) == sorted([("death_reported", wu.id), ("death_reported", wife.id)])
    writes(STRANGER).writes("邻居去世了").hears("answer.death")
    assert ("death_reported", None) in opened(rt)


def test_nothing_that_was_written_stands_in_the_journal_or_in_clear(rt: Runtime, wu: Person, writes: Writes) -> None:
    bodies = [f"密码 {PIN}", "000000", "今天天气很好啊", "退订", "打给我", "他去世了", "喜鹊喜鹊"]
    for number in (WU, STRANGER):
        for body in bodies:
            writes(number).writes(body)
    with rt.sessions() as session:
        journalled = [
            f"{one.actor}{one.action}{one.subject}{one.detail}" for one in session.scalars(select(JournalEntry))
        ]
        cases = [f"{one.cause}{one.detail}" for one in session.scalars(select(Case))]
        sent = [f"{one.reminder}{one.facts}" for one in session.scalars(select(Message))]
        sealed = [(one.body_sealed or b"") + one.from_sealed for one in session.scalars(select(Text))]
    for secret in (PIN, WU, WU[3:], STRANGER[3:], "天气", "去世", "喜鹊"):
        assert not [one for one in (*journalled, *cases, *sent) if secret in one]
        assert not [one for one in sealed if secret.encode() in one]
    assert len(sealed) == 2 * len(bodies)


def test_who_is_erased_takes_along_what_came_from_their_number_before(rt: Runtime, writes: Writes) -> None:
    writes(STRANGER).writes("打给我").hears("answer.call_me")
    writes().writes("打给我").hears("answer.call_me")
    late = resident(rt, 3, STRANGER)
    with rt.sessions.begin() as session:
        forgetting.person(session, rt, late.id, "clerk")
    with rt.sessions() as session:
        [left] = session.scalars(select(Case))
        [text] = session.scalars(select(Text))
    assert left.detail["text"] == text.id


def test_a_text_brought_several_times_at_once_is_answered_once(rt: Runtime, wu: Person) -> None:
    def brought() -> bool:
        with rt.sessions.begin() as session:
            return conversation.receive(session, rt, "console", "SM1", WU, "打给我")

    assert sorted(at_once(4, brought)) == [False, False, False, True]
    with rt.sessions() as session:
        assert len(session.scalars(select(Message)).all()) == 1


@pytest.mark.parametrize("refs", [("x" * 200, "x" * 201), ("\0", "\0\0"), ("", "")], ids=["long", "nul", "none"])
def test_identifiers_of_any_kind_lose_no_text(rt: Runtime, refs: tuple[str, str]) -> None:
    with rt.sessions.begin() as session:
        assert [conversation.receive(session, rt, "kannel", ref, WU, "谢谢\0\ud800") for ref in refs] == [True, True]
