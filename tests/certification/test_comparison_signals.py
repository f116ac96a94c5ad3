"""Files of signals: every line is taken or named with its number and why, in the encodings and quotes of offices."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from certification.comparison.gathering import Gathering
from certification.comparison.rules import Rules
from certification.comparison.signals import File, SignalsUnreadable
from certification.identity import ResidentNumber
from certification.keys import KeyRing
from certification.regions import Regions
from tests.certification.comparing import number
from tests.certification.numbers import resident_number

ON = date(2026, 3, 10)
OLD_CARD = "370202500515123"
ONE, TWO = number(1), ResidentNumber.parse(OLD_CARD).text
HEADER = "id_number,source,seen_on,event"


@pytest.fixture(scope="module")
def rules() -> Rules:
    """Qingdao's, with a few more events."""
    found = Rules.of(Regions.load()["qingdao"], ON)
    assert found is not None
    return replace(found, alive=(*found.alive, "paid, in cash", 'he said "no"', "gate"))


def read(
    rules: Rules, folder: Path, *contents: str | bytes
) -> tuple[dict[str, dict[str, Any]], list[tuple[int, str]], int]:
    """What the files say of each number, the lines that were not taken with the reason in English, and strangers."""
    files = []
    for place, content in enumerate(contents):
        path = folder / f"signals{place}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        files.append(File.of(path))
    return _gathered(rules, folder, files)


def _gathered(
    rules: Rules, folder: Path, files: list[File]
) -> tuple[dict[str, dict[str, Any]], list[tuple[int, str]], int]:
    keys = KeyRing.from_text(KeyRing.generate_text())
    gathering = Gathering(files, rules, keys, folder)
    try:
        gathering.gather()
        roll = pa.table({"number": [keys.index(one, "people.number") for one in (ONE, TWO)]})
        gathering.con.con.register("people", roll)
        gathering.con.create_view("met", gathering.con.table("people").join(gathering.found(), "number"))
        strangers = gathering.look_for_strangers("met")
        rejected = [(one.line, one.why.split(" ", 1)[1]) for one in gathering.rejected()]
        found = gathering.con.table("found").to_pyarrow().to_pylist()
        assert all(row["number"] == keys.index(row["id_number"], "people.number") for row in found)
        return {row["id_number"]: row for row in found}, rejected, strangers
    finally:
        gathering.con.disconnect()


LINES = [
    f"{ONE},medical,2026-03-02,seen",
    f'"{ONE}","bank_card","2026-03-03","paid, in cash"',
    f'{ONE},transit,20260304,"he said ""no"""',
    f"{OLD_CARD},medical,2026/3/5,",
    f" {TWO.lower()} , transit ,2026年3月6日,gate",
    ",,,",
    "",
]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("header", [HEADER, "身份证号,来源,日期,事件"], ids=["english", "chinese"])
def test_what_offices_write_is_read(rules: Rules, tmp_path: Path, end: str, encoding: str, header: str) -> None:
    found, rejected, strangers = read(rules, tmp_path, end.join([header, *LINES]).encode(encoding))
    place = {f"on_{one}": source.name for one, source in enumerate(rules.sources)}
    days = {one: {place[name]: day for name, day in row.items() if name in place and day} for one, row in found.items()}
    assert days == {
        ONE: {"medical": date(2026, 3, 2), "bank_card": date(2026, 3, 3), "transit": date(2026, 3, 4)},
        TWO: {"medical": date(2026, 3, 5), "transit": date(2026, 3, 6)},
    }
    assert (rejected, strangers) == ([], 0)


BAD = {
    "123,medical,2026-03-02,seen": "An identity number has 18 characters",
    f"{ONE[:-1]}{'1' if ONE[-1] != '1' else '2'},medical,2026-03-02,seen": "The check character does not fit",
    f"{ONE},nowhere,2026-03-02,seen": "do not know the source 'nowhere'",
    f"{ONE},medical,yesterday,seen": "The date 'yesterday' is none",
    f"{ONE},medical,2026-02-30,seen": "is none",
    f"{ONE},medical,0001-01-01,死亡": "The date '0001-01-01' is none",
    f"{ONE},medical,-infinity,seen": "The date '-infinity' is none",
    f"{ONE},medical,infinity,seen": "is after 2026-03-10",
    f"{ONE},medical,2026-03-02,逝世": "do not know the event '逝世'",
    f"{ONE},medical,2026-03-02,Dead": "do not know the event 'dead'",
    f"medical,{ONE},2026-03-02,seen": "An identity number has 18 characters",
    f"{ONE},{ONE},2026-03-02,seen": "do not know the source '…'",
    f"{ONE},medical,{ONE},seen": "The date '…' is none",
    f"{ONE},medical,2026-03-11,seen": "is after 2026-03-10",
    f"{ONE},medical": "has not 4 fields",
    f"{ONE},medical,2026-03-02,seen,more": "has not 4 fields",
    f'{ONE},"medical,2026-03-02,seen': "has not 4 fields",
    f'x"{ONE},medical,2026-03-02,seen': "has not 4 fields",
    ",medical,2026-03-02,seen": "An identity number has 18 characters",
    "\x00\ufffd,medical,2026-03-02,seen": "has not 4 fields",
}


@pytest.mark.parametrize("line", sorted(BAD), ids=[str(place) for place in range(len(BAD))])
def test_a_bad_line_is_named_and_spoils_no_other(rules: Rules, tmp_path: Path, line: str) -> None:
    content = "\n".join([HEADER, f"{ONE},medical,2026-03-02,seen", "", line, f"{TWO},medical,2026-03-02,seen"])
    found, rejected, strangers = read(rules, tmp_path, content)
    assert {one for one, row in found.items() if row["on_0"]} >= {ONE, TWO}
    [(place, why)] = rejected
    assert place == 4 and BAD[line] in why and ONE[:-1] not in why
    assert strangers == 0


def test_a_death_counts_from_any_source(rules: Rules, tmp_path: Path) -> None:
    lines = [f"{ONE},civil_registry,2020-01-01, Death ", f"{ONE},funeral_home,2026-03-01,火化"]
    found, rejected, _ = read(rules, tmp_path, "\n".join([HEADER, *lines]))
    assert (found[ONE]["died_on"], found[ONE]["died_last"]) == (date(2020, 1, 1), date(2026, 3, 1))
    assert rejected == []


@pytest.mark.parametrize(
    ("space", "taken"), [(" ", True), ("\u3000", True), ("\u00a0", True), ("\t", False), ("\v", False)], ids=ascii
)
def test_what_stands_around_a_word_is_passed_over_or_named_but_never_both_nor_neither(
    rules: Rules, tmp_path: Path, space: str, taken: bool
) -> None:
    lines = [f"{ONE},{space}medical{space},2026-03-02,seen", f"{TWO},nowhere,2026-03-02,{space}Death{space}"]
    found, rejected, _ = read(rules, tmp_path, "\n".join([HEADER, *lines, f"{ONE},nowhere,2026-03-01,"]))
    signs = [found[ONE][f"on_{place}"] for place, source in enumerate(rules.sources) if source.name == "medical"]
    assert (signs == [date(2026, 3, 2)], found[TWO]["died_on"] == date(2026, 3, 2)) == (taken, taken)
    assert [line for line, _ in rejected] == ([4] if taken else [2, 3, 4])


def test_text_that_is_neither_encoding_loses_the_lines_that_cannot_be_read(rules: Rules, tmp_path: Path) -> None:
    lines = [HEADER.encode(), f"{ONE},medical,2026-03-02,seen".encode(), b"\xff\xfe\xfa,medical,2026-03-02,\xff"]
    found, rejected, _ = read(rules, tmp_path, b"\n".join(lines))
    assert found[ONE]["on_0"] == date(2026, 3, 2)
    assert [line for line, _ in rejected] == [3]


def test_the_file_that_cannot_be_read_is_the_one_that_is_named(rules: Rules, tmp_path: Path) -> None:
    good = f"{HEADER}\n{ONE},medical,2026-03-02,seen"
    with pytest.raises(SignalsUnreadable, match="signals1"):
        read(rules, tmp_path, good, f"{HEADER}\na\x01\x1f\x02\x1eb\nc\n")


def test_numbers_on_no_roll_are_counted(rules: Rules, tmp_path: Path) -> None:
    lines = [f"{resident_number('440106', 1950, 1, 2)},medical,2026-03-01,seen"] * 3
    found, rejected, strangers = read(rules, tmp_path, "\n".join([HEADER, *lines]), "\n".join([HEADER, *LINES]))
    assert (len(found), rejected, strangers) == (3, [], 1)


def test_columns_in_any_order_and_without_an_event(rules: Rules, tmp_path: Path) -> None:
    found, rejected, _ = read(rules, tmp_path, f"seen_on,id_number,source\n2026-03-02,{ONE},medical")
    assert found[ONE]["on_0"] == date(2026, 3, 2) and rejected == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "its first line is empty"),
        ("id_number,source,event\n", "'seen_on' is missing"),
        ("id_number,source,seen_on,colour\n", "'colour' is not known"),
        ("id_number,source,seen_on,seen_on\n", "is there twice"),
    ],
    ids=["empty", "missing", "unknown", "twice"],
)
def test_a_file_of_something_else_is_refused(rules: Rules, tmp_path: Path, content: str, why: str) -> None:
    with pytest.raises(SignalsUnreadable, match=why):
        read(rules, tmp_path, content)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SignalsUnreadable, match="文件打不开"):
        File.of(tmp_path / "none.csv")


def test_parquet_that_is_cut_short_is_refused(rules: Rules, tmp_path: Path) -> None:
    with pytest.raises(SignalsUnreadable, match="内容无法读取"):
        read(rules, tmp_path, b"PAR1 and no more")


def test_parquet_is_read_with_its_types(rules: Rules, tmp_path: Path) -> None:
    path = tmp_path / "signals.parquet"
    rows = {
        "身份证号": [ONE, OLD_CARD, "123", None],
        "来源": ["medical", "medical", "medical", "medical"],
        "日期": [date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4), None],
    }
    pq.write_table(pa.table(rows), path)
    found, rejected, _ = _gathered(rules, tmp_path, [File.of(path)])
    assert {one: row["on_0"] for one, row in found.items()} == {ONE: date(2026, 3, 2), TWO: date(2026, 3, 3)}
    assert [line for line, _ in rejected] == [4, 5]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(lines=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=40), max_size=6))
@example(lines=["\x01", "a\x01b", '"', '""', ",,,", " ", "\ufeff", "\0"])
def test_any_line_at_all_is_named_and_spoils_no_other(rules: Rules, tmp_path: Path, lines: list[str]) -> None:
    good = f"{ONE},medical,2026-03-02,seen"
    found, rejected, _ = read(rules, tmp_path, "\n".join([HEADER, *lines, good]))
    assert found[ONE]["on_0"] == date(2026, 3, 2)
    empty = {place for place, line in enumerate(lines, start=2) if line == "" or _blank(line)}
    assert {line for line, _ in rejected} == set(range(2, 2 + len(lines))) - empty


def _blank(line: str) -> bool:
    return line.count(",") == 3 and not line.replace(",", "").strip(" ")


def test_no_progress_bar_of_duckdb_is_drawn_into_what_a_command_prints(rules: Rules, tmp_path: Path) -> None:
    gathering = Gathering([], rules, KeyRing.from_text(KeyRing.generate_text()), tmp_path)
    assert gathering.con.con.sql("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]
    gathering.con.disconnect()


def test_a_number_is_found_under_every_key_of_the_ring_however_it_is_written(rules: Rules, tmp_path: Path) -> None:
    keys = KeyRing.from_text(f"{KeyRing.generate_text('newer')},{KeyRing.generate_text('older')}")
    path = tmp_path / "signals.csv"
    lines = ["id_number,source,seen_on,event", f"{TWO},medical,2026-03-02,", f"{OLD_CARD},transit,2026-03-03,", ""]
    path.write_bytes("\r\n".join(lines).encode())
    gathering = Gathering([File.of(path)], rules, keys, tmp_path)
    gathering.gather()
    found = gathering.con.table("found").to_pyarrow().to_pylist()
    gathering.con.disconnect()
    assert {row["number"] for row in found} == set(keys.indexes(TWO, "people.number"))
    assert [(row["id_number"], row["on_0"] is None, row["on_2"] is None) for row in found] == [(TWO, False, False)] * 2


@pytest.mark.parametrize("group", ["", " ", "-"])
@pytest.mark.parametrize("column", range(1, 4))
def test_a_number_in_a_wrong_column_is_not_shown_whole(rules: Rules, tmp_path: Path, group: str, column: int) -> None:
    written = group.join((ONE[:6], ONE[6:10], ONE[10:14], ONE[14:]))
    cells = [ONE, "medical", "2026-03-02", "seen"]
    cells[column] = written
    _, rejected, _ = read(rules, tmp_path, f"{HEADER}\n{','.join(cells)}")
    [(_, why)] = rejected
    assert "…" in why and ONE[6:14] not in why
