"""A sign of life entered by mistake: taken back once, the period open as before, nobody late by it, and put back."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from certification import (
    agents,
    bereavement,
    cases,
    certificates,
    certifying,
    desks,
    forgetting,
    papers,
    review,
    templates,
    withdrawing,
)
from certification.agents import AgentKind
from certification.bereavement import Verdict
from certification.cases import CaseKind
from certification.evidence import Kind, Strength
from certification.papers import PaperKind
from certification.reasons import ReasonMissing, ReasonPersonal
from certification.runtime import Runtime
from certification.store import Case, Evidence, Message, Paper, Period, Person, TakenBack, new_id
from certification.withdrawing import NotTheirsToTakeBack, OfAComparison, OfAVerdict, RecordedAnew
from tests.certification.conftest import Clock
from tests.certification.suspending import journalled
from tests.certification.test_confirmation import keep
from tests.certification.test_review import decide, spoken
from tests.certification.together import at_once

WHY = "窗口点错了人"
CLERK, WEI = "赵经办", "魏主管"


def at_desk(rt: Runtime, person: Person, by: str = CLERK) -> Evidence:
    """Certify somebody at the desk."""
    with rt.sessions.begin() as session:
        recorded = desks.certify(session, rt, session.get_one(Person, person.id), by)
        assert isinstance(recorded, certifying.Recorded) and recorded.closed
        return recorded.evidence


def recorded(rt: Runtime, person: Person, kind: Kind, ref: str = "", strength: Strength = Strength.OFFICIAL) -> str:
    """Put a sign of life on record, of now."""
    with rt.sessions.begin() as session:
        known = {"kind": kind, "strength": strength, "source": "test", "ref": ref or new_id(), "actor": "line"}
        one = session.get_one(Person, person.id)
        return certifying.record(session, rt, one, observed_at=rt.now(), **known).evidence.id  # type: ignore[arg-type]


def take_back(rt: Runtime, evidence: str, by: str = WEI, *, supervisor: bool = True, why: str = WHY) -> bool:
    with rt.sessions.begin() as session:
        return withdrawing.withdraw(session, rt, evidence, by=by, why=why, supervisor=supervisor) is not None


def put_back(rt: Runtime, evidence: str) -> bool:
    with rt.sessions.begin() as session:
        return withdrawing.put_back(session, rt, evidence, by=WEI, why="弄错了，登记没有错")


def periods(rt: Runtime, person: Person) -> list[tuple[date, date, str | None]]:
    with rt.sessions() as session:
        mine = select(Period.opens, Period.due, Period.closed_by).where(Period.person_id == person.id)
        return [(opens, due, by) for opens, due, by in session.execute(mine.order_by(Period.opens))]


def closed(rt: Runtime, person: Person) -> bool:
    with rt.sessions() as session:
        return certifying.status(session, rt, session.get_one(Person, person.id)).closed


@pytest.mark.parametrize("kind", [Kind.DESK, Kind.VOICE, Kind.PIN, Kind.CODE, Kind.AGENT, Kind.VISIT])
def test_it_counts_no_more_and_stays_on_record(rt: Runtime, wu: Person, clock: Clock, kind: Kind) -> None:
    before = recorded(rt, wu, kind)
    clock.forward(days=3)
    assert take_back(rt, before)
    assert not closed(rt, wu)
    with rt.sessions() as session:
        evidence, [row] = session.get_one(Evidence, before), session.scalars(select(TakenBack))
        assert evidence.withdrawn_at == rt.now()
        assert (row.evidence_id, row.by, row.why, row.tell) == (before, WEI, WHY, True)
        assert row.period_id == session.scalars(select(Period.id)).one()
        told = certificates.check(session, rt, evidence.receipt)
        assert told is not None and told.withdrawn and not told.certifies
    [entry] = journalled(rt, "evidence withdrawn")
    assert WHY in entry and before in entry


def test_twice_is_once(rt: Runtime, wu: Person) -> None:
    evidence = recorded(rt, wu, Kind.DESK)
    assert [take_back(rt, evidence), take_back(rt, evidence)] == [True, False]
    assert [put_back(rt, evidence), put_back(rt, evidence)] == [True, False]
    assert closed(rt, wu)
    assert [take_back(rt, evidence), take_back(rt, evidence)] == [True, False]
    assert len(journalled(rt, "evidence withdrawn")) == 2
    assert len(journalled(rt, "evidence put back")) == 1
    with rt.sessions() as session:
        assert len(session.scalars(select(TakenBack)).all()) == 2


def test_of_two_at_once_one_takes_it_back_and_one_puts_it_back(rt: Runtime, wu: Person) -> None:
    evidence = recorded(rt, wu, Kind.DESK)
    assert sorted(at_once(2, lambda: take_back(rt, evidence))) == [False, True]
    assert sorted(at_once(2, lambda: put_back(rt, evidence))) == [False, True]
    assert len(journalled(rt, "evidence withdrawn")) == len(journalled(rt, "evidence put back")) == 1
    assert closed(rt, wu)


def test_other_evidence_closes_the_period_again(rt: Runtime, wu: Person, clock: Clock) -> None:
    first = recorded(rt, wu, Kind.DESK)
    clock.forward(days=1)
    other = recorded(rt, wu, Kind.VOICE)
    assert take_back(rt, first)
    assert closed(rt, wu) and periods(rt, wu)[0][2] == other
    with rt.sessions() as session:
        [row] = session.scalars(select(TakenBack))
        assert (row.tell, row.period_id) == (False, None), "nothing changes for them"
    assert put_back(rt, first)
    assert periods(rt, wu)[0][2] == other


def test_a_clerk_takes_back_their_own_within_half_an_hour(rt: Runtime, wu: Person, clock: Clock) -> None:
    mine = at_desk(rt, wu)
    with pytest.raises(NotTheirsToTakeBack):
        take_back(rt, mine.id, "钱经办", supervisor=False)
    clock.forward(minutes=30)
    assert take_back(rt, mine.id, CLERK, supervisor=False)
    again = at_desk(rt, wu)
    assert again.id != mine.id and closed(rt, wu), "recorded anew, it counts"
    clock.forward(minutes=30, seconds=1)
    with pytest.raises(NotTheirsToTakeBack):
        take_back(rt, again.id, CLERK, supervisor=False)
    assert closed(rt, wu)
    voice = recorded(rt, wu, Kind.VOICE)
    with pytest.raises(NotTheirsToTakeBack):
        take_back(rt, voice, "line", supervisor=False)


@pytest.mark.parametrize(("why", "problem"), [("  ", ReasonMissing), ("吴先生没来", ReasonPersonal)])
def test_a_reason_is_given_and_names_nobody(rt: Runtime, wu: Person, why: str, problem: type[Exception]) -> None:
    evidence = recorded(rt, wu, Kind.DESK)
    with pytest.raises(problem):
        take_back(rt, evidence, why=why)
    assert closed(rt, wu)


def test_what_came_with_a_comparison_or_a_verdict_goes_with_it(rt: Runtime, wu: Person) -> None:
    record = recorded(rt, wu, Kind.RECORD)
    case = spoken(rt, wu)
    confirmed = decide(rt, case, review.Verdict.CONFIRMED)
    assert confirmed is not None
    for evidence, problem in ((record, OfAComparison), (confirmed.evidence.id, OfAVerdict)):
        for deed in (take_back, put_back):
            with pytest.raises(problem):
                deed(rt, evidence)
    assert closed(rt, wu)


def test_a_paper_accepted_by_mistake_is_with_us_again(rt: Runtime, wu: Person, clock: Clock) -> None:
    def accept(paper: str) -> Evidence:
        with rt.sessions.begin() as session:
            one = session.get_one(Paper, paper)
            return papers.accept(session, rt, one, CLERK, signed_on=certifying.day_of(rt.now())).evidence

    def state(paper: str) -> str:
        with rt.sessions() as session:
            return session.get_one(Paper, paper).state

    with rt.sessions.begin() as session:
        paper = papers.issue(session, rt, session.get_one(Person, wu.id), PaperKind.OWN, CLERK)
        papers.receive(session, rt, paper, CLERK)
    first = accept(paper.id)
    assert take_back(rt, first.id) and state(paper.id) == "received"
    assert put_back(rt, first.id) and state(paper.id) == "accepted"
    assert take_back(rt, first.id)
    clock.forward(minutes=5)
    assert accept(paper.id).receipt != first.receipt and closed(rt, wu)
    with pytest.raises(RecordedAnew):
        put_back(rt, first.id)


def test_an_agent_names_the_right_one_on_the_same_day(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        agent = agents.add(session, rt, name="社区", kind=AgentKind.COMMUNITY, region="kunming", by="admin")
        agents.assign(session, rt, agent, session.get_one(Person, wu.id), "admin")

    def certify() -> str:
        with rt.sessions.begin() as session:
            found = agents.certify(session, rt, session.merge(agent), session.get_one(Person, wu.id), by="周")
            assert isinstance(found, certifying.Recorded) and found.closed
            return found.evidence.id

    first = certify()
    assert take_back(rt, first) and not closed(rt, wu)
    assert certify() != first and closed(rt, wu)


def test_what_the_template_learnt_of_another_voice_is_forgotten(rt: Runtime, wu: Person) -> None:
    evidence = recorded(rt, wu, Kind.VOICE, "call 1")
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        enrolled = keep(session, rt, person)
        for event in ("call 1", "call 2"):
            before = templates.current(session, person)
            assert before is not None
            source, detail = f"{templates.REFRESH}{event}", {"before": before.id}
            kept = {"template_id": new_id(), "encoder": "e", "sealed": b"s", "utterances": 1}
            templates.keep(session, rt, person, source=source, detail=detail, **kept)  # type: ignore[arg-type]
    assert take_back(rt, evidence)
    with rt.sessions() as session:
        current = templates.current(session, session.get_one(Person, wu.id))
        assert current is not None and current.id == enrolled.id
    assert len(journalled(rt, "voice refresh undone")) == 2


def test_the_contradiction_that_it_raised_is_closed(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        bereavement.report(session, rt, person, source="sms", ref="1", by="line")
        bereavement.answer(session, rt, person, Verdict.DEAD, CLERK)
    evidence = recorded(rt, wu, Kind.DESK)

    def asked() -> list[str | None]:
        with rt.sessions() as session:
            mine = select(Case).where(Case.kind == CaseKind.CONTRADICTION.value).order_by(Case.opened_at, Case.verdict)
            return [one.verdict for one in session.scalars(mine)]

    assert asked() == [None]
    assert take_back(rt, evidence) and asked() == [withdrawing.UNDONE]
    assert put_back(rt, evidence) and sorted(asked(), key=str) == [None, withdrawing.UNDONE]


def test_a_receipt_not_sent_yet_is_not_sent(rt: Runtime, wu: Person) -> None:
    evidence = at_desk(rt, wu)
    with rt.sessions.begin() as session:
        for n, (state, receipt) in enumerate(
            (("queued", evidence.receipt), ("sent", evidence.receipt), ("queued", "x"))
        ):
            row = {"reminder": str(n), "purpose": "receipt", "priority": 1, "words": "receipt.call", "state": state}
            session.add(Message(**row, person_id=wu.id, facts={"receipt": receipt}, not_before=rt.now()))
    assert take_back(rt, evidence.id)
    with rt.sessions() as session:
        states = session.scalars(select(Message.state).order_by(Message.reminder)).all()
        assert states == ["dropped", "sent", "queued"]


def test_of_somebody_erased_the_receipt_is_still_said_to_be_withdrawn(rt: Runtime, wu: Person) -> None:
    evidence = at_desk(rt, wu)
    assert take_back(rt, evidence.id)
    with rt.sessions.begin() as session:
        assert forgetting.person(session, rt, wu.id, "clerk") is not None
    with rt.sessions() as session:
        found = certificates.check(session, rt, evidence.receipt)
        assert found is not None and found.erased and found.withdrawn
        assert session.scalars(select(TakenBack)).all() == []
        assert cases.waiting(session, most=5) == []
