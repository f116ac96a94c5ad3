"""Figures of those who judge voices: right medians and rates, honest where there are few, and nothing given away."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification import cases, operators
from certification.cases import CaseKind
from certification.judgements import Part
from certification.operators import ENOUGH, Look, Rate
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Judgement
from tests.certification.conftest import MORNING
from tests.ops.console.browser import hire

LI, WANG = "李审核", "王审核"
NEVER = datetime(2020, 1, 1, tzinfo=MORNING.tzinfo)
number = count()


def judged(
    rt: Runtime,
    by: str,
    *,
    part: Part = Part.FIRST,
    yes: bool = True,
    seconds: float | None = 30.0,
    agreed: bool | None = None,
    same: bool | None = None,
) -> None:
    with rt.sessions.begin() as session:
        case = cases.open_case(session, rt, kind=CaseKind.VOICE_DOUBT, cause=f"t:{next(number)}")
        verdict = "confirmed" if yes else "unsure"
        facts = {"by": by, "at": rt.now(), "part": part.value, "verdict": verdict, "seconds": seconds}
        session.add(Judgement(case_id=case.id, **facts, agreed=agreed, same=same))


def of(rt: Runtime, viewer: str = WANG, **only: str) -> dict[str, operators.Summary]:
    with rt.sessions() as session:
        return {one.name: one for one in operators.summaries(session, NEVER, viewer=viewer, **only)}


@pytest.fixture
def staffed(rt: Runtime) -> Runtime:
    """Li of Kunming and Wang of Qingdao have accounts."""
    hire(rt, LI, Role.OPERATOR, region="kunming")
    hire(rt, WANG, Role.SUPERVISOR, region="qingdao")
    return rt


def test_what_was_decided_is_counted_by_part(staffed: Runtime) -> None:
    for seconds in (10.0, 20.0, 90.0, 4.0, None):
        judged(staffed, LI, yes=seconds != 90.0, seconds=seconds, agreed=None if seconds is None else seconds < 50)
    judged(staffed, LI, part=Part.SECOND, yes=False, agreed=False, seconds=30.0)
    judged(staffed, LI, part=Part.KNOWN, yes=True, same=False, seconds=1.0)
    judged(staffed, LI, part=Part.KNOWN, yes=True, same=True, seconds=1.0)
    judged(staffed, LI, part=Part.KNOWN, yes=False, same=True, seconds=1.0)
    judged(staffed, "nobody with an account")
    one = of(staffed)[LI]
    assert (one.decided, one.seconds, one.own) == (6, 20.0, False)
    assert (one.certified, one.agreed, one.quick) == (Rate(4, 5), Rate(3, 5), Rate(1, 5))
    assert (one.accepted, one.rejected) == (Rate(1, 1), Rate(1, 2))


def test_whoever_looks_at_their_own_is_told_nothing_of_known_cases(staffed: Runtime) -> None:
    judged(staffed, LI, part=Part.KNOWN, same=False)
    before = of(staffed, viewer=LI)[LI]
    assert (before.decided, before.certified, before.accepted) == (1, Rate(1, 1), Rate())
    judged(staffed, LI)
    after = of(staffed, viewer=LI)[LI]
    assert (after.decided, after.certified, after.accepted) == (2, Rate(2, 2), Rate()), "as if it were any other"
    with staffed.sessions() as session:
        assert {one.part for one in operators.looks(session, LI, NEVER, viewer=LI)} == {Part.FIRST}
        seen = operators.looks(session, LI, NEVER, viewer=WANG)
    assert [(one.part, one.same) for one in operators.known(seen, 9)] == [(Part.KNOWN, False)]


def test_a_region_and_a_name_are_all_that_is_shown(staffed: Runtime) -> None:
    judged(staffed, LI)
    judged(staffed, WANG)
    assert of(staffed).keys() == {LI, WANG}
    assert of(staffed, region="kunming").keys() == {LI}
    assert of(staffed, name=WANG).keys() == {WANG}
    assert of(staffed, name=WANG, region="kunming").keys() == set()


@pytest.mark.parametrize("seconds", [[5.0], [5.0, 8.0], [9.0, 1.0, 4.0], [1.0, 2.0, 30.0, 40.0]], ids=len)
def test_the_median_is_the_middle(staffed: Runtime, seconds: list[float]) -> None:
    for one in seconds:
        judged(staffed, LI, seconds=one)
    middle = sorted(seconds)
    expected = (middle[(len(middle) - 1) // 2] + middle[len(middle) // 2]) / 2
    assert of(staffed)[LI].seconds == expected


def look(minutes: float, *, confirmed: bool = True, seconds: float = 30.0, part: Part = Part.FIRST) -> Look:
    return Look(MORNING + timedelta(minutes=minutes), part, confirmed, seconds)


def test_hours_are_those_of_work_and_a_row_ends_with_a_pause() -> None:
    some = [look(0), look(10), look(70), look(24 * 60 + 600), look(24 * 60 + 630, part=Part.KNOWN)]
    assert [one.decided for one in operators.by_hour(some)][:3] == [3, 1, 0]
    row = [look(one) for one in range(25)] + [look(25 + 16 + one) for one in range(3)]
    assert [one.decided for one in operators.in_a_row(row)] == [10 + 3, 10, 5, 0]
    tired = [look(one, seconds=2.0 if one >= 20 else 30.0, confirmed=one < 20) for one in range(40)]
    stretches = operators.in_a_row(tired)
    assert [one.seconds for one in stretches] == [30.0, 30.0, 2.0, None]
    assert (stretches[2].quick, stretches[2].certified) == (Rate(20, 20), Rate(0, 20))
    weeks = operators.by_week(some, MORNING + timedelta(days=8), 30)
    assert [(one.low, one.decided) for one in weeks] == [(4, 0), (3, 0), (2, 0), (1, 3), (0, 1)]


@given(st.lists(st.tuples(st.floats(0, 20_000), st.booleans(), st.sampled_from(list(Part))), max_size=60))
def test_every_case_is_in_one_stretch_of_each_kind(drawn: list[tuple[float, bool, Part]]) -> None:
    some = [look(minutes, confirmed=yes, part=part) for minutes, yes, part in sorted(drawn, key=lambda one: one[0])]
    real = sum(one.part is not Part.KNOWN for one in some)
    now = MORNING + timedelta(minutes=20_001)
    for stretches in (operators.by_hour(some), operators.in_a_row(some), operators.by_week(some, now, 30)):
        assert sum(one.decided for one in stretches) == real
        assert all(one.certified.times <= one.certified.of <= one.decided for one in stretches)


def test_of_few_nothing_is_said() -> None:
    few, enough = Rate(1, ENOUGH - 1), Rate(1, ENOUGH)
    assert (few.enough, enough.enough, Rate().share) == (False, True, 0.0)
    assert enough.interval.low < enough.share < enough.interval.high
