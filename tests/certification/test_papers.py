"""Papers: only the office numbers a form, each is followed, and an accepted one is evidence of the day it shows."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import certifying, papers
from certification.evidence import Strength
from certification.paperfaults import (
    DateImpossible,
    DayMissing,
    NothingDated,
    PaperElsewhere,
    PaperOfAnother,
    PaperOut,
    PaperUnknown,
    PaperVoid,
    StampMissing,
)
from certification.papers import Document, DocumentKind, PaperKind
from certification.runtime import Runtime
from certification.store import Evidence, JournalEntry, Paper, Person
from tests.certification.conftest import Clock
from tests.certification.together import at_once

TODAY = date(2026, 3, 10)


def form(rt: Runtime, person: Person, kind: PaperKind = PaperKind.OWN) -> str:
    """The number of a form that was issued, posted and received."""
    with rt.sessions.begin() as session:
        paper = papers.issue(session, rt, person, kind, "clerk")
        papers.post(session, rt, paper, "clerk")
        papers.receive(session, rt, paper, "clerk")
    return paper.number


def found(session: Session, rt: Runtime, number: str) -> Paper:
    paper = papers.find(session, rt, number, "clerk")
    assert isinstance(paper, Paper)
    return paper


def standing(rt: Runtime, number: str) -> tuple[str, str | None]:
    """The state of a paper, and why it went back."""
    with rt.sessions.begin() as session:
        paper = found(session, rt, number)
        return paper.state, paper.reason


def journalled(rt: Runtime, action: str) -> int:
    with rt.sessions() as session:
        return session.scalars(select(func.count()).where(JournalEntry.action == action)).one()


def test_a_form_is_followed_until_it_certifies(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        paper = papers.issue(session, rt, wu, PaperKind.OWN, "clerk")
        assert (paper.state, len(paper.number)) == ("issued", 10)
        papers.post(session, rt, paper, "clerk")
        clock.forward(days=8)
        for day in (TODAY, date(2020, 1, 1)):  # what is not here cannot be returned for its date
            with pytest.raises(PaperElsewhere, match=r"“已寄出”.*“已收到”.*posted.*`papers receive`"):
                papers.accept(session, rt, paper, "clerk", signed_on=day)
        papers.receive(session, rt, paper, "clerk")
        recorded = papers.accept(session, rt, paper, "auditor", signed_on=date(2026, 3, 14))
    assert recorded.closed
    assert (recorded.evidence.kind, recorded.evidence.strength) == ("paper", Strength.LIVE)
    assert certifying.day_of(recorded.evidence.observed_at) == date(2026, 3, 14)
    assert (paper.state, paper.decided_by, paper.signed_on) == ("accepted", "auditor", date(2026, 3, 14))
    for action in ("form issued", "form posted", "form received", "paper accepted"):
        assert journalled(rt, action) == 1
    with rt.sessions.begin() as session, pytest.raises(PaperElsewhere, match="accepted"):
        papers.receive(session, rt, found(session, rt, paper.number), "clerk")


def test_a_returned_form_says_why_and_may_come_again(rt: Runtime, wu: Person) -> None:
    number = form(rt, wu)
    with rt.sessions.begin() as session:
        papers.give_back(session, rt, found(session, rt, number), "clerk", "没有签名")
    assert standing(rt, number) == ("returned", "没有签名")
    with rt.sessions.begin() as session:
        papers.receive(session, rt, found(session, rt, number), "clerk")
        assert papers.accept(session, rt, found(session, rt, number), "clerk", signed_on=TODAY).closed
    assert standing(rt, number) == ("accepted", None)


def test_a_number_that_nobody_issued_is_refused_and_journalled(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        refused = papers.find(session, rt, "00 0000 0000", "clerk")
        assert isinstance(refused, PaperUnknown) and "0000000000" in str(refused)
        refusal = papers.refuse(session, rt, papers.issue(session, rt, wu, PaperKind.OWN, "clerk"), "clerk")
        assert isinstance(refusal, PaperOfAnother)
    assert journalled(rt, "paper refused") == 2


@pytest.mark.parametrize("signed_on", [TODAY - timedelta(days=1), TODAY + timedelta(days=1)])
def test_the_day_on_a_form_lies_between_its_issue_and_today(rt: Runtime, wu: Person, signed_on: date) -> None:
    number = form(rt, wu)
    with rt.sessions.begin() as session, pytest.raises(DateImpossible, match="2026-03-10"):
        papers.accept(session, rt, found(session, rt, number), "clerk", signed_on=signed_on)
    assert standing(rt, number) == ("received", None)


def test_a_form_without_its_day_is_not_taken(rt: Runtime, wu: Person) -> None:
    number = form(rt, wu)
    with rt.sessions.begin() as session, pytest.raises(DayMissing, match="签名的日期"):
        papers.accept(session, rt, found(session, rt, number), "clerk")
    assert standing(rt, number) == ("received", None)


def test_an_assistance_form_needs_the_stamp_of_the_other_place(rt: Runtime, wu: Person) -> None:
    number = form(rt, wu, PaperKind.ASSISTANCE)
    for stamp in (None, " "):
        with rt.sessions.begin() as session, pytest.raises(StampMissing):
            papers.accept(session, rt, found(session, rt, number), "clerk", signed_on=TODAY, stamp=stamp)
    with rt.sessions.begin() as session:
        assert papers.accept(
            session, rt, found(session, rt, number), "clerk", signed_on=TODAY, stamp="湘潭市岳塘区社区"
        ).closed
        assert found(session, rt, number).stamp == "湘潭市岳塘区社区"


def letter(session: Session, rt: Runtime, person: Person, *documents: tuple[DocumentKind, date]) -> Paper:
    return papers.letter(session, rt, person, [Document(kind, dated) for kind, dated in documents], "clerk")


def test_a_letter_shows_the_day_of_its_latest_document(rt: Runtime, wu: Person) -> None:
    booklet, medical = (DocumentKind.BOOKLET, TODAY), (DocumentKind.MEDICAL, date(2026, 1, 20))
    with rt.sessions.begin() as session:
        paper = letter(session, rt, wu, booklet, medical, (DocumentKind.TRAVEL, date(2025, 12, 12)))
        recorded = papers.accept(session, rt, paper, "clerk")
    assert recorded.closed
    assert (recorded.evidence.kind, certifying.day_of(recorded.evidence.observed_at)) == ("post", date(2026, 1, 20))


def test_an_old_letter_and_a_booklet_alone_show_nothing(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        with pytest.raises(NothingDated):
            papers.accept(session, rt, letter(session, rt, wu, (DocumentKind.BOOKLET, TODAY)), "clerk")
        with pytest.raises(DateImpossible, match="2025-12-10"):
            papers.accept(session, rt, letter(session, rt, wu, (DocumentKind.MEDICAL, date(2025, 12, 9))), "clerk")
        papers.accept(session, rt, letter(session, rt, wu, (DocumentKind.MEDICAL, date(2025, 12, 10))), "clerk")


def test_a_paper_of_the_last_period_closes_that_one(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        paper = letter(session, rt, wu, (DocumentKind.MEDICAL, date(2025, 12, 20)))
        papers.accept(session, rt, paper, "clerk")
        assert not certifying.status(session, rt, wu).closed


def test_a_paper_accepted_by_several_at_once_is_one_piece_of_evidence(rt: Runtime, wu: Person) -> None:
    number = form(rt, wu)

    def accept() -> bool:
        with rt.sessions.begin() as session:
            paper = session.scalars(select(Paper).where(Paper.number == number)).one()
            try:
                papers.accept(session, rt, paper, "clerk", signed_on=TODAY)
            except PaperElsewhere:
                return False
            return True

    assert sorted(at_once(4, accept)) == [False, False, False, True]
    with rt.sessions() as session:
        assert session.scalars(select(func.count()).select_from(Evidence)).one() == 1


def test_forms_that_stay_out_for_longer_than_the_region_says_are_listed(rt: Runtime, wu: Person, clock: Clock) -> None:
    kunming = rt.regions["kunming"]
    with rt.sessions.begin() as session:
        back = papers.issue(session, rt, wu, PaperKind.OWN, "clerk")
        papers.receive(session, rt, back, "clerk")
        papers.give_back(session, rt, back, "clerk", "没有签名")
        with pytest.raises(PaperOut):  # it is with the person again, and may come back
            papers.issue(session, rt, wu, PaperKind.OWN, "clerk")
        early = papers.issue(session, rt, wu, PaperKind.OWN, "clerk", again="原表写坏了")
        clock.forward(days=kunming.paper.days)
        assert papers.overdue(session, rt, kunming) == []
        with pytest.raises(PaperOut):
            papers.issue(session, rt, wu, PaperKind.OWN, "clerk")
        clock.forward(hours=1)
        papers.issue(session, rt, wu, PaperKind.OWN, "clerk")  # the one that counts as lost is in nobody's way
        assert [one.id for one in papers.overdue(session, rt, kunming)] == [early.id]
        assert papers.overdue(session, rt, rt.regions["nanjing"]) == []


def test_who_has_a_form_gets_no_second_one_but_for_a_reason(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        lost = papers.issue(session, rt, wu, PaperKind.OWN, "clerk").number
    for kind in papers.FORMS:
        with rt.sessions.begin() as session, pytest.raises(PaperOut, match=f"{lost}.*“已发”.*{lost}.*--again WHY"):
            papers.issue(session, rt, wu, kind, "clerk")
    with rt.sessions.begin() as session:
        number = papers.issue(session, rt, wu, PaperKind.OWN, "clerk", again="寄丢了").number
        refused = papers.valid(session, rt, lost, "clerk")
    assert standing(rt, lost) == ("void", "寄丢了")
    assert isinstance(refused, PaperVoid)
    assert f"改用编号为 {number} 的表" in str(refused) and f"use the form {number}" in str(refused)
    assert journalled(rt, "form replaced") == journalled(rt, "paper refused") == 1
    with rt.sessions.begin() as session, pytest.raises(PaperElsewhere, match="void"):
        papers.receive(session, rt, found(session, rt, lost), "clerk")
    with rt.sessions.begin() as session:
        papers.receive(session, rt, found(session, rt, number), "clerk")
        with pytest.raises(PaperOut, match="accept or return that one first"):  # what is here was not lost
            papers.issue(session, rt, wu, PaperKind.OWN, "clerk", again="寄丢了")
        assert papers.accept(session, rt, found(session, rt, number), "clerk", signed_on=TODAY).closed
        papers.issue(session, rt, wu, PaperKind.OWN, "clerk")
    assert standing(rt, number) == ("accepted", None)


def test_of_several_who_issue_a_form_at_once_one_does(rt: Runtime, wu: Person) -> None:
    def issue() -> bool:
        with rt.sessions.begin() as session:
            try:
                papers.issue(session, rt, session.get_one(Person, wu.id), PaperKind.OWN, "clerk")
            except PaperOut:
                return False
            return True

    assert sorted(at_once(4, issue)) == [False, False, False, True]
