"""A second look: by another, blind, at every fraud and a share; it changes nothing for anybody. And cases known."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import select

from certification import (
    certifying,
    confirmation,
    forgetting,
    holding,
    judgements,
    knowncases,
    review,
    secondlooks,
)
from certification.cases import CaseKind, DecidedAlready
from certification.evidence import Kind, Strength
from certification.judgements import Found, Part
from certification.knowncases import Clip, Pair
from certification.reasons import ReasonMissing, ReasonPersonal
from certification.review import NotBySameHuman, Step, Verdict
from certification.runtime import Runtime
from certification.secondlooks import NotTheSecond
from certification.store import (
    Attempt,
    Case,
    Evidence,
    Judgement,
    Message,
    Period,
    Person,
    Suspension,
    Text,
    Visit,
)
from certification.suspension import histories
from tests.certification.conftest import Clock
from tests.certification.sealed import count
from tests.certification.suspending import journalled
from tests.certification.test_review import spoken
from tests.certification.together import at_once

LI, WANG, WEI = "李审核", "王审核", "魏主管"
WHY = "语速和口音都不同"
ALL = [(Verdict.CONFIRMED, None), (Verdict.UNSURE, None), *((Verdict.UNSURE, step) for step in Step)]
IDS = [f"{verdict}-{step or 'nothing'}" for verdict, step in ALL]
FIRST = [one for one in ALL if one[1] is not Step.VISIT]  # Kunming makes none
FIRST_IDS = [f"{verdict}-{step or 'nothing'}" for verdict, step in FIRST]
SECOND = [(Verdict.CONFIRMED, None), (Verdict.UNSURE, None), (Verdict.UNSURE, Step.FRAUD)]
SECOND_IDS = [f"then-{verdict}-{step or 'nothing'}" for verdict, step in SECOND]


def share(rt: Runtime, percent: int) -> Runtime:
    return replace(rt, settings=replace(rt.settings, second_look_percent=percent))


@pytest.fixture
def every(rt: Runtime) -> Runtime:
    """The runtime of a region in which every voice is heard twice."""
    return share(rt, 100)


def decide(rt: Runtime, case: str, verdict: Verdict, step: Step | None = None, by: str = LI) -> None:
    with rt.sessions.begin() as session:
        review.decide(session, rt, case, verdict, by, step=step, reason=WHY)


def second_of(rt: Runtime, case: str) -> Case | None:
    with rt.sessions() as session:
        return secondlooks.waiting(session, case)


def of_kind(rt: Runtime, kind: CaseKind) -> list[Case]:
    with rt.sessions() as session:
        return list(session.scalars(select(Case).where(Case.kind == kind.value)))


def judgement(rt: Runtime, case: str) -> Judgement:
    with rt.sessions() as session:
        return session.get_one(Judgement, case)


def standing(rt: Runtime) -> list[list[tuple[object, ...]]]:
    """All that says how somebody fares."""
    with rt.sessions() as session:
        tables = (Evidence, Period, Attempt, Suspension, Visit, Message, Text)
        return [[tuple(row) for row in session.execute(select(table.__table__)).all()] for table in tables]


@pytest.mark.parametrize(("verdict", "step"), FIRST, ids=FIRST_IDS)
@pytest.mark.parametrize(("then", "then_step"), SECOND, ids=SECOND_IDS)
def test_no_second_look_changes_anything_for_anybody(
    every: Runtime, wu: Person, verdict: Verdict, step: Step | None, then: Verdict, then_step: Step | None
) -> None:
    case = spoken(every, wu)
    decide(every, case, verdict, step)
    before, second = standing(every), second_of(every, case)
    assert second is not None
    decide(every, second.id, then, then_step, by=WANG)
    assert standing(every) == before
    first, other = judgement(every, case), judgement(every, second.id)
    assert (first.part, other.part, other.other_id) == (Part.FIRST, Part.SECOND, case)
    agreed = judgements.found(first) is judgements.found(other)
    assert (first.agreed, other.agreed) == (agreed, agreed)
    both_fraud = agreed and judgements.found(first) is Found.ANOTHER
    assert len(of_kind(every, CaseKind.SUSPECTED_FRAUD)) == both_fraud
    assert len(of_kind(every, CaseKind.DISAGREED)) == (not agreed)
    assert len(journalled(every, "second look agreed" if agreed else "second look differed")) == 1
    with every.sessions() as session:
        known = confirmation.known_by_case(session, wu.id)
        assert bool(known) == (verdict is Verdict.CONFIRMED), "the first alone says what a human knew"


def test_the_second_is_never_the_first(every: Runtime, wu: Person) -> None:
    case = spoken(every, wu)
    decide(every, case, Verdict.CONFIRMED)
    second = second_of(every, case)
    assert second is not None
    with every.sessions.begin() as session:
        row = session.get_one(Case, second.id)
        with pytest.raises(NotTheSecond):
            holding.take(session, every, row, LI)
        assert holding.waiting(session, every, most=10, by=LI) == []
        assert holding.counted(session, by=LI) == {}
        assert [one.id for one in holding.waiting(session, every, most=10, by=WANG)] == [second.id]
        assert holding.counted(session, by=WANG) == {CaseKind.SECOND_LOOK: 1}
    with pytest.raises(NotTheSecond):
        decide(every, second.id, Verdict.CONFIRMED, by=LI)
    assert second_of(every, case) is not None


def test_of_several_who_have_the_second_look_one_has_it(every: Runtime, wu: Person) -> None:
    case = spoken(every, wu)
    decide(every, case, Verdict.CONFIRMED)
    second = second_of(every, case)
    assert second is not None
    names = [WANG, WEI, "周审核"]

    def look() -> str:
        try:
            decide(every, second.id, Verdict.UNSURE, by=names.pop())
        except DecidedAlready:
            return "late"
        return "done"

    assert sorted(at_once(3, look)) == ["done", "late", "late"]
    assert len(of_kind(every, CaseKind.DISAGREED)) == 1
    assert count(every, Judgement) == 2


@pytest.mark.parametrize("percent", [0, 30, 100])
def test_a_share_is_drawn_by_chance_and_written_down(rt: Runtime, wu: Person, percent: int) -> None:
    here = replace(share(rt, percent), random=Random(7))
    chance = Random(7)
    wanted = [chance.random() * 100 < percent for _ in range(12)]
    for _ in range(12):
        decide(here, spoken(here, wu), Verdict.UNSURE)
    with here.sessions() as session:
        drawn = [one.sampled for one in session.scalars(select(Judgement).order_by(Judgement.at))]
    assert sorted(map(bool, drawn)) == sorted(wanted)
    assert len(of_kind(here, CaseKind.SECOND_LOOK)) == sum(wanted)


def test_every_suspected_fraud_is_heard_twice_and_nothing_happens_before(rt: Runtime, wu: Person) -> None:
    never = share(rt, 0)
    case = spoken(never, wu)
    with pytest.raises(ReasonMissing, match="没有丢"), never.sessions.begin() as session:
        review.decide(session, never, case, Verdict.UNSURE, LI, step=Step.FRAUD, reason=" ")
    decide(never, case, Verdict.UNSURE, Step.FRAUD)
    second = second_of(never, case)
    assert second is not None and of_kind(never, CaseKind.SUSPECTED_FRAUD) == []
    assert (second.person_id, second.detail["by"]) == (wu.id, LI)
    decide(never, second.id, Verdict.UNSURE, Step.FRAUD, by=WANG)
    [fraud] = of_kind(never, CaseKind.SUSPECTED_FRAUD)
    for by, supervisor in ((LI, True), (WANG, True), (WEI, False)):
        with pytest.raises(NotBySameHuman):
            review.may_judge(fraud, by, supervisor=supervisor)
    review.may_judge(fraud, WEI, supervisor=True)
    with never.sessions() as session:
        looks = secondlooks.both(session, fraud)
    assert [(one.by, one.reason) for one in looks] == [(LI, WHY), (WANG, WHY)]


def test_where_nobody_was_heard_chance_asks_for_nothing(every: Runtime, wu: Person) -> None:
    case = spoken(every, wu, heard=False)
    decide(every, case, Verdict.UNSURE)
    assert judgement(every, case).sampled is None
    assert second_of(every, case) is None


def test_whoever_may_look_second_sees_nothing_of_the_first_until_it_was_had(every: Runtime, wu: Person) -> None:
    case = spoken(every, wu)
    decide(every, case, Verdict.CONFIRMED)
    second = second_of(every, case)
    assert second is not None and second.verdict is None
    assert "confirmed" not in str(second.detail)
    with every.sessions() as session:
        first = session.get_one(Case, case)
        seen = [secondlooks.blind(session, one, by) for one in (first, second) for by in (LI, WANG)]
        assert seen == [False, True, True, True]
    decide(every, second.id, Verdict.CONFIRMED, by=WANG)
    with every.sessions() as session:
        assert session.get_one(Case, second.id).verdict == secondlooks.JUDGED
        assert not secondlooks.blind(session, session.get_one(Case, case), WANG)


@pytest.mark.parametrize("step", [Step.CALL_BACK, Step.INVITE])
def test_nor_in_the_case_that_followed_from_it(every: Runtime, wu: Person, step: Step) -> None:
    case = spoken(every, wu)
    decide(every, case, Verdict.UNSURE, step)
    [followed] = of_kind(every, CaseKind.CALL_BACK if step is Step.CALL_BACK else CaseKind.INVITED)
    second = second_of(every, case)
    assert second is not None
    with every.sessions() as session:
        one = session.get_one(Case, followed.id)
        assert [secondlooks.blind(session, one, by) for by in (LI, WANG)] == [False, True]
    decide(every, second.id, Verdict.UNSURE, by=WANG)
    with every.sessions() as session:
        assert not secondlooks.blind(session, session.get_one(Case, followed.id), WANG)


def test_how_long_somebody_had_it_is_counted_from_when_they_took_it(rt: Runtime, wu: Person, clock: Clock) -> None:
    taken, untaken = spoken(rt, wu), spoken(rt, wu)
    with rt.sessions.begin() as session:
        holding.take(session, rt, session.get_one(Case, taken), LI)
    clock.forward(seconds=42)
    for case in (taken, untaken):
        decide(rt, case, Verdict.UNSURE)
    assert (judgement(rt, taken).seconds, judgement(rt, untaken).seconds) == (42.0, None)


def test_an_invitation_keeps_them_off_every_list_until_they_are_certified(rt: Runtime, wu: Person) -> None:
    case = spoken(rt, wu)
    for reason, refused in (("", ReasonMissing), ("吴先生太吵", ReasonPersonal)):
        with pytest.raises(refused), rt.sessions.begin() as session:
            review.decide(session, rt, case, Verdict.UNSURE, LI, step=Step.INVITE, reason=reason)
    decide(rt, case, Verdict.UNSURE, Step.INVITE)
    [invited] = of_kind(rt, CaseKind.INVITED)
    assert (invited.detail["why"], invited.person_id) == (WHY, wu.id)
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        period = certifying.current_period(session, rt, person)
        chosen = select(Person.id, Period.id).join(Period, Period.person_id == Person.id)
        chosen = chosen.where(Person.id == wu.id, Period.id == period.id)
        [one] = histories.histories(session, rt, "kunming", chosen)
        assert one.history.open_cases == 1
        assert review.close_invitations(session, rt) == 0
        certifying.record(
            session, rt, person, kind=Kind.DESK, strength=Strength.OFFICIAL, source="desk",
            ref="d", observed_at=rt.now(), detail={}, actor="clerk",
        )  # fmt: skip
        assert review.close_invitations(session, rt) == 1
    assert of_kind(rt, CaseKind.INVITED)[0].verdict == "certified"


def test_of_an_erased_person_no_judgement_is_left(every: Runtime, wu: Person) -> None:
    case = spoken(every, wu)
    decide(every, case, Verdict.UNSURE, Step.FRAUD)
    second = second_of(every, case)
    assert second is not None
    decide(every, second.id, Verdict.CONFIRMED, by=WANG)
    assert count(every, Judgement) == 2
    with every.sessions.begin() as session:
        assert forgetting.person(session, every, wu.id, "clerk") is not None
    assert (count(every, Judgement), count(every, Case)) == (0, 0)


def seeded(rt: Runtime, *, same: bool = True, region: str = "kunming") -> str:
    clip = Clip("a.wav", b"\x7f" * 12_000, ("苹果",))
    with rt.sessions.begin() as session:
        pair = Pair(same, [clip] * 3, [clip])
        return knowncases.seed(session, rt, rt.regions[region], pair, by=WEI).id


@pytest.mark.parametrize(("verdict", "step"), ALL, ids=IDS)
@pytest.mark.parametrize("same", [True, False], ids=["same", "different"])
def test_a_known_case_changes_nothing_whatever_is_said_of_it(
    every: Runtime, wu: Person, verdict: Verdict, step: Step | None, same: bool
) -> None:
    case, before = seeded(every, same=same), standing(every)
    decide(every, case, verdict, step)
    assert standing(every) == before
    one = judgement(every, case)
    assert (one.part, one.same, one.sampled, one.other_id) == (Part.KNOWN, same, None, None)
    with every.sessions() as session:
        assert [found.id for found in session.scalars(select(Case))] == [case]
        assert session.scalars(select(Case).where(knowncases.real())).all() == []
    with pytest.raises(DecidedAlready):
        decide(every, case, verdict, step, by=WANG)
