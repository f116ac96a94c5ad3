"""Lists: whom they name and whom they hold, and signatures that hold for one content."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from certification import bereavement, cases, certifying, contacts, forgetting, limits, outages, papers, staff, visits
from certification.bereavement import Verdict
from certification.cases import CaseKind
from certification.contacts import Channel, Outcome
from certification.papers import PaperKind
from certification.runtime import Runtime
from certification.store import (
    Appointment,
    Case,
    Contact,
    PaymentList,
    Period,
    Person,
    Suspension,
    new_id,
)
from certification.suspension import lists
from certification.suspension.checks import Block
from certification.suspension.lists import (
    ListReleased,
    ListUnknown,
    NotNextMonth,
)
from tests.certification.conftest import MORNING, Clock
from tests.certification.suspending import (
    MAY,
    OVER,
    REGION,
    certify,
    journalled,
    overdue,
    pensioner,
    ruled,
    sign,
    states,
    supervisor,
    suspend,
    tried,
)

PROPOSED: tuple[str, tuple[str, ...]] = ("proposed", ())


def proposed(rt: Runtime, by: str = "clerk") -> dict[str, tuple[str, tuple[str, ...]]]:
    with rt.sessions.begin() as session:
        lists.propose(session, rt, REGION, MAY, by)
        return states(session)


def digest(rt: Runtime) -> str:
    with rt.sessions() as session:
        return lists.digest(session, lists.find(session, REGION, MAY))


def test_whose_period_is_over_is_proposed_once(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    assert proposed(rt) == {wu.id: PROPOSED}
    before = digest(rt)
    assert proposed(rt, "another clerk") == {wu.id: PROPOSED}
    assert digest(rt) == before
    [facts] = journalled(rt, "suspensions proposed")
    assert json.loads(facts) == {"region": REGION, "proposed": 1, "held": 0, "digest": before}
    with rt.sessions() as session:
        assert session.scalars(select(PaymentList)).one().proposed_by == "clerk"


def test_who_certified_or_is_not_due_or_lives_elsewhere_is_on_no_list(rt: Runtime, clock: Clock) -> None:
    here = overdue(rt, clock)
    certified, later, elsewhere = (overdue(rt, clock, year) for year in (1951, 1952, 1953))
    with rt.sessions.begin() as session:
        clock.at = MORNING
        certify(session, rt, session.get_one(Person, certified.id))
        clock.at = OVER
        certify(session, rt, session.get_one(Person, later.id))
        session.get_one(Person, elsewhere.id).region = "default"
        pensioner(session, rt, 1954)
    assert proposed(rt).keys() == {here.id}


def test_only_the_latest_period_counts_and_only_attempts_in_it(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    with rt.sessions.begin() as session:
        session.execute(update(Period).values(opens=date(2025, 10, 1), due=date(2025, 12, 31)))
        clock.at = MORNING
        latest = certifying.current_period(session, rt, wu)
        tried(session, rt, wu, Channel.SMS)
        clock.at = MORNING.replace(year=2025, month=12)
        tried(session, rt, wu, Channel.VISIT)
        clock.at = OVER
    with rt.sessions.begin() as session:
        session.execute(update(Contact).where(Contact.begun_at < MORNING).values(outcome="rung"))
    assert proposed(rt) == {wu.id: PROPOSED}
    with rt.sessions() as session:
        assert session.scalars(select(Suspension.period_id)).one() == latest.id


def test_attempts_before_the_period_do_not_count(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    with rt.sessions.begin() as session:
        before = datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC)  # a second before the year begins in China
        session.execute(update(Contact).where(Contact.channel == Channel.SMS.value).values(begun_at=before))
    assert proposed(rt) == {wu.id: ("held", (Block.TOO_FEW_CHANNELS,))}
    with rt.sessions.begin() as session:
        session.execute(update(Contact).values(begun_at=before + timedelta(seconds=1)))
    assert proposed(rt) == {wu.id: PROPOSED}


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_attempt_counts_when_it_was_really_made(rt: Runtime, clock: Clock, outcome: Outcome) -> None:
    clock.at = MORNING
    with rt.sessions.begin() as session:
        person = pensioner(session, rt)
        certifying.current_period(session, rt, person)
        tried(session, rt, person, Channel.SMS, outcome=Outcome.DELIVERED)
        tried(session, rt, person, Channel.CALL, outcome=outcome)
    clock.at = OVER
    real = outcome in contacts.REAL
    assert proposed(rt) == {person.id: PROPOSED if real else ("held", (Block.TOO_FEW_CHANNELS,))}


def test_whatever_of_theirs_lies_with_us_holds_them(rt: Runtime, clock: Clock) -> None:
    people = [overdue(rt, clock, 1950 + n) for n in range(4)]
    with rt.sessions.begin() as session:
        with_case, with_form, with_visit, _ = people
        case = cases.open_case(session, rt, kind=CaseKind.CALL_BACK, cause="x", person=with_case)
        papers.receive(session, rt, papers.issue(session, rt, with_form, PaperKind.OWN, "clerk"), "clerk")
        visits.ask(session, rt, with_visit, cause="x", by="clerk")
    held = ("held", (Block.OPEN_CASE,))
    assert proposed(rt) == {**{one.id: held for one in people[:3]}, people[3].id: PROPOSED}
    with rt.sessions.begin() as session:
        cases.decide(session, rt, session.get_one(Case, case.id), verdict="called", by="operator")
    assert proposed(rt)[with_case.id] == PROPOSED


def test_a_booked_time_holds_until_its_day_is_over(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    with rt.sessions.begin() as session:
        place = {"region": REGION, "office": "社保所", "at": OVER + timedelta(hours=1), "seat": 1}
        session.add(
            Appointment(id=new_id(), person_id=wu.id, **place, state="booked", booked_by="line", booked_at=OVER)
        )
    for hours in (0, 3):
        clock.forward(hours=hours)
        assert proposed(rt) == {wu.id: ("held", (Block.OPEN_CASE,))}
    clock.forward(hours=21)
    assert proposed(rt) == {wu.id: PROPOSED}


def test_a_voice_that_failed_is_a_question_for_a_human_and_no_reason(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    clock.at = MORNING
    with rt.sessions.begin() as session:
        limits.failed(session, rt, wu, reason="voice", ref="1")
    clock.at = OVER
    assert proposed(rt) == {wu.id: ("held", (Block.ONLY_A_SCORE,))}
    assert proposed(rt) == {wu.id: ("held", (Block.OPEN_CASE, Block.ONLY_A_SCORE))}
    with rt.sessions.begin() as session:
        case = session.scalars(select(Case)).one()
        assert (case.kind, case.person_id) == (CaseKind.VOICE_DOUBT, wu.id)
        cases.decide(session, rt, case, verdict="somebody else's voice", by="operator")
    assert proposed(rt) == {wu.id: PROPOSED}
    clock.forward(hours=1)
    with rt.sessions.begin() as session:
        limits.failed(session, rt, wu, reason="voice", ref="2")
    assert proposed(rt)[wu.id] == ("held", (Block.ONLY_A_SCORE,))


def test_a_voice_that_failed_before_the_period_is_forgotten(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    clock.at = MORNING - timedelta(days=90)
    with rt.sessions.begin() as session:
        limits.failed(session, rt, wu, reason="voice", ref="1")
    clock.at = OVER
    assert proposed(rt) == {wu.id: PROPOSED}


def test_a_reported_death_holds_and_one_that_was_found_true_holds_for_good(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    with rt.sessions.begin() as session:
        bereavement.report(session, rt, wu, source="relative", ref="1", by="clerk")
    assert proposed(rt) == {wu.id: ("held", (Block.OPEN_CASE, Block.DEATH_REPORTED))}
    with rt.sessions.begin() as session:
        bereavement.answer(session, rt, wu, Verdict.DEAD, "clerk")
    assert proposed(rt) == {wu.id: ("held", (Block.DEATH_REPORTED,))}


def test_outages_stop_the_clock(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    with rt.sessions.begin() as session:
        outage = outages.begin(session, rt, "线路中断", "admin", OVER - timedelta(days=10))
    assert proposed(rt) == {wu.id: ("held", (Block.NOT_OVER, Block.OUTAGE))}
    with rt.sessions.begin() as session:
        outages.end(session, rt, outage, "admin")
    assert proposed(rt) == {wu.id: ("held", (Block.NOT_OVER,))}
    clock.forward(days=1)
    assert proposed(rt) == {wu.id: PROPOSED}


def test_a_region_asks_for_more_channels_or_switches_off(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    assert proposed(ruled(rt, True, 3)) == {wu.id: ("held", (Block.TOO_FEW_CHANNELS,))}
    assert proposed(ruled(rt, False, 2)) == {wu.id: ("held", (Block.SWITCHED_OFF,))}
    assert proposed(rt) == {wu.id: PROPOSED}


@pytest.mark.parametrize("month", [date(2026, 3, 1), date(2026, 4, 1), date(2026, 6, 1)])
def test_lists_are_for_the_following_month(rt: Runtime, clock: Clock, month: date) -> None:
    clock.at = OVER
    with rt.sessions.begin() as session:
        with pytest.raises(NotNextMonth, match="2026-05"):
            lists.propose(session, rt, REGION, month, "clerk")
        with pytest.raises(ListUnknown, match="propose"):
            lists.find(session, REGION, month)


def test_a_change_voids_signatures_for_good(rt: Runtime, clock: Clock) -> None:
    """Also when the list is afterwards as it was: somebody was taken off it and put back."""
    wu, li = overdue(rt, clock), overdue(rt, clock, 1951)
    proposed(rt)
    with rt.sessions.begin() as session:
        assert sign(session, rt, supervisor(session, rt, "李"), supervisor(session, rt, "王")) == [1, 2]
        forgetting.person(session, rt, li.id, "clerk")
        assert lists.signatories(session, lists.find(session, REGION, MAY)) == {}
    before = digest(rt)
    with rt.sessions.begin() as session:
        case = cases.open_case(session, rt, kind=CaseKind.CALL_BACK, cause="x", person=wu)
    assert proposed(rt)[wu.id][0] == "held"
    with rt.sessions.begin() as session:
        cases.decide(session, rt, session.get_one(Case, case.id), verdict="called", by="operator")
    assert proposed(rt) == {wu.id: PROPOSED}
    assert digest(rt) != before


def test_a_row_changed_behind_our_back_voids_signatures(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    held = overdue(rt, clock, 1951)
    with rt.sessions.begin() as session:
        cases.open_case(session, rt, kind=CaseKind.CALL_BACK, cause="x", person=held)
    proposed(rt)
    with rt.sessions.begin() as session:
        assert sign(session, rt, supervisor(session, rt, "李"), supervisor(session, rt, "王")) == [1, 2]
        session.execute(update(Suspension).values(state="proposed"))
        assert lists.signatories(session, lists.find(session, REGION, MAY)) == {}


def test_the_signature_of_a_closed_account_holds_no_more(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    proposed(rt)
    with rt.sessions.begin() as session:
        assert sign(session, rt, supervisor(session, rt, "李"), supervisor(session, rt, "王")) == [1, 2]
        staff.close(session, rt, "王", "cli")
        assert list(lists.signatories(session, lists.find(session, REGION, MAY)).values()) == ["李"]


def test_what_was_released_is_not_touched(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    suspend(rt)
    with rt.sessions.begin() as session:
        with pytest.raises(ListReleased):
            lists.propose(session, rt, REGION, MAY, "clerk")
        [refused] = sign(session, rt, supervisor(session, rt, "钱"))
    assert isinstance(refused, ListReleased)


def test_who_is_suspended_is_not_proposed_again(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    suspend(rt)
    clock.forward(days=30)
    with rt.sessions.begin() as session:
        lists.propose(session, rt, REGION, date(2026, 6, 1), "clerk")
        assert states(session) == {wu.id: ("suspended", ())}
