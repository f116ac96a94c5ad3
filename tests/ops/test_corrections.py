"""What people are told of what was taken back: once, whoever was killed meanwhile, and a human calls the others."""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Event, Thread

import pytest
from sqlalchemy import select

from certification import bereavement, cases, certifying, desks, people, review, takingback, withdrawing
from certification.cases import CaseKind
from certification.evidence import Kind, Strength
from certification.review import Verdict
from certification.runtime import Runtime
from certification.store import Case, Evidence, Message, Period, Person, new_id
from ops import corrections, notices, texting
from sms import calling
from tests.certification.conftest import Clock, Queue
from tests.certification.numbers import resident_number
from tests.certification.test_review import spoken
from tests.ops.test_notices import messages, named

__all__ = ["named"]
WEI, WHY = "魏主管", "点错了人"


@pytest.fixture
def landline(rt: Runtime) -> Person:
    """Somebody whom no message reaches."""
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1951, 5, 15)
        return people.add(session, rt, id_number=number, name="郑女士", region="kunming", phone="087165551234")


def certified(rt: Runtime, person: Person) -> str:
    with rt.sessions.begin() as session:
        recorded = desks.certify(session, rt, session.get_one(Person, person.id), "赵经办")
        assert isinstance(recorded, certifying.Recorded)
        return recorded.evidence.id


def mistaken(rt: Runtime, person: Person) -> str:
    evidence = certified(rt, person)
    with rt.sessions.begin() as session:
        assert withdrawing.withdraw(session, rt, evidence, by=WEI, why=WHY, supervisor=True) is not None
    return evidence


def sweep(rt: Runtime) -> list[int]:
    """The duties about it, twice over; what each did the first time and the second."""
    duties = (corrections.close_again, corrections.tell_undone, corrections.tell_standing)
    assert set(duties) <= set(texting.DUTIES)
    return [duty(rt) for _ in range(2) for duty in duties]


def words(rt: Runtime) -> list[tuple[str, str, str | None]]:
    return [(one.words, one.state, one.why) for one in messages(rt)]


def to_call(rt: Runtime) -> list[tuple[str, str | None]]:
    with rt.sessions() as session:
        mine = select(Case.cause, Case.verdict).where(Case.kind == CaseKind.TO_CALL.value)
        return [(cause, verdict) for cause, verdict in session.execute(mine.order_by(Case.opened_at, Case.cause))]


def put_back(rt: Runtime, evidence: str) -> None:
    with rt.sessions.begin() as session:
        assert withdrawing.put_back(session, rt, evidence, by=WEI, why="没有弄错")


def test_whoever_is_to_certify_again_is_told_once(named: Runtime, wu: Person, queue: Queue) -> None:
    mistaken(named, wu)
    assert queue.jobs == [], "the sweep finds it: nothing hangs on the process that took it back"
    assert sweep(named) == [0, 1, 0, 0, 0, 0]
    assert words(named) == [("undone.sign", "queued", None)]
    assert [job for job, _ in queue.jobs] == ["ops.text_jobs.send"]


def test_whoever_the_queue_lost_has_the_message_sent_by_the_sweep(named: Runtime, wu: Person, queue: Queue) -> None:
    mistaken(named, wu)
    queue.reachable = False
    assert sweep(named)[1] == 1
    assert queue.jobs == [] and words(named) == [("undone.sign", "queued", None)]


def test_whoever_has_no_mobile_is_called_also_if_they_were_before(named: Runtime, landline: Person) -> None:
    with named.sessions.begin() as session:
        person = session.get_one(Person, landline.id)
        period = certifying.current_period(session, named, person)
        calling.ask_for(session, named, person, period, "schedule")
    evidence = certified(named, landline)
    with named.sessions.begin() as session:
        assert calling.close(session, named) == 1
        assert withdrawing.withdraw(session, named, evidence, by=WEI, why=WHY, supervisor=True) is not None
    sweep(named)
    assert words(named) == [("undone.sign", "dropped", "no mobile")]
    asked = dict(to_call(named))
    assert asked.pop(f"to_call:{period.id}", "none") is None
    assert list(asked.values()) == ["certified"]


def test_nobody_is_told_who_is_certified_by_then(named: Runtime, wu: Person, clock: Clock) -> None:
    mistaken(named, wu)
    clock.forward(minutes=1)
    certified(named, wu)
    assert sweep(named)[:3] == [0, 0, 0]
    assert words(named) == [("undone.verdict", "dropped", "certified")]


def test_nobody_is_told_whose_death_was_reported_or_after_days(named: Runtime, wu: Person, clock: Clock) -> None:
    mistaken(named, wu)
    with named.sessions.begin() as session:
        case = bereavement.report(session, named, session.get_one(Person, wu.id), source="sms", ref="1", by="line")
    assert sweep(named)[1] == 0
    with named.sessions.begin() as session:
        assert cases.decide(session, named, session.get_one(Case, case.id), verdict="alive", by="操")
    clock.forward(days=3, seconds=1)
    assert sweep(named)[1] == 0 and messages(named) == []


def test_nobody_is_told_without_a_carrier(rt: Runtime, wu: Person) -> None:
    mistaken(rt, wu)
    assert sweep(rt) == [0] * 6


def test_put_back_before_they_were_told_nobody_is_and_after_it_they_are(named: Runtime, wu: Person) -> None:
    put_back(named, mistaken(named, wu))
    assert sweep(named) == [0] * 6 and messages(named) == []
    with named.sessions.begin() as session:
        evidence = session.scalars(select(Evidence)).one()
        assert withdrawing.withdraw(session, named, evidence.id, by=WEI, why=WHY, supervisor=True) is not None
    sweep(named)
    with named.sessions.begin() as session:
        session.scalars(select(Message)).one().state = "sent"
    put_back(named, evidence.id)
    assert sweep(named) == [0, 0, 1, 0, 0, 0]
    [stands] = [one for one in messages(named) if one.words == "undone.stands"]
    assert stands.facts == {"receipt": evidence.receipt}


def test_evidence_that_came_in_at_the_same_moment_closes_the_period_after_all(named: Runtime, wu: Person) -> None:
    mistaken(named, wu)
    with named.sessions.begin() as session:  # as whoever saw the period closed a moment before, and left it so
        person = session.get_one(Person, wu.id)
        known = {"kind": "visit", "strength": int(Strength.OFFICIAL), "source": "visit", "ref": "v", "receipt": "7"}
        session.add(Evidence(**known, person_id=person.id, observed_at=named.now(), recorded_at=named.now()))
    assert sweep(named)[:2] == [1, 0]
    with named.sessions() as session:
        assert session.scalars(select(Period)).one().closed_at is not None


def decide(rt: Runtime, case: str, verdict: Verdict) -> None:
    with rt.sessions.begin() as session:
        review.decide(session, rt, case, verdict, "李审核")


def take_back(rt: Runtime, case: str, by: str = "李审核") -> None:
    with rt.sessions.begin() as session:
        one = session.get_one(Case, case)
        assert takingback.take_back(session, rt, one, by=by, supervisor=by == WEI, why=WHY) is not None


def test_a_verdict_taken_back_before_it_was_told_is_not_told_and_the_next_one_is(named: Runtime, wu: Person) -> None:
    once = replace(named, settings=replace(named.settings, second_look_percent=0))
    case = spoken(once, wu)
    decide(once, case, Verdict.UNSURE)
    assert notices.tell_verdicts(once) == 1
    take_back(once, case)
    assert [notices.tell_verdicts(once), *sweep(once)] == [0] * 7
    assert words(once) == [("verdict.more", "dropped", "taken back")]
    decide(once, case, Verdict.CONFIRMED)
    assert notices.tell_verdicts(once) == 1
    assert sorted(words(once)) == [("verdict.certified", "queued", None), ("verdict.more", "dropped", "taken back")]


@pytest.mark.parametrize("verdict", list(Verdict))
def test_whoever_was_told_a_verdict_is_told_that_it_is_looked_at_again(
    named: Runtime, wu: Person, verdict: Verdict, clock: Clock
) -> None:
    once = replace(named, settings=replace(named.settings, second_look_percent=0))
    case = spoken(once, wu)
    decide(once, case, verdict)
    notices.tell_verdicts(once)
    with once.sessions.begin() as session:
        session.scalars(select(Message)).one().state = "delivered"
    clock.forward(hours=2)
    take_back(once, case, WEI)
    assert sweep(once)[1] == 1
    assert [one.words for one in messages(once)][-1] == "undone.verdict"
    decide(once, case, Verdict.CONFIRMED)
    assert notices.tell_verdicts(once) == 1


def test_a_sign_that_does_not_suffice_is_not_said_to_stand(named: Runtime, wu: Person) -> None:
    with named.sessions.begin() as session:
        known = {"kind": Kind.PIN, "strength": Strength.POSSESSION, "source": "t", "ref": new_id(), "actor": "line"}
        one = session.get_one(Person, wu.id)
        weak = certifying.record(session, named, one, observed_at=named.now(), **known)  # type: ignore[arg-type]
        assert not weak.closed
        row = withdrawing.withdraw(session, named, weak.evidence.id, by=WEI, why=WHY, supervisor=True)
        assert row is not None and not row.tell, "it had closed nothing"
    put_back(named, weak.evidence.id)
    assert sweep(named) == [0] * 6 and messages(named) == []


def test_a_verdict_taken_back_while_the_sweep_comes_to_it_is_not_told(named: Runtime, wu: Person) -> None:
    case = spoken(named, wu)
    with named.sessions.begin() as session:
        review.decide(session, named, case, Verdict.UNSURE, "李审核")
    with named.sessions.begin() as session:
        takingback.take_back(session, named, session.get_one(Case, case), by="李审核")
    with named.sessions.begin() as session:
        assert not notices._tell_verdict(session, named, case)
    with named.sessions.begin() as session:
        review.decide(session, named, case, Verdict.CONFIRMED, "王审核")
    assert notices.tell_verdicts(named) == 1
    assert [said for said, *_ in words(named)] == ["verdict.certified"]


def test_whose_later_period_is_certified_is_not_asked_for_an_old_one(named: Runtime, wu: Person, clock: Clock) -> None:
    old = certified(named, wu)
    clock.forward(days=400)
    certified(named, wu)
    with named.sessions.begin() as session:
        assert withdrawing.withdraw(session, named, old, by=WEI, why=WHY, supervisor=True) is not None
    corrections.tell_undone(named)
    assert words(named) == [("undone.verdict", "dropped", "certified")] and to_call(named) == []


def test_evidence_that_comes_in_while_other_is_taken_back_counts(named: Runtime, wu: Person) -> None:
    first, recorded = certified(named, wu), Event()

    def comes_in() -> None:
        with named.sessions.begin() as session:
            desks.certify(session, named, session.get_one(Person, wu.id), "钱经办")
            recorded.set()
            time.sleep(0.3)  # so that the other is under way before this is committed

    other = Thread(target=comes_in)
    other.start()
    assert recorded.wait(30)
    with named.sessions.begin() as session:
        assert withdrawing.withdraw(session, named, first, by=WEI, why=WHY, supervisor=True) is not None
    other.join()
    with named.sessions() as session:
        assert certifying.status(session, named, session.get_one(Person, wu.id)).closed
