"""Files of signals, CSV or Parquet, as DuckDB reads them: every line with its number, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from certification import csvfile
from certification.comparison.rules import Rules
from certification.csvfile import FileUnreadable
from certification.errors import Problem

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMNS = {"id_number": "身份证号", "source": "来源", "seen_on": "日期", "event": "事件"}
_READ = 2**20
_NUMBER = re.compile(r"\d(?:[\s-]?\d){8,}[\s-]?[Xx]?")  # in groups, too; a date has eight digits
_NOWHERE = "\x01\x1f\x02\x1e"  # in no line of text: so DuckDB gives whole lines, and their numbers are the file's
_QUOTED = r'("(?:[^"]|"")*"|[^",]*),'
_OTHER_DATES = "['%Y%m%d', '%Y年%m月%d日', '%Y.%m.%d']"  # besides 2026-11-03, 2026/11/3 and those with a time of day


class SignalsUnreadable(FileUnreadable):
    """A file as a whole cannot be read: it is missing, or its header is not one of signals."""

    columns, needed = COLUMNS, ("id_number", "source", "seen_on")


def unreadable(path: Path, error: Exception) -> SignalsUnreadable:
    """What DuckDB says of a file that it cannot read."""
    return SignalsUnreadable(path, "内容无法读取", str(error).splitlines()[0])


class SourceUnknown(Problem):
    """The region's rules say nothing of this kind of record."""

    def __init__(self, source: str, rules: Rules) -> None:
        known, (zh, en) = [one.name for one in rules.sources], _shown(source)
        super().__init__(
            f"地区规则里没有来源“{zh}”，可写：{'、'.join(known)}。",
            f"The region's rules do not know the source {en}; write {', '.join(known)}.",
        )


class EventUnknown(Problem):
    """The region's rules do not say whether this event shows life or death."""

    def __init__(self, event: str) -> None:
        zh, en = _shown(event)
        super().__init__(
            f"地区规则里没有事件“{zh}”，请在 [comparison] 的 alive 或 dead 里写明它表示在世还是去世。",
            f"The region's rules do not know the event {en}: say under alive or dead what it shows.",
        )


class DateUnreadable(Problem):
    """The day of a signal is none."""

    def __init__(self, text: str) -> None:
        zh, en = _shown(text)
        super().__init__(f"日期“{zh}”看不懂，请写成 2026-11-03。", f"The date {en} is none; write it as 2026-11-03.")


class DateToCome(Problem):
    """A signal of a day after the comparison's."""

    def __init__(self, text: str, on: date) -> None:
        zh, en = _shown(text)
        super().__init__(f"日期“{zh}”在比对日 {on} 之后，请核对。", f"The date {en} is after {on}; please check it.")


class LineMalformed(Problem):
    """A line is not as many fields as the header has, its quotation marks do not match, or it cannot be read."""

    def __init__(self, fields: int) -> None:
        super().__init__(
            f"这一行不是 {fields} 栏，引号不成对，或有无法读取的字符，请核对。",
            f"The line has not {fields} fields, its quotation marks do not match, or it cannot be read.",
        )


@dataclass(frozen=True, slots=True)
class File:
    """A file of signals as it was when a run began. `encoding`: of its text; None where it is neither of ours."""

    path: Path
    size: int  # bytes
    sha256: str
    parquet: bool
    encoding: str | None
    quoted: bool  # whether there is a quotation mark anywhere in it

    @classmethod
    def of(cls, path: Path, progress: Callable[[int], object] = lambda _: None) -> File:
        """Read a file through; `progress` is told of each stretch, in bytes. Raises SignalsUnreadable."""
        digest, size, begins, text, quoted = sha256(), 0, b"", csvfile.Utf8(), False
        try:
            with path.open("rb") as file:
                while part := file.read(_READ):
                    begins = begins or part[:4]
                    digest.update(part)
                    text.take(part)
                    quoted = quoted or b'"' in part
                    size += len(part)
                    progress(len(part))
            text.take(b"", last=True)
            parquet = begins == b"PAR1"
            encoding = None if parquet else "utf-8-sig" if text.readable else csvfile.encoding(path)
        except OSError as error:
            raise SignalsUnreadable(path, "文件打不开", f"the file cannot be opened ({error.strerror})") from None
        return cls(path, size, digest.hexdigest(), parquet, encoding, quoted)


@dataclass(frozen=True, slots=True)
class Signals:
    """A file ready to be read. `fields`: SQL that gives `f`, the fields of each line; `lines`: that and `n`, its line.

    The header is the first line. `f` is NULL where the line has other than `width` fields; `places`: where each column
    is in it, from 1. DuckDB counts lines one after another: that takes longer than to read them.
    """

    name: str
    fields: str
    lines: str
    width: int
    places: dict[str, int]

    @property
    def typed(self) -> str:
        """SQL: every line's `number`, `source`, `event` and `day` as they are written, and `seen`."""
        return self._typed("* EXCLUDE (f)", self.fields)

    @property
    def numbered(self) -> str:
        """SQL: as `typed`, but `source` and `event` as the rules know them, and `n`, its line, and `whole`."""
        said = "trim(source) AS source, lower(trim(event)) AS event"
        return self._typed(f"* EXCLUDE (f) REPLACE ({said}), f IS NOT NULL AS whole", self.lines)

    def _typed(self, wanted: str, read: str) -> str:
        number, source, day, event = (
            f"coalesce(f[{self.places[name]}], '')" if name in self.places else "''" for name in COLUMNS
        )
        seen = f"coalesce(TRY_CAST(day AS DATE), CAST(try_strptime(trim(day), {_OTHER_DATES}) AS DATE))"
        return f"""SELECT {wanted}, {seen} AS seen
            FROM (SELECT *, {number} AS number, {source} AS source, {event} AS event, {day} AS day FROM ({read}))"""


def look_at(files: Iterable[File]) -> None:
    """See that every file has the header of signals. Raises SignalsUnreadable."""
    for file in files:
        if file.parquet:
            with duckdb.connect() as con:
                _parquet(con, file)
        else:
            with file.path.open(encoding=file.encoding or "utf-8-sig", errors="replace") as text:
                csvfile.header(file.path, text.readline(), SignalsUnreadable)


def opened(con: DuckDBPyConnection, file: File, folder: Path) -> Signals:
    """Make a file ready; text that is not UTF-8 is written anew in `folder`. Raises SignalsUnreadable."""
    return _parquet(con, file) if file.parquet else _csv(file, folder)


def _parquet(con: DuckDBPyConnection, file: File) -> Signals:
    path = _quoted(str(file.path))
    try:
        rows = con.execute(f"SELECT name FROM parquet_schema({path}) WHERE num_children IS NULL").fetchall()
    except duckdb.Error as error:
        raise unreadable(file.path, error) from None
    written = [str(name) for (name,) in rows]
    names = csvfile.header(file.path, ",".join(written), SignalsUnreadable)
    fields = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in written)
    lines = f"SELECT file_row_number + 2 AS n, [{fields}] AS f FROM read_parquet({path}, file_row_number = true)"
    places = {name: place for place, name in enumerate(names, start=1)}
    return Signals(file.path.name, f"SELECT [{fields}] AS f FROM read_parquet({path})", lines, len(names), places)


def _csv(file: File, folder: Path) -> Signals:
    with file.path.open(encoding=file.encoding or "utf-8-sig", errors="replace") as text:
        names = csvfile.header(file.path, text.readline(), SignalsUnreadable)
        path = file.path
        if file.encoding != "utf-8-sig":  # GB 18030, or neither: then the lines that cannot be read are named
            path = folder / f"{file.sha256}.utf8"
            text.seek(0)
            with path.open("w", encoding="utf-8") as anew:
                while part := text.read(_READ):
                    anew.write(part)
    read = f"""read_csv({_quoted(str(path))}, columns = {{'l': 'VARCHAR'}}, delim = '{_NOWHERE}', quote = '',
        escape = '', auto_detect = false, header = """
    width = len(names)
    parts = "l, string_split(l, ',') AS p"
    wrong, read_off = f"len(p) <> {width} OR contains(l, '\ufffd')", "p"
    if file.quoted:
        parts = f"""l, CASE WHEN contains(l, '"') THEN regexp_extract_all(l || ',', '{_QUOTED}', 1)
            ELSE string_split(l, ',') END AS p"""
        read_off = f"""CASE WHEN NOT contains(l, '"') THEN p
            WHEN array_to_string(p, ',') = l THEN [{_UNQUOTED} FOR x IN p] END"""
    split = f"CASE WHEN NOT ({wrong}) THEN {read_off} END AS f"
    fields = f"SELECT {split} FROM (SELECT {parts} FROM {read}true) WHERE l IS NOT NULL)"
    counted = f"SELECT row_number() OVER () AS n, l FROM {read}false)"
    lines = f"SELECT n, {split} FROM (SELECT n, {parts} FROM ({counted}) WHERE n > 1 AND l IS NOT NULL)"
    return Signals(file.path.name, fields, lines, width, {name: place for place, name in enumerate(names, start=1)})


_UNQUOTED = """CASE WHEN starts_with(x, '"') THEN replace(x[2:-2], '""', '"') ELSE x END"""


def _shown(text: str) -> tuple[str, str]:
    """What stands where something else should, in Chinese and English; never a number that may be somebody's."""
    hidden = _NUMBER.sub("…", text)[:40]
    return hidden, repr(hidden)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
