"""The roll as a comparison judges it: everybody of a region with their present period, written down as Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Select, and_, func, null, select, text
from sqlalchemy.orm import Session

from certification import bereavement, certifying
from certification.bereavement import Verdict
from certification.comparison.rules import Rules
from certification.periods import add_months
from certification.regions import SHANGHAI
from certification.store import Evidence, Period, Person

SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("person_id", "number", "period_id")),
        *((name, pa.date32()) for name in ("opens", "due")),
        ("closed", pa.bool_()),
        *((name, pa.date32()) for name in ("backed_on", "dead_on", "alive_on_record")),
    ]
)
_REPEATED = ["opens", "due", "closed", "backed_on", "dead_on", "alive_on_record"]
_ROWS = 50_000
_SAID = (Verdict.DEAD, Verdict.ALIVE)  # in the order of the columns


def prepare(session: Session) -> None:
    """Let PostgreSQL count its rows: a roll that was only just brought in it would join one by one."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ANALYZE people, periods, evidence"))


def write(
    session: Session, region: str, rules: Rules, out: Path, progress: Callable[[int], object] = lambda _: None
) -> int:
    """Write everybody down who has a period on the day of the rules; how many. `progress` is told of each stretch."""
    verdicts = bereavement.verdicts(session)
    people = 0
    with pq.ParquetWriter(out, SCHEMA, use_dictionary=_REPEATED, compression="none") as file:  # it is read once
        for some in _rows(session, _people(region, rules)):
            person, number, period, opens, due, closed, backed_at = (list(column) for column in zip(*some, strict=True))
            answers = [verdicts.get(one) for one in person] if verdicts else [None] * len(person)
            columns = [
                *(person, number, period, pa.array(opens).cast(pa.date32()), pa.array(due).cast(pa.date32())),
                [bool(one) for one in closed],
                [_day(at) for at in backed_at],
                *([one[1] if one and one[0] is said else None for one in answers] for said in _SAID),
            ]
            file.write_batch(pa.record_batch(columns, schema=SCHEMA))
            people += len(some)
            progress(len(some))
    return people


def _rows(session: Session, statement: Select[Any]) -> Iterator[list[tuple[Any, ...]]]:
    """The rows as the driver gives them, dates and moments of SQLite as text: SQLAlchemy's take four times as long."""
    connection = session.connection()
    text = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
    driver: Any = connection.connection.driver_connection
    named = ("roll",) if connection.dialect.name == "postgresql" else ()  # read from the server piece by piece
    with closing(driver.cursor(*named)) as cursor:
        cursor.execute(text)
        while some := cursor.fetchmany(_ROWS):
            yield some


@cache  # of millions there are few: a comparison puts all its evidence at noon
def _day(at: datetime | str | None) -> date | None:
    if at is None:
        return None
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return certifying.day_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _people(region: str, rules: Rules) -> Select[Any]:
    present = and_(Period.person_id == Person.id, Period.opens <= rules.on, Period.due >= rules.on)
    columns = (Person.id, Person.number_index, Period.id, Period.opens, Period.due, Period.closed_at.is_not(None))
    everybody = select(*columns).join(Period, present).where(Person.region == region)
    if rules.rule.lesser is None:
        return everybody.add_columns(null())
    lesser, day = rules.rule.lesser, rules.on + timedelta(days=1)
    earliest = min((source.earliest for source in rules.sources), default=rules.on)
    backing = (
        select(Evidence.person_id, func.max(Evidence.observed_at).label("at"))
        .where(Evidence.strength >= int(lesser.backed_by), Evidence.withdrawn_at.is_(None))
        .where(Evidence.observed_at >= _midnight(add_months(earliest, -lesser.months)))
        .where(Evidence.observed_at < _midnight(day))
        .group_by(Evidence.person_id)
        .subquery()
    )
    return everybody.add_columns(backing.c.at).outerjoin(backing, backing.c.person_id == Person.id)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, SHANGHAI)
