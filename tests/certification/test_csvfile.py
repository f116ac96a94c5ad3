"""CSV files as offices send them."""

from __future__ import annotations

from pathlib import Path

import pytest

from certification import csvfile
from certification.csvfile import Utf8
from certification.roll import RollUnreadable

XLS = bytes.fromhex("d0cf11e0a1b11ae1")


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 100])
def test_text_is_known_as_utf_8_wherever_it_is_cut(piece: int) -> None:
    written = "身份证号,来源\n王,医疗\n".encode()
    assert _readable(written, piece)
    assert not _readable(written[:-2], piece)  # its last letter is half there
    assert not _readable("身份证号,来源\n".encode("gb18030"), piece)


@pytest.mark.parametrize("piece", [1, 3, 100])
@pytest.mark.parametrize(
    ("text", "written_in", "read_in"),
    [
        ("id_number,source,seen_on,event\n1,medical,2026-11-01,住院\n", "gb18030", "gb18030"),
        ("id_number,source,seen_on,event\n1,medical,2026-11-01,住院\n", "utf-8", "utf-8-sig"),
        ("id_number,source,seen_on,event\n1,medical,2026-11-01,住院\n", "utf-8-sig", "utf-8-sig"),
        ("id_number,name\n1,A·B\n", "utf-8", "utf-8-sig"),
        ("id_number,name\n1,Łódź\n", "utf-8", "utf-8-sig"),
        ("id_number,name\n1,阿里木·买买提\n", "gb18030", "gb18030"),
        ("id_number,event\n1,visit\n", "utf-8", "utf-8-sig"),
    ],
    ids=["gb", "utf-8", "utf-8 marked", "dot", "latin", "gb dot", "ascii"],
)
def test_one_word_of_chinese_is_told_from_letters_of_utf_8(
    tmp_path: Path, text: str, written_in: str, read_in: str, piece: int
) -> None:
    written = text.encode(written_in)
    path = tmp_path / "signals.csv"
    path.write_bytes(written)
    assert csvfile.encoding(path) == read_in
    assert _readable(written, piece) == (read_in == "utf-8-sig")


@pytest.mark.parametrize(
    ("begins", "read_as"),
    [(b"PK\x03\x04\x14\x00", "utf-8-sig"), (XLS, "utf-8-sig"), (XLS, "gb18030")],
    ids=["xlsx", "xls", "xls in GB"],
)
def test_a_workbook_is_named_as_what_it_is(begins: bytes, read_as: str) -> None:
    with pytest.raises(RollUnreadable, match=r"另存为.*save it in Excel"):
        csvfile.header(Path("roll.xlsx"), begins.decode(read_as, errors="replace"), RollUnreadable)


def test_a_file_that_is_no_text_is_not_poured_over_the_screen() -> None:
    with pytest.raises(RollUnreadable) as raised:
        csvfile.header(Path("roll.db"), "SQLite format 3\0" + "\0\x1b\x07" * 2000, RollUnreadable)
    assert len(str(raised.value)) < 400
    assert "SQLite format 3·" in str(raised.value)
    assert str(raised.value).isprintable()


def test_an_empty_file_is_called_empty() -> None:
    with pytest.raises(RollUnreadable, match="第一行是空的"):
        csvfile.header(Path("roll.csv"), "", RollUnreadable)


def _readable(written: bytes, piece: int) -> bool:
    text = Utf8()
    for begin in range(0, len(written), piece):
        text.take(written[begin : begin + piece])
    text.take(b"", last=True)
    return text.readable
