"""Home visits: one cause, one visit; reported by its visitor alone, sealed, and evidence where they met."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from certification import certifying, seals, visits
from certification.cases import CaseKind
from certification.certifying import Recorded
from certification.evidence import Strength
from certification.runtime import Runtime
from certification.store import Case, Evidence, JournalEntry, Person, Visit
from certification.visits import Outcome, PhotoUnusable, VisitElsewhere
from tests.certification.together import at_once

DAY = date(2026, 3, 12)
PHOTO = b"\xff\xd8\xff a face"


def assigned(rt: Runtime, person: Person) -> Visit:
    with rt.sessions.begin() as session:
        visit = visits.ask(session, rt, person, cause="ladder 1", by="ladder")
        visits.assign(session, rt, visit, visitor="李", on=DAY, by="supervisor")
        return visit


def report(
    rt: Runtime, visit: Visit, outcome: Outcome = Outcome.MET, visitor: str = "李", photo: bytes | None = None
) -> Recorded | None:
    with rt.sessions.begin() as session:
        row = session.get_one(Visit, visit.id)
        return visits.report(session, rt, row, visitor=visitor, outcome=outcome, text="在家，看了身份证", photo=photo)


def test_who_was_met_at_home_is_certified(rt: Runtime, wu: Person) -> None:
    visit = assigned(rt, wu)
    recorded = report(rt, visit, photo=PHOTO)
    assert recorded is not None and recorded.closed
    assert (recorded.evidence.kind, recorded.evidence.strength) == ("visit", Strength.OFFICIAL)
    with rt.sessions() as session:
        kept = session.get_one(Visit, visit.id)
        assert kept.report_sealed and kept.photo_sealed
        assert rt.keys.open(kept.photo_sealed, seals.photo(visit.id, wu.id)) == PHOTO
        assert rt.keys.open(kept.report_sealed, seals.report(visit.id, wu.id)).decode() == "在家，看了身份证"
        assert "身份证" not in "".join(session.scalars(select(JournalEntry.detail)))
        assert visits.waiting(session) == []


@pytest.mark.parametrize("outcome", [Outcome.ABSENT, Outcome.MOVED, Outcome.REFUSED])
def test_who_was_not_met_is_no_worse_off(rt: Runtime, wu: Person, outcome: Outcome) -> None:
    assert report(rt, assigned(rt, wu), outcome) is None
    with rt.sessions.begin() as session:
        assert not certifying.status(session, rt, wu).closed
        assert session.scalars(select(Evidence)).all() == []
        assert session.scalars(select(Case)).all() == []


def test_a_death_that_was_told_there_is_a_case_and_nothing_else(rt: Runtime, wu: Person) -> None:
    assert report(rt, assigned(rt, wu), Outcome.DEAD) is None
    with rt.sessions() as session:
        [case] = session.scalars(select(Case)).all()
        assert (case.kind, case.person_id, case.state) == (CaseKind.DEATH_REPORTED, wu.id, "open")


def test_only_the_visitor_reports_and_only_once(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        unassigned = visits.ask(session, rt, wu, cause="other", by="clerk")
    with pytest.raises(VisitElsewhere, match=r"待派.*visits assign.*nobody.*`visits assign`"):
        report(rt, unassigned)
    visit = assigned(rt, wu)
    with pytest.raises(VisitElsewhere, match="李"):
        report(rt, visit, visitor="王")

    def at_home() -> bool:
        try:
            return report(rt, visit) is not None
        except VisitElsewhere:
            return False

    assert sorted(at_once(3, at_home)) == [False, False, True]
    with rt.sessions.begin() as session, pytest.raises(VisitElsewhere, match=r"已登记结果.*visits ask.*reported"):
        visits.assign(session, rt, session.get_one(Visit, visit.id), visitor="王", on=DAY, by="supervisor")


def test_one_cause_asks_for_one_visit(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        first = visits.ask(session, rt, wu, cause="ladder 1", by="ladder")
        assert visits.ask(session, rt, wu, cause="ladder 1", by="ladder").id == first.id
        assert session.scalars(select(func.count()).select_from(Visit)).one() == 1


def test_visits_that_wait_come_by_day_and_by_visitor(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        asked = [visits.ask(session, rt, wu, cause=str(number), by="clerk") for number in range(3)]
        for visit, visitor, day in ((asked[0], "李", 20), (asked[1], "王", 12), (asked[2], "李", 11)):
            visits.assign(session, rt, visit, visitor=visitor, on=date(2026, 3, day), by="clerk")
        assert [one.cause for one in visits.waiting(session)] == ["2", "1", "0"]
        assert [one.cause for one in visits.waiting(session, "李")] == ["2", "0"]


@pytest.mark.parametrize("photo", [b"", b"GIF89a", b"\xff\xd8\xff" + bytes(visits.PHOTO_BYTES)])
def test_a_photograph_that_is_none_is_refused_and_the_visit_stays(rt: Runtime, wu: Person, photo: bytes) -> None:
    visit = assigned(rt, wu)
    with pytest.raises(PhotoUnusable):
        report(rt, visit, photo=photo)
    assert report(rt, visit) is not None
