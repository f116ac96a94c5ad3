"""How somebody certified or tried to before, and who said what of it."""

from __future__ import annotations

import pytest

from certification import certifying, earlier, review
from certification.cases import CaseKind
from certification.earlier import MOST, Came, Earlier
from certification.evidence import Kind, Strength
from certification.review import Verdict
from certification.runtime import Runtime
from certification.store import Assessment, Case, Person
from tests.certification.conftest import Clock
from tests.certification.test_review import decide, spoken


def before(rt: Runtime, wu: Person, but: str | None = None) -> list[Earlier]:
    with rt.sessions() as session:
        return earlier.of(session, session.get_one(Person, wu.id), but=but)


def seen(rt: Runtime, wu: Person, ref: str, by: str = "王经办") -> str:
    with rt.sessions.begin() as session:
        kind = {"kind": Kind.DESK, "strength": Strength.OFFICIAL, "source": "clerk"}
        who = session.get_one(Person, wu.id)
        made = certifying.record(session, rt, who, ref=ref, observed_at=rt.now(), actor=by, **kind)  # type: ignore[arg-type]
        return made.evidence.receipt


def test_a_human_word_counts_before_the_machine(rt: Runtime, wu: Person, clock: Clock) -> None:
    told = []
    for verdict in (Verdict.CONFIRMED, Verdict.UNSURE, None):
        case = spoken(rt, wu)
        if verdict is not None:
            recorded = decide(rt, case, verdict, by="李审核")
            told.append((case, recorded and recorded.evidence.receipt))
        clock.forward(days=1)
    waiting, unsure, confirmed = before(rt, wu)
    assert (waiting.came, waiting.by, waiting.receipt) == (Came.WAITING, None, None)
    assert (unsure.came, unsure.by, unsure.case, unsure.receipt) == (Came.UNSURE, "李审核", told[1][0], None)
    assert (confirmed.came, confirmed.by) == (Came.CONFIRMED, "李审核")
    assert (confirmed.case, confirmed.receipt) == told[0], "once, and not again as evidence"


def test_what_was_recorded_otherwise_names_who_did(rt: Runtime, wu: Person, clock: Clock) -> None:
    first = seen(rt, wu, "1")
    clock.forward(days=1)
    second = seen(rt, wu, "2", by="schedule")
    newest, oldest = before(rt, wu)
    assert (newest.kind, newest.came, newest.by, newest.receipt) == (Kind.DESK, Came.CERTIFIED, "schedule", second)
    assert (oldest.by, oldest.receipt) == ("王经办", first)


@pytest.mark.parametrize(
    ("outcome", "came", "by"),
    [
        ("certified", Came.CERTIFIED, "worker"),
        ("again", Came.AGAIN, "worker"),
        ("recorded", Came.OTHERWISE, "worker"),
        ("human", Came.WAITING, None),
        (None, Came.WAITING, None),
    ],
)
def test_what_the_machine_said_alone(rt: Runtime, wu: Person, outcome: str | None, came: Came, by: str | None) -> None:
    case = spoken(rt, wu)
    with rt.sessions.begin() as session:
        one = session.get_one(Case, case)
        session.get_one(Assessment, one.detail["assessment"]).outcome = outcome
        one.detail = {}
    [found] = before(rt, wu)
    assert (found.kind, found.came, found.by, found.case) == (Kind.VOICE, came, by, None)


def test_the_call_that_is_looked_at_is_not_earlier(rt: Runtime, wu: Person) -> None:
    case = spoken(rt, wu)
    with rt.sessions() as session:
        mine = session.get_one(Case, case).detail["assessment"]
    assert len(before(rt, wu)) == 1
    decide(rt, case, review.Verdict.CONFIRMED)
    assert before(rt, wu, mine) == [], "nor is the evidence that came of it"


def test_calls_that_enrol_are_no_tries(rt: Runtime, wu: Person) -> None:
    spoken(rt, wu, CaseKind.ENROLMENT_DIFFERS, purpose="enrol")
    assert before(rt, wu) == []


def test_the_last_ones_are_shown(rt: Runtime, wu: Person, clock: Clock) -> None:
    for n in range(MOST + 3):
        seen(rt, wu, str(n))
        clock.forward(days=1)
    found = before(rt, wu)
    assert len(found) == MOST
    assert found == sorted(found, key=lambda one: one.at, reverse=True)
