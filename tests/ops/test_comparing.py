"""The monthly comparison from outside: run, looked at, released, undone, and what is wrong said as a sentence."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import select

from certification import certifying
from certification.runtime import Runtime, utc_now
from certification.settings import Settings
from certification.store import Evidence
from tests.certification.comparing import number, signals
from tests.ops.test_commands import json_of, sentence, settings, stillhere

__all__ = ["settings"]


@pytest.fixture
def qingdao(settings: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A service with three people of Qingdao."""
    roll = tmp_path / "roll.csv"
    lines = "".join(f"{number(order)},吴{order},青岛\n" for order in (1, 2, 3))
    roll.write_text(f"身份证号,姓名,地区\n{lines}", encoding="utf-8")
    assert stillhere(settings, "db", "upgrade").exit_code == 0
    assert stillhere(settings, "people", "import", str(roll)).exit_code == 0
    return settings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Signals of two of them, one of whom died, and two lines that are none."""
    today = certifying.day_of(utc_now())
    rows = [
        (number(1), "medical", today.isoformat(), "住院"),
        (number(2), "civil_registry", today.isoformat(), "death"),
        ("12", "medical", today.isoformat(), "住院"),
        (number(3), "medical", (today + timedelta(days=1)).isoformat(), "住院"),
    ]
    return signals(tmp_path / "signals.csv", rows)


def found(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json_of(result)


def certified(service: dict[str, str]) -> list[object]:
    return [found(stillhere(service, "people", "show", number(order), "--json"))["certified"] for order in (1, 2, 3)]


def test_a_run_is_looked_at_released_and_taken_back(qingdao: dict[str, str], path: Path) -> None:
    command = ("compare", "run", "--region", "青岛", "--signals", str(path), "--json")
    ran = found(stillhere(qingdao, *command))
    assert (ran["state"], ran["certified"], ran["death"], ran["unresolved"], ran["rejected"]) == ("ready", 1, 1, 1, 2)
    assert certified(qingdao) == [False, False, False]
    rejected = Path(str(ran["rejected_file"]))
    assert rejected.parent.stat().st_mode & 0o777 == 0o700
    with rejected.open(encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    assert [(row["file"], row["line"]) for row in lines] == [("signals.csv", "4"), ("signals.csv", "5")]
    assert "身份证号应为 18 位" in lines[0]["reason"] and "之后" in lines[1]["reason"]
    assert not list(rejected.parent.glob("*.parquet")), "nothing else is left lying"

    text = stillhere(qingdao, "compare", "show", str(ran["run"])[:8]).stdout
    assert "待发布 ready" in text and "比对通过 certified: 1" in text and "尚未生效" in text and str(rejected) in text
    assert found(stillhere(qingdao, *command))["run"] == ran["run"]
    [listed] = found(stillhere(qingdao, "compare", "list", "--json"))["runs"]
    assert (listed["run"], listed["region"], listed["state"]) == (ran["run"], "qingdao", "ready")
    assert stillhere(qingdao, "compare", "list").stdout.endswith("待发布 ready\n")

    released = found(stillhere(qingdao, "compare", "release", str(ran["run"]), "--by", "李", "--json"))
    assert (released["state"], released["changed"]) == ("released", 0)
    assert "发布前情况有变 changed: 0" in stillhere(qingdao, "compare", "show", str(ran["run"])).stdout
    assert certified(qingdao) == [True, False, False]
    undo = ("compare", "undo", str(ran["run"]), "--by", "李", "--reason", "文件不全", "--json")
    assert found(stillhere(qingdao, *undo))["state"] == "undone"
    assert stillhere(qingdao, "compare", "list").stdout.endswith("已撤销 undone\n")
    assert certified(qingdao) == [False, False, False]
    said = sentence(stillhere(qingdao, "compare", "release", str(ran["run"]), "--by", "李"))
    assert "undone" in said
    assert "`compare run`" in said
    assert found(stillhere(qingdao, "journal", "verify", "--json"))["intact"] is True


def test_what_cannot_be_compared_is_said(qingdao: dict[str, str], path: Path, tmp_path: Path) -> None:
    def run(place: str, file: Path, **more: str) -> str:
        return sentence(stillhere(qingdao | more, "compare", "run", "--region", place, "--signals", str(file)))

    assert "没有“nowhere”" in run("nowhere", path)
    assert "昆明没有数据比对" in run("昆明", path)
    assert "文件打不开" in run("青岛", tmp_path / "none.csv")
    other = tmp_path / "other.csv"
    other.write_text("姓名,颜色\n", encoding="utf-8")
    assert "不认识表头“姓名”" in run("青岛", other)
    assert "COMPARISON_ENGINE" in run("青岛", path, COMPARISON_ENGINE="nonsense")
    assert "compare list" in sentence(stillhere(qingdao, "compare", "show", "abc"))
    assert (
        found(stillhere(qingdao, "compare", "run", "--region", "青岛", "--signals", str(path), "--json"))["people"] == 3
    )


def test_a_receipt_of_somebody_erased_says_that_its_comparison_was_undone(qingdao: dict[str, str], path: Path) -> None:
    run = found(stillhere(qingdao, "compare", "run", "--region", "青岛", "--signals", str(path), "--json"))["run"]
    found(stillhere(qingdao, "compare", "release", run, "--by", "李", "--json"))
    rt = Runtime.of(Settings.read(qingdao), lambda _job, _identifier: None)
    with rt.sessions() as session:
        [receipt] = session.scalars(select(Evidence.receipt))
    rt.sessions.kw["bind"].dispose()
    assert stillhere(qingdao, "people", "erase", number(1), "--by", "李").exit_code == 0
    found(stillhere(qingdao, "compare", "undo", run, "--by", "李", "--reason", "文件不全", "--json"))
    told = stillhere(qingdao, "certificate", "check", receipt, "--json")
    assert (found(told)["withdrawn"], found(told)["erased"]) == (True, True)
    assert "已撤回，此人的信息已删除 withdrawn" in told.stdout
