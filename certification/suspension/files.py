"""What the paying agency gets of a list: lines of CSV, always the same for a list that was released."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from io import StringIO
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session, aliased

from certification import people, seals
from certification.errors import Problem
from certification.keys import KeyRing
from certification.periods import add_months
from certification.runtime import Runtime
from certification.store import PaymentList, Period, Person, Suspension

SUSPENDED: tuple[str, ...] = ("id_number", "name", "month", "list", "period_due")
RESTORED: tuple[str, ...] = ("id_number", "name", "month", "list", "back_pay_from", "back_pay_to", "back_pay_months")
"""`month`: the first that is not paid, or that is paid again. Back pay: first and last month, and how many."""


class FileGone(Problem):
    """The file cannot be made again as it was."""

    def __init__(self, sha256: str) -> None:
        super().__init__(
            f"名单发出后有人被依法删除，无法再生成同一文件；请用当时留存的文件（SHA-256 {sha256}）。",
            f"People on the list were erased since: use the file kept from the release (SHA-256 {sha256}).",
        )


@dataclass(frozen=True, slots=True)
class File:
    """A released list as a file: its name, its bytes (UTF-8), their SHA-256, how many people are in it."""

    name: str
    content: bytes = field(repr=False)
    sha256: str
    people: int


def seal_payee(keys: KeyRing, suspension: Suspension, person: Person) -> None:
    """Keep under which number and name somebody is named to the agency."""
    known = people.reveal(keys, person)
    text = json.dumps([known.number, known.name], ensure_ascii=False)
    suspension.payee_sealed = keys.seal(text.encode(), seals.payee(suspension.id, suspension.person_id))


def again(session: Session, rt: Runtime, listed: PaymentList) -> File:
    """The file of a released list. Raises FileGone when it would be another than was released."""
    file = make(session, rt, listed)
    if file.sha256 != listed.sha256:
        raise FileGone(str(listed.sha256))
    return file


def make(session: Session, rt: Runtime, listed: PaymentList) -> File:
    """The file of a list as its rows say."""
    session.flush()
    suspended = aliased(PaymentList)  # the list by which somebody was suspended
    columns_of = (Suspension.id, Suspension.person_id, Suspension.payee_sealed, Suspension.paid_from)
    found = (
        select(*columns_of, Period.due, suspended.month)
        .join(Period, Period.id == Suspension.period_id)
        .join(suspended, suspended.id == Suspension.list_id)
    )
    if listed.kind == "suspension":
        columns, of = SUSPENDED, found.where(Suspension.list_id == listed.id, Suspension.payee_sealed.is_not(None))
    else:
        columns, of = RESTORED, found.where(Suspension.restoration_id == listed.id)
    rows = sorted(_row(rt.keys, listed, one) for one in session.execute(of))
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([columns, *rows])
    content = text.getvalue().encode()
    part = "" if listed.kind == "suspension" else f"-{listed.part}"
    name = f"{listed.kind}s-{listed.region}-{listed.month:%Y-%m}{part}.csv"
    return File(name, content, sha256(content).hexdigest(), len(rows))


def back_pay(suspended_from: date, paid_from: date) -> tuple[str, str, int]:
    """The months not paid: the first, the last and how many; ("", "", 0) when every month was or will be paid."""
    months = (paid_from.year - suspended_from.year) * 12 + paid_from.month - suspended_from.month
    if months <= 0:
        return "", "", 0
    return f"{suspended_from:%Y-%m}", f"{add_months(paid_from, -1):%Y-%m}", months


def _row(keys: KeyRing, listed: PaymentList, one: Row[*tuple[Any, ...]]) -> list[str]:
    number, name = json.loads(keys.open(one.payee_sealed or b"", seals.payee(one.id, one.person_id)))
    if listed.kind == "suspension":
        return [number, name, f"{listed.month:%Y-%m}", listed.id, one.due.isoformat()]
    paid_from = one.paid_from or listed.month
    first, last, months = back_pay(one.month, paid_from)
    return [number, name, f"{paid_from:%Y-%m}", listed.id, first, last, str(months)]
