"""Certificates from outside: a number checked, and the page that is printed."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from ops.pages import grouped
from tests.ops.test_commands import NUMBER, json_of, sentence, settings, stillhere, town
from tests.ops.test_routes import BY, done

__all__ = ["settings", "town"]
CERTIFY = ("certify", NUMBER, "--route", "desk", *BY, "--json")


class Page(HTMLParser):
    """The text of a page, and whatever it would fetch from elsewhere."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.fetched = "", list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_number_is_checked(town: dict[str, str]) -> None:
    receipt = done(stillhere(town, *CERTIFY))["receipt"]
    result = stillhere(town, "certificate", "check", receipt, "--json")
    facts = done(result)
    assert (facts["found"], facts["certifies"], facts["stands"], facts["erased"]) == (True, True, True, False)
    assert (facts["number"], facts["region"], facts["kind"]) == (receipt, "kunming", "desk")
    assert "昆明 · 社保窗口 at a desk" in result.stdout and "stands, until" in result.stdout
    assert "王" not in result.stdout and NUMBER not in result.stdout
    assert stillhere(town, "people", "erase", NUMBER, *BY).exit_code == 0
    erased = stillhere(town, "certificate", "check", receipt, "--json")
    assert (done(erased)["erased"], "data were erased" in erased.stdout) == (True, True)


def test_a_number_of_nobody_is_said(town: dict[str, str]) -> None:
    result = stillhere(town, "certificate", "check", "1234567897", "--json")
    assert (result.exit_code, json_of(result)) == (1, {"found": False})
    assert "没有这个编号" in result.stderr


def test_the_page_has_all_that_an_office_needs_and_nothing_that_a_caller_is_asked(
    town: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    printing = ("certificate", "print", NUMBER, "--out", str(out), *BY)
    assert "certify them first" in sentence(stillhere(town, *printing))
    receipt = done(stillhere(town, *CERTIFY))["receipt"]
    assert receipt in stillhere(town, *printing).stdout
    assert out.stat().st_mode & 0o777 == 0o600
    assert "give another name" in sentence(stillhere(town, *printing))
    page = Page(out.read_text(encoding="utf-8"))
    for said in ("王", "530102 1948 **** ****", "昆明", "社保窗口", f"{receipt[:3]} {receipt[3:6]} {receipt[6:]}"):
        assert said in page.text
    assert "087112333" in page.text and "不再有效" not in page.text
    assert NUMBER not in page.text and NUMBER[-4:] not in page.text.replace(receipt[6:], "")
    assert page.fetched == []
    shown = stillhere(town, "certificate", "print", NUMBER, "--out", "-")
    assert Page(shown.stdout).text.strip() == page.text.strip()
    assert json_of(stillhere(town, "journal", "verify", "--json"))["intact"] is True


@pytest.mark.parametrize(
    ("number", "said"), [("1234567897", "123 456 7897"), ("12345678901234", "123 456 789 012 34")], ids=["ten", "more"]
)
def test_a_number_is_printed_in_groups(number: str, said: str) -> None:
    assert grouped(number) == said


def test_a_name_is_no_markup(town: dict[str, str], tmp_path: Path) -> None:
    roll = tmp_path / "roll.csv"
    roll.write_text(f"身份证号,姓名,地区,电话\n{NUMBER},<b>王,昆明,\n", encoding="utf-8")
    assert json_of(stillhere(town, "people", "import", str(roll), "--json"))["updated"] == 1
    done(stillhere(town, *CERTIFY))
    html = stillhere(town, "certificate", "print", NUMBER, "--out", "-").stdout
    assert "&lt;b&gt;王" in html and "<b>" not in html
