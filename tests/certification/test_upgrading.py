"""A database of before is brought to this version with everything that was in it, also what refers to what."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import Table, func, select, text

from certification import cases
from certification.cases import CaseKind
from certification.runtime import Runtime
from certification.store import Assessment, Base, Case, PaymentList, Person, Signature, Staff
from ops.migrations import ReferencesLost, config, opened, upgrade
from tests.certification import sealed

BEFORE = "0021"


def counts(rt: Runtime) -> dict[str, int]:
    with rt.sessions() as session:
        return {name: session.scalars(select(func.count()).select_from(table)).one() for name, table in _tables()}


def _tables() -> list[tuple[str, Table]]:
    return [(name, table) for name, table in Base.metadata.tables.items() if not name.startswith("sign_in")]


def filled(rt: Runtime) -> str:
    """A town with rows that refer to each other; the case about one voice for many."""
    wu, _ = sealed.town(rt)
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu)
        sealed.call(session, rt, person, "+8613888000001")
        kind, detail = CaseKind.SHARED_VOICE, {"first": True}
        case = cases.open_case(session, rt, kind=kind, cause="x", person=person, detail=detail)
        session.scalars(select(Assessment)).first().shared_case_id = case.id  # type: ignore[union-attr]
        listed, who = session.scalars(select(PaymentList.id)).one(), session.scalars(select(Staff.id)).one()
        session.add(Signature(list_id=listed, staff_id=who, digest="0" * 64, signed_at=rt.now()))
        return case.id


def test_nothing_is_lost_on_the_way(rt: Runtime, database_url: str) -> None:
    case = filled(rt)
    with rt.sessions() as session:
        ranked = session.get_one(Case, case).rank
    before = counts(rt)
    with opened(database_url) as connection:
        command.downgrade(config(connection), BEFORE)
    upgrade(database_url)
    assert counts(rt) == before
    with rt.sessions() as session:
        assert session.scalars(select(Assessment.shared_case_id).where(Assessment.shared_case_id.is_not(None))).all()
        assert session.get_one(Case, case).rank[:2] == ranked[:2] == "10"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_upgrade_that_would_lose_something_changes_nothing(rt: Runtime, database_url: str) -> None:
    filled(rt)
    with opened(database_url) as connection:
        command.downgrade(config(connection), BEFORE)
    with opened(database_url) as connection:
        connection.execute(text("DELETE FROM staff"))  # what a signature refers to
    with pytest.raises(ReferencesLost, match="signatures"):
        upgrade(database_url)
    with opened(database_url) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == BEFORE
