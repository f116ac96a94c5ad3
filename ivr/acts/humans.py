"""Where a human comes in: the operator's line, and cases for what the machine must not decide or has promised."""

from __future__ import annotations

from certification import people, templates
from certification.cases import CaseKind, open_case
from certification.regions import operator_open
from ivr.acts.at import Act, At, act, found
from ivr.steps import Facts


@act("open", "closed")
def operator(at: At) -> Facts:
    """The region's operator, in their hours."""
    region = at.region
    return found("open" if operator_open(region, at.rt.now()) else "closed", number=region.operator.number)


@act("noted", "unreachable")
def call_back(at: At) -> Facts:
    """Have the caller called, when there is a number to call."""
    return _open(at, CaseKind.CALL_BACK, at.call.id, "noted") if _reachable(at) else found("unreachable")


@act("opened")
def limit_reached(at: At) -> Facts:
    """Have a human look at somebody whose voice failed too often."""
    return _open(at, CaseKind.LIMIT_REACHED, at.call.id)


@act("opened")
def not_understood(at: At) -> Facts:
    """Have a human help somebody whose words could not be understood."""
    return _open(at, CaseKind.NOT_UNDERSTOOD, at.call.id)


@act("opened")
def needs_more(at: At) -> Facts:
    """Have a human ask for the stronger evidence that the period needs."""
    return _open(at, CaseKind.NEEDS_MORE, at.call.id)


@act("opened")
def not_enrolled(at: At) -> Facts:
    """Have a human help somebody whose enrolment came to nothing."""
    return _open(at, CaseKind.ENROLMENT_UNFINISHED, at.call.id)


@act("opened")
def no_way(at: At) -> Facts:
    """Have a human help somebody who has no PIN, and could not go on by voice."""
    enrolled = templates.current(at.session, at.person) is not None
    return _open(at, CaseKind.NO_PIN if enrolled else CaseKind.NO_TEMPLATE, at.call.id)


@act("noted", "unreachable")
def promise(at: At) -> Facts:
    """Note the promise to call about a result that was not there in time; nobody is promised what cannot be kept."""
    late = next(
        name for name in ("weighed", "weighed_enrolment", "weighed_confirmation") if at.state.fact(name) == "late"
    )
    result = "noted" if _reachable(at) else "unreachable"
    return _open(at, CaseKind.PROMISED_RESULT, str(at.state.fact(late, "assessment")), result)


def _reachable(at: At) -> bool:
    return at.number is not None or (at.caller is not None and people.has_phone(at.session, at.caller))


def _open(at: At, kind: CaseKind, cause: str, result: str = "opened") -> Facts:
    detail = {"dialect": at.state.dialect}
    open_case(at.session, at.rt, kind=kind, cause=f"{kind}:{cause}", person=at.caller, call=at.call, detail=detail)
    return found(result)


ACTS: tuple[Act, ...] = (operator, call_back, limit_reached, not_understood, needs_more, not_enrolled, no_way, promise)
