"""The roll: a CSV file of people, brought in line by line so that one bad line spoils no other."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from certification import people
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
_NEEDED = ("id_number", "name")
_ROWS_A_COMMIT = 100


class RollUnreadable(Problem):
    """The file as a whole cannot be read: it is missing, or its header is not a roll's."""

    def __init__(self, path: Path, zh: str, en: str) -> None:
        chinese = "、".join(HEADERS.values())
        super().__init__(
            f"无法导入 {path}：{zh}。第一行应为表头：{chinese}。",
            f"{path} cannot be imported: {en}. Its first line must be the header {','.join(HEADERS)}.",
        )


class RowMalformed(Problem):
    """A line is not as many fields as the header has, or holds characters that cannot be read."""


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
        encoding = _encoding(path)
        with path.open(encoding=encoding, errors="replace") as file:
            header = _header(path, file.readline())
            for line, text in enumerate(file, start=2):
                if text.strip(" \t\r\n,\ufeff"):
                    yield _line(line, text, header, rt)
    except OSError as error:
        raise RollUnreadable(path, "文件打不开", f"the file cannot be opened ({error.strerror})") from None


def _line(line: int, text: str, header: list[str], rt: Runtime) -> Entry | Rejected:
    try:
        return people.entry(_fields(text, header), rt)
    except Problem as problem:
        return Rejected(line, str(problem))


def _fields(text: str, header: list[str]) -> dict[str, str]:
    if "\ufffd" in text or "\0" in text:
        raise RowMalformed(
            "这一行有无法读取的字符，请用 UTF-8 保存。", "The line holds unreadable characters; save as UTF-8."
        )
    try:
        fields = next(csv.reader([text], strict=True))
    except csv.Error:
        raise RowMalformed(
            "这一行不是 CSV，请检查引号。", "The line is no CSV; please check its quotation marks."
        ) from None
    if len(fields) != len(header):
        raise RowMalformed(
            f"这一行有 {len(fields)} 栏，表头有 {len(header)} 栏，请补齐逗号。",
            f"The line has {len(fields)} fields and the header {len(header)}; please set the commas right.",
        )
    return dict(zip(header, fields, strict=True))


def _header(path: Path, text: str) -> list[str]:
    english = {chinese: name for name, chinese in HEADERS.items()}
    written = [part.strip().strip('"') for part in text.strip().split(",")]
    names = [english.get(part, part.lower()) for part in written]
    for part, name in zip(written, names, strict=True):
        if name not in HEADERS:
            raise RollUnreadable(path, f"不认识表头“{part}”", f"the header {part!r} is not known")
    for name in HEADERS:
        if names.count(name) > 1:
            raise RollUnreadable(path, f"表头“{HEADERS[name]}”重复", f"the header {name!r} is there twice")
    for name in _NEEDED:
        if name not in names:
            raise RollUnreadable(path, f"缺少表头“{HEADERS[name]}”", f"the header {name!r} is missing")
    return names


def _encoding(path: Path) -> str:
    """The encoding that the whole file can be read in; UTF-8 when it is neither, so that its good lines still count."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding) as file:
                for _ in file:
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    return "utf-8-sig"
