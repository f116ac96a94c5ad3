"""What a human says of a voice: once, certifying where it was the person, and counting nothing against anybody."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from certification import cases, certifying, consent, limits, people, review
from certification.cases import CaseKind, DecidedAlready
from certification.confirmation import NothingToConfirm
from certification.errors import Problem
from certification.evidence import Kind, Strength
from certification.review import NoVoiceCase, NoVoiceToConfirm, Verdict
from certification.runtime import Runtime
from certification.store import Assessment, Attempt, Call, Case, Evidence, Person, VoiceTemplate, new_id
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.test_confirmation import keep
from tests.certification.together import at_once


def spoken(
    rt: Runtime,
    wu: Person,
    kind: CaseKind = CaseKind.VOICE_DOUBT,
    *,
    purpose: str = "certify",
    heard: bool = True,
    weighed: bool = True,
) -> str:
    """The case of a call by somebody with a template whose voice was weighed; without `heard`, there was none."""
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        template = keep(session, rt, person)
        call = Call(sid=new_id(), started_at=rt.now(), touched_at=rt.now(), state={}, person_id=wu.id)
        session.add(call)
        session.flush()
        asked = Assessment(id=new_id(), call_id=call.id, person_id=wu.id, purpose=purpose, recordings=[], state="done")
        asked.asked_at, asked.outcome = rt.now(), "human"
        asked.detail = {review.WEIGHED: 1.5} if weighed else {"problem": "no_template"}
        session.add(asked)
        limits.failed(session, rt, person, reason="voice_doubt", ref=asked.id)
        detail = {"template": template.id} | ({"assessment": asked.id} if heard else {})
        return cases.open_case(
            session, rt, kind=kind, cause=f"{kind}:{asked.id}", person=person, call=call, detail=detail
        ).id


def decide(rt: Runtime, case: str, verdict: Verdict, by: str = "operator") -> certifying.Recorded | None:
    with rt.sessions.begin() as session:
        return review.decide(session, rt, case, verdict, by)


def evidence(rt: Runtime) -> list[Evidence]:
    with rt.sessions() as session:
        return list(session.scalars(select(Evidence)))


def case_of(rt: Runtime, identifier: str) -> Case:
    with rt.sessions() as session:
        return session.get_one(Case, identifier)


@pytest.mark.parametrize("kind", review.KINDS)
def test_confirmed_the_call_is_evidence_from_when_the_words_were_said(
    rt: Runtime, wu: Person, clock: Clock, kind: str
) -> None:
    said_at, case = rt.now(), spoken(rt, wu, CaseKind(kind))
    clock.forward(hours=3)
    recorded = decide(rt, case, Verdict.CONFIRMED)
    assert recorded is not None and recorded.closed
    [one] = evidence(rt)
    assert (one.kind, one.strength, one.source) == (Kind.VOICE, Strength.LIVE, review.SOURCE)
    assert (one.observed_at, one.ref) == (said_at, case_of(rt, case).detail["assessment"])
    assert (case_of(rt, case).verdict, case_of(rt, case).taken_by) == ("confirmed", "operator")
    with rt.sessions() as session:
        [template] = session.scalars(select(VoiceTemplate))
        assert (template.confirmed_at is not None) == (kind == CaseKind.UNCONFIRMED)


def test_unsure_nothing_certifies_and_nothing_is_counted(rt: Runtime, wu: Person) -> None:
    case = spoken(rt, wu)
    assert decide(rt, case, Verdict.UNSURE) is None
    assert (evidence(rt), case_of(rt, case).verdict) == ([], "unsure")
    with rt.sessions() as session:
        assert len(session.scalars(select(Attempt)).all()) == 1, "as it was"
        assert cases.waiting(session, most=10) == []


def test_an_answer_is_given_once_whoever_else_gives_one(rt: Runtime, wu: Person) -> None:
    case = spoken(rt, wu)

    def answer() -> str:
        try:
            return "certified" if decide(rt, case, Verdict.CONFIRMED) else "unsure"
        except DecidedAlready:
            return "decided"

    assert sorted(at_once(3, answer)) == ["certified", "decided", "decided"]
    with pytest.raises(DecidedAlready, match=r"operator.*confirmed"):
        decide(rt, case, Verdict.UNSURE, by="another")
    assert len(evidence(rt)) == 1


@pytest.mark.parametrize("why", ["nothing heard", "not weighed", "to enrol", "another's", "consent taken back"])
def test_no_voice_is_confirmed_that_was_not_weighed_to_certify_and_agreed_to(rt: Runtime, wu: Person, why: str) -> None:
    purpose = "enrol" if why == "to enrol" else "certify"
    case = spoken(rt, wu, purpose=purpose, heard=why != "nothing heard", weighed=why != "not weighed")
    if why == "consent taken back":
        with rt.sessions.begin() as session:
            consent.withdraw(session, rt, session.get_one(Person, wu.id), by="clerk")
    if why == "another's":
        with rt.sessions.begin() as session:
            number = resident_number("530102", 1951, 5, 15)
            other = people.add(session, rt, id_number=number, name="李", region="kunming")
            session.execute(update(Assessment).values(person_id=other.id))
    with pytest.raises(NoVoiceToConfirm, match="--verdict unsure"):
        decide(rt, case, Verdict.CONFIRMED)
    assert (case_of(rt, case).state, evidence(rt)) == ("open", [])
    assert decide(rt, case, Verdict.UNSURE) is None


def test_a_template_that_is_not_in_use_any_more_certifies_nothing(rt: Runtime, wu: Person) -> None:
    case = spoken(rt, wu, CaseKind.UNCONFIRMED)
    with rt.sessions.begin() as session:
        keep(session, rt, session.get_one(Person, wu.id))
    with pytest.raises(NothingToConfirm):
        decide(rt, case, Verdict.CONFIRMED)
    assert (case_of(rt, case).state, evidence(rt)) == ("open", [])


@pytest.mark.parametrize("verdict", list(Verdict))
def test_other_cases_are_not_decided_here(rt: Runtime, wu: Person, verdict: Verdict) -> None:
    other = spoken(rt, wu, CaseKind.ENROLMENT_DIFFERS)
    for case in (other, new_id()):
        with pytest.raises(NoVoiceCase) as refused:
            decide(rt, case, verdict)
        assert isinstance(refused.value, Problem) and "cases list" in str(refused.value)
    assert case_of(rt, other).state == "open"
