"""Rolls: a bad line is named with its reason, and every other line comes in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from certification import people, roll
from certification.identity import ResidentNumber
from certification.people import Entry
from certification.roll import ImportReport, Rejected, RollUnreadable
from certification.runtime import Runtime
from certification.store import Person
from tests.certification.numbers import resident_number

WU, LI = resident_number("530102", 1950, 5, 15), resident_number("440106", 1952, 8, 1)
HEADER = "id_number,name,region,phone,dialect,relative_phone\n"
GOOD = HEADER + f"{WU},吴先生,kunming,13888000001,sichuanese,\n{LI},李女士,,020-87654321,粤语,13888000001\n"


def bring_in(rt: Runtime, path: Path, content: str | bytes) -> ImportReport:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return roll.import_csv(rt.sessions, rt, path)


def count(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        return session.scalars(select(func.count()).select_from(Person)).one()


def test_a_roll_comes_in_and_again_changes_nothing(rt: Runtime, tmp_path: Path) -> None:
    assert bring_in(rt, tmp_path / "roll.csv", GOOD) == ImportReport(2, 0, 0, [])
    assert bring_in(rt, tmp_path / "roll.csv", GOOD) == ImportReport(0, 0, 2, [])
    assert bring_in(rt, tmp_path / "roll.csv", GOOD.replace("吴先生", "吴老")) == ImportReport(0, 1, 1, [])
    with rt.sessions() as session:
        li = people.find_by_number(session, rt.keys, ResidentNumber.parse(LI))
        assert li is not None
        assert (li.region, li.dialect) == ("default", "cantonese")
        assert {(phone.kind, phone.holder) for phone in li.phones} == {("landline", "self"), ("mobile", "relative")}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_as_spreadsheets_save_it(rt: Runtime, tmp_path: Path, encoding: str, newline: str) -> None:
    chinese = GOOD.replace(HEADER, "身份证号,姓名,地区,电话,方言,亲属电话\n").replace("kunming", "昆明")
    content = chinese.replace("\n", newline).encode(encoding)
    assert bring_in(rt, tmp_path / "roll.csv", content) == ImportReport(2, 0, 0, [])


def test_columns_in_another_order_and_fewer(rt: Runtime, tmp_path: Path) -> None:
    assert bring_in(rt, tmp_path / "roll.csv", f'姓名,"身份证号"\n吴先生,{WU}\n').added == 1


def test_a_bad_line_stops_no_other(rt: Runtime, tmp_path: Path) -> None:
    lines = [
        f"{WU},吴先生,kunming,13888000001,,",
        f"{WU[:-1]}?,错号,kunming,,,",
        ",,,,,",
        "",
        f'{WU},"没有关上的引号,kunming,,,',
        f"{WU},栏数不对",
        f"{WU},\0,kunming,,,",
        f"{WU},吴先生,亚特兰蒂斯,,,",
        f"{WU},吴先生,kunming,,世界语,",
        f"{WU},吴先生,kunming,12,,",
        f"{LI},李女士,kunming,,,",
    ]
    report = bring_in(rt, tmp_path / "roll.csv", HEADER + "\n".join(lines))
    assert (report.added, report.updated, report.unchanged) == (2, 0, 0)
    assert [line for line, _ in report.rejected] == [3, 6, 7, 8, 9, 10, 11]
    reasons = dict(report.rejected)
    for line, says in {
        3: "18",
        6: "quotation",
        7: "2 fields",
        8: "UTF-8",
        9: "kunming",
        10: "mandarin",
        11: "12",
    }.items():
        assert says in reasons[line]
        assert WU not in reasons[line]


def test_a_line_in_another_encoding_spoils_only_itself(rt: Runtime, tmp_path: Path) -> None:
    content = (HEADER + f"{WU},吴先生,,,,\n").encode() + b"\xff\xff\xff,\xff,,,,\n" + f"{LI},李女士,,,,\n".encode()
    report = bring_in(rt, tmp_path / "roll.csv", content)
    assert report.added == 2
    assert [line for line, _ in report.rejected] == [3]


def test_more_lines_than_one_commit_takes(rt: Runtime, tmp_path: Path) -> None:
    lines = [f"{resident_number('530102', 1950, 1 + n // 28 % 12, 1 + n % 28, n % 1000)},吴,,,," for n in range(510)]
    report = bring_in(rt, tmp_path / "roll.csv", HEADER + "\n".join([*lines, "x,,,,,"]))
    assert report.added == count(rt.sessions) == 510
    assert report.rejected[0][0] == 512


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "header"),
        ("id_number\n", "name"),
        ("id_number,name,colour\n", "colour"),
        ("id_number,name,姓名\n", "twice"),
        (f"{WU},吴先生,kunming,,,\n", "header"),
        (b"\x89PNG\r\n\x1a\n", "header"),
    ],
)
def test_a_file_that_is_no_roll(rt: Runtime, tmp_path: Path, content: str | bytes, says: str) -> None:
    path = tmp_path / "roll.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    with pytest.raises(RollUnreadable, match=says):
        list(roll.read(path, rt))


@pytest.mark.parametrize("name", ["missing.csv", ""])
def test_a_file_that_cannot_be_opened(rt: Runtime, tmp_path: Path, name: str) -> None:
    with pytest.raises(RollUnreadable, match="opened"):
        list(roll.read(tmp_path / name, rt))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=60)))
def test_whatever_the_lines_hold_each_is_an_entry_or_rejected(rt: Runtime, tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "roll.csv"
    path.write_text(HEADER + "\n".join([*lines, f"{WU},吴先生,,,,"]), "utf-8")
    *others, last = list(roll.read(path, rt))
    assert isinstance(last, Entry)
    assert last.name == "吴先生"
    assert all(isinstance(row, Rejected) for row in others)
