"""Every list is a file: the same in CSV and XLSX, in the language chosen, journalled, and nothing else is one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from certification.comparison import folders
from certification.reports import making
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Agent, Person
from ops.console import navigation
from ops.console.language import LANGUAGES
from tests.certification.conftest import Clock
from tests.ops.console.browser import Account, Browser, Hire
from tests.ops.console.files import content, table, taken
from tests.ops.console.test_every_page import identifier, staff_of, things
from tests.ops.console.test_matrix import MATRIX

FILES = {path.removeprefix("/console/"): roles for (_, path), roles in MATRIX.items() if path.endswith(".<kind>")}
LISTS = {
    "cases.<kind>": "cases",
    "roll.<kind>": "roll",
    "papers.<kind>": "papers",
    "visits.<kind>": "visits",
    "appointments.<kind>": "appointments",
    "mine.<kind>": "mine",
    "suspensions.<kind>": "suspensions",
    "runs.<kind>": "runs",
    "campaigns.<kind>": "campaigns",
    "operators.<kind>": "operators",
    "reports/table.<kind>": "reports",
    "prompts.<kind>": "prompts",
    "journal/file.<kind>": "journal",
    "staff.<kind>": "accounts",
    "agents.<kind>": "agents",
    "errands.<kind>": "errands",
}
"""The file of each list that is led to."""
NO_LISTS = {"home", "people", "rounds"}
"""Where to go, whom to look for (in no address), and where a visitor goes today: a supervisor has the visits' file."""
QUERIES = {"appointments.<kind>": "?region=nanjing", "appointments/invited.<kind>": "?region=nanjing"}


def test_each_list_that_is_led_to_has_its_file() -> None:
    assert set(LISTS) <= set(FILES)
    assert {page.name for page in navigation.PAGES} == set(LISTS.values()) | NO_LISTS


@pytest.fixture
def addresses(rt: Runtime, clock: Clock, hired: Hire, tmp_path: Path) -> tuple[dict[str, str], dict[Role, Account]]:
    """What stands for each part of an address, of a town in which everything was done; and somebody of each role."""
    known, resident = things(rt, clock, tmp_path)
    team = staff_of(rt, hired, resident)
    known["staff_id"] = identifier(rt, team[Role.OPERATOR])
    with rt.sessions() as session:
        known["agent_id"] = session.scalars(select(Agent.id).where(Agent.name == "机床厂")).one()
    making.make(rt, "clerk")
    lines = folders.rejected(rt, known["run_id"])
    lines.parent.mkdir(parents=True, exist_ok=True)
    lines.write_text("file,line,reason\nsignals.csv,4,日期不对\n", "utf-8-sig")
    return known, team


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_file_is_the_same_in_both_kinds_and_languages_and_is_journalled(
    addresses: tuple[dict[str, str], dict[Role, Account]], another: Callable[[str], Browser], rt: Runtime, wu: Person
) -> None:
    known, team = addresses
    browsers = {}
    for number, role in enumerate((Role.AUDITOR, Role.AGENT, Role.ADMINISTRATOR)):
        browsers[role] = another(f"192.0.2.{number}")
        browsers[role].signs_in(team[role])
    for path, roles in FILES.items():
        browser = next(one for role, one in browsers.items() if role in roles)
        address = path + QUERIES.get(path, "")
        for part, value in known.items():
            address = address.replace(f"<{part}>", value)
        before, found = len(taken(rt)), dict[str, list[list[str]]]()
        for language in LANGUAGES:
            browser.open("/console/")
            browser.send(f"/console/language/{language}")
            rows = table(browser, address.replace("<kind>", "csv"))
            again = table(browser, address.replace("<kind>", "xlsx"))
            steady = path != "journal/file.<kind>"  # each download is an entry more
            assert rows == again or not steady, path
            assert all(len(row) == len(rows[0]) and all(rows[0]) for row in rows), path
            found[language] = rows
        assert found["zh"][0] != found["en"][0], path
        (action, subject, facts), *others = taken(rt)[before:]
        assert len(others) == 3 and {(one[0], one[1]) for one in others} == {(action, subject)}, path
        assert facts["kind"] == "csv" and facts["rows"] == len(found["zh"]) - 1, path
        assert content(browser, address.replace("<kind>", "pdf"), 404) and len(taken(rt)) == before + 4, path


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_filtered_page_leads_to_the_file_of_the_same_filters(
    addresses: tuple[dict[str, str], dict[Role, Account]], browser: Browser
) -> None:
    _, team = addresses
    browser.signs_in(team[Role.SUPERVISOR])
    for page in ("cases?kind=voice_doubt", "papers?kind=own", "agents?kind=employer", "errands?kind=known_cases"):
        path, _, query = page.partition("?")
        assert browser.open(f"/console/{page}").status_code == 200, page
        assert f'href="/console/{path}.csv?{query}"' in browser.page, page
        assert len(table(browser, f"{path}.csv?{query}")) > 1, page
