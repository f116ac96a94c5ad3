"""Lists as files, as whoever downloads them finds them."""

from __future__ import annotations

import csv
import json
import re
from io import BytesIO, StringIO
from typing import Any

from openpyxl import load_workbook
from sqlalchemy import select

from certification.runtime import Runtime
from certification.store import JournalEntry
from tests.ops.console.browser import HERE, Browser

_WHOLE = re.compile(r"^(-?[0-9]+)\.0$")  # a sheet has one kind of number


def content(browser: Browser, path: str, status: int = 200) -> bytes:
    """What a file holds, as it is sent."""
    answer = browser.client.get(f"/console/{path}", base_url=HERE)
    found = answer.get_data()
    answer.close()
    assert answer.status_code == status, path
    return found


def table(browser: Browser, path: str) -> list[list[str]]:
    """The lines of a file, its heading first; numbers as they are written, and nothing as nothing."""
    found = content(browser, path)
    if ".xlsx" not in path:
        assert found.startswith(b"\xef\xbb\xbf"), "a spreadsheet takes it for UTF-8"
        rows = csv.reader(StringIO(found.decode("utf-8-sig"), newline=""))
        return [[_WHOLE.sub(r"\1", cell) for cell in row] for row in rows]
    sheet = load_workbook(BytesIO(found)).active
    assert sheet is not None
    return [["" if cell.value is None else str(cell.value) for cell in row] for row in sheet.iter_rows()]


def entries(rt: Runtime, action: str) -> list[dict[str, Any]]:
    """What the journal says of each file of an action."""
    with rt.sessions() as session:
        found = select(JournalEntry.detail).where(JournalEntry.action == action).order_by(JournalEntry.seq)
        return [json.loads(one) for one in session.scalars(found)]


def taken(rt: Runtime) -> list[tuple[str, str, dict[str, Any]]]:
    """Action, subject and facts of every entry of a file."""
    with rt.sessions() as session:
        found = session.scalars(select(JournalEntry).order_by(JournalEntry.seq)).all()
        each = [(one.action, one.subject, json.loads(one.detail)) for one in found]
    return [one for one in each if one[0].endswith("exported")]
