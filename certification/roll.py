"""The roll: a CSV file of people, brought in line by line so that one bad line spoils no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from certification import csvfile, people
from certification.csvfile import FileUnreadable
from certification.errors import Problem
from certification.people import Entry, Fate
from certification.runtime import Runtime

HEADERS = {
    "id_number": "身份证号",
    "name": "姓名",
    "region": "地区",
    "phone": "电话",
    "dialect": "方言",
    "relative_phone": "亲属电话",
}
_ROWS_A_COMMIT = 100


class RollUnreadable(FileUnreadable):
    """The file as a whole cannot be read: it is missing, or its header is not a roll's."""

    columns, needed = HEADERS, ("id_number", "name")


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a roll's rows; a row that changed somebody's name, region, dialect or phones counts as updated."""

    added: int
    updated: int
    unchanged: int
    rejected: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is no person, and why: Chinese first, English beside it."""

    line: int
    why: str


def import_csv(sessions: sessionmaker[Session], rt: Runtime, path: Path, actor: str = "cli") -> ImportReport:
    """Bring a roll in, row by row: a bad row is reported with its line and stops no other; rows twice are harmless.

    Raises RollUnreadable when the file as a whole cannot be read.
    """
    counts = Counter[Fate]()
    rejected: list[tuple[int, str]] = []
    rows = read(path, rt)
    while batch := list(islice(rows, _ROWS_A_COMMIT)):
        with sessions.begin() as session:
            for row in batch:
                match row:
                    case Entry():
                        counts[people.put(session, rt, row, actor)[1]] += 1
                    case Rejected(line, why):
                        rejected.append((line, why))
    return ImportReport(counts[Fate.ADDED], counts[Fate.UPDATED], counts[Fate.UNCHANGED], rejected)


def read(path: Path, rt: Runtime) -> Iterator[Entry | Rejected]:
    """Every line under the header as an entry or a rejection; empty lines are passed over.

    UTF-8 (with or without mark) or GB 18030, as spreadsheets save it. The header's names are English or Chinese, in any
    order. Raises RollUnreadable.
    """
    try:
        encoding = csvfile.encoding(path) or "utf-8-sig"  # so that its good lines still count
        with path.open(encoding=encoding, errors="replace") as file:
            header = csvfile.header(path, file.readline(), RollUnreadable)
            for line, text in enumerate(file, start=2):
                if not csvfile.blank(text):
                    yield _line(line, text, header, rt)
    except OSError as error:
        raise RollUnreadable(path, "文件打不开", f"the file cannot be opened ({error.strerror})") from None


def _line(line: int, text: str, header: list[str], rt: Runtime) -> Entry | Rejected:
    try:
        return people.entry(csvfile.fields(text, header), rt)
    except Problem as problem:
        return Rejected(line, str(problem))
