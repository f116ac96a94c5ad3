"""The commands of whoever writes the rules: what is shown, what is wrong, and whom a change would touch."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, func, select

from certification import certifying, changes, people
from certification.changes import Effect
from certification.evidence import Kind, Strength
from certification.periods import Interval
from certification.regions import BUILT_IN, SHANGHAI, Region, Regions
from certification.runtime import Runtime
from certification.store import Period, Person
from ops import compose
from ops.cli import main
from ops.commands.regions import CALLED
from tests.certification.numbers import resident_number

KUNMING = (BUILT_IN / "kunming.toml").read_text("utf-8")


def stillhere(*arguments: str, now: Callable[[], datetime] | None = None, **settings: str) -> Result:
    """Run one command with these settings alone, on another day where a clock is handed in."""
    return CliRunner().invoke(main, ["regions", *arguments], env={"STILLHERE_REGIONS": "", **settings}, obj=now)


def json_of(result: Result) -> Any:
    """The object on the last line of standard output."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout.splitlines()[-1])


def folder(place: Path, **files: str) -> Path:
    """A folder of region files."""
    place.mkdir(exist_ok=True)
    for code, text in files.items():
        (place / f"{code}.toml").write_text(text, "utf-8")
    return place


def test_the_regions_are_listed_without_any_secret(tmp_path: Path) -> None:
    listed = stillhere("list", "--json")
    assert "xian\t西安\tyear\t+862912333\tmandarin、shaanxi" in listed.stdout
    assert [one["code"] for one in json_of(listed)["regions"]] == [region.code for region in Regions.load()]
    mine = folder(tmp_path / "mine", dali='name = "大理"')
    listed = stillhere("list", "--json", STILLHERE_REGIONS=str(mine), DEFAULT_REGION="dali")
    assert json_of(listed)["default"] == "dali"


def test_every_key_of_a_region_is_called_something_in_chinese() -> None:
    assert set(CALLED) == set(Region.model_fields)


@pytest.mark.parametrize("asked", ["kunming", "昆明"])
def test_a_region_is_shown_whole(asked: str) -> None:
    shown = stillhere("show", asked, "--json")
    for line in (
        "# 认证周期 interval",
        'interval = "quarter"',
        "evidence.lesser.months = 12",
        "suspension.channels = 2",
    ):
        assert line in shown.stdout.splitlines()
    assert 'reminders.quiet_hours = ["20:00", "09:00"]' in shown.stdout
    assert json_of(shown)["evidence"]["lesser"] == {"counts": "possession", "backed_by": "live", "months": 12}
    assert json_of(stillhere("show", "nanjing", "--json"))["offices"][0]["slots"][0]["from"] == "09:00"


def test_what_is_shown_can_be_read_again_as_a_file() -> None:
    for region in Regions.load():
        written = json_of(stillhere("show", region.code, "--json"))
        assert type(region).model_validate(written) == region


def test_a_region_that_is_not_there_is_told_which_are() -> None:
    result = stillhere("show", "dali")
    assert result.exit_code == 1
    assert "kunming" in result.stderr


def test_a_right_folder_passes(tmp_path: Path) -> None:
    november = on(date(2026, 11, 30))
    checked = stillhere("check", "--json", now=november)
    assert json_of(checked) == {"regions": 10, "wrong": [], "holidays_missing": {}}
    mine = folder(tmp_path / "mine", dali='name = "大理"')
    checked = stillhere("check", str(mine), "--json")
    assert (checked.exit_code, json_of(checked)["regions"]) == (0, 11)


def on(day: date) -> Callable[[], datetime]:
    """The clock at noon of a day."""
    noon = datetime.combine(day, time(12), SHANGHAI)
    return lambda: noon


def test_holidays_that_nobody_has_written_yet_are_said_before_they_are_needed(tmp_path: Path) -> None:
    mine = folder(
        tmp_path / "mine",
        dali='name = "大理"\nholidays = ["2026-10-01", "2030-12-30/2031-01-02"]',
        lijiang='name = "丽江"\nholidays = []',
    )

    def missing(day: date) -> dict[str, int]:
        checked = stillhere("check", str(mine), "--json", now=on(day))
        assert checked.exit_code == 0, "nothing is wrong with the files"
        found: dict[str, int] = json_of(checked)["holidays_missing"]
        assert all(f"缺少 {year} 年" in checked.stderr for year in found.values())
        return found

    assert missing(date(2026, 11, 30)) == {}
    after = (date(2030, 12, 1), date(2031, 1, 1), date(2031, 11, 30))
    assert [missing(day).get("dali") for day in after] == [None] * 3
    assert [missing(date(2031, 12, 1)).get(code) for code in ("dali", "lijiang")] == [2032, None]
    assert (missing(date(2026, 12, 1))["dali"], missing(date(2027, 5, 1))["dali"]) == (2027, 2027)


def test_everything_wrong_in_a_folder_is_said_and_exits_1(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", dali='name = "大理"\nintervall = "year"', lijiang="[suspension]\nchannels = 1")
    for checked in (stillhere("check", str(mine), "--json"), stillhere("check", "--json", STILLHERE_REGIONS=str(mine))):
        assert checked.exit_code == 1
        wrong = json_of(checked)["wrong"]
        assert [(Path(one["file"]).name, one["key"]) for one in wrong] == [
            ("dali.toml", "intervall"),
            ("lijiang.toml", "name"),
            ("lijiang.toml", "suspension.channels"),
        ]
        assert len(checked.stderr.splitlines()) == 3
        assert "did you mean interval" in checked.stderr
        assert "应不小于 2" in checked.stderr


def test_a_dialect_that_the_line_does_not_speak_is_wrong(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", dali='name = "大理"\ndialects = ["mandarin", "klingon"]')
    checked = stillhere("check", str(mine))
    assert (checked.exit_code, "klingon" in checked.stderr) == (1, True)


def test_a_folder_in_the_settings_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = stillhere("check", STILLHERE_REGIONS=str(tmp_path / "nowhere"))
    assert (result.exit_code, "STILLHERE_REGIONS" in result.stderr) == (1, True)


@pytest.fixture
def roll(rt: Runtime, wu: Person) -> list[Person]:
    """Mr Wu, certified; Ms Li, who gave a PIN; Mr Zhao, his period not opened yet; Ms Sun of Xi'an. 10 March 2026."""
    with rt.sessions.begin() as session:
        others = [
            people.add(session, rt, id_number=resident_number("530102", 1950 + n, 2, 1), name="某", region=region)
            for n, region in enumerate(["kunming", "kunming", "xian"])
        ]
        session.execute(delete(Period))  # until the sweep comes by
        for person, kind, strength in (
            (wu, Kind.VOICE, Strength.LIVE),
            (others[0], Kind.PIN, Strength.POSSESSION),
        ):
            certifying.record(
                session,
                rt,
                person,
                kind=kind,
                strength=strength,
                source="call",
                ref=person.id,
                observed_at=rt.now(),
                actor="worker",
            )
    return [wu, *others]


def diff(rt: Runtime, monkeypatch: pytest.MonkeyPatch, mine: Path, *arguments: str) -> Result:
    """The command, on the test's runtime."""
    monkeypatch.setattr(compose, "runtime", lambda **_with: rt)
    return stillhere("diff", str(mine), *arguments)


def effect(rt: Runtime, code: str, **changed: object) -> Effect:
    """What these changes of a region's rules would do."""
    old = rt.regions[code]
    with rt.sessions() as session:
        return changes.effect(session, rt, code, old, old.model_copy(update=changed), lambda _count: None)


def test_a_change_of_the_interval_counts_whom_it_touches(rt: Runtime, roll: list[Person]) -> None:
    # On record: Mr Wu's quarter, certified, and Ms Li's, open; both stand. Mr Zhao's is none yet.
    assert effect(rt, "kunming", interval=Interval.YEAR) == Effect(people=3, due=1, next_due=2)
    assert effect(rt, "kunming", interval=Interval.MONTH) == Effect(people=3, next_due=1)  # all three till 31 March
    assert effect(rt, "kunming", interval=Interval.YEAR_FROM_SUCCESS) == Effect(people=3, due=1, next_due=2)
    assert effect(rt, "xian", interval=Interval.QUARTER) == Effect(people=1, due=1, next_due=1)
    assert effect(rt, "dali", interval=Interval.MONTH) == Effect()


def test_a_change_of_the_evidence_counts_who_would_newly_be_certified(rt: Runtime, roll: list[Person]) -> None:
    rules = rt.regions["kunming"].evidence
    easier = rules.model_copy(update={"needs": Strength.POSSESSION})
    assert effect(rt, "kunming", evidence=easier) == Effect(people=3, next_due=1, newly=1)
    harder = rules.model_copy(update={"needs": Strength.OFFICIAL, "lesser": None})
    assert effect(rt, "kunming", evidence=harder) == Effect(people=3), "nobody loses what they have"


def test_what_is_foreseen_is_what_happens(rt: Runtime, roll: list[Person]) -> None:
    """With the new rules, periods considered again come to what was counted."""
    easier = rt.regions["kunming"].evidence.model_copy(update={"needs": Strength.POSSESSION})
    kunming = rt.regions["kunming"].model_copy(update={"evidence": easier, "interval": Interval.YEAR_FROM_SUCCESS})
    changed = replace(rt, regions=Regions({"kunming": kunming}, "kunming"))
    foreseen = effect(rt, "kunming", evidence=easier, interval=Interval.YEAR_FROM_SUCCESS)
    before, after = [], []
    with rt.sessions.begin() as session:
        before = [certifying.status(session, rt, person) for person in roll[:3]]
        for person in roll[:3]:
            period = certifying.current_period(session, changed, person)
            certifying.close_again(session, changed, period.id, "cli")
        after = [certifying.status(session, changed, person) for person in roll[:3]]
    pairs = list(zip(before, after, strict=True))
    assert foreseen == Effect(
        people=3,
        due=sum(old.due != new.due for old, new in pairs),
        next_due=sum(old.next_due != new.next_due for old, new in pairs),
        no_longer=sum(old.closed and not new.closed for old, new in pairs),
        newly=sum(new.closed and not old.closed for old, new in pairs),
    )
    assert (foreseen.newly, foreseen.no_longer) == (1, 0)


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_everybody_is_counted_once_however_many_are_read_at_a_time(
    rt: Runtime, roll: list[Person], monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(changes, "CHUNK", chunk)
    assert effect(rt, "kunming", interval=Interval.YEAR).people == 3


def test_who_cannot_be_read_is_counted_apart_and_stops_nobody(rt: Runtime, roll: list[Person]) -> None:
    with rt.sessions.begin() as session:
        session.get_one(Person, roll[1].id).number_sealed = b"broken"
    assert effect(rt, "kunming", interval=Interval.YEAR) == Effect(people=3, due=1, next_due=2, unreadable=1)


def test_a_folder_says_what_it_changes_and_for_whom(
    rt: Runtime, roll: list[Person], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yearly = KUNMING.replace('"quarter"', '"year"').replace("days_before = [21, 7, 1]", "days_before = [21]")
    yearly += "[household]\nundeclared = 5\n"
    mine = folder(tmp_path / "mine", kunming=yearly, xian='name = "西安"', dali='name = "大理"')
    result = diff(rt, monkeypatch, mine, "--json", "--out", str(tmp_path / "who.csv"))
    told = json_of(result)["regions"]
    assert set(told) == {"kunming", "xian", "dali"}
    who = (tmp_path / "who.csv").read_text(encoding="utf-8-sig").splitlines()
    touched = {f"kunming,{roll[0].id},next_due", f"kunming,{roll[2].id},due next_due"}
    assert (who[0], set(who[1:])) == ("region,person,touched", touched), "Ms Li's open quarter stands"
    assert told["kunming"]["changes"] == {
        "interval": ["quarter", "year"],
        "reminders.days_before": [[21, 7, 1], [21]],
        "household.undeclared": [3, 5],
    }
    counts = {key: told["kunming"][key] for key in ("people", "due", "next_due", "newly", "no_longer", "unreadable")}
    assert counts == {"people": 3, "due": 1, "next_due": 2, "newly": 0, "no_longer": 0, "unreadable": 0}
    assert told["xian"]["changes"]["how.shaanxi"][1] is None
    assert (told["xian"]["people"], told["xian"]["due"], told["dali"]["people"]) == (1, 0, 0)
    assert '认证周期 interval: "quarter" → "year"' in result.stdout
    assert "本期截止日变动：1 人 present periods with another last day: 1" in result.stdout
    with rt.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Period)) == 2, "nothing is written"


def test_a_change_of_the_default_touches_whoever_takes_it(
    rt: Runtime, roll: list[Person], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rt.sessions.begin() as session:
        session.get_one(Person, roll[3].id).region = "dali"  # of a file that is there no more
    mine = folder(tmp_path / "mine", default='interval = "month"')
    told = json_of(diff(rt, monkeypatch, mine, "--json"))["regions"]
    assert {code for code, one in told.items() if "interval" in one["changes"]} == {"default", "dali", "xian"}
    assert told["dali"]["people"] == told["dali"]["due"] == 1


def test_the_same_rules_change_nothing(rt: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = diff(rt, monkeypatch, folder(tmp_path / "mine", kunming=KUNMING), "--json")
    assert json_of(result) == {"regions": {}}
    assert "没有改动" in result.stdout


def test_a_wrong_folder_is_not_compared(rt: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = diff(rt, monkeypatch, folder(tmp_path / "mine", dali="colour = 1"))
    assert (result.exit_code, "colour" in result.stderr) == (1, True)


def test_losing_a_certification_is_said_loudly(capsys: pytest.CaptureFixture[str]) -> None:
    """The rules cannot come to that, which other tests show; if they ever do, whoever compares hears of it."""
    from ops.commands.regions import Change, _say

    kunming = Regions.load()["kunming"]
    _say(Change("kunming", kunming, kunming, {}), Effect(people=1, no_longer=1))
    assert "find out why before you take it" in capsys.readouterr().err
