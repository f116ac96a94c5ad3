"""Lists as files: CSV that a spreadsheet shows as it is, and XLSX. What somebody wrote is text, never a formula."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import TextIOWrapper
from tempfile import TemporaryFile
from typing import IO

from flask import Response, abort, send_file
from sqlalchemy.orm import Session
from xlsxwriter import Workbook

from certification import journal
from certification.errors import TooManyRows
from certification.runtime import Runtime
from certification.store import only_read
from ops.console import access

MOST = 1_000_000
"""Rows of a file: a sheet holds no more."""
TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""As OWASP has it (CSV injection): what a spreadsheet may read as a formula begins so; the last are full-width."""

Row = Sequence[str | int | float | None]


def handed(
    rt: Runtime,
    kind: str,
    name: str,
    heading: Sequence[str],
    rows: Callable[[Session], Iterable[Row]],
    *,
    did: str,
    of: str,
    most: int = MOST,
    **facts: object,
) -> Response:
    """The answer that is a list as a file; that it was taken, and how many rows it has, is journalled.

    `rows`: what they are read with; `did`, `of`: action and subject of the entry, which has the facts, too. Raises
    TooManyRows where there are more than `most`: then there is neither a file nor an entry.
    """
    if kind not in TYPES:
        abort(404)
    counted = [0]
    with rt.sessions() as session:
        only_read(session)
        answer = sent(name, kind, heading, _counting(rows(session), counted, most))
    with rt.sessions.begin() as session:
        journal.write(session, rt.now(), access.who().name, did, of, rows=counted[0], kind=kind, **facts)
    return answer


def _counting(rows: Iterable[Row], counted: list[int], most: int) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        if number > most:
            raise TooManyRows(most)
        counted[0] = number
        yield row


def sent(name: str, kind: str, heading: Sequence[str], rows: Iterable[Row]) -> Response:
    """The answer that is a file of this name; `kind` is one of TYPES, anything else is no such page.

    The rows are gone through before this returns, a few at a time in memory; there must be no more than MOST.
    """
    if kind not in TYPES:
        abort(404)
    file = TemporaryFile()  # noqa: SIM115 - it is closed, and so gone, when it has been sent
    try:
        (_csv if kind == "csv" else _xlsx)(file, heading, rows)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return send_file(file, mimetype=TYPES[kind], as_attachment=True, download_name=f"{name}.{kind}")


def _csv(file: IO[bytes], heading: Sequence[str], rows: Iterable[Row]) -> None:
    text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(heading)
    for row in rows:
        writer.writerow([f"'{one}" if isinstance(one, str) and one.startswith(_FORMULA) else one for one in row])
    text.detach()


def _xlsx(file: IO[bytes], heading: Sequence[str], rows: Iterable[Row]) -> None:
    with Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(heading) - 1, 18)
        sheet.write_row(0, 0, heading, book.add_format({"bold": True}))
        for at, row in enumerate(rows, 1):
            for column, one in enumerate(row):
                if isinstance(one, str):
                    sheet.write_string(at, column, one)  # a number of eighteen digits keeps them all
                elif one is not None:
                    sheet.write_number(at, column, one)
