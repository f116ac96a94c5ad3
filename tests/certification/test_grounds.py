"""What a sign of life rested on follows it: a visit is made once more, an appointment awaited again, and put back."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from certification import appointments, certifying, grounds, people, visits, withdrawing
from certification.runtime import Runtime
from certification.store import Appointment, Evidence, Person, Visit
from certification.visits import Outcome, VisitElsewhere
from certification.withdrawing import NotTheirsToTakeBack, RecordedAnew
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled
from tests.certification.test_withdrawing import CLERK, WEI, closed, put_back, take_back
from tests.certification.together import at_once

LI, ADDRESS = "李上门", "翠湖北路 1 号"
DAY = date(2026, 3, 11)


def met(rt: Runtime, visit: str) -> Evidence:
    """The visitor reports that they met the person."""
    with rt.sessions.begin() as session:
        row = session.get_one(Visit, visit)
        recorded = visits.report(session, rt, row, visitor=LI, outcome=Outcome.MET, text="在家")
        assert recorded is not None
        return recorded.evidence


@pytest.fixture
def visit(rt: Runtime, wu: Person) -> str:
    """A visit to Mr Wu, given to Li."""
    with rt.sessions.begin() as session:
        one = visits.ask(session, rt, session.get_one(Person, wu.id), cause="clerk:1", by=CLERK)
        visits.assign(session, rt, one, visitor=LI, on=DAY, by=WEI, address=ADDRESS)
        return one.id


def again(rt: Runtime, visit: str) -> tuple[str, bool]:
    with rt.sessions.begin() as session:
        whom = {"visitor": LI, "on": DAY, "address": ADDRESS}
        made, new = grounds.send_again(session, rt, session.get_one(Visit, visit), by=WEI, **whom)  # type: ignore[arg-type]
        return made.id, new


def state(rt: Runtime, visit: str) -> str:
    with rt.sessions() as session:
        return session.get_one(Visit, visit).state


def taken(rt: Runtime, what: str) -> dict[str, str]:
    """What rests on a sign of life that was taken back, and by whom that was."""
    with rt.sessions() as session:
        everybodys = grounds.taken_back(session, what)
        theirs = grounds.taken_back(session, what, session.scalars(select(Person.id)).all())
        assert everybodys.keys() == theirs.keys() and not grounds.taken_back(session, what, [])
        return {one: row.by for one, row in everybodys.items()}


def test_somebody_goes_once_more_and_the_first_report_stays(rt: Runtime, wu: Person, visit: str) -> None:
    with pytest.raises(VisitElsewhere):
        again(rt, visit)
    first = met(rt, visit)
    with pytest.raises(VisitElsewhere, match="已登记结果"):
        again(rt, visit)
    assert taken(rt, grounds.VISIT) == {}
    assert take_back(rt, first.id) and not closed(rt, wu)
    assert taken(rt, grounds.VISIT) == {visit: WEI}
    made, new = again(rt, visit)
    assert new and made != visit and again(rt, visit) == (made, False)
    with rt.sessions() as session:
        before, one = session.get_one(Visit, visit), session.get_one(Visit, made)
        assert (before.state, before.outcome) == ("reported", "met") and before.report_sealed
        assert (one.state, one.visitor, one.planned_on, one.outcome) == ("assigned", LI, DAY, None)
        assert visits.former(one) == visit and visits.former(before) is None
        assert visits.address(session, rt, wu.id) == ADDRESS
    second = met(rt, made)
    assert second.receipt != first.receipt and closed(rt, wu)
    assert take_back(rt, second.id) and taken(rt, grounds.VISIT) == {visit: WEI, made: WEI}
    third, new = again(rt, made)
    assert new and third not in (visit, made)


def test_asked_for_twice_at_once_one_goes(rt: Runtime, visit: str) -> None:
    assert take_back(rt, met(rt, visit).id)
    found = at_once(2, lambda: again(rt, visit))
    assert sorted(new for _, new in found) == [False, True] and len({one for one, _ in found}) == 1
    with rt.sessions() as session:
        assert len(session.scalars(select(Visit)).all()) == 2


def test_a_visit_that_is_awaited_is_not_asked_for_beside(rt: Runtime, wu: Person, visit: str) -> None:
    first = met(rt, visit)
    with rt.sessions.begin() as session:
        other = visits.ask(session, rt, session.get_one(Person, wu.id), cause="ladder:1", by="ladder").id
    assert take_back(rt, first.id)
    assert again(rt, visit) == (other, False)
    assert put_back(rt, first.id) and state(rt, other) == "asked", "what the ladder asked for is the ladder's"


@pytest.mark.parametrize("made_already", [False, True], ids=["not made yet", "made"])
def test_put_back_it_is_as_before(rt: Runtime, wu: Person, visit: str, made_already: bool) -> None:
    first = met(rt, visit)
    assert take_back(rt, first.id)
    made, _ = again(rt, visit)
    if made_already:
        met(rt, made)
    assert put_back(rt, first.id) and closed(rt, wu)
    assert state(rt, made) == ("reported" if made_already else "dropped")
    assert taken(rt, grounds.VISIT) == {} and len(journalled(rt, "visit dropped")) == (not made_already)
    with pytest.raises(VisitElsewhere):
        again(rt, visit)
    assert take_back(rt, first.id)
    made_again, new = again(rt, visit)
    assert new and made_again != made


def test_one_that_was_called_off_can_be_asked_for_anew(rt: Runtime, visit: str) -> None:
    assert take_back(rt, met(rt, visit).id)
    made, _ = again(rt, visit)
    with rt.sessions.begin() as session:
        assert visits.drop(session, rt, session.get_one(Visit, made).cause, WEI)
    once_more, new = again(rt, visit)
    assert new and once_more != made


@pytest.fixture
def zheng(rt: Runtime) -> Person:
    """Mrs Zheng of Nanjing, whose offices take appointments."""
    return somebody(rt, 1951)


def somebody(rt: Runtime, year: int) -> Person:
    with rt.sessions.begin() as session:
        number = resident_number("320102", year, 5, 15)
        return people.add(session, rt, id_number=number, name="郑女士", region="nanjing")


@pytest.fixture
def booked(rt: Runtime, zheng: Person) -> str:
    """Mrs Zheng's appointment of today."""
    with rt.sessions.begin() as session:
        slot = appointments.free(session, rt, rt.regions["nanjing"])[0]
        assert certifying.day_of(slot.at) == certifying.day_of(rt.now())
        one = session.get_one(Person, zheng.id)
        return appointments.book(session, rt, one, slot.office, slot.at, CLERK).id


def keep(rt: Runtime, person: Person) -> str:
    with rt.sessions.begin() as session:
        return appointments.keep(session, rt, session.get_one(Person, person.id), CLERK).evidence.id


def appointment(rt: Runtime, identifier: str) -> str:
    with rt.sessions() as session:
        return session.get_one(Appointment, identifier).state


def test_whoever_had_not_come_is_awaited_again_and_may_come(rt: Runtime, zheng: Person, booked: str) -> None:
    first = keep(rt, zheng)
    assert appointment(rt, booked) == "kept"
    assert take_back(rt, first, CLERK, supervisor=False), "the clerk who pressed the wrong key takes it back"
    assert appointment(rt, booked) == "booked" and not closed(rt, zheng)
    assert taken(rt, grounds.APPOINTMENT) == {booked: CLERK}
    assert len(journalled(rt, "appointment restored")) == 1
    assert put_back(rt, first) and appointment(rt, booked) == "kept" and closed(rt, zheng)
    assert taken(rt, grounds.APPOINTMENT) == {}
    assert take_back(rt, first)
    second = keep(rt, zheng)
    assert second != first and closed(rt, zheng) and appointment(rt, booked) == "kept"
    assert taken(rt, grounds.APPOINTMENT) == {}, "another sign of it stands"
    with pytest.raises(RecordedAnew):
        put_back(rt, first)


def test_only_whoever_pressed_it_takes_it_back(rt: Runtime, zheng: Person, booked: str) -> None:
    first = keep(rt, zheng)
    with pytest.raises(NotTheirsToTakeBack):
        take_back(rt, first, "钱经办", supervisor=False)
    assert appointment(rt, booked) == "kept"


def test_the_day_after_it_stays_as_it_was(rt: Runtime, zheng: Person, booked: str, clock: Clock) -> None:
    first = keep(rt, zheng)
    clock.forward(days=1)
    assert take_back(rt, first) and appointment(rt, booked) == "kept"
    assert taken(rt, grounds.APPOINTMENT) == {booked: WEI}
    assert put_back(rt, first) and appointment(rt, booked) == "kept"
    assert journalled(rt, "appointment restored") == []


def test_where_the_seat_was_given_to_another_it_stays_theirs(rt: Runtime, zheng: Person, booked: str) -> None:
    first, other = keep(rt, zheng), somebody(rt, 1952)
    with rt.sessions.begin() as session:
        mine, one = session.get_one(Appointment, booked), session.get_one(Person, other.id)
        theirs = appointments.book(session, rt, one, mine.office, mine.at, CLERK)
        assert theirs.seat == mine.seat
    assert take_back(rt, first) and not closed(rt, zheng)
    assert (appointment(rt, booked), appointment(rt, theirs.id)) == ("kept", "booked")


def test_whatever_was_noted_meanwhile_they_came_after_all(rt: Runtime, zheng: Person, booked: str) -> None:
    first = keep(rt, zheng)
    assert take_back(rt, first)
    with rt.sessions.begin() as session:
        appointments.cancel(session, rt, session.get_one(Person, zheng.id), CLERK)
    assert put_back(rt, first) and appointment(rt, booked) == "kept"


def test_an_agent_takes_nothing_back_that_the_desk_put_on_record(rt: Runtime, zheng: Person, booked: str) -> None:
    first = keep(rt, zheng)
    with rt.sessions.begin() as session, pytest.raises(NotTheirsToTakeBack):
        withdrawing.withdraw(session, rt, first, by=CLERK, why="误点", agent="a" * 32)
