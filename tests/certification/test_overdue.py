"""Which closed period certifies for another: its own, or one that ends or opens no earlier."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import delete, select

from certification.overdue import certified
from certification.runtime import Runtime
from certification.store import Period, Person

OPENS, DUE = date(2026, 1, 1), date(2026, 12, 31)


@pytest.mark.parametrize(
    ("opens", "due", "certifies"),
    [
        (date(2027, 1, 1), date(2027, 12, 31), True),
        (date(2025, 6, 1), DUE, True),
        (date(2026, 3, 1), date(2026, 5, 31), True),
        (date(2025, 12, 31), date(2026, 12, 30), False),
        (date(2025, 1, 1), date(2025, 12, 31), False),
    ],
)
def test_a_closed_period_certifies_for_those_that_neither_end_nor_open_later(
    rt: Runtime, wu: Person, opens: date, due: date, certifies: bool
) -> None:
    with rt.sessions.begin() as session:
        session.execute(delete(Period))  # the one that everybody has
        asked = Period(person_id=wu.id, opens=OPENS, due=DUE)
        other = Period(person_id=wu.id, opens=opens, due=due, closed_at=rt.now())
        session.add_all([asked, other])
        session.flush()
        found = session.scalars(select(Period.id).where(Period.id == asked.id, certified())).all()
        assert found == ([asked.id] if certifies else [])
