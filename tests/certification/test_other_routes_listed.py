"""What the console adds to the other routes: an address for a visitor, appointments noted and restored, lists."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from certification import agents, appointments, cases, certifying, desks, papers, people, visits
from certification.agents import AgentKind
from certification.appointments import BookedAlready, NotBooked, NotYet, TimeTaken
from certification.cases import CaseKind
from certification.paperfaults import DateImpossible, NothingDated
from certification.papers import Document, DocumentKind, PaperKind
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import Appointment, Paper, Person, Visit
from certification.visits import NoAddress, Outcome
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.test_reminders import plan

XUANWU = "玄武区社保窗口"
TIME = datetime(2026, 3, 11, 9, tzinfo=SHANGHAI)


def neighbour(rt: Runtime, year: int) -> str:
    with rt.sessions.begin() as session:
        number = resident_number("320102", year, 5, 15)
        return people.add(session, rt, id_number=number, name=f"{year}", region="nanjing").id


def booked(rt: Runtime, person: str, at: datetime = TIME) -> str:
    with rt.sessions.begin() as session:
        return appointments.book(session, rt, session.get_one(Person, person), XUANWU, at, "clerk").id


def cancelled(rt: Runtime, person: str) -> None:
    with rt.sessions.begin() as session:
        appointments.cancel(session, rt, session.get_one(Person, person), "clerk")


def restore(rt: Runtime, appointment: str) -> str:
    with rt.sessions.begin() as session:
        one = session.get_one(Appointment, appointment)
        appointments.restore(session, rt, one, "clerk")
        return one.state


def test_a_visit_says_where_to_go_and_the_next_one_remembers(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        visit = visits.ask(session, rt, wu, cause="a", by="clerk")
        assert visits.address(session, rt, wu.id) == ""
        for given in (" ", "长" * (visits.ADDRESS_LENGTH + 1)):
            with pytest.raises(NoAddress):
                visits.assign(session, rt, visit, visitor="李", on=date(2026, 3, 12), by="s", address=given)
        visits.assign(session, rt, visit, visitor="李", on=date(2026, 3, 12), by="s", address=" 翠湖北路  1 号 ")
        assert visit.address_sealed and "翠湖".encode() not in visit.address_sealed
        visits.assign(session, rt, visit, visitor="王", on=date(2026, 3, 13), by="s")
        assert visits.address(session, rt, wu.id) == "翠湖北路 1 号"


def test_what_a_visitor_reported_today_is_listed(rt: Runtime, wu: Person, clock: Clock) -> None:
    today = certifying.day_of(rt.now())
    with rt.sessions.begin() as session:
        visit = visits.ask(session, rt, wu, cause="a", by="clerk")
        visits.assign(session, rt, visit, visitor="李", on=today, by="s")
        assert visits.reported_since(session, "李", today) == []
        visits.report(session, rt, visit, visitor="李", outcome=Outcome.ABSENT, text="")
        assert [one.id for one in visits.reported_since(session, "李", today)] == [visit.id]
        assert visits.reported_since(session, "王", today) == []
        assert visits.reported_since(session, "李", today + timedelta(days=1)) == []


def test_who_did_not_come_is_noted_after_their_time_and_taken_back(rt: Runtime, clock: Clock) -> None:
    person = neighbour(rt, 1950)
    one = booked(rt, person)
    with rt.sessions.begin() as session, pytest.raises(NotYet, match="09:00"):
        appointments.miss(session, rt, session.get_one(Person, person), "clerk")
    clock.at = TIME + timedelta(minutes=20)
    with rt.sessions.begin() as session:
        appointments.miss(session, rt, session.get_one(Person, person), "clerk")
        with pytest.raises(NotBooked):
            appointments.miss(session, rt, session.get_one(Person, person), "clerk")
    assert restore(rt, one) == "booked"
    with pytest.raises(NotBooked):
        restore(rt, one)
    with rt.sessions.begin() as session:
        assert appointments.keep(session, rt, session.get_one(Person, person), "clerk").closed


def test_what_was_called_off_stands_again_only_where_there_is_room(rt: Runtime, clock: Clock) -> None:
    one, two = neighbour(rt, 1950), neighbour(rt, 1951)
    first = booked(rt, one)
    cancelled(rt, one)
    later = booked(rt, one, TIME + timedelta(minutes=30))
    with pytest.raises(BookedAlready):
        restore(rt, first)
    cancelled(rt, one)
    booked(rt, two)
    with pytest.raises(TimeTaken):  # somebody has the seat
        restore(rt, first)
    assert restore(rt, later) == "booked"
    cancelled(rt, one)
    clock.forward(days=2)
    with pytest.raises(NotBooked):  # its day is over
        restore(rt, later)


def test_a_desks_day_shows_what_became_of_each_time(rt: Runtime) -> None:
    one, two = neighbour(rt, 1950), neighbour(rt, 1951)
    booked(rt, one)
    with rt.sessions.begin() as session:
        moved = appointments.move(session, rt, session.get_one(Person, one), XUANWU, TIME.replace(hour=10), "clerk").id
    second = booked(rt, two)
    cancelled(rt, two)
    with rt.sessions() as session:
        shown = [(row.id, row.state) for row in appointments.of_day(session, "nanjing", date(2026, 3, 11))]
        assert sorted(shown) == sorted([(moved, "booked"), (second, "cancelled")])
        assert appointments.of_day(session, "nanjing", date(2026, 3, 12)) == []
        assert appointments.of_day(session, "kunming", date(2026, 3, 11)) == []


def test_whom_a_desk_can_help_is_invited_until_they_have_an_appointment(rt: Runtime) -> None:
    one, two = neighbour(rt, 1950), neighbour(rt, 1951)
    with rt.sessions.begin() as session:
        for person, kind in ((one, CaseKind.NO_TEMPLATE), (two, CaseKind.CALL_BACK), (two, CaseKind.NEEDS_MORE)):
            cases.open_case(session, rt, kind=kind, cause=kind, person=session.get_one(Person, person))
    with rt.sessions() as session:
        assert {case.person_id for case in appointments.to_invite(session, "nanjing", most=9)} == {one, two}
        assert appointments.to_invite(session, "kunming", most=9) == []
        assert len(appointments.to_invite(session, "nanjing", most=1)) == 1
    booked(rt, one)
    with rt.sessions() as session:
        assert [case.person_id for case in appointments.to_invite(session, "nanjing", most=9)] == [two]


def test_what_stands_against_a_letter_is_known_before_it_is_looked_at(rt: Runtime, wu: Person) -> None:
    region, today = rt.regions["kunming"], certifying.day_of(rt.now())
    old = Document(DocumentKind.MEDICAL, today - timedelta(days=300))
    fresh = Document(DocumentKind.MEDICAL, today)
    with rt.sessions.begin() as session:
        for documents, fault in (
            ([Document(DocumentKind.BOOKLET, today)], NothingDated),
            ([old], DateImpossible),
            ([old, fresh], type(None)),
        ):
            letter = papers.letter(session, rt, wu, documents, "clerk")
            assert isinstance(papers.hindrance(rt, letter, region), fault)
        form = papers.issue(session, rt, wu, PaperKind.OWN, "clerk")
        assert papers.hindrance(rt, form, region) is None


def test_a_paper_knows_since_when_it_is_where_it_is_and_when_it_is_lost(rt: Runtime, wu: Person, clock: Clock) -> None:
    region = rt.regions["kunming"]
    with rt.sessions.begin() as session:
        form = papers.issue(session, rt, wu, PaperKind.OWN, "clerk")
        assert form.since == rt.now() and not papers.lost(rt, form, region)
        clock.forward(days=1)
        papers.post(session, rt, form, "clerk")
        assert form.since == rt.now()
        clock.forward(days=region.paper.days)
        assert papers.lost(rt, form, region)
        again = papers.issue(session, rt, wu, PaperKind.OWN, "clerk")
        clock.forward(days=1)
        papers.receive(session, rt, again, "clerk")
        assert again.since == rt.now() and not papers.lost(rt, again, region)


def test_an_agents_people_are_listed_and_nobody_elses(rt: Runtime, wu: Person) -> None:
    today = certifying.day_of(rt.now())
    with rt.sessions.begin() as session:
        kind = AgentKind.EMPLOYER
        mine, other = (
            agents.add(session, rt, name=name, kind=kind, region="kunming", by="clerk") for name in ("机床厂", "烟厂")
        )
        agents.assign(session, rt, mine, wu, "clerk")
        assert agents.has(session, mine.id, wu.id) and not agents.has(session, other.id, wu.id)
        assert session.execute(agents.people_of(other.id, today)).all() == []
        [row] = session.execute(agents.people_of(mine.id, today)).all()
        assert (row.person_id, row.due, row.closed_at) == (wu.id, date(2026, 3, 31), None)
        desks.certify(session, rt, wu, "clerk")
        [row] = session.execute(agents.people_of(mine.id, today)).all()
        assert row.closed_at == rt.now()


@pytest.mark.parametrize("what", ["papers", "visits", "appointments", "mine"])
def test_each_list_goes_by_an_index(rt: Runtime, what: str) -> None:
    day = datetime(2026, 3, 11, tzinfo=SHANGHAI)
    queries = {
        "papers": select(Paper.id).where(Paper.state == "received").order_by(Paper.since, Paper.id).limit(51),
        "visits": select(Visit.id).where(Visit.state == "asked").order_by(Visit.asked_at, Visit.id).limit(51),
        "appointments": select(Appointment.id).where(Appointment.region == "nanjing", Appointment.at >= day),
        "mine": agents.people_of("x", day.date()).limit(51),
    }
    with rt.sessions() as session:
        steps = plan(session, queries[what])
    assert not [step for step in steps if "Seq Scan" in step or "TEMP B-TREE" in step or step.startswith("SCAN")], steps
