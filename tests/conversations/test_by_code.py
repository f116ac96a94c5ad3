"""Reminders with a one-time code, from the plan to the certificate: what is sent, and what comes of what comes back."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import func, select

from certification import certifying, replycodes, seals
from certification.evidence import Kind, Strength
from certification.regions import Regions
from certification.runtime import Runtime
from certification.store import Base, JournalEntry, Message, Text, new_id
from ops.app import create_app
from sms import campaigns, planning, proving
from sms.pace import Pace, Tally
from sms.providers import Answer, Refused, Unclear
from sms.sending import Sender
from tests.certification.conftest import Clock, clock, queue, rt
from tests.conversations.correspondents import PIN, WIFE, WU, Writes, closed, evidence, resident, writes
from tests.sms.conftest import LINE, TextLine
from tests.sms.outbox.carrier import Stub
from tests.sms.outbox.conftest import redis, redis_url

__all__ = ["clock", "queue", "redis", "redis_url", "rt", "writes"]

DUE = date(2026, 3, 31)
BY_CODE = [(Kind.CODE, Strength.POSSESSION)]


@dataclass(slots=True)
class Office:
    """Sends reminders through a carrier that keeps what it is given."""

    rt: Runtime
    clock: Clock
    redis: Redis
    carrier: Stub = field(default_factory=Stub)

    @property
    def sender(self) -> Sender:
        """What sends."""
        return Sender(self.rt, {"stub": (self.carrier, 1)}, Pace(self.redis, 1000), Tally(self.redis))

    def reminds(self, days: int, region: str = "kunming") -> None:
        """Plan the reminders of the day on which so many are left, and send them."""
        today = DUE - timedelta(days=days)
        self.clock.at += today - certifying.day_of(self.clock.at)
        identifier = planning.plan(self.rt, self.rt.regions[region], today, "clerk")
        campaigns.release(self.rt, identifier, "clerk")
        self.sender.batch()

    def sent(self, number: str = WU) -> list[str]:
        """What was handed over for this number, in order."""
        return [said for to, said, _ in self.carrier.sent if to == number]

    def codes(self, number: str = WU) -> list[str]:
        """The codes in it."""
        return [code for said in self.sent(number) for code in re.findall(r"回复(\d{6})", said)]


@pytest.fixture
def office(rt: Runtime, clock: Clock, redis: Redis) -> Office:
    """The office of Kunming; it is ten in the morning."""
    return Office(rt, clock, redis)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_whoever_has_no_pin_gets_a_code_and_sends_it_back(rt: Runtime, office: Office, writes: Writes) -> None:
    wu = resident(rt)
    office.reminds(21)
    [said], [code] = office.sent(), office.codes()
    assert said == f"【昆明社保】您该做养老金认证了，最晚3月31日。要办请回复{code}，或打087112333。别告诉别人。"
    phone = writes()
    assert phone.writes("查询").hears("answer.code_open").facts["due"] == "2026-03-31"
    phone.writes("好的").hears("answer.code_yes")
    phone.writes(f"我回复 {code} 谢谢").hears("answer.certified")
    assert evidence(rt, wu) == BY_CODE
    assert closed(rt, wu)
    phone.writes(code).hears("answer.already")
    assert evidence(rt, wu) == BY_CODE


def test_on_a_couples_telephone_each_code_is_one_of_theirs(rt: Runtime, office: Office, writes: Writes) -> None:
    people = [resident(rt), resident(rt, 2, WU)]
    office.reminds(21)
    first, second = office.codes()
    assert first != second
    writes().writes(second).hears("answer.certified")
    assert sorted(closed(rt, one) for one in people) == [False, True]
    writes().writes(second).hears("answer.already")
    writes().writes(first).hears("answer.certified")
    assert [evidence(rt, one) for one in people] == [BY_CODE, BY_CODE]


def test_of_a_couple_one_has_a_pin(rt: Runtime, office: Office, writes: Writes) -> None:
    wu, wife = resident(rt, pin=PIN), resident(rt, 2, WU)
    office.reminds(21)
    [code] = office.codes()
    assert sum("您的六位密码" in said for said in office.sent()) == 1
    writes().writes(PIN).hears("answer.certified")
    assert (closed(rt, wu), closed(rt, wife)) == (True, False)
    writes().writes(code).hears("answer.certified")
    assert (evidence(rt, wu), evidence(rt, wife)) == ([(Kind.PIN, Strength.POSSESSION)], BY_CODE)


def test_a_wrong_code_is_said_to_be_wrong_and_too_many_are_not_looked_at(
    rt: Runtime, office: Office, writes: Writes, clock: Clock
) -> None:
    wu = resident(rt)
    resident(rt, 2, WIFE)
    office.reminds(21)
    [code], phone = office.codes(), writes()
    assert writes(WIFE).writes(code).hears("answer.code_wrong").facts["left"] == 4  # it is of another number
    assert [phone.writes(wrong(code)).hears("answer.code_wrong").facts["left"] for _ in range(4)] == [4, 3, 2, 1]
    phone.writes(wrong(code)).hears("answer.code_many")
    phone.writes(code).hears("answer.code_many")
    clock.forward(hours=1)
    phone.writes(code).hears("answer.certified")
    assert evidence(rt, wu) == BY_CODE


def test_a_right_pin_brings_no_guess_back(rt: Runtime, office: Office, writes: Writes) -> None:
    wu, wife = resident(rt, pin=PIN), resident(rt, 2, WU)
    office.reminds(21)
    [code], phone = office.codes(), writes()
    for typed in (*[wrong(code)] * 4, PIN, wrong(code), PIN):
        phone.writes(typed)
    assert (closed(rt, wu), evidence(rt, wife)) == (True, [])
    phone.writes(code).hears("answer.wrong")
    assert evidence(rt, wife) == []


def test_one_pin_of_two_people_is_no_guess_at_a_thirds_code(rt: Runtime, office: Office, writes: Writes) -> None:
    mother = resident(rt, 3, WU)
    for order in (1, 2):
        resident(rt, order, WU, PIN)
    office.reminds(21)
    [code], phone = office.codes(), writes()
    for _ in range(6):
        phone.writes(PIN).hears("answer.which")
    phone.writes(code).hears("answer.certified")
    assert evidence(rt, mother) == BY_CODE


@pytest.mark.parametrize("few", [True, False])
def test_hour_by_hour_a_code_is_not_found_by_trying(
    rt: Runtime, office: Office, writes: Writes, clock: Clock, few: bool
) -> None:
    wu = resident(rt)
    office.reminds(21)
    before = [(WU, "pin", 0)] * (proving.DIGITS_A_WEEK - few)
    before += [*[(WIFE, "pin", 0)] * 3, *[(WU, "thanks", 0)] * 3, *[(WU, "pin", replycodes.VALID.days)] * 3]
    with rt.sessions.begin() as session:
        for number, (of, read, days) in enumerate(before):
            row = {"provider": "console", "provider_ref": f"{number}", "from_sealed": b"-", "body_sealed": b"-"}
            whence = {"from_index": rt.keys.index(of, seals.TEXTING), "received_at": rt.now() - timedelta(days=days)}
            session.add(Text(id=new_id(), read=read, **row, **whence))
    clock.forward(hours=20)
    writes().writes(office.codes()[0])
    assert evidence(rt, wu) == (BY_CODE if few else [])
    clock.forward(hours=20)
    writes().writes(office.codes()[0]).hears("answer.already" if few else "answer.code_over")


def test_a_code_that_is_too_old_is_no_wrong_one(rt: Runtime, office: Office, writes: Writes, clock: Clock) -> None:
    wu = resident(rt)
    office.reminds(21)
    clock.at += replycodes.VALID
    writes().writes(office.codes()[0]).hears("answer.code_over")
    assert evidence(rt, wu) == []


@pytest.fixture
def often(rt: Runtime, clock: Clock, redis: Redis, tmp_path: Path) -> Office:
    """An office that reminds often."""
    (tmp_path / "dali.toml").write_text(
        'name = "大理"\ninterval = "quarter"\n[reminders]\ndays_before = [9, 7, 1]\n'
        '[evidence]\nlesser = { counts = "possession", backed_by = "live", months = 12 }\n',
        encoding="utf-8",
    )
    return Office(replace(rt, regions=Regions.load(tmp_path)), clock, redis)


def test_a_later_reminders_code_takes_the_place_of_the_earlier(often: Office, writes: Writes) -> None:
    li = resident(often.rt, region="dali")
    for days in (9, 7):
        often.reminds(days, "dali")
    early, late = often.codes()
    phone = writes()
    phone.rt = often.rt
    for _ in range(6):
        phone.writes(early).hears("answer.code_later")  # and counts as no guess
    assert evidence(often.rt, li) == []
    phone.writes(late).hears("answer.certified")
    assert evidence(often.rt, li) == BY_CODE


def test_a_later_reminder_that_no_carrier_took_leaves_the_earlier_code_good(often: Office, writes: Writes) -> None:
    li = resident(often.rt, region="dali")
    often.reminds(9, "dali")
    often.carrier.answers = [Refused("20429")]
    often.reminds(7, "dali")
    phone = writes()
    phone.rt = often.rt
    phone.writes(often.codes()[0]).hears("answer.certified")
    assert evidence(often.rt, li) == BY_CODE


def test_the_last_reminder_is_short_and_has_a_code_too(rt: Runtime, office: Office, writes: Writes) -> None:
    wu = resident(rt)
    office.reminds(1)
    [said], [code] = office.sent(), office.codes()
    assert said == f"【昆明社保】您的养老金认证还没办，最晚3月31日。请快回复{code}，或打087112333。别告诉别人。"
    writes().writes(code).hears("answer.certified")
    assert evidence(rt, wu) == BY_CODE


def test_where_the_region_says_code_whoever_has_a_pin_gets_one_as_well(
    rt: Runtime, clock: Clock, redis: Redis, writes: Writes, tmp_path: Path
) -> None:
    (tmp_path / "default.toml").write_text('[reminders]\nreply = "code"\n', encoding="utf-8")
    office = Office(replace(rt, regions=Regions.load(tmp_path)), clock, redis)
    wu = resident(office.rt, pin=PIN)
    office.reminds(21)
    writes().writes(office.codes()[0]).hears("answer.certified")
    assert evidence(rt, wu) == BY_CODE


def test_killed_after_the_carrier_had_it_no_second_code_is_drawn(
    rt: Runtime, office: Office, writes: Writes, clock: Clock
) -> None:
    class Killed(Stub):
        def send(self, to: str, text: str, key: str) -> Answer:
            Stub.send(self, to, text, key)
            raise KeyboardInterrupt

    wu = resident(rt)
    office.carrier = Killed()
    with pytest.raises(KeyboardInterrupt):
        office.reminds(21)
    [code] = office.codes()
    office.carrier = Stub(sent=office.carrier.sent)
    clock.forward(minutes=4)
    assert office.sender.reconcile() == 1, "the text is made anew, and is the one in the carrier's list"
    assert office.sender.batch() == 0
    writes().writes(code).hears("answer.certified")
    assert evidence(rt, wu) == BY_CODE


@pytest.mark.parametrize("first", [Unclear("ConnectionReset"), Refused("20429")], ids=["unclear", "refused"])
def test_handed_over_again_it_is_the_same_code(
    rt: Runtime, office: Office, writes: Writes, clock: Clock, first: Answer
) -> None:
    wu = resident(rt)
    office.carrier = Stub(answers=[first], blind=True)
    office.reminds(21)
    clock.forward(minutes=11)
    office.sender.reconcile()
    assert office.sender.batch() == 1
    [code, again] = office.codes()
    assert code == again
    writes().writes(code).hears("answer.certified")
    assert evidence(rt, wu) == BY_CODE


def test_a_code_stands_nowhere_in_clear(
    rt: Runtime, office: Office, writes: Writes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    people = [resident(rt), resident(rt, 2, WIFE)]
    office.carrier.answers = [Unclear("ReadTimeout")]
    office.reminds(21)
    codes = [*office.codes(), *office.codes(WIFE)]
    writes(WIFE).writes(wrong(codes[1]))
    writes(WIFE).writes(codes[1]).hears("answer.certified")
    with rt.sessions() as session:
        rows = [str(row) for table in Base.metadata.sorted_tables for row in session.execute(select(table).limit(1000))]
        issued = select(func.count()).where(JournalEntry.action == "reply codes issued")
        assert session.scalars(issued).one() == 1
        assert session.scalars(select(func.count()).where(Message.words == "reminder.code")).one() == len(people)
    for code in codes:
        alone = re.compile(f"(?<![0-9a-f]){code}(?![0-9a-f])")
        assert not [one for one in rows if alone.search(one)]
        assert not alone.search(caplog.text)


def test_the_webhook_takes_the_code_from_a_signed_text(rt: Runtime, office: Office) -> None:
    wu = resident(rt)
    office.reminds(21)
    line = TextLine(rt)
    form = {"MessageSid": "SM1", "From": WU, "To": LINE, "Body": f"回复{office.codes()[0]}", "NumMedia": "0"}
    client = create_app(rt).test_client()
    for _ in range(2):
        assert client.post("/sms", data=form, headers=line.signature("/sms", form)).status_code == 200
    assert evidence(rt, wu) == BY_CODE
    office.sender.batch()
    assert "认证办好了" in office.sent()[-1]
    assert len(office.sent()) == 2
