"""Reports: every cell as a plain recount has it, whoever makes them and however often they are killed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from scipy.stats import binomtest
from sqlalchemy import func, select, update

from certification import forgetting
from certification.cases import CaseKind
from certification.keys import KeyRing
from certification.reports import making
from certification.reports.equity import Harm, equity
from certification.reports.groups import NOT_SAID, Trait
from certification.reports.hiding import LEAST
from certification.reports.lives import Why, steps
from certification.reports.reading import COUNTS, Asked, Column, table
from certification.runtime import Runtime
from certification.store import Case, Person, Report, ReportCount, new_id
from tests.certification.conftest import Clock, Queue
from tests.certification.reported import AS_OF, FIRST, LAST, MONTHS, Known, recount, town
from tests.certification.suspending import journalled

TRAITS = ("region", "dialect", "age", "sex", "phone", "need")


@pytest.fixture
def known(rt: Runtime, clock: Clock) -> list[Known]:
    """The town."""
    return town(rt, clock)


def cells(rt: Runtime) -> Counter[tuple[object, ...]]:
    names = ("months", "measure", "month", "route", *TRAITS)
    with rt.sessions() as session:
        rows = session.execute(select(*(getattr(ReportCount, name) for name in names), ReportCount.count))
        return Counter({tuple(row[:-1]): row[-1] for row in rows})


def test_every_cell_is_as_a_plain_recount_has_it(rt: Runtime, known: list[Known]) -> None:
    expected = recount(known)
    measures = {key[1] for key in expected}
    assert {"certified", "unresolved", "failed", "waiting", "left", "suspended", "decided:72", "decided:96"} <= measures
    assert {why.value for why in Why} <= measures
    report = making.make(rt, "clerk", MONTHS)
    assert (report.people, report.unreadable, report.first, report.last) == (len(known), 0, FIRST, LAST)
    assert cells(rt) == expected


def test_slices_of_any_size_come_to_the_same(rt: Runtime, known: list[Known]) -> None:
    with rt.sessions.begin() as session:
        report = making.begin(session, rt, "clerk", MONTHS)
    while making.go_on(rt, report.id, 7):
        pass
    assert cells(rt) == recount(known)


def test_a_slice_that_somebody_else_counted_meanwhile_is_not_counted_twice(rt: Runtime, known: list[Known]) -> None:
    with rt.sessions.begin() as session:
        report = making.begin(session, rt, "clerk", MONTHS)
        assert making.begin(session, rt, "another", 12).id == report.id, "one is made at a time"

    class Overtaken:
        """A clock that lets another worker count the slice, after it was read here."""

        asked = False

        def __call__(self) -> object:
            if not self.asked:
                self.asked = True
                assert making.go_on(rt, report.id, 7)
            return AS_OF

    assert not making.go_on(replace(rt, now=Overtaken()), report.id, 7)  # type: ignore[arg-type]
    while making.go_on(rt, report.id, 7):
        pass
    assert cells(rt) == recount(known)


def test_a_new_report_takes_the_place_of_the_last_when_it_is_whole(
    rt: Runtime, known: list[Known], clock: Clock
) -> None:
    first = making.make(rt, "clerk", MONTHS)
    clock.forward(hours=1)
    with rt.sessions.begin() as session:
        forgetting.person(session, rt, known[0].id, "clerk")
        second = making.begin(session, rt, "clerk", MONTHS)
    making.go_on(rt, second.id, 7)
    with rt.sessions() as session:
        shown = making.latest(session)
        assert shown is not None and shown.id == first.id
    making.make(rt, "clerk")
    with rt.sessions() as session:
        assert [one.id for one in session.scalars(select(Report))] == [second.id]
        assert set(session.scalars(select(ReportCount.report_id))) == {second.id}
    assert len(journalled(rt, "report made")) == 2


def test_whose_number_does_not_open_is_counted_without_age_and_sex(rt: Runtime, known: list[Known]) -> None:
    with rt.sessions.begin() as session:
        session.execute(update(Person).where(Person.id == known[0].id).values(number_sealed=b"broken"))
    assert making.make(rt, "clerk", MONTHS).unreadable == 1
    known[0].age = known[0].sex = NOT_SAID
    assert cells(rt) == recount(known)


def test_the_sweep_makes_one_a_night_and_goes_on_with_what_was_left(rt: Runtime, clock: Clock, queue: Queue) -> None:
    town(rt, clock, 5)
    assert [making.see_to(rt) for _ in range(4)] == [1, 1, 0, 0]
    assert queue.jobs == []
    clock.at += timedelta(hours=15)  # one o'clock the next night
    assert making.see_to(rt) == 0
    clock.at += timedelta(hours=1)
    assert [making.see_to(rt) for _ in range(4)] == [1, 1, 0, 0]
    with rt.sessions.begin() as session:
        asked = making.ask(session, rt, "supervisor")
    assert queue.jobs == [(making.JOB, asked.id)]
    assert making.see_to(rt) == 0, "it is the queue's"
    clock.at += making.STALLED
    assert making.see_to(rt) == 1, "the queue does not go on with it"


def test_whoever_comes_between_two_slices_or_goes_stops_nothing(rt: Runtime, known: list[Known]) -> None:
    with rt.sessions.begin() as session:
        report = making.begin(session, rt, "clerk", MONTHS)
    making.go_on(rt, report.id, 7)
    with rt.sessions.begin() as session:
        last = session.scalars(select(func.max(Person.id)).where(Person.created_at < AS_OF)).one()
        forgetting.person(session, rt, last, "clerk")
    assert making.make(rt, "clerk").people == len(known) - 1
    assert cells(rt) == recount([one for one in known if one.id != last])


def total(expected: Counter[tuple[object, ...]], measure: str, **where: object) -> int:
    """How many of a measure the recount has, of those who fit."""
    names = ("months", "measure", "month", "route", *TRAITS)
    return sum(
        count
        for key, count in expected.items()
        if str(key[1]).partition(":")[0] == measure
        and all(dict(zip(names, key, strict=True))[name] == value for name, value in where.items())
    )


def test_a_table_adds_up_and_hides_only_what_is_small(rt: Runtime, clock: Clock) -> None:
    """By everything that a table may be by, everywhere and in one place: of one town, which takes seconds to put up."""
    expected = recount(town(rt, clock, 130))
    report = making.make(rt, "clerk", MONTHS)
    for by in ("month", "route", *TRAITS):
        for place in (None, "kunming"):
            adds_up_and_hides_only_what_is_small(rt, expected, report, by, place)


def adds_up_and_hides_only_what_is_small(
    rt: Runtime, expected: Counter[tuple[object, ...]], report: Report, by: str, place: str | None
) -> None:
    where: dict[str, object] = {"region": place} if place else {}
    traits = {Trait.REGION: place} if place else {}
    with rt.sessions() as session:
        found = table(session, report, Asked(FIRST, LAST, by, traits=traits))
    columns = [Column.CERTIFIED, Column.FAILED] if by == "route" else COUNTS
    for column in columns:
        numbers = [row.numbers[column] for row in found.rows]
        for row in found.rows:
            value = date.fromisoformat(f"{row.value}-01") if by == "month" else row.value
            months = {} if column is not Column.WAITING or by == "month" else {"month": LAST}
            plain = total(expected, column.value, **{**where, **months, by: value})
            shown = row.numbers[column]
            assert shown == plain or (shown is None and by not in ("month", "route", "region"))
            assert shown is None or not 0 < shown < LEAST or by in ("month", "route", "region")
        if column is Column.WAITING:
            everybody = total(expected, "waiting", month=LAST, **where)
        else:
            everybody = total(expected, column.value, **where)
            assert None in numbers or sum(filter(None, numbers)) == everybody
        assert found.total.numbers[column] == everybody
        assert numbers.count(None) != 1 or len(numbers) == 1, "one alone would be the total less the others"


def test_a_route_or_a_trait_narrows_a_table(rt: Runtime, known: list[Known]) -> None:
    expected, report = recount(known), making.make(rt, "clerk", MONTHS)
    with rt.sessions() as session:
        by_visit = table(session, report, Asked(FIRST, LAST, "region", route="visit"))
        february = table(session, report, Asked(date(2026, 2, 1), date(2026, 2, 1), "region"))
        few = table(session, report, Asked(FIRST, FIRST, "region", traits={Trait.AGE: "90", Trait.SEX: "male"}))
    for row in by_visit.rows:
        assert row.numbers == {
            Column.CERTIFIED: total(expected, "certified", route="visit", region=row.value),
            Column.FAILED: 0,
        }
    february_certified = total(expected, "certified", month=date(2026, 2, 1))
    assert february.total.numbers[Column.CERTIFIED] == february_certified
    assert few.total.numbers[Column.CERTIFIED] is None, "a narrow group's total is a small number like others"


def test_times_to_decide_are_those_of_the_questions_themselves(rt: Runtime, known: list[Known]) -> None:
    report = making.make(rt, "clerk", MONTHS)
    took = sorted(
        steps(decided - opened)
        for one in known
        for opened, decided in one.asked
        if decided and decided.date() >= FIRST and decided < AS_OF
    )
    with rt.sessions() as session:
        found = table(session, report, Asked(FIRST, LAST)).total.numbers
    assert len(took) > 9 and found[Column.DECIDED] == len(took)
    assert found[Column.MEDIAN] == took[-(-len(took) // 2) - 1]
    assert found[Column.P90] == took[-(-9 * len(took) // 10) - 1]


def test_equity_is_as_a_plain_recount_has_it(rt: Runtime, clock: Clock) -> None:
    expected = recount(town(rt, clock, 130))
    report = making.make(rt, "clerk", MONTHS)
    for harm in Harm:
        is_as_a_plain_recount_has_it(rt, expected, report, harm)


def is_as_a_plain_recount_has_it(
    rt: Runtime, expected: Counter[tuple[object, ...]], report: Report, harm: Harm
) -> None:
    among = "people" if harm is Harm.SUSPENDED else "tried"
    with rt.sessions() as session:
        found = equity(session, report, harm, list(Trait))
    of, times = total(expected, among), total(expected, harm.value)
    assert (found.everybody.of, found.everybody.times) == (of, times)
    for one in (*found.ranked, *found.small):
        assert one.trait is not None
        plain = total(expected, among, **{one.trait.value: one.value})
        harmed = total(expected, harm.value, **{one.trait.value: one.value})
        assert one.of in (plain, None) and one.times in (harmed, None)
        assert (one.of or LEAST) >= LEAST and not 0 < (one.times or 0) < LEAST
        if one.ratio is not None and one.ratio_interval is not None:
            assert one.ratio == pytest.approx(harmed / plain * of / times)
            theirs = binomtest(harmed, plain).proportion_ci(method="wilson")
            assert one.ratio_interval.low == pytest.approx(theirs.low * of / times)
            assert one.ratio_interval.high == pytest.approx(theirs.high * of / times)
            assert one.worse == (theirs.low > times / of)
    lows = [one.ratio_interval.low for one in found.ranked if one.ratio_interval]
    assert lows == sorted(lows, reverse=True), "the worst first"
    for trait in Trait:
        if harm is Harm.REJECTED:
            groups = [one for one in (*found.ranked, *found.small) if one.trait is trait]
            assert sum(one.of or 0 for one in groups) <= of
            assert sum(total(expected, among, **{trait.value: one.value}) for one in groups) == of


def test_a_group_that_fails_more_often_stands_first(rt: Runtime, clock: Clock) -> None:
    people = town(rt, clock, 200, seed=7)
    with rt.sessions.begin() as session:  # as if Sichuanese were understood badly
        for one in people:
            if one.dialect == "sichuanese":
                row = Case(id=new_id(), cause=new_id(), kind=CaseKind.LIMIT_REACHED.value, person_id=one.id, rank="11")
                row.opened_at = AS_OF - timedelta(days=9)
                session.add(row)
    report = making.make(rt, "clerk", MONTHS)
    with rt.sessions() as session:
        found = equity(session, report, Harm.LIMIT, list(Trait))
        region = equity(session, report, Harm.LIMIT, [Trait.DIALECT], "qingdao")
    first = found.ranked[0]
    assert (first.trait, first.value, first.worse) == (Trait.DIALECT, "sichuanese", True)
    assert region.ranked[0].value == "sichuanese"
    assert region.everybody.of is not None and found.everybody.of is not None
    assert region.everybody.of < found.everybody.of


def test_another_ring_reads_nobody(rt: Runtime, known: list[Known]) -> None:
    other = replace(rt, keys=KeyRing.from_text(KeyRing.generate_text()))
    assert making.make(other, "clerk", MONTHS).unreadable == len(known)
