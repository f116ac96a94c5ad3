"""A verdict taken back beside second looks, figures, known cases, and templates that it confirmed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from certification import cases, confirmation, knowncases, operators, secondlooks, templates
from certification.cases import CaseKind
from certification.knowncases import Clip, Pair
from certification.review import NotBySameHuman, Step, Verdict
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Case, Person, VoiceTemplate
from certification.takingback import SecondJudged
from certification.withdrawing import UNDONE
from tests.certification.conftest import Clock
from tests.certification.suspending import supervisor
from tests.certification.test_review import case_of, spoken
from tests.certification.test_takingback import LI, WANG, WEI, beside, closed, decide, once, row, share, take_back
from tests.certification.together import at_once

__all__ = ["once"]


def test_once_a_second_human_judged_it_it_stands(rt: Runtime, wu: Person) -> None:
    every, case = share(rt, 100), spoken(rt, wu)
    decide(every, case, Verdict.CONFIRMED)
    with every.sessions() as session:
        second = secondlooks.waiting(session, case)
    assert second is not None
    decide(every, second.id, Verdict.CONFIRMED, by=WANG)
    for one, by, supervising in (
        (case, LI, False),
        (case, WEI, True),
        (second.id, WANG, False),
        (second.id, WEI, True),
    ):
        with pytest.raises(SecondJudged):
            take_back(every, one, by, supervisor=supervising)
    assert closed(every, wu)


def test_a_second_look_not_had_yet_is_called_off_and_asked_for_again(rt: Runtime, wu: Person) -> None:
    every, case = share(rt, 100), spoken(rt, wu)
    decide(every, case, Verdict.CONFIRMED)
    assert take_back(every, case)
    assert beside(every, case) == [UNDONE]
    decide(share(rt, 0), case, Verdict.UNSURE)
    assert beside(every, case) == [UNDONE, None], "nobody comes round it by taking back"


def test_the_second_look_and_the_taking_back_race_and_one_stands(rt: Runtime, wu: Person) -> None:
    every, case = share(rt, 100), spoken(rt, wu)
    decide(every, case, Verdict.CONFIRMED)
    with every.sessions() as session:
        second = secondlooks.waiting(session, case)
    assert second is not None
    acts: list[Callable[[], object]] = [
        lambda: take_back(every, case),
        lambda: decide(every, second.id, Verdict.UNSURE, by=WANG),
    ]

    def attempt() -> str:
        try:
            acts.pop()()
        except (SecondJudged, cases.DecidedAlready) as refused:
            return type(refused).__name__
        return "done"

    assert sorted(at_once(2, attempt), key=len)[0] == "done"
    verdict = case_of(every, second.id).verdict
    assert (verdict, closed(every, wu)) in ((UNDONE, False), (secondlooks.JUDGED, True))


def test_it_counts_in_no_figure(once: Runtime, wu: Person, clock: Clock) -> None:
    with once.sessions.begin() as session:
        supervisor(session, once, LI, Role.OPERATOR)
    case, since = spoken(once, wu), once.now() - timedelta(days=1)

    def decided() -> list[int]:
        with once.sessions() as session:
            return [one.decided for one in operators.summaries(session, since, viewer=WEI)]

    decide(once, case, Verdict.CONFIRMED)
    assert decided() == [1]
    clock.forward(minutes=1)
    assert take_back(once, case) and decided() == []
    decide(once, case, Verdict.UNSURE)
    assert decided() == [1]


def test_a_known_case_is_taken_back_as_any_other(once: Runtime) -> None:
    clip = Clip("a.wav", b"\x7f" * 12_000, ("苹果",))
    pair = Pair(False, [clip] * 3, [clip])
    with once.sessions.begin() as session:
        case = knowncases.seed(session, once, once.regions["kunming"], pair, by="admin").id
    decide(once, case, Verdict.CONFIRMED)
    assert take_back(once, case)
    assert case_of(once, case).verdict is None and row(once).person_id is None
    decide(once, case, Verdict.UNSURE)


def test_a_template_made_from_the_confirmed_one_waits_for_a_confirmation_too(once: Runtime, wu: Person) -> None:
    case = spoken(once, wu, CaseKind.UNCONFIRMED)
    decide(once, case, Verdict.CONFIRMED)
    with once.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        before = templates.current(session, person)
        assert before is not None
        detail = {"before": before.id}
        row = {"template_id": "a" * 32, "encoder": "e", "sealed": b"s", "utterances": 1, "source": "refresh x"}
        templates.keep(session, once, person, detail=detail, confirmed_at=once.now(), **row)  # type: ignore[arg-type]
    assert take_back(once, case)
    with once.sessions() as session:
        assert [one.confirmed_at for one in session.scalars(select(VoiceTemplate))] == [None, None]


def test_what_a_call_had_confirmed_stays_so(once: Runtime, wu: Person) -> None:
    case = spoken(once, wu, CaseKind.UNCONFIRMED)
    with once.sessions.begin() as session:
        person, template = session.get_one(Person, wu.id), session.scalars(select(VoiceTemplate.id)).one()
        assert confirmation.confirm(session, once, person, template, by="worker", rests_on="call x")
    decide(once, case, Verdict.CONFIRMED)
    assert take_back(once, case)
    with once.sessions() as session:
        assert session.scalars(select(VoiceTemplate)).one().confirmed_at is not None


def test_what_two_found_is_for_a_supervisor_who_is_neither(rt: Runtime, wu: Person) -> None:
    every, case = share(rt, 100), spoken(rt, wu)
    decide(every, case, Verdict.UNSURE, Step.FRAUD)
    with every.sessions() as session:
        second = secondlooks.waiting(session, case)
    assert second is not None
    decide(every, second.id, Verdict.UNSURE, Step.FRAUD, by=WANG)
    with every.sessions.begin() as session:
        fraud = session.scalars(select(Case).where(Case.kind == CaseKind.SUSPECTED_FRAUD.value)).one()
        assert cases.decide(session, every, fraud, verdict="没有冒充", by=WEI)
    for by in (LI, WANG):
        with pytest.raises(NotBySameHuman):
            take_back(every, fraud.id, by, supervisor=True)
    assert take_back(every, fraud.id, "贺主管", supervisor=True)


def test_what_the_first_put_on_record_stands_when_a_supervisor_takes_theirs_back(rt: Runtime, wu: Person) -> None:
    every, case = share(rt, 100), spoken(rt, wu)
    decide(every, case, Verdict.CONFIRMED)
    with every.sessions() as session:
        second = secondlooks.waiting(session, case)
    assert second is not None
    decide(every, second.id, Verdict.UNSURE, by=WANG)
    with every.sessions.begin() as session:
        asked = session.scalars(select(Case).where(Case.kind == CaseKind.DISAGREED.value)).one()
        assert cases.decide(session, every, asked, verdict="同一个人", by=WEI)
        asked_id = asked.id
    assert closed(every, wu) and take_back(every, asked_id, WEI, supervisor=True)
    assert closed(every, wu) and row(every).evidence_id is None


@pytest.mark.parametrize("by", [LI, WEI])
def test_who_gave_or_took_back_a_verdict_has_no_second_look_at_it(rt: Runtime, wu: Person, by: str) -> None:
    every, case = share(rt, 100), spoken(rt, wu)
    decide(every, case, Verdict.UNSURE)
    assert take_back(every, case, by, supervisor=by == WEI)
    decide(every, case, Verdict.CONFIRMED, by=WANG)
    with every.sessions() as session:
        second = secondlooks.waiting(session, case)
        assert second is not None
        mine = select(Case.id).where(Case.id == second.id)
        seen = {who for who in (LI, WANG, WEI, "钱审核") if session.scalars(mine.where(secondlooks.open_to(who))).all()}
    assert seen == {WEI, "钱审核"} - {by}
    for who in {LI, by}:
        with pytest.raises(secondlooks.NotTheSecond):
            decide(every, second.id, Verdict.UNSURE, by=who)
    decide(every, second.id, Verdict.UNSURE, by="钱审核")
    with every.sessions() as session:
        asked = session.scalars(select(Case).where(Case.kind == CaseKind.DISAGREED.value)).one()
        assert secondlooks.looked(asked) == {LI, WANG, "钱审核", by}
