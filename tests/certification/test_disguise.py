"""A known case looks as another doubted voice of its region did, and nobody of that one is in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from certification import cases, certifying, disguise, earlier, knowncases, names, neighbours, people, review, seals
from certification.earlier import Came
from certification.knowncases import SURNAMES, UP, Clip, Pair
from certification.periods import Interval
from certification.regions import Regions
from certification.runtime import Runtime
from certification.store import Assessment, Call, Case, KnownCase, Person, Recording
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.test_earlier import seen
from tests.certification.test_review import spoken
from tests.certification.test_secondlooks import WEI

WEIGHED = {review.WEIGHED: -7.5, "threshold": 0.83, "score": 0.1, "reasons": [], "suspicions": {}}
CLIP = Clip("a.wav", b"\x7f" * 12_000, ("苹果",))


def put(rt: Runtime, region: str = "kunming", dialect: str | None = None) -> KnownCase:
    with rt.sessions.begin() as session:
        pair = Pair(True, [CLIP] * 3, [CLIP] * 2, dialect)
        case = disguise.seed(session, rt, rt.regions[region], pair, by=WEI)
        return session.get_one(KnownCase, case.id)


def doubted(rt: Runtime, wu: Person, **detail: object) -> Case:
    """A real case of a voice that was weighed, from a telephone of his."""
    case_id = spoken(rt, wu)
    with rt.sessions.begin() as session:
        case = session.get_one(Case, case_id)
        session.get_one(Assessment, case.detail["assessment"]).detail = WEIGHED | detail
        call = session.get_one(Call, case.call_id)
        number = "+8613888000001"
        call.from_sealed = rt.keys.seal(number.encode(), seals.caller(call.id))
        call.from_index = rt.keys.index(number, seals.CALLING)
        return case


def residents(rt: Runtime, *called: str, phone: str | None = None) -> None:
    with rt.sessions.begin() as session:
        for n, name in enumerate(called):
            number = resident_number("530102", 1951, 1 + n % 12, 1 + n // 12)
            people.add(session, rt, id_number=number, name=name, region="kunming", phone=phone)


def test_the_score_is_near_a_doubted_ones_and_below_its_line(rt: Runtime, wu: Person) -> None:
    assert put(rt).about["threshold"] == knowncases.THRESHOLD, "none was weighed yet"
    doubted(rt, wu)
    doubted(rt, wu, suspicions={"replay": {}}, llr=9.0)
    doubted(rt, wu, llr=0.82)
    found = [put(rt).about for _ in range(20)]
    assert {one["threshold"] for one in found} == {0.83}
    assert len({one["llr"] for one in found}) > 10, "none is another's to the digit"
    assert all(abs(one["llr"] + 7.5) <= 0.5 or 0 < one["llr"] <= 0.78 for one in found)
    assert put(rt, "qingdao").about["threshold"] == knowncases.THRESHOLD, "another region's is no model"


def test_what_came_before_and_who_is_near_are_as_of_another_and_nobodys(rt: Runtime, wu: Person, clock: Clock) -> None:
    receipt = seen(rt, wu, "1")
    residents(rt, "郑女士", "章先生", phone="13888000001")
    clock.forward(days=40)
    case = doubted(rt, wu)
    with rt.sessions() as session:
        person = session.get_one(Person, wu.id)
        tries = earlier.of(session, person, but=case.detail["assessment"])
        beside = neighbours.of(session, rt, person, session.get_one(Call, case.call_id))
    assert len(tries) == 1 and len(beside.some) == 2
    known = put(rt)
    with rt.sessions() as session:
        at = session.get_one(Case, known.case_id).opened_at
        everybody = set(session.scalars(select(Person.id)))
    [one] = disguise.before(known, at)
    assert (one.kind, one.came, one.by, one.case) == (tries[0].kind, Came.CERTIFIED, "王经办", None)
    moved = (at - one.at) - (case.opened_at - tries[0].at)
    assert timedelta() < abs(moved) <= timedelta(minutes=30)
    assert one.receipt is not None and one.receipt != receipt and len(one.receipt) == len(receipt)
    near = disguise.near(known, at)
    assert [(who.shares, who.helps, who.called) for who in near.some] == [(True, False, 0)] * 2
    assert not {who.id for who in near.some} & everybody
    assert {str(who.name)[1:] for who in near.some} == {"**"}
    assert not near.more and not any(who.alike for who in near.some)


def test_a_name_begins_as_names_there_do_and_does_not_end_as_any(rt: Runtime, wu: Person) -> None:
    residents(rt, *["单某"] * 20)
    found = Counter(put(rt).about["name"][0] for _ in range(40))
    assert set(found) <= {"单", "吴"} and found["单"] > 20
    with rt.sessions.begin() as session:
        session.execute(update(Person).values(name_sealed=b"no seal"))
    assert put(rt).about["name"][0] in SURNAMES
    assert put(rt, "xian").about["name"][0] in SURNAMES, "nobody is on the roll there"
    assert names.masked(put(rt).about["name"])[1:] == "**"


def test_its_dialect_is_that_of_the_voice_where_it_is_known(rt: Runtime) -> None:
    assert {put(rt, dialect="jiaodong").about["dialect"] for _ in range(5)} == {"jiaodong"}
    assert {put(rt).about["dialect"] for _ in range(40)} == set(rt.regions["kunming"].dialects)


@pytest.mark.parametrize("days", [1, 3, 90])
def test_its_recordings_are_of_two_calls_by_day(rt: Runtime, clock: Clock, days: int) -> None:
    region = rt.regions["kunming"].model_copy(update={"recording_days": days})
    with rt.sessions.begin() as session:
        case = knowncases.seed(session, rt, region, Pair(True, [CLIP] * 3, [CLIP] * 2), by=WEI)
        about = session.get_one(KnownCase, case.id).about
        at = {
            side: [session.get_one(Recording, r).recorded_at for r in about[side]] for side in ("enrolled", "attempt")
        }
    for one in (*at["enrolled"], *at["attempt"]):
        assert one.astimezone(ZoneInfo("Asia/Shanghai")).hour in (*UP, UP[-1] + 1)
    for side in at.values():
        assert all(timedelta(seconds=5) < later - one < timedelta(seconds=20) for one, later in pairwise(side))
    assert max(at["attempt"]) < case.opened_at <= clock()
    assert timedelta() < at["attempt"][0] - at["enrolled"][0] <= timedelta(days=max(days, 2))
    assert {one.minute for one in at["enrolled"]} != {one.minute for one in at["attempt"]}


def test_its_line_is_that_of_cases_which_something_else_made_doubtful(rt: Runtime, wu: Person) -> None:
    doubted(rt, wu, suspicions={"replay": {}})
    found = [put(rt).about for _ in range(10)]
    assert {one["threshold"] for one in found} == {0.83}
    assert all(-5.2 < one["llr"] < 0.64 for one in found)


@pytest.mark.parametrize(("interval", "due"), [("quarter", date(2026, 6, 30)), ("month", date(2026, 4, 30))])
def test_its_period_ends_with_everybodys_where_the_calendar_counts(
    rt: Runtime, clock: Clock, interval: str, due: date
) -> None:
    region = rt.regions["kunming"].model_copy(update={"interval": Interval(interval)})
    clock.forward(days=40)
    pair = Pair(True, [CLIP] * 3, [CLIP] * 2)
    with rt.sessions.begin() as session:
        for _ in range(5):
            case = disguise.seed(session, rt, region, pair, by=WEI)
            assert knowncases.due(session.get_one(KnownCase, case.id)) == due


def test_its_period_ends_about_as_far_ahead(rt: Runtime, wu: Person, clock: Clock) -> None:
    yearly = rt.regions["kunming"].model_copy(update={"interval": Interval.YEAR})
    rt = replace(rt, regions=Regions({"kunming": yearly}, "kunming"))
    with rt.sessions.begin() as session:
        period = certifying.current_period(session, rt, session.get_one(Person, wu.id))
        left = (period.due - certifying.day_of(clock())).days
    doubted(rt, wu)
    clock.forward(days=20)
    found = {(knowncases.due(put(rt)) - certifying.day_of(clock())).days for _ in range(20)}
    assert len(found) > 3 and max(abs(one - left) for one in found) <= 4


def test_it_goes_before_others_where_doubted_voices_do(rt: Runtime, wu: Person) -> None:
    """Who was doubted failed to certify, there and then: in most regions all of them go before others."""

    def first(region: str) -> bool:
        known = put(rt, region)
        with rt.sessions() as session:
            return cases.goes_first(session.get_one(Case, known.case_id))

    assert first("kunming") and cases.goes_first(doubted(rt, wu)) and first("kunming")
    with rt.sessions.begin() as session:
        for case in session.scalars(select(Case)):
            case.rank = f"{case.rank[0]}1{case.rank[2:]}"
    assert not first("kunming")
