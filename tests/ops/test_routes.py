"""The commands of the other routes, from outside: certify, agents, papers, visits."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from certification.regions import SHANGHAI
from certification.runtime import utc_now
from tests.certification.numbers import resident_number
from tests.ops.test_commands import NUMBER, json_of, sentence, settings, stillhere, town

__all__ = ["settings", "town"]
BY = ("--by", "clerk")


def today() -> date:
    return utc_now().astimezone(SHANGHAI).date()


def done(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json_of(result)


def certified(town: dict[str, str]) -> bool:
    return bool(done(stillhere(town, "people", "show", NUMBER, "--json"))["certified"])


def agents(town: dict[str, str], *arguments: str) -> list[tuple[str, str, int, bool]]:
    rows = done(stillhere(town, "agents", "list", *arguments, "--json"))["agents"]
    return [(one["code"], one["name"], one["people"], one["closed"]) for one in rows]


def test_an_agent_certifies_those_on_its_list(town: dict[str, str], tmp_path: Path) -> None:
    add = ("agents", "add", "昆明机床厂", "--kind", "employer", "--region", "昆明", *BY, "--json")
    code = done(stillhere(town, *add))["code"]
    certify = ("certify", NUMBER, "--route", "agent", "--agent", code, "--by", "王", "--json")
    assert "昆明机床厂" in sentence(stillhere(town, *certify))
    listed = tmp_path / "list.txt"
    listed.write_text(f"{NUMBER}\n", encoding="utf-8")
    assign = ("agents", "assign", code, "--file", str(listed), *BY, "--json")
    assert done(stillhere(town, *assign)) == {"changed": 1, "people": 1}
    assert done(stillhere(town, *assign)) == {"changed": 0, "people": 1}
    assert agents(town, "--region", "昆明") == [(code, "昆明机床厂", 1, False)]
    assert agents(town, "--region", "广州") == []
    assert done(stillhere(town, *certify))["certified"] is True
    assert certified(town)
    assert done(stillhere(town, *assign, "--release")) == {"changed": 1, "people": 0}
    assert stillhere(town, "agents", "close", code, *BY).exit_code == 0
    assert "closed" in sentence(stillhere(town, *certify))
    assert agents(town) == [(code, "昆明机床厂", 0, True)]
    assert done(stillhere(town, "journal", "verify", "--json"))["intact"] is True


def test_an_agent_is_of_the_only_region_or_of_the_one_that_is_said(town: dict[str, str], tmp_path: Path) -> None:
    def added(environment: dict[str, str], *region: str) -> str:
        """The code of an agent."""
        add = ("agents", "add", "机床厂", "--kind", "employer", *region, *BY, "--json")
        return str(done(stillhere(environment, *add))["code"])

    roll = tmp_path / "more.csv"
    roll.write_text(f"身份证号,姓名,地区\n{resident_number('110101', 1950, 5, 15)},某某,广州\n", encoding="utf-8")
    of_everybody = added(town)
    done(stillhere(town, "people", "import", str(roll), "--json"))
    refused = stillhere(town, "agents", "add", "机床厂", "--kind", "employer", *BY)
    assert (refused.exit_code, "请用 --region 写明地区" in refused.stderr) == (2, True)
    assert "guangzhou 广州、" in refused.stderr and "kunming 昆明、" in refused.stderr
    assert [one[0] for one in agents(town, "--region", "kunming")] == [of_everybody]
    said, set_ = added(town, "--region", "广州"), added({**town, "DEFAULT_REGION": "beijing"})
    assert [one[0] for one in agents(town, "--region", "guangzhou")] == [said]
    assert [one[0] for one in agents(town, "--region", "beijing")] == [set_]
    assert agents(town, "--region", "default") == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_list_says_where_it_names_nobody_and_changes_nothing(
    town: dict[str, str], tmp_path: Path, encoding: str
) -> None:
    code = done(stillhere(town, "agents", "add", "昆明机床厂", "--kind", "employer", *BY, "--json"))["code"]
    listed = tmp_path / "list.txt"
    listed.write_text(f"{NUMBER}\n\n（王）\n{NUMBER[:-1]}\n", encoding=encoding)
    result = stillhere(town, "agents", "assign", code, "abc", "--file", str(listed), *BY)
    assert result.exit_code == 1
    said = result.stderr.splitlines()
    assert "名单没有改动 nothing was changed" in said[0]
    assert [line.partition(":")[0] for line in said[1:]] == ["第 1 个 ID no. 1", "第 3 行 line 3", "第 4 行 line 4"]
    assert done(stillhere(town, "agents", "assign", code, NUMBER, *BY, "--json")) == {"changed": 1, "people": 1}


@pytest.mark.parametrize("command", ["desk", "agent", "paper", "visit"])
def test_a_route_that_the_region_has_closed_is_said(town: dict[str, str], tmp_path: Path, command: str) -> None:
    (tmp_path / "rules").mkdir()
    rules = 'name = "昆明"\nroutes = ["call", "pin"]\n'
    (tmp_path / "rules" / "kunming.toml").write_text(rules, encoding="utf-8")
    closed = {**town, "STILLHERE_REGIONS": str(tmp_path / "rules")}
    code = done(stillhere(town, "agents", "add", "昆明机床厂", "--kind", "employer", *BY, "--json"))["code"]
    commands = {
        "desk": ("certify", NUMBER, "--route", "desk"),
        "agent": ("certify", NUMBER, "--route", "agent", "--agent", code),
        "paper": ("papers", "issue", NUMBER),
        "visit": ("visits", "ask", NUMBER),
    }
    before = done(stillhere(town, "journal", "verify", "--json"))["entries"]
    assert "昆明不用" in sentence(stillhere(closed, *commands[command], *BY))
    refused = done(stillhere(town, "journal", "verify", "--json"))["entries"] - before
    assert refused == (command in ("desk", "agent")), "a certification that was refused is journalled"
    assert not certified(town)


def test_a_form_goes_its_way(town: dict[str, str]) -> None:
    number = done(stillhere(town, "papers", "issue", NUMBER, *BY, "--json"))["number"]
    for step, state in (("post", "posted"), ("receive", "received")):
        assert done(stillhere(town, "papers", step, number, *BY, "--json"))["state"] == state
    returned = stillhere(town, "papers", "return", number, "--reason", "没有签名", *BY, "--json")
    assert done(returned)["reason"] == "没有签名"
    assert "没有签名" in stillhere(town, "papers", "show", number).stdout
    certify = ("certify", NUMBER, "--route", "paper", "--form", number, *BY, "--json")
    assert "--signed-on" in stillhere(town, *certify).stderr
    assert done(stillhere(town, *certify, "--signed-on", str(today())))["certified"] is True
    assert done(stillhere(town, "papers", "show", number, "--json"))["state"] == "accepted"
    assert "accepted" in sentence(stillhere(town, "papers", "receive", number, *BY))


def test_a_form_is_out_once_and_one_that_was_replaced_is_refused(town: dict[str, str]) -> None:
    lost = done(stillhere(town, "papers", "issue", NUMBER, *BY, "--json"))["number"]
    assert lost in sentence(stillhere(town, "papers", "issue", NUMBER, *BY))
    assert stillhere(town, "papers", "issue", NUMBER, "--again", " ", *BY).exit_code == 2
    number = done(stillhere(town, "papers", "issue", NUMBER, "--again", "寄丢了", *BY, "--json"))["number"]
    before = done(stillhere(town, "journal", "verify", "--json"))["entries"]
    certify = ("certify", NUMBER, "--route", "paper", "--signed-on", str(today()), *BY, "--form")
    for refused in (("papers", "receive", lost, *BY), (*certify, lost)):
        assert f"改用编号为 {number} 的表" in sentence(stillhere(town, *refused))
    assert done(stillhere(town, "journal", "verify", "--json"))["entries"] == before + 2
    assert not certified(town)
    assert done(stillhere(town, "papers", "show", lost, "--json"))["reason"] == "寄丢了"
    assert done(stillhere(town, *certify, number, "--json"))["certified"] is True


def test_a_form_that_nobody_issued_is_refused_and_stays_in_the_journal(town: dict[str, str]) -> None:
    before = done(stillhere(town, "journal", "verify", "--json"))["entries"]
    refused = stillhere(
        town, "certify", NUMBER, "--route", "paper", "--form", "1234567890", "--signed-on", str(today()), *BY
    )
    assert "没有编号为 1234567890 的表" in sentence(refused)
    assert done(stillhere(town, "journal", "verify", "--json"))["entries"] == before + 1
    assert not certified(town)


def test_a_letter_certifies_by_what_is_recent_in_it(town: dict[str, str]) -> None:
    old, recent = today() - timedelta(days=200), today() - timedelta(days=2)
    post = ("certify", NUMBER, "--route", "post", *BY, "--json")
    assert "--document" in stillhere(town, *post).stderr
    assert "KIND:DATE" in stillhere(town, *post, "--document", "selfie:2026-01-01").stderr
    assert "does not count" in sentence(stillhere(town, *post, "--document", f"medical_record:{old}"))
    documents = ("--document", f"household_booklet:{old}", "--document", f"medical_record:{recent}")
    assert done(stillhere(town, *post, *documents))["receipt"]
    number = done(stillhere(town, "papers", "letter", NUMBER, *documents, *BY, "--json"))["number"]
    assert done(stillhere(town, "papers", "accept", number, *BY, "--json"))["receipt"]


def test_a_visit_is_asked_for_given_and_reported(town: dict[str, str], tmp_path: Path) -> None:
    [visit] = done(stillhere(town, "visits", "ask", NUMBER, *BY, "--json"))["visits"]
    assign = ("visits", "assign", visit["id"], "--visitor", "李", "--on", str(today()), *BY, "--json")
    assert done(stillhere(town, *assign))["visits"][0]["state"] == "assigned"
    assert visit["id"] in stillhere(town, "visits", "list", "--visitor", "李").stdout
    again = stillhere(town, "visits", "ask", NUMBER, *BY, "--json")
    assert done(again)["visits"][0]["id"] == visit["id"] and "已有一次上门待办" in again.stderr
    photo = tmp_path / "door.jpg"
    photo.write_bytes(b"\xff\xd8\xff")
    report = (
        "visits",
        "report",
        visit["id"],
        "--outcome",
        "met",
        "--report",
        "见到本人",
        "--photo",
        str(photo),
        "--json",
    )
    assert "given to 李" in sentence(stillhere(town, *report, "--visitor", "王"))
    assert done(stillhere(town, *report, "--visitor", "李"))["certified"] is True
    assert certified(town)
    assert done(stillhere(town, "visits", "list", "--json")) == {"visits": []}
    assert re.search(
        "没有编号为 nowhere", sentence(stillhere(town, "visits", "report", "nowhere", *report[3:], "--visitor", "李"))
    )


@pytest.mark.parametrize("outcome", ["absent", "dead"])
def test_who_was_not_met_is_not_certified(town: dict[str, str], outcome: str) -> None:
    [visit] = done(stillhere(town, "visits", "ask", NUMBER, *BY, "--json"))["visits"]
    stillhere(town, "visits", "assign", visit["id"], "--visitor", "李", "--on", str(today()), *BY)
    report = ("visits", "report", visit["id"], "--visitor", "李", "--outcome", outcome, "--report", "没见到", "--json")
    assert done(stillhere(town, *report))["visits"][0]["outcome"] == outcome
    assert not certified(town)
