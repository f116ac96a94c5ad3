"""A template made at the desk is confirmed once, by a call or by a human who knows who spoke."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import cases, codes, confirmation, consent, templates
from certification.cases import CaseKind
from certification.confirmation import CaseConfirmsNothing, NothingToConfirm
from certification.runtime import Runtime
from certification.store import Case, EnrolmentCode, JournalEntry, Person, VoiceTemplate, new_id
from tests.certification.conftest import Clock
from tests.certification.together import at_once


def keep(session: Session, rt: Runtime, person: Person) -> VoiceTemplate:
    """A template from files that the person agreed to."""
    if not consent.given(session, person):
        consent.record(session, rt, person, text="同意", how="desk", by="clerk")
    return templates.keep(
        session, rt, person, template_id=new_id(), encoder="e", sealed=b"sealed", utterances=3, source="files"
    )


def fitted(session: Session, rt: Runtime, person: Person, template: VoiceTemplate) -> Case:
    """The case of a call whose voice fitted this template."""
    cause, detail = f"unconfirmed:{new_id()}", {"template": template.id}
    return cases.open_case(session, rt, kind=CaseKind.UNCONFIRMED, cause=cause, person=person, detail=detail)


def journalled(session: Session, action: str) -> int:
    session.commit()
    return session.scalars(select(func.count()).where(JournalEntry.action == action)).one()


def test_a_template_from_files_is_confirmed_once(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions() as session:
        template = keep(session, rt, wu)
        assert confirmation.awaited(session, wu) is template
        clock.forward(minutes=5)
        seen = rt.now()
        for _ in range(2):
            assert confirmation.confirm(session, rt, wu, template.id, by="worker", rests_on="assessment 1")
            clock.forward(minutes=5)
        session.refresh(template)
        assert template.confirmed_at == seen
        assert confirmation.awaited(session, wu) is None
        assert journalled(session, "voice template confirmed") == 1


def test_what_is_not_in_use_or_not_agreed_to_awaits_nothing(rt: Runtime, wu: Person) -> None:
    with rt.sessions() as session:
        assert confirmation.awaited(session, wu) is None
        older, newer = keep(session, rt, wu), keep(session, rt, wu)
        assert not confirmation.confirm(session, rt, wu, older.id, by="worker", rests_on="assessment 1")
        assert confirmation.awaited(session, wu) is newer
        session.refresh(older)
        assert older.confirmed_at is None
        consent.withdraw(session, rt, wu, by="clerk")
        assert confirmation.awaited(session, wu) is None


def test_a_human_confirms_by_a_case_in_which_the_voice_fitted_and_closes_it(rt: Runtime, wu: Person) -> None:
    with rt.sessions() as session:
        template = keep(session, rt, wu)
        case = fitted(session, rt, wu, template)
        assert confirmation.confirm_by_case(session, rt, case.id, "operator").confirmed_at == rt.now()
        session.refresh(case)
        assert (case.state, case.verdict, case.taken_by, case.decided_at) == (
            "decided",
            "confirmed",
            "operator",
            rt.now(),
        )
        with pytest.raises(CaseConfirmsNothing):
            confirmation.confirm_by_case(session, rt, case.id, "another")
        assert journalled(session, "case decided") == 1


@pytest.mark.parametrize("kind", [CaseKind.VOICE_DOUBT, CaseKind.CONFIRMATION_DIFFERS])
def test_no_other_case_confirms_anything(rt: Runtime, wu: Person, kind: CaseKind) -> None:
    with rt.sessions() as session:
        template = keep(session, rt, wu)
        detail = {"template": template.id}
        case = cases.open_case(session, rt, kind=kind, cause="1", person=wu, detail=detail)
        for unknown in (case.id, new_id()):
            with pytest.raises(CaseConfirmsNothing):
                confirmation.confirm_by_case(session, rt, unknown, "operator")
        assert confirmation.awaited(session, wu) is template


@pytest.mark.parametrize("since", ["enrolled again", "consent taken back"])
def test_a_case_of_a_template_that_no_call_is_held_against_stays_open(rt: Runtime, wu: Person, since: str) -> None:
    with rt.sessions.begin() as session:
        case = fitted(session, rt, wu, keep(session, rt, wu))
        if since == "enrolled again":
            keep(session, rt, wu)
        else:
            consent.withdraw(session, rt, wu, by="clerk")
    with pytest.raises(NothingToConfirm), rt.sessions.begin() as session:
        confirmation.confirm_by_case(session, rt, case.id, "operator")
    with rt.sessions() as session:
        assert session.get_one(Case, case.id).state == "open"
        assert session.scalars(select(VoiceTemplate).where(VoiceTemplate.confirmed_at.is_not(None))).first() is None


def test_operators_at_once_decide_a_case_once(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        case = fitted(session, rt, wu, keep(session, rt, wu))

    def decide() -> bool:
        with rt.sessions.begin() as session:
            return cases.decide(session, rt, session.get_one(Case, case.id), verdict="confirmed", by="operator")

    assert sorted(at_once(3, decide)) == [False, False, True]


def test_a_code_names_the_template_that_it_confirms_and_goes_with_it(rt: Runtime, wu: Person) -> None:
    with rt.sessions() as session:
        template = keep(session, rt, wu)
        confirms = codes.find(session, rt, codes.issue(session, rt, wu, "clerk", confirms=template))
        assert confirms is not None
        assert confirms.template_id == template.id
        enrols = codes.find(session, rt, codes.issue(session, rt, wu, "clerk"))
        assert enrols is not None
        assert enrols.template_id is None
        session.delete(template)
        session.flush()
        assert session.scalars(select(EnrolmentCode.id)).all() == [enrols.id]
