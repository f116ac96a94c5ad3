"""What is of another region, or another's, is not there; and that somebody asked for it is in the journal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from certification import papers, visits
from certification.papers import PaperKind
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import JournalEntry, PaymentList, Person, Visit, new_id
from tests.certification.suspending import MAY, journalled
from tests.certification.test_review import spoken
from tests.ops.console.browser import Browser, Hire

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
REFUSED = "page refused"


@pytest.fixture
def arrive(another: Callable[[str], Browser], hired: Hire) -> Callable[[Role], Browser]:
    """Somebody of Qingdao signs in, whose none of it is."""

    def arrived(role: Role) -> Browser:
        browser = another(f"192.0.2.{len(role)}")
        browser.signs_in(hired(f"青岛{role.value}", role, region="qingdao"))
        browser.open("/console/")
        return browser

    return arrived


def subjects(rt: Runtime) -> list[str]:
    with rt.sessions() as session:
        found = session.query(JournalEntry).where(JournalEntry.action == REFUSED).order_by(JournalEntry.seq)
        return [one.subject for one in found]


def test_people_papers_and_cases_of_another_region(arrive: Callable[[Role], Browser], rt: Runtime, wu: Person) -> None:
    case, person = spoken(rt, wu), f"person:{wu.id}"
    with rt.sessions.begin() as session:
        paper = papers.issue(session, rt, session.get_one(Person, wu.id), PaperKind.OWN, "某")
        listed = {"id": new_id(), "kind": "suspension", "region": "kunming", "month": MAY, "part": 1}
        session.add(PaymentList(**listed, proposed_by="x", proposed_at=rt.now()))
    clerk, operator, chief = (arrive(one) for one in (Role.CLERK, Role.OPERATOR, Role.SUPERVISOR))
    assert clerk.open(f"/console/people/{wu.id}").status_code == 404
    assert clerk.send(f"/console/people/{wu.id}/certify", seen="yes").status_code == 404
    assert clerk.open(f"/console/papers/{paper.id}").status_code == 404
    assert operator.open(f"/console/cases/{case}").status_code == 404
    assert operator.send(f"/console/cases/{case}/take").status_code == 404
    assert chief.open(f"/console/suspensions/{listed['id']}").status_code == 404
    assert subjects(rt) == [*[person] * 3, *[f"case:{case}"] * 2, f"payment list:{listed['id']}"]
    assert '"why":"another\'s"' in journalled(rt, REFUSED)[0]


def test_a_visit_that_was_given_to_another(arrive: Callable[[Role], Browser], rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        visit = Visit(cause="x", person_id=wu.id, state="asked", asked_by="某", asked_at=rt.now())
        session.add(visit)
        session.flush()
        visits.assign(session, rt, visit, visitor="别人", on=date(2026, 6, 1), by="某", address="某街 1 号")
        identifier = visit.id
    visitor = arrive(Role.VISITOR)
    assert visitor.open(f"/console/rounds/{identifier}").status_code == 404
    assert subjects(rt) == [f"person:{wu.id}"]


def test_what_is_nobodys_is_asked_for_without_a_word(arrive: Callable[[Role], Browser], rt: Runtime) -> None:
    assert arrive(Role.CLERK).open(f"/console/people/{new_id()}").status_code == 404
    assert subjects(rt) == []
