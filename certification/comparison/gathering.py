"""What the files say of each number, gathered by DuckDB inside the process, and the lines that say nothing.

Identity numbers are seen here alone, and leave as blind indexes: an engine elsewhere learns neither them nor the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from certification import seals
from certification.comparison import expression, signals
from certification.comparison.rules import REGISTER, Rules
from certification.comparison.signals import (
    DateToCome,
    DateUnreadable,
    EventUnknown,
    File,
    LineMalformed,
    Signals,
    SourceUnknown,
)
from certification.errors import Problem
from certification.identity import CHECK, WEIGHTS, CheckCharacterWrong, ResidentNumber
from certification.keys import KeyRing

MEMORY = "1400MB"
SPILT = "spilt"
_ROWS = 10_000
_CANONICAL = "[1-9][0-9]{16}[0-9X]"
_SUM = " + ".join(f"{weight} * (ascii(number[{place}]) - 48)" for place, weight in enumerate(WEIGHTS, start=1))
_MISTYPED = f"substr('{CHECK}', 1 + ({_SUM}) % 11, 1) <> number[18]"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line of a file that was not taken, and why: Chinese first, English beside it."""

    file: str
    line: int
    why: str


class RegisterMissing(Problem):
    """The region asks its household register alone, and no line is of it."""

    def __init__(self) -> None:
        super().__init__(
            f"本地区只按户籍比对，但文件里没有一行来源是 {REGISTER}，请补上户籍文件。",
            f"The region goes by its household register alone, and no line has the source {REGISTER}: add that file.",
        )


class Gathering:
    """One run's files, in a connection of their own; `folder`: where what no memory holds is laid down meanwhile.

    Whoever makes one closes it.
    """

    def __init__(self, files: Sequence[File], rules: Rules, keys: KeyRing, folder: Path) -> None:
        self.con: Backend = ibis.duckdb.connect(memory_limit=MEMORY, temp_directory=str(folder / SPILT))
        self._rules = rules
        purpose = seals.NUMBER.encode() + b"\0"
        self._pads = [(outer, inner + purpose) for inner, outer in keys.pads()]  # what comes before every number
        self._sql = self.con.con
        self._sql.execute("SET threads = 2")
        self._sql.execute("SET enable_progress_bar = false")  # it would be drawn into what a command prints
        self._paths = [file.path for file in files]
        self._files: list[Signals] = [signals.opened(self._sql, file, folder) for file in files]
        self._sql.execute("CREATE TABLE unread (number VARCHAR PRIMARY KEY, why VARCHAR)")
        self.unsaid = 0

    def gather(self) -> None:
        """Make the table `found`: what is said of each number, under its blind index by every key of the ring."""
        self._sql.execute("CREATE VIEW signals AS " + " UNION ALL ".join(one.typed for one in self._files))
        said = expression.gathered(self.con.table("signals"), self._rules)
        try:
            self._sql.execute(f"CREATE TABLE found AS {_indexed(self.con.compile(said))}", self._pads[0])
        except duckdb.Error as error:  # no text at all, or a Parquet file that is cut short
            raise signals.unreadable(self._broken(), error) from None
        (self.unsaid,) = self._one("SELECT coalesce(sum(unsaid), 0) FROM found")
        if self._rules.register_only and not self._one("SELECT coalesce(max(registered), 0) FROM found")[0]:
            raise RegisterMissing
        self._normalise()
        if others := self._pads[1:]:  # rows of the roll may be older than the newest key
            again = " UNION ALL ".join(
                _indexed("SELECT * EXCLUDE (number) RENAME (id_number AS number) FROM found") for _ in others
            )
            self._sql.execute(f"CREATE TABLE older AS {again}", [pad for pads in others for pad in pads])
            self._sql.execute("INSERT INTO found SELECT * FROM older")
            self._sql.execute("DROP TABLE older")

    def lay_out(self, roll: Path) -> None:
        """Make the table `people` of what rolls.write() wrote; `roll_row` says which row."""
        rows = f"SELECT file_row_number AS roll_row, * FROM read_parquet({_text(str(roll))}, file_row_number = true)"
        self._sql.execute(f"CREATE VIEW people AS SELECT * EXCLUDE (file_row_number) FROM ({rows})")

    def found(self) -> ir.Table:
        """What gather() found, by blind index; `found_row` says which row."""
        self._sql.execute("CREATE OR REPLACE VIEW rows AS SELECT rowid AS found_row, * EXCLUDE (id_number) FROM found")
        return self.con.table("rows")

    def look_for_strangers(self, judged: str) -> int:
        """Set aside the numbers on nobody's roll that are mistyped; how many others there are.

        `judged`: a table whose `found_row` names the rows of found() that are of somebody on the roll.
        """
        keys = len(self._pads)
        on_no_roll = f"SELECT id_number AS number FROM found ANTI JOIN {judged} ON found.rowid = found_row"
        self._sql.execute(f"CREATE TABLE strangers AS {on_no_roll} GROUP BY ALL HAVING count(*) = {keys}")
        why = CheckCharacterWrong()
        self._sql.execute(f"INSERT INTO unread SELECT number, ? FROM strangers WHERE {_MISTYPED}", [str(why)])
        (strangers,) = self._one("SELECT count(*) FROM strangers ANTI JOIN unread USING (number)")
        return int(strangers)

    def people(self) -> int:
        """How many people were judged."""
        return int(self._one("SELECT count(*) FROM judged")[0])

    def numbers(self) -> int:
        """How many different numbers the files name."""
        return int(self._one("SELECT count(*) FROM found")[0]) // len(self._pads)

    def rejected(self) -> Iterator[Rejected]:
        """Every line that was not taken, in the order of the files; empty ones are passed over."""
        if not self.unsaid and not self._one("SELECT count(*) FROM unread")[0]:
            return
        known = ", ".join(_text(source.name) for source in self._rules.sources)
        dead, alive = (", ".join(map(_text, events)) for events in (self._rules.dead, self._rules.alive))
        for file in self._files:
            lines = self._sql.execute(
                f"""SELECT n, whole, why, source, event, day, seen
                FROM ({file.numbered}) LEFT JOIN unread USING (number)
                WHERE NOT whole OR trim(number || source || day || event) <> '' AND (
                    why IS NOT NULL OR seen IS NULL OR seen NOT BETWEEN ? AND ?
                    OR NOT (event IN ({dead}) OR (source IN ({known}) AND event IN ('', {alive})))
                ) ORDER BY n""",
                [expression.FLOOR, self._rules.on],
            )
            while some := lines.fetchmany(_ROWS):
                for line, *read in some:
                    yield Rejected(file.name, line, str(self._why(file, *read)))

    def _why(
        self, file: Signals, whole: bool, why: str | None, source: str, event: str, day: str, seen: Any
    ) -> Problem | str:
        if not whole:
            return LineMalformed(file.width)
        if why is not None:
            return why
        if seen is None or seen < expression.FLOOR:  # -infinity, or 0001-01-01 where a database had none
            return DateUnreadable(day)
        if seen > self._rules.on:
            return DateToCome(day, self._rules.on)
        known = any(one.name == source for one in self._rules.sources)
        return EventUnknown(event) if known else SourceUnknown(source, self._rules)

    def _normalise(self) -> None:
        """Write 15-digit numbers, small x, spaces and full-width digits as everywhere else; set aside what is none."""
        odd = self._sql.execute(
            f"SELECT id_number FROM found WHERE NOT regexp_full_match(id_number, '{_CANONICAL}')"
        ).fetchall()
        if not odd:
            return
        normal, unread = dict[str, str](), dict[str, str]()
        for (number,) in odd:
            try:
                normal[number] = ResidentNumber.parse(number).text
            except Problem as problem:
                unread[number] = str(problem)
        self._sql.register("written", pa.table({"written": list(normal), "normal": list(normal.values())}, _WRITTEN))
        self._sql.register("aside", pa.table({"number": list(unread), "why": list(unread.values())}, _UNREAD))
        self._sql.execute("INSERT INTO unread SELECT * FROM aside")
        self._sql.execute(
            """CREATE TABLE parts AS
            SELECT coalesce(normal, id_number) AS number, found.* EXCLUDE (number, id_number)
            FROM found LEFT JOIN written ON id_number = written
            WHERE normal IS NOT NULL OR id_number IN (SELECT normal FROM written)"""
        )
        self._sql.execute(
            """DELETE FROM found WHERE id_number IN (
                SELECT number FROM aside UNION ALL SELECT written FROM written UNION ALL SELECT normal FROM written)"""
        )
        whole = self.con.compile(expression.joined(self.con.table("parts")))
        self._sql.execute(f"INSERT INTO found BY NAME {_indexed(whole)}", self._pads[0])
        self._sql.execute("DROP TABLE parts")

    def _broken(self) -> Path:
        """The first file that cannot be read by itself."""
        for path, one in zip(self._paths, self._files, strict=True):
            try:
                self._one(f"SELECT count(f) FROM ({one.lines})")
            except duckdb.Error:
                return path
        return self._paths[0]

    def _one(self, sql: str) -> tuple[Any, ...]:
        [row] = self._sql.execute(sql).fetchall()
        return tuple(row)


_WRITTEN = pa.schema({"written": pa.string(), "normal": pa.string()})
_UNREAD = pa.schema({"number": pa.string(), "why": pa.string()})


def _indexed(numbers: str) -> str:
    """SQL: the rows of `numbers` with `number` as KeyRing.index() gives it, and the number itself as `id_number`.

    Asks for two values, the pads of a key, the inner one with the index's purpose.
    """
    index = "sha256(?::BLOB || unhex(sha256(?::BLOB || encode(number))))"
    return f"SELECT {index} AS number, number AS id_number, * EXCLUDE (number) FROM ({numbers})"


def _text(text: str) -> str:
    return "'" + re.sub("'", "''", text) + "'"
