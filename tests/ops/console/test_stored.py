"""What somebody wrote is shown as it was written: on no page is it markup, and in no file is it a formula."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from functools import reduce
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute, Session
from werkzeug.test import TestResponse

from certification import agents, certifying, helpers, journal, seals, staff
from certification.agents import AgentKind
from certification.helpers import Relation
from certification.reports import making
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import (
    Agent,
    Appointment,
    Campaign,
    ComparisonRun,
    Errand,
    Paper,
    PaymentList,
    Person,
    PromptVersion,
    TakenBack,
    Visit,
)
from tests.certification.conftest import Clock
from tests.certification.reported import MONTHS
from tests.ops.console.browser import HERE, Browser, Hire
from tests.ops.console.test_every_page import identifier, things
from tests.ops.console.test_matrix import MATRIX, STRANGERS

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
COLUMNS: tuple[InstrumentedAttribute[str] | InstrumentedAttribute[str | None], ...] = (
    Agent.name,
    Appointment.office,
    Campaign.planned_by,
    ComparisonRun.started_by,
    ComparisonRun.why,
    Errand.asked_by,
    Errand.zh,
    Paper.issued_by,
    Paper.decided_by,
    Paper.reason,
    Paper.stamp,
    PaymentList.proposed_by,
    PromptVersion.made_by,
    PromptVersion.sentence,
    TakenBack.by,
    TakenBack.why,
)
"""What people write, in the clear, besides what `written` seals."""
SEALED = ("person", "helper", "address", "actor", "subject", "fact", "account", "closed", "visitor")
ASKED = {
    "/console/journal": ("?actor=x", "?subject=person:<person_id>"),
    "/console/appointments": ("?day=<day>&region=nanjing",),
}
"""What a page shows only when it is asked so."""
NOTHING = ("agreement.svg", "rejected.", "journal/file.")
"""Not there: no sample was taken, no line rejected; and a supervisor names whose journal they want."""
RAW = ("<script>alert", 'HYPERLINK("x")', "</script>\"'")


def words(of: str) -> str:
    """What nobody should write."""
    return f'=HYPERLINK("x")<script>alert(`{of}`)</script>"\''


def named(column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]) -> str:
    return f"{column.class_.__name__}.{column.key}"


def more(session: Session, rt: Runtime, case: str, person: Person) -> None:
    """What the town has none of."""
    said = {"by": "x", "at": rt.now(), "why": "x", "tell": False, "said": {"verdict": "unsure", "by": words("said")}}
    session.add(TakenBack(case_id=case, person_id=person.id, **said))
    made = {"dialect": "mandarin", "name": "greeting", "source": b"", "audio": b"", "starts_s": 0, "ends_s": 1}
    version = {"number": 1, "sentence": "x", "made_by": "x", "made_at": rt.now(), "published_at": rt.now()}
    session.add(PromptVersion(**made, **version))
    session.flush()


def written(session: Session, rt: Runtime, known: dict[str, str]) -> None:
    """Have it everywhere."""
    person = session.get_one(Person, known["person_id"])
    more(session, rt, known["case_id"], person)
    for column in COLUMNS:
        session.execute(update(column.class_).values({column.key: words(named(column))}))
    session.execute(update(Visit).where(Visit.visitor.is_not(None)).values(visitor=words("visitor")))
    session.execute(update(Errand).values(state="refused"))
    session.execute(update(ComparisonRun).values(state="undone", undone_by="x", undone_at=rt.now()))
    session.execute(update(Paper).values(decided_at=rt.now(), issued_at=rt.now()))
    known["day"] = certifying.day_of(session.scalars(select(Appointment.at)).first() or rt.now()).isoformat()
    for one in session.scalars(select(Person)):
        one.name_sealed = rt.keys.seal(words("person").encode(), seals.name(one.id))
    visit = session.get_one(Visit, known["visit_id"])
    visit.address_sealed = rt.keys.seal(words("address").encode(), seals.address(visit.id, visit.person_id))
    friend = {"name": words("helper"), "phone": "13888000077", "relation": Relation.NEIGHBOUR}
    helpers.declare(session, rt, person, **friend, by="clerk")  # type: ignore[arg-type] # of three kinds
    for actor, subject in ((words("actor"), f"person:{person.id}"), ("x", words("subject"))):
        journal.write(session, rt.now(), actor, "people listed", subject, filter=words("fact"))


def addresses(role: Role, known: dict[str, str]) -> Iterator[str]:
    """What somebody of this role may get, but streams and what is of nothing there is."""
    for (method, path), roles in MATRIX.items():
        if method != "GET" or roles == STRANGERS or role not in roles or path.endswith(("events", "/photo")):
            continue
        kinds = ("csv", "xlsx") if "<kind>" in path else ("",)
        for one in [path.replace("<kind>", kind) for kind in kinds] + [path + query for query in ASKED.get(path, ())]:
            found = reduce(lambda so_far, part: so_far.replace(f"<{part[0]}>", part[1]), known.items(), one)
            if "<" not in found:
                yield found


def formulas(answer: TestResponse, path: str) -> list[str]:
    """Cells of a file that a spreadsheet works out."""
    if path.endswith(".csv"):
        rows = csv.reader(StringIO(answer.get_data().decode("utf-8-sig"), newline=""))
        return [cell for row in rows for cell in row if cell.startswith("=")]
    sheet = load_workbook(BytesIO(answer.get_data())).active
    assert sheet is not None
    return [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_nothing_that_was_written_is_markup_or_a_formula(
    another: Callable[[str], Browser], rt: Runtime, clock: Clock, hired: Hire, tmp_path: Path
) -> None:
    known, resident = things(rt, clock, tmp_path)
    making.make(rt, "x", MONTHS)
    with rt.sessions.begin() as session:
        agent = agents.add(session, rt, name="x", kind=AgentKind.EMPLOYER, region=resident.region, by="cli")
        agents.assign(session, rt, agent, session.get_one(Person, resident.id), "cli")
    team = {
        role: hired(
            words("visitor") if role is Role.VISITOR else words("account") + role.value[:3],
            role,
            agent=agent if role is Role.AGENT else None,
        )
        for role in Role
    }
    gone = hired(words("closed"), Role.CLERK)
    with rt.sessions.begin() as session:
        staff.close(session, rt, gone.name, "x")
        written(session, rt, known)
    known |= {"agent_id": agent.id, "staff_id": identifier(rt, team[Role.OPERATOR])}
    wrong, seen, files = list[str](), set[str](), 0
    for role, account in team.items():
        browser = another(f"192.0.2.{len(role.value)}")
        browser.signs_in(account)
        for path in addresses(role, known):
            answer = browser.client.get(path, base_url=HERE)
            if answer.status_code == 404 and any(part in path for part in NOTHING):
                pass
            elif answer.status_code != 200:
                wrong.append(f"{role} {path} answers {answer.status_code}")
            elif path.endswith((".csv", ".xlsx")):
                wrong += [f"{role} {path}: {one}" for one in formulas(answer, path)]
                files += 1
            elif "." not in path or path.endswith(".svg"):
                said = answer.get_data(as_text=True)
                wrong += [f"{role} {path}: {one}" for one in RAW if one in said]
                seen |= {one for one in (*map(named, COLUMNS), *SEALED, "said") if f"alert(`{one}`)" in said}
            answer.close()
    assert not wrong, "\n".join(wrong)
    assert sorted({*map(named, COLUMNS), *SEALED, "said"} - seen) == [], "each is on some page"
    assert files
