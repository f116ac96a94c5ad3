"""Lists as files: what was written in comes out as text, in CSV and in XLSX."""

from __future__ import annotations

import csv
import sys
from io import BytesIO, StringIO

import pytest
from flask import Flask
from openpyxl import load_workbook
from werkzeug.exceptions import NotFound

from ops.console import exporting

HEADING = ["姓名", "身份证号", "天"]
ROWS: list[exporting.Row] = [["吴桂芳", "530102194603050021", 3], ['=HYPERLINK("http://x")', "http://x", None]]


def content(kind: str) -> bytes:
    app = Flask("here")
    with app.test_request_context():
        answer = exporting.sent("people", kind, HEADING, ROWS)
        answer.direct_passthrough = False
        assert f"people.{kind}" in answer.headers["Content-Disposition"]
        found = answer.get_data()
        answer.close()
        return found


def test_csv_is_chinese_in_a_spreadsheet_and_holds_no_formula() -> None:
    found = list(csv.reader(content("csv").decode("utf-8-sig").splitlines()))
    assert content("csv").startswith(b"\xef\xbb\xbf")
    assert found == [HEADING, ["吴桂芳", "530102194603050021", "3"], ['\'=HYPERLINK("http://x")', "http://x", ""]]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_whatever_begins_as_a_formula_is_text(monkeypatch: pytest.MonkeyPatch, sign: str) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROWS", [[f"{sign}1+1"]])
    rows = list(csv.reader(StringIO(content("csv").decode("utf-8-sig"), newline="")))
    assert rows[1:] == [[f"'{sign}1+1"]]


def test_xlsx_keeps_every_digit_and_holds_no_formula() -> None:
    sheet = load_workbook(BytesIO(content("xlsx"))).active
    assert sheet is not None
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert found == [HEADING, *([*row] for row in ROWS)]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n"}
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.hyperlink]


def test_another_kind_of_file_is_no_such_page() -> None:
    with pytest.raises(NotFound):
        content("pdf")
