"""Who listened to which recording, counted from the journal; what is unusual first."""

from __future__ import annotations

from datetime import date

from certification import journal, listened
from certification.cases import CaseKind, open_case
from certification.listened import By, Counted
from certification.runtime import Runtime
from certification.store import Person
from tests.certification.conftest import Clock
from tests.certification.suspending import pensioner
from tests.certification.test_secondlooks import seeded

TODAY = date(2026, 3, 10)


def case_of(rt: Runtime, person: Person | None, cause: str) -> str:
    with rt.sessions.begin() as session:
        mine = None if person is None else session.get_one(Person, person.id)
        return open_case(session, rt, kind=CaseKind.VOICE_DOUBT, cause=cause, person=mine).id


def does(rt: Runtime, by: str, action: str, case: str) -> None:
    with rt.sessions.begin() as session:
        journal.write(session, rt.now(), by, action, f"case:{case}")


def listens(rt: Runtime, by: str, case: str, *recordings: str) -> None:
    with rt.sessions.begin() as session:
        for one in recordings:
            journal.write(session, rt.now(), by, listened.LISTENED, f"recording:{one}", case=case)


def rows(rt: Runtime, by: By = By.OPERATOR, region: str | None = None, day: date = TODAY) -> list[Counted]:
    with rt.sessions() as session:
        return listened.counted(listened.heard(session, day, day, region)[0], by)


def test_who_listened_without_having_the_case_comes_first(rt: Runtime, wu: Person) -> None:
    case = case_of(rt, wu, "a")
    listens(rt, "王审核", case, "r1")  # before anybody has it
    does(rt, "李审核", "case taken", case)
    listens(rt, "李审核", case, "r1", "r2", "r1")
    listens(rt, "王审核", case, "r2")  # while Li has it
    does(rt, "李审核", "case given back", case)
    listens(rt, "赵审核", case, "r1")
    does(rt, "赵审核", "case taken", case)
    listens(rt, "赵审核", case, "r1")
    does(rt, "赵审核", "case decided", case)
    listens(rt, "赵审核", case, "r2")  # after it was decided
    found = [(one.key, one.times, len(one.recordings), one.unheld, one.unusual) for one in rows(rt)]
    assert found == [("赵审核", 3, 2, 2, True), ("王审核", 2, 2, 2, True), ("李审核", 3, 2, 0, False)]
    assert rows(rt, day=date(2026, 3, 9)) == []


def test_it_is_counted_by_person_and_by_recording(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        xu = pensioner(session, rt, 1951, "徐女士")
    of_wu, of_xu, of_nobody = case_of(rt, wu, "a"), case_of(rt, xu, "b"), case_of(rt, None, "c")
    for case, recordings in ((of_wu, ("r1", "r2")), (of_xu, ("r3",)), (of_nobody, ("r4",))):
        does(rt, "李审核", "case taken", case)
        listens(rt, "李审核", case, *recordings)
    listens(rt, "钱审计", of_wu, "r1")
    people = {one.key: (one.times, len(one.listeners), one.unheld) for one in rows(rt, By.PERSON)}
    assert people == {wu.id: (3, 2, 1), xu.id: (1, 1, 0), "": (1, 1, 0)}
    heard = [(one.key, one.times, sorted(one.listeners)) for one in rows(rt, By.RECORDING)]
    assert heard[0] == ("r1", 2, ["李审核", "钱审计"]) and len(heard) == 4


def test_whoever_is_of_a_region_sees_what_was_heard_of_its_people(rt: Runtime, wu: Person) -> None:
    of_wu, of_nobody = case_of(rt, wu, "a"), case_of(rt, None, "b")
    listens(rt, "李审核", of_wu, "r1")
    listens(rt, "李审核", of_nobody, "r2")
    assert [one.key for one in rows(rt, By.RECORDING, "kunming")] == ["r1", "r2"]
    assert [one.key for one in rows(rt, By.RECORDING, "nanjing")] == ["r2"], "a case of nobody is every region's"


def test_a_case_with_a_known_answer_is_seen_by_its_region_alone_and_one_that_is_gone_by_none(rt: Runtime) -> None:
    known = seeded(rt)
    listens(rt, "李审核", known, "r1")
    listens(rt, "李审核", "0" * 32, "r2")
    assert [one.key for one in rows(rt, By.RECORDING, "kunming")] == ["r1"]
    assert rows(rt, By.RECORDING, "nanjing") == []
    assert sorted(one.key for one in rows(rt, By.RECORDING)) == ["r1", "r2"]


def test_what_is_left_out_is_said_whosever_it_was(rt: Runtime, wu: Person) -> None:
    of_wu = case_of(rt, wu, "a")
    listens(rt, "李审核", of_wu, "r1", "r2", "r3")
    for region, found in (("kunming", 2), ("nanjing", 0)):
        with rt.sessions() as session:
            some, cut = listened.heard(session, TODAY, TODAY, region, 2)
            everything, whole = listened.heard(session, TODAY, TODAY, region, 3)
        assert (len(some), cut, len(everything) == found * 3 // 2, whole) == (found, True, True, False)


def test_many_recordings_in_an_hour_are_unusual(rt: Runtime, wu: Person, clock: Clock) -> None:
    case = case_of(rt, wu, "a")
    for name, number in (("李审核", listened.MANY), ("王审核", listened.MANY - 1)):
        does(rt, name, "case taken", case)
        listens(rt, name, case, *(f"r{n}" for n in range(number)))
    does(rt, "赵审核", "case taken", case)
    for _ in range(2):  # as many, in two hours, and the same one again and again
        listens(rt, "赵审核", case, *(f"r{n % 200}" for n in range(listened.MANY)))
        clock.forward(hours=1)
    found = [(one.key, one.busiest, one.unusual) for one in rows(rt)]
    assert found == [("李审核", 300, True), ("王审核", 299, False), ("赵审核", 200, False)]
