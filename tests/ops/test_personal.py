"""Thresholds of a person's own, where a region wants them: from calls that a human confirmed, and from strangers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy.orm import Session

from certification import cases, templates
from certification.cases import CaseKind
from certification.regions import Regions
from certification.runtime import Runtime
from certification.store import Assessment, Person, VoiceFingerprint, VoiceTemplate, new_id
from ops import jobs, personal, voices
from ops.known import Known
from ops.voices import Bench, heard, open_template
from tests.certification.conftest import Clock
from tests.ops.voices import SAME, Desk
from voiceprint.ageing import LIMITS
from voiceprint.cohort import Cohort
from voiceprint.encoder import unit
from voiceprint.personal import PRIOR_DAYS, Why

TIMES = 6
LOWERED = TIMES / (TIMES + PRIOR_DAYS)  # by this, where a person was rejected by one nat so many times


def current(session: Session, desk: Desk) -> VoiceTemplate:
    template = templates.current(session, session.get_one(Person, desk.wu.id))
    assert template is not None
    return template


@dataclass(frozen=True, slots=True)
class Town:
    """Mr Wu, enrolled, in a region whose shipped threshold is set around what the voice of SAME comes to."""

    desk: Desk
    bench: Bench
    clock: Clock

    def llr(self) -> float:
        """What SAME comes to."""
        with self.desk.rt.sessions() as session:
            template = current(session, self.desk)
        return self.bench.weigh(template, heard(SAME), self.desk.rt.regions["kunming"].voice, Known()).llr

    def rules(self, shipped: float, own: bool) -> Runtime:
        """The region's rules from now on."""
        region = self.desk.rt.regions["kunming"]
        voice = region.voice.model_copy(update={"personal": own, "impostors": 0.5, "cost": math.exp(shipped)})
        rt = replace(self.desk.rt, regions=Regions({"kunming": region.model_copy(update={"voice": voice})}, "kunming"))
        jobs.use(replace(self.bench, rt=rt))
        return rt

    def called(self, llr: float, verdict: str | None = "confirmed", purpose: str = "certify", **detail: object) -> None:
        """A call that went to a human, a week after the one before, and what the human said of it."""
        self.clock.forward(days=7)
        call = self.desk.call()
        with self.desk.rt.sessions.begin() as session:
            person = session.get_one(Person, self.desk.wu.id)
            told = {"template": current(session, self.desk).id, "llr": llr, "reasons": [], "suspicions": {}} | detail
            weighed = Assessment(
                id=new_id(),
                call_id=call,
                person_id=person.id,
                purpose=purpose,
                recordings=[],
                state="done",
                outcome="human",
                detail=told,
                asked_at=self.clock(),
            )
            session.add(weighed)
            case = cases.open_case(
                session,
                self.desk.rt,
                kind=CaseKind.VOICE_DOUBT,
                cause=weighed.id,
                person=person,
                detail={**told, "assessment": weighed.id},
            )
            if verdict is not None:
                assert cases.decide(session, self.desk.rt, case, verdict=verdict, by="operator")

    def calls(self) -> tuple[str | None, dict[str, Any]]:
        """SAME: what came of it, and its detail."""
        jobs.assess(asked := self.desk.ask(SAME))
        return self.desk.outcome(asked), dict(self.desk.assessment(asked).detail)


@pytest.fixture
def town(enrolled: Desk, bench: Bench, clock: Clock) -> Town:
    return Town(enrolled, bench, clock)


def test_whoever_was_often_rejected_and_known_is_let_down(town: Town) -> None:
    shipped = town.llr() + 0.3
    town.rules(shipped, own=True)
    for _ in range(TIMES):
        town.called(shipped - 1)
    outcome, detail = town.calls()
    assert outcome == "certified"
    assert detail["threshold"] == pytest.approx(shipped - LOWERED, abs=1e-3)
    assert detail["personal"] == {
        "why": "lowered",
        "shipped": pytest.approx(shipped, abs=1e-3),
        "calls": TIMES,
        "days": TIMES,
        "rejected": TIMES,
        "fmr": 0.0,
    }


@pytest.mark.parametrize(("own", "times"), [(False, TIMES), (True, 4)], ids=["a region without", "few calls"])
def test_else_the_shipped_threshold_holds(town: Town, own: bool, times: int) -> None:
    shipped = town.llr() + 0.3
    town.rules(shipped, own)
    for _ in range(times):
        town.called(shipped - 1)
    outcome, detail = town.calls()
    assert outcome == "human"
    assert detail["threshold"] == pytest.approx(shipped, abs=1e-3)
    assert "personal" not in detail


@pytest.mark.parametrize(
    "other",
    [
        {"verdict": None},
        {"verdict": "refused"},
        {"purpose": "confirm"},
        {"template": "another"},
        {"suspicions": {"household": {"person": "his son"}}},
        {"reasons": ["too_noisy"]},
    ],
    ids=lambda other: next(iter(other)),
)
def test_no_other_call_lowers_it(town: Town, other: dict[str, str]) -> None:
    shipped = town.llr() + 0.3
    town.rules(shipped, own=True)
    for _ in range(TIMES):
        town.called(shipped - 1, **other)
    outcome, detail = town.calls()
    assert (outcome, detail["threshold"]) == ("human", pytest.approx(shipped, abs=1e-3))


def test_calls_against_the_template_before_a_refresh_count_and_those_before_an_enrolment_do_not(
    town: Town, rt: Runtime
) -> None:
    with rt.sessions() as session:
        enrolled_on = current(session, town.desk).created_at.date()
    town.called(1.0)
    town.clock.forward(days=1)
    with rt.sessions.begin() as session:
        person, template = session.get_one(Person, town.desk.wu.id), current(session, town.desk)
        voices.refresh(session, rt, person, open_template(rt, template), "an assessment")
    town.called(2.0, verdict=None)
    with rt.sessions() as session:
        refreshed = current(session, town.desk)
        found = personal.calls(session, refreshed)
    assert [(call.llr, call.confirmed) for call in found] == [(1.0, True), (2.0, False)]
    assert [call.made for call in found] == [enrolled_on, refreshed.created_at.date()]
    town.desk.enrol(town.bench)
    with rt.sessions() as session:
        assert personal.calls(session, current(session, town.desk)) == ()


def test_a_voice_that_many_strangers_resemble_goes_to_a_human(town: Town, rt: Runtime) -> None:
    with rt.sessions() as session:
        template = current(session, town.desk)
    direction, rng = open_template(rt, template).direction, np.random.default_rng(1)
    noise = rng.standard_normal((200, len(direction))) / math.sqrt(len(direction))
    alike = [unit(direction + 0.1 * one) for one in noise[:10]]
    strangers = Cohort(np.stack([*alike, *map(unit, noise[10:])]).astype(np.float32), town.bench.comparer.encoder.name)
    among = replace(town, bench=replace(town.bench, comparer=replace(town.bench.comparer, cohort=strangers)))
    shipped = among.llr() - 0.3
    among.rules(shipped, own=False)
    assert among.calls()[0] == "certified"
    among.rules(shipped, own=True)
    with rt.sessions.begin() as session:
        session.query(VoiceFingerprint).delete()
    outcome, detail = among.calls()
    assert outcome == "human"
    assert detail["llr"] < detail["threshold"]
    assert detail["personal"]["why"] == Why.RAISED
    assert detail["suspicions"] == {}


@pytest.mark.parametrize(("own", "above"), [(True, 2.8), (False, 3.2)], ids=["lowered", "the margin is kept"])
def test_a_template_is_refreshed_by_the_shipped_threshold(town: Town, rt: Runtime, own: bool, above: float) -> None:
    shipped = town.llr() - above
    town.rules(shipped, own)
    for _ in range(TIMES):
        town.called(shipped - 1)
    town.clock.forward(days=LIMITS.days)
    outcome, detail = town.calls()
    assert outcome == "certified"
    assert detail["llr"] > detail["threshold"] + LIMITS.margin, "by its own threshold it would be"
    with rt.sessions() as session:
        assert current(session, town.desk).source.startswith("refresh") is not own
