"""Cases in somebody's hands: in the order of harm, one has each, and after a quarter of an hour anybody."""

from __future__ import annotations

import pytest

from certification import cases, holding, people
from certification.cases import CaseKind
from certification.holding import HELD, Decided, HeldByAnother, NotHeld
from certification.runtime import Runtime
from certification.store import Case, Person
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled
from tests.certification.together import at_once


def opened(
    rt: Runtime, cause: str, person: Person | None = None, kind: CaseKind = CaseKind.CALL_BACK, *, first: bool = False
) -> str:
    with rt.sessions.begin() as session:
        whose = None if person is None else session.get_one(Person, person.id)
        detail = {"first": True} if first else {}
        return cases.open_case(session, rt, kind=kind, cause=cause, person=whose, detail=detail).id


def somebody(rt: Runtime, month: int, region: str = "kunming") -> Person:
    """Somebody born in this month, whose period ends with it."""
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1950, month, 2)
        return people.add(session, rt, id_number=number, name="某人", region=region)


def order(rt: Runtime, region: str | None = None, kind: CaseKind | None = None) -> list[str]:
    with rt.sessions() as session:
        return [one.id for one in holding.waiting(session, rt, most=20, region=region, kind=kind)]


def take(rt: Runtime, case: str, by: str) -> None:
    with rt.sessions.begin() as session:
        holding.take(session, rt, session.get_one(Case, case), by)


def hold(rt: Runtime, case: str, by: str) -> None:
    with rt.sessions.begin() as session:
        holding.hold(session, rt, case, by)


def test_the_greatest_harm_comes_first(rt: Runtime, clock: Clock) -> None:
    november, may = (somebody(rt, month, "default") for month in (11, 5))  # where the year ends with the birthday
    nobodys = opened(rt, "1")
    clock.forward(days=40)
    late = opened(rt, "2", november)
    clock.forward(minutes=1)
    soon = opened(rt, "3", may)
    clock.forward(minutes=1)
    old = opened(rt, "4", november, first=True)
    clock.forward(minutes=1)
    urgent = opened(rt, "5", november, CaseKind.URGENT)
    assert order(rt) == [urgent, old, nobodys, soon, late], "nobody's case waits behind others for ever"
    assert order(rt, kind=CaseKind.URGENT) == [urgent]
    with rt.sessions() as session:
        assert holding.counted(session) == {CaseKind.CALL_BACK: 4, CaseKind.URGENT: 1}


def test_a_region_has_its_own(rt: Runtime) -> None:
    here, there = opened(rt, "1", somebody(rt, 5)), opened(rt, "2", somebody(rt, 6, "qingdao"))
    assert (order(rt, "kunming"), order(rt, "qingdao"), order(rt, "xian")) == ([here], [there], [])
    nobodys = opened(rt, "3", kind=CaseKind.URGENT)
    assert (order(rt, "kunming"), order(rt, "xian")) == ([nobodys, here], [nobodys]), "or it would wait for nobody"
    with rt.sessions() as session:
        assert holding.counted(session, region="qingdao") == {CaseKind.CALL_BACK: 1, CaseKind.URGENT: 1}


def test_everything_is_in_the_same_order_a_few_at_a_time(rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, theirs = somebody(rt, 5), somebody(rt, 6, "qingdao")
    for n, whose in enumerate((mine, theirs, None, mine, theirs)):
        opened(rt, str(n), whose, first=n == 3)
    monkeypatch.setattr(holding, "_PART", 2)
    for region, number in (("kunming", 3), (None, 5)):
        with rt.sessions() as session:
            some = [one.id for one in holding.everything(session, rt, most=20, region=region, by="x")]
        assert some == order(rt, region) and len(some) == number
    with rt.sessions() as session:
        assert len(list(holding.everything(session, rt, most=3, by="x"))) == 3
        whole = list(holding.everything(session, rt, most=20, by="x"))
        assert whole == holding.waiting(session, rt, most=20, by="x")


def test_of_those_who_take_a_case_one_has_it(rt: Runtime) -> None:
    case, names = opened(rt, "1"), iter(f"审核{n}" for n in range(4))

    def taken() -> bool:
        try:
            take(rt, case, next(names))
        except HeldByAnother:
            return False
        return True

    assert sorted(at_once(4, taken)) == [False, False, False, True]
    assert len(journalled(rt, "case taken")) == 1


def test_it_is_in_ones_hands_for_a_quarter_of_an_hour(rt: Runtime, clock: Clock) -> None:
    case = opened(rt, "1")
    with pytest.raises(NotHeld):
        hold(rt, case, "甲")
    take(rt, case, "甲")
    clock.forward(seconds=HELD.total_seconds() - 1)
    with pytest.raises(HeldByAnother, match="甲"):
        take(rt, case, "乙")
    hold(rt, case, "甲")
    clock.forward(seconds=HELD.total_seconds() - 1)
    hold(rt, case, "甲")
    take(rt, case, "甲")
    clock.forward(seconds=HELD.total_seconds())
    with pytest.raises(NotHeld):
        hold(rt, case, "甲")
    with rt.sessions() as session:
        [waiting] = holding.waiting(session, rt, most=2)
        assert waiting.holder is None
    take(rt, case, "乙")
    with pytest.raises(HeldByAnother):
        take(rt, case, "甲")
    assert len(journalled(rt, "case taken")) == 2


def test_given_back_it_is_anybodys(rt: Runtime) -> None:
    case = opened(rt, "1")
    take(rt, case, "甲")
    with rt.sessions.begin() as session:
        assert not holding.give_back(session, rt, session.get_one(Case, case), "乙")
        assert holding.give_back(session, rt, session.get_one(Case, case), "甲")
    take(rt, case, "乙")
    assert len(journalled(rt, "case given back")) == 1


def test_decided_it_is_nobodys(rt: Runtime) -> None:
    case = opened(rt, "1")
    take(rt, case, "甲")
    with rt.sessions.begin() as session:
        assert cases.decide(session, rt, session.get_one(Case, case), verdict="x", by="丙")
    for deed in (take, hold):
        with pytest.raises(Decided, match="丙"):
            deed(rt, case, "甲")
    assert order(rt) == []
