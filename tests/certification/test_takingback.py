"""A verdict taken back: the case waits again, what followed is undone, and it counts in no figure and no threshold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from certification import (
    bereavement,
    cases,
    certifying,
    confirmation,
    forgetting,
    holding,
    review,
    secondlooks,
    takingback,
    visits,
)
from certification.bereavement import Verdict as Found
from certification.cases import CaseKind
from certification.reasons import ReasonMissing
from certification.review import Step, Verdict
from certification.runtime import Runtime
from certification.store import Case, Evidence, Judgement, Message, Person, TakenBack, VoiceTemplate
from certification.takingback import NothingToTakeBack, TooLateToTakeBack, Way
from certification.withdrawing import UNDONE
from tests.certification.conftest import Clock
from tests.certification.suspending import journalled
from tests.certification.test_review import case_of, spoken
from tests.certification.together import at_once

LI, WANG, WEI = "李审核", "王审核", "魏主管"
WHY = "按错了键"


def share(rt: Runtime, percent: int) -> Runtime:
    return replace(rt, settings=replace(rt.settings, second_look_percent=percent))


@pytest.fixture
def once(rt: Runtime) -> Runtime:
    """The runtime where chance asks for no second look."""
    return share(rt, 0)


def decide(rt: Runtime, case: str, verdict: Verdict, step: Step | None = None, by: str = LI) -> None:
    with rt.sessions.begin() as session:
        review.decide(session, rt, case, verdict, by, step=step, reason="听不清")


def take_back(rt: Runtime, case: str, by: str = LI, *, supervisor: bool = False, why: str = WHY) -> bool:
    with rt.sessions.begin() as session:
        one = session.get_one(Case, case)
        return takingback.take_back(session, rt, one, by=by, supervisor=supervisor, why=why) is not None


def told(rt: Runtime, case: str, state: str) -> None:
    """A message about the verdict, on its way or not."""
    with rt.sessions.begin() as session:
        person = session.get_one(Case, case).person_id
        row = {"reminder": f"verdict:{case}", "purpose": "notice", "priority": 3, "words": "verdict.more"}
        session.add(Message(**row, state=state, person_id=person, facts={}, not_before=rt.now()))


def closed(rt: Runtime, person: Person) -> bool:
    with rt.sessions() as session:
        return certifying.status(session, rt, session.get_one(Person, person.id)).closed


def beside(rt: Runtime, case: str) -> list[str | None]:
    """The verdicts on cases other than this one."""
    with rt.sessions() as session:
        return list(session.scalars(select(Case.verdict).where(Case.id != case).order_by(Case.opened_at)))


def row(rt: Runtime) -> TakenBack:
    with rt.sessions() as session:
        return session.scalars(select(TakenBack)).one()


@pytest.mark.parametrize("kind", review.KINDS)
def test_a_confirmed_voice_waits_again_and_nothing_rests_on_it(once: Runtime, wu: Person, kind: str) -> None:
    case = spoken(once, wu, CaseKind(kind))
    decide(once, case, Verdict.CONFIRMED)
    assert closed(once, wu)
    assert take_back(once, case, why="")
    one = case_of(once, case)
    assert (one.state, one.verdict, one.decided_at, one.taken_by, one.taken_at) == ("open", None, None, None, None)
    assert not closed(once, wu)
    with once.sessions() as session:
        assert session.scalars(select(Evidence)).one().withdrawn_at is not None
        assert confirmation.known_by_case(session, wu.id) == frozenset()
        assert session.get(Judgement, case) is None
        assert session.scalars(select(VoiceTemplate)).one().confirmed_at is None
        assert [waits.id for waits in holding.waiting(session, once, most=5)] == [case], "for anybody"
    kept = row(once)
    assert (kept.said["verdict"], kept.said["by"], kept.said["part"], kept.by) == ("confirmed", LI, "first", LI)
    assert (kept.tell, kept.case_id) == (False, case)
    [entry] = journalled(once, "verdict taken back")
    assert LI in entry and "confirmed" in entry
    assert len(journalled(once, "voice template unconfirmed")) == (kind == CaseKind.UNCONFIRMED)


def test_it_is_decided_anew_and_the_call_certifies_with_a_new_receipt(once: Runtime, wu: Person, clock: Clock) -> None:
    case = spoken(once, wu)
    for _ in range(2):
        decide(once, case, Verdict.CONFIRMED)
        clock.forward(minutes=2)
        assert take_back(once, case)
    decide(once, case, Verdict.CONFIRMED, by=WANG)
    assert closed(once, wu)
    with once.sessions() as session:
        signs = session.scalars(select(Evidence)).all()
        assert len({one.receipt for one in signs}) == 3
        assert [one.withdrawn_at is None for one in signs].count(True) == 1
        assert [one.said["by"] for one in takingback.before(session, session.get_one(Case, case))] == [LI, LI]
        assert session.get_one(Judgement, case).by == WANG


@pytest.mark.parametrize("step", [None, *(step for step in Step if step is not Step.VISIT)])
def test_what_it_opened_beside_is_closed_and_may_be_opened_anew(once: Runtime, wu: Person, step: Step | None) -> None:
    case = spoken(once, wu)
    decide(once, case, Verdict.UNSURE, step)
    assert beside(once, case) == ([None] if step else [])
    assert take_back(once, case)
    assert beside(once, case) == ([UNDONE] if step else [])
    decide(once, case, Verdict.UNSURE, step)
    assert beside(once, case) == ([UNDONE, None] if step else [])


def test_a_visit_that_it_asked_for_is_called_off(once: Runtime, wu: Person) -> None:
    with once.sessions.begin() as session:
        session.get_one(Person, wu.id).region = "nanjing"
    case = spoken(once, wu)
    decide(once, case, Verdict.UNSURE, Step.VISIT)
    assert take_back(once, case)
    with once.sessions() as session:
        assert visits.waiting(session) == []
        assert visits.of(session, secondlooks.FOLLOWS + case) is None
    decide(once, case, Verdict.UNSURE, Step.VISIT)
    with once.sessions() as session:
        assert len(visits.waiting(session)) == 1


def test_who_gave_it_takes_it_back_within_half_an_hour_and_nobody_else(once: Runtime, wu: Person, clock: Clock) -> None:
    case = spoken(once, wu)
    decide(once, case, Verdict.UNSURE)
    with pytest.raises(TooLateToTakeBack):
        take_back(once, case, WANG)
    clock.forward(minutes=30, seconds=1)
    for supervising in (False, True):
        with pytest.raises(TooLateToTakeBack):
            take_back(once, case, LI, supervisor=supervising)
    with pytest.raises(ReasonMissing):
        take_back(once, case, WEI, supervisor=True, why=" ")
    assert case_of(once, case).verdict == "unsure"
    assert take_back(once, case, WEI, supervisor=True)


@pytest.mark.parametrize("state", ["sending", "sent", "delivered", "unknown"])
@pytest.mark.parametrize("by", [LI, WEI])
def test_whoever_was_told_is_told_once_more(once: Runtime, wu: Person, state: str, by: str) -> None:
    case = spoken(once, wu)
    decide(once, case, Verdict.UNSURE)
    told(once, case, state)
    assert take_back(once, case, by, supervisor=by == WEI)
    assert row(once).tell
    with once.sessions() as session:
        message = session.scalars(select(Message)).one()
        assert (message.state, message.reminder != f"verdict:{case}") == (state, True), "the next verdict is told"


@pytest.mark.parametrize("state", ["queued", "dropped"])
def test_what_was_not_sent_yet_is_not_sent_and_nobody_is_told_of_it(once: Runtime, wu: Person, state: str) -> None:
    case = spoken(once, wu)
    decide(once, case, Verdict.UNSURE)
    told(once, case, state)
    assert take_back(once, case)
    assert not row(once).tell
    with once.sessions() as session:
        assert session.scalars(select(Message.state)).one() == "dropped"


def test_of_two_at_once_one_takes_it_back(once: Runtime, wu: Person) -> None:
    case = spoken(once, wu)
    decide(once, case, Verdict.CONFIRMED)

    def attempt() -> bool:
        try:
            return take_back(once, case)
        except NothingToTakeBack:
            return False

    assert sorted(at_once(2, attempt)) == [False, True]
    assert len(journalled(once, "verdict taken back")) == len(journalled(once, "evidence withdrawn")) == 1


def test_an_answer_about_a_death_is_taken_back_with_those_given_by_the_same_key(once: Runtime, wu: Person) -> None:
    with once.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        asked = [bereavement.report(session, once, person, source="sms", ref=n, by="line").id for n in "12"]
        assert bereavement.answer(session, once, person, Found.DEAD, LI) == 2
    assert take_back(once, asked[0])
    with once.sessions() as session:
        assert not bereavement.deceased(session, wu.id) and bereavement.reminders_stopped(session, wu.id)
        assert {one.verdict for one in session.scalars(select(Case))} == {None}


def test_what_no_human_decided_is_not_taken_back(once: Runtime, wu: Person) -> None:
    with once.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        case = cases.open_case(session, once, kind=CaseKind.TO_CALL, cause="to_call:1", person=person).id
    with pytest.raises(NothingToTakeBack):
        take_back(once, case, WEI, supervisor=True)
    for by, verdict in (("schedule", "certified"), (LI, UNDONE)):
        with once.sessions.begin() as session:
            one = session.get_one(Case, case)
            one.decided_at = None
            session.flush()
            assert cases.decide(session, once, one, verdict=verdict, by=by)
        with pytest.raises(NothingToTakeBack):
            take_back(once, case, WEI, supervisor=True)


def test_just_decided_are_ones_own_and_may_be_taken_back(once: Runtime, wu: Person, clock: Clock) -> None:
    mine, sent = spoken(once, wu), spoken(once, wu)
    for case in (mine, sent):
        decide(once, case, Verdict.UNSURE)
    told(once, sent, "sent")

    def latest(by: str) -> list[str]:
        with once.sessions() as session:
            return [one.id for one in takingback.just_decided(session, once, by)]

    assert (set(latest(LI)), latest(WANG)) == ({mine, sent}, []), "whoever was told, too: known cases tell nobody"
    with once.sessions() as session:
        one = session.get_one(Case, sent)
        assert takingback.may(session, once, one, WEI, supervisor=True) is Way.SUPERVISOR
        assert takingback.may(session, once, one, LI, supervisor=False) is Way.SOON
    clock.forward(minutes=31)
    assert latest(LI) == []


def test_with_the_person_all_of_it_is_erased(once: Runtime, wu: Person) -> None:
    case = spoken(once, wu)
    decide(once, case, Verdict.CONFIRMED)
    assert take_back(once, case)
    with once.sessions.begin() as session:
        assert forgetting.person(session, once, wu.id, "clerk") is not None
    with once.sessions() as session:
        assert session.scalars(select(TakenBack)).all() == []
