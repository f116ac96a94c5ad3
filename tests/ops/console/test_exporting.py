"""Lists as files: what was written in comes out as text, in CSV and in XLSX."""

from __future__ import annotations

import csv
import sys
from functools import partial
from io import BytesIO, StringIO

import pytest
from flask import Flask
from flask_login import login_user
from openpyxl import load_workbook
from werkzeug.exceptions import NotFound

from certification.errors import TooManyRows
from certification.runtime import Runtime
from certification.staff import Proven, Role
from ops.app import create_app
from ops.console import exporting
from ops.console.setup import Signed
from tests.ops.console.files import entries

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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("most", "made"), [(2, True), (1, False)])
def test_a_file_is_whole_and_journalled_or_it_is_none(rt: Runtime, most: int, made: bool) -> None:
    app = create_app(rt)
    handed = partial(exporting.handed, rt, "csv", "people", HEADING, lambda _: ROWS, did="people exported", of="people")
    with app.test_request_context("/console/"):
        login_user(Signed(Proven("x", "某", Role.AUDITOR), "x"))
        if made:
            handed(most=most, filter={"stand": "due"}).close()
        else:
            with pytest.raises(TooManyRows, match="筛选"):
                handed(most=most)
        with pytest.raises(NotFound):
            exporting.handed(rt, "pdf", "people", HEADING, lambda _: ROWS, did="people exported", of="people")
    found = [{"rows": 2, "kind": "csv", "filter": {"stand": "due"}}] if made else []
    assert entries(rt, "people exported") == found
