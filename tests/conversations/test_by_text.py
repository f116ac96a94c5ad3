"""Whole conversations by text, in the words of whoever writes: what is answered, and what is on record then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import (
    bereavement,
    certifying,
    helpers,
    needs,
    people,
    pins,
    replycodes,
    standings,
)
from certification.bereavement import Verdict
from certification.evidence import Kind, Strength
from certification.helpers import Relation
from certification.needs import Declared
from certification.regions import Regions
from certification.runtime import Runtime
from certification.store import Case, Evidence, JournalEntry, Message, Person, Text
from sms import outbox
from sms.conversation import ANSWERS_A_DAY
from sms.outbox import Purpose
from tests.certification.conftest import Clock, clock, queue, rt
from tests.certification.numbers import resident_number
from tests.conversations.texter import Texter

__all__ = ["clock", "queue", "rt"]

PIN, HERS = "295038", "740286"
WU, WIFE, DAUGHTER, STRANGER = "+8613888000001", "+8613888000002", "+8613988000009", "+8613700000000"
LANDLINE = "0871-65123456"
Writes = Callable[..., Texter]


@pytest.fixture
def writes(rt: Runtime, clock: Clock) -> Writes:
    """A telephone that writes; Mr Wu's, when not said whose."""
    return lambda number=WU: Texter(rt, clock, number)


@pytest.fixture
def wu(rt: Runtime) -> Person:
    """Mr Wu of Kunming, seen at a desk in the year before, so that a PIN is enough; with one."""
    return resident(rt, pin=PIN)


def resident(rt: Runtime, order: int = 1, phone: str = WU, pin: str | None = None, **more: str) -> Person:
    """Somebody of Kunming, seen at a desk in the quarter before this one."""
    number = resident_number("530102", 1950, 5, 15, order)
    with rt.sessions.begin() as session:
        person = people.add(
            session, rt, id_number=number, name="吴先生", region=more.pop("region", "kunming"), phone=phone, **more
        )
        if pin is not None:
            pins.set_pin(session, rt, person, pin, "clerk")
        before = certifying.current_period(session, rt, person).opens
        seen = rt.now().replace(year=before.year - 1, month=12, day=1)
        put_on_record(session, rt, person, "before", at=seen)
    return person


def put_on_record(session: Session, rt: Runtime, person: Person, ref: str, at: object = None) -> None:
    """A clerk sees the person."""
    desk = {"kind": Kind.DESK, "strength": Strength.OFFICIAL, "source": "desk", "actor": "clerk"}
    certifying.record(session, rt, person, ref=f"{ref}:{person.id}", observed_at=at or rt.now(), **desk)  # type: ignore[arg-type]


def code_for(rt: Runtime, person: Person, number: str = WU) -> str:
    """A reminder with a one-time code."""
    with rt.sessions.begin() as session:
        one = session.get_one(Person, person.id)
        reminder = {"reminder": f"test:{person.id}", "purpose": Purpose.REMINDER, "words": "reminder.code"}
        message = outbox.put(session, rt, person=one, **reminder)  # type: ignore[arg-type]
        return replycodes.issue(session, rt, message, one, number)


def evidence(rt: Runtime, person: Person) -> list[tuple[str, int]]:
    """Kind and strength of what came by text."""
    with rt.sessions() as session:
        mine = select(Evidence).where(Evidence.person_id == person.id, Evidence.source == "sms")
        return [(one.kind, one.strength) for one in session.scalars(mine.order_by(Evidence.recorded_at))]


def opened(rt: Runtime) -> list[tuple[str, str | None]]:
    """The cases there are, and about whom."""
    with rt.sessions() as session:
        return [(one.kind, one.person_id) for one in session.scalars(select(Case).order_by(Case.opened_at))]


def closed(rt: Runtime, person: Person) -> bool:
    with rt.sessions() as session:
        return certifying.status(session, rt, session.get_one(Person, person.id)).closed


def test_a_pin_certifies_and_its_answer_has_the_receipt(rt: Runtime, wu: Person, writes: Writes) -> None:
    answer = writes().writes(f"密码 {PIN}").hears("answer.certified")
    assert evidence(rt, wu) == [(Kind.PIN, Strength.POSSESSION)]
    with rt.sessions() as session:
        status = certifying.status(session, rt, session.get_one(Person, wu.id))
    assert status.closed
    assert (answer.facts["receipt"], answer.facts["next_due"]) == (status.receipt, status.next_due.isoformat())
    assert (answer.facts["region"], answer.facts["dialect"]) == ("kunming", "mandarin")
    assert (answer.person_id, answer.priority) == (wu.id, 0)


def test_a_pin_alone_is_recorded_where_the_region_needs_more(rt: Runtime, writes: Writes) -> None:
    li = resident(rt, pin=PIN, region="changsha")
    phone = writes()
    phone.writes(PIN).hears("answer.recorded")
    phone.writes(PIN).hears("answer.recorded")
    assert not closed(rt, li)
    assert opened(rt) == [("needs_more", li.id)]  # one for the period


def test_a_region_that_does_not_certify_by_text_says_so_and_counts_nothing(
    rt: Runtime, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "silent.toml").write_text('name = "无短信"\nroutes = ["call", "pin", "desk"]\n', encoding="utf-8")
    silent = replace(rt, regions=Regions.load(tmp_path))
    li = resident(silent, pin=PIN, region="silent")
    for typed in (*["111112"] * 6, PIN):
        Texter(silent, clock, WU).writes(typed).hears("answer.closed")
    with rt.sessions.begin() as session:
        assert pins.check(session, rt, session.get_one(Person, li.id), "111112") == pins.Wrong(4)


def test_wrong_pins_lock_line_and_text_together(rt: Runtime, wu: Person, writes: Writes, clock: Clock) -> None:
    phone = writes()
    with rt.sessions.begin() as session:  # one on the line
        assert pins.check(session, rt, session.get_one(Person, wu.id), "000000") == pins.Wrong(4)
    assert [phone.writes("密码000000").hears("answer.wrong").facts["left"] for _ in range(3)] == [3, 2, 1]
    answer = phone.writes("000000").hears("answer.locked")
    until = (clock.at + pins.FIRST_LOCK).isoformat()
    assert answer.facts["until"] == until
    assert phone.writes(PIN).hears("answer.locked").facts["until"] == until
    with rt.sessions.begin() as session:
        assert isinstance(pins.check(session, rt, session.get_one(Person, wu.id), PIN), pins.Locked)
    clock.forward(hours=1)
    phone.writes(PIN).hears("answer.certified")


def test_on_a_couples_telephone_the_pin_says_who(rt: Runtime, wu: Person, writes: Writes) -> None:
    wife = resident(rt, 2, WU, HERS)
    phone = writes()
    assert phone.writes("123457").hears("answer.wrong").facts["left"] == 4
    phone.writes(HERS).hears("answer.certified")
    assert (closed(rt, wu), closed(rt, wife)) == (False, True)
    assert phone.writes("123457").hears("answer.wrong").facts["left"] == 3  # his first wrong one still counts
    phone.writes(PIN).hears("answer.certified")
    assert evidence(rt, wu) == evidence(rt, wife) == [(Kind.PIN, Strength.POSSESSION)]


def test_a_couple_with_one_pin_is_asked_who_it_is(rt: Runtime, wu: Person, writes: Writes) -> None:
    wife = resident(rt, 2, WU, PIN)
    for _ in range(6):
        writes().writes(PIN).hears("answer.which")  # and nobody is locked
    assert evidence(rt, wu) == evidence(rt, wife) == []


@pytest.mark.parametrize("on_roll", [True, False], ids=["relative on the roll", "declared helper"])
def test_a_daughter_sends_the_pin_from_her_own_telephone(rt: Runtime, writes: Writes, on_roll: bool) -> None:
    wu = resident(rt, pin=PIN, relative_phone=DAUGHTER if on_roll else "")
    if not on_roll:
        writes(DAUGHTER).writes(PIN).hears("answer.unknown")
        with rt.sessions.begin() as session:
            one = session.get_one(Person, wu.id)
            facts = {"name": "吴女士", "phone": DAUGHTER, "relation": Relation.RELATIVE, "by": "clerk"}
            helpers.declare(session, rt, one, **facts)  # type: ignore[arg-type]
    phone = writes(DAUGHTER)
    if not on_roll:  # she helps, and gets no copies: where he stands is not told her
        phone.writes("查询").hears("answer.unknown")
    phone.writes(PIN).hears("answer.certified")
    assert closed(rt, wu)


def test_strangers_guess_in_vain_and_are_soon_not_answered(rt: Runtime, wu: Person, writes: Writes) -> None:
    phone = writes(STRANGER)
    for _ in range(5):
        phone.writes(PIN).hears("answer.unknown")
    phone.writes(PIN).hears_nothing()
    phone.writes("查询").hears("answer.unknown")
    assert evidence(rt, wu) == []
    assert writes().writes("000000").hears("answer.wrong").facts["left"] == 4  # none of it was counted for him


def test_a_late_reply_of_somebody_who_was_certified_meanwhile(rt: Runtime, wu: Person, writes: Writes) -> None:
    with rt.sessions.begin() as session:
        put_on_record(session, rt, session.get_one(Person, wu.id), "desk")
        due = certifying.status(session, rt, session.get_one(Person, wu.id)).next_due
    assert writes().writes(PIN).hears("answer.already").facts["next_due"] == due.isoformat()


def test_a_text_that_the_carrier_brings_again_is_answered_once(rt: Runtime, wu: Person, writes: Writes) -> None:
    phone = writes().writes(PIN)
    assert not phone.is_brought_again(PIN)
    phone.hears("answer.certified")
    assert evidence(rt, wu) == [(Kind.PIN, Strength.POSSESSION)]


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
    writes(STRANGER).writes(body).hears(words)


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


def test_a_one_time_code_counts_once_and_only_from_its_number(rt: Runtime, writes: Writes) -> None:
    wu, wife = resident(rt), resident(rt, 2, WIFE)
    code = code_for(rt, wu)
    writes(WIFE).writes(code).hears("answer.no_pin")
    writes(STRANGER).writes(code).hears("answer.unknown")
    phone = writes()
    assert phone.writes("000000" if code != "000000" else "000001").hears("answer.wrong").facts["left"] == 4
    phone.writes(f"回复 {code}").hears("answer.certified")
    assert evidence(rt, wu) == [(Kind.CODE, Strength.POSSESSION)]
    phone.writes(code).hears("answer.already")
    assert evidence(rt, wu) == [(Kind.CODE, Strength.POSSESSION)]
    assert evidence(rt, wife) == []


def test_a_code_that_is_too_old_is_said_to_be_so(rt: Runtime, writes: Writes, clock: Clock) -> None:
    wu = resident(rt)
    code = code_for(rt, wu)
    clock.at += replycodes.VALID
    writes().writes(code).hears("answer.code_over")
    assert evidence(rt, wu) == []


def test_a_code_is_no_wrong_pin_and_a_pin_no_wrong_code(rt: Runtime, wu: Person, writes: Writes) -> None:
    wife = resident(rt, 2)
    code = code_for(rt, wife)
    for _ in range(6):
        writes().writes(PIN)
    writes().writes(code).hears("answer.certified")
    assert closed(rt, wife)
    assert writes().writes("000000").hears("answer.wrong").facts["left"] == 4


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
        sealed = [one.body_sealed + one.from_sealed for one in session.scalars(select(Text))]
    for secret in (PIN, WU, WU[3:], STRANGER[3:], "天气", "去世", "喜鹊"):
        assert not [one for one in (*journalled, *cases, *sent) if secret in one]
        assert not [one for one in sealed if secret.encode() in one]
    assert len(sealed) == 2 * len(bodies)
