"""What is left to do for a caller whose call is over, once: a human for who was cut off, a lost code, messages."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, exists, or_, select, update
from sqlalchemy.orm import Session

from certification import cases, certifying, codes, sharing, templates
from certification.cases import CaseKind
from certification.confirmation import CONFIRM
from certification.runtime import Runtime
from certification.store import Assessment, Call, Case, Person
from ivr.scripts.certify import CERTIFYING
from ivr.steps import DROPPED, State
from ops import notices
from ops.judging import ENROL
from ops.voices import Agreement

# The purposes of what begins with a code from the desk, and where the line remembers the result.
BY_CODE = {ENROL: "weighed_enrolment", CONFIRM: "weighed_confirmation"}
TRIED = Call.state[("known", "ready")].as_string().is_not(None)
"""Whether somebody who had said who they were went on to certify in a call, by voice or by PIN."""
TAKEN_UP = timedelta(minutes=10)  # so long somebody who was cut off may call again


def unseen(rt: Runtime) -> Select[str]:
    """The calls to see to: over, with no voice still to be weighed; a dropped one when it could have been taken up.

    However long ago they ended: nobody is forgotten while no sweep runs. A mark keeps them few (see ix_calls_unseen).
    """
    of_call = Assessment.call_id == Call.id
    too_poor = exists().where(of_call, Assessment.purpose.in_(BY_CODE), Assessment.outcome == Agreement.POOR.value)
    over = select(Call.id).where(
        Call.seen_to_at.is_(None),
        Call.ended_at.is_not(None),
        or_(Call.outcome != DROPPED, Call.ended_at < rt.now() - TAKEN_UP, too_poor),
        ~exists().where(of_call, Assessment.state == "pending"),
    )
    return over.order_by(Call.ended_at)


def see_to(session: Session, rt: Runtime, identifier: str) -> bool:
    """Do what is left to do for this caller, once, whoever else does. True when it was done here."""
    call = session.get_one(Call, identifier)
    lost = _lost_enrolment(session, call)
    if lost is None and call.outcome == DROPPED and call.ended_at and call.ended_at >= rt.now() - TAKEN_UP:
        return False
    unseen = update(Call).where(Call.id == call.id, Call.seen_to_at.is_(None))
    if session.scalar(unseen.values(seen_to_at=rt.now()).returning(Call.id)) is None:
        return False
    if lost is not None:
        _end_enrolment(session, rt, call, lost)
    elif call.outcome == DROPPED and (person := _cut_off(session, rt, call)) is not None:
        _open_case(session, rt, CaseKind.DROPPED, person, call)
        notices.tell_dropped(session, rt, call, person)
    notices.send_receipt(session, rt, call)
    notices.send_answer(session, rt, call)
    sharing.see_to(session, rt, call, TRIED)  # last: its case is about a telephone, and is no human's for the caller
    return True


def _lost_enrolment(session: Session, call: Call) -> Assessment | None:
    """The call's last voice for or against a template by a code, too poor, and the caller had not waited to hear so."""
    asked = select(Assessment).where(Assessment.call_id == call.id, Assessment.purpose.in_(BY_CODE))
    last = session.scalars(asked.order_by(Assessment.asked_at.desc()).limit(1)).first()
    if last is None or last.outcome != Agreement.POOR.value:
        return None
    state = State.kept(call.state)
    weighed = BY_CODE[last.purpose]
    heard = state.fact(weighed, "assessment") == last.id and state.fact(weighed) != "late"
    return None if heard else last


def _end_enrolment(session: Session, rt: Runtime, call: Call, lost: Assessment) -> None:
    """Make the code good again, as the line does while the call lasts, and have a human help."""
    codes.give_back(session, rt, str(State.kept(call.state).fact("use_code", "code")))
    person = session.get_one(Person, lost.person_id)
    template = templates.current(session, person)
    since = [] if template is None else [template.created_at, template.confirmed_at]
    if _a_human_has_it(session, call) or any(at > lost.asked_at for at in since if at is not None):
        return
    _open_case(session, rt, CaseKind.ENROLMENT_UNFINISHED, person, call)


def _cut_off(session: Session, rt: Runtime, call: Call) -> Person | None:
    """Whoever was cut off on the way to a certification, has not called again, and whom no human sees to yet."""
    if call.person_id is None or call.state.get("step") not in CERTIFYING or _a_human_has_it(session, call):
        return None
    again = select(Call.id).where(Call.person_id == call.person_id, Call.started_at > call.started_at)
    person = session.get_one(Person, call.person_id)
    if session.scalars(again.limit(1)).first() is not None or certifying.status(session, rt, person).closed:
        return None
    return person


def _a_human_has_it(session: Session, call: Call) -> bool:
    return session.scalars(select(Case.id).where(Case.call_id == call.id).limit(1)).first() is not None


def _open_case(session: Session, rt: Runtime, kind: CaseKind, person: Person, call: Call) -> None:
    detail = {"step": call.state.get("step"), "dialect": call.state.get("dialect")}
    cases.open_case(
        session, rt, kind=kind, cause=f"{kind}:{call.id}", person=person, call=call, detail=detail, actor="schedule"
    )
