"""Region files: an operator's own, what they take from the default, and what is said about wrong ones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from certification.periods import Interval
from certification.regions import (
    BUILT_IN,
    SHANGHAI,
    Region,
    RegionFileInvalid,
    Regions,
    Route,
    Wrong,
    operator_open,
    quiet,
)

DEFAULT = (BUILT_IN / "default.toml").read_text("utf-8").replace("默认地区", "大理")


def load(folder: Path, text: str, code: str = "dali") -> Region:
    """The region of this file alone."""
    (folder / f"{code}.toml").write_text(text, "utf-8")
    return Regions.load(folder)[code]


def faults(folder: Path, text: str) -> list[Wrong]:
    """What is wrong with this file."""
    with pytest.raises(RegionFileInvalid) as caught:
        load(folder, text)
    assert {one.path for one in caught.value.wrong} == {folder / "dali.toml"}
    return list(caught.value.wrong)


def test_an_unknown_code_gets_the_default() -> None:
    regions = Regions.load()
    assert regions["dali"] is regions.default
    assert regions.find("dali") is None
    assert regions.find("昆明") is regions.find("kunming") is regions["kunming"]


def test_an_operators_file_replaces_the_built_in_one(tmp_path: Path) -> None:
    (tmp_path / "kunming.toml").write_text('name = "昆明市"', "utf-8")
    (tmp_path / "dali.toml").write_text('name = "大理"', "utf-8")
    regions = Regions.load(tmp_path, default="dali")
    kunming = regions["kunming"]
    assert (kunming.interval, kunming.operator.number) == (Interval.YEAR, "12333"), (
        "nothing of the built-in file is left"
    )
    assert regions["nowhere"].name == "大理"


def test_what_a_file_says_nothing_of_is_the_defaults(tmp_path: Path) -> None:
    dali = load(tmp_path, 'name = "大理"\n[operator]\nnumber = "087212333"\n[reminders]\ndays_before = [3]')
    default = Regions.load().default
    assert dali.operator == default.operator.model_copy(update={"number": "+8687212333"})
    assert dali.reminders == default.reminders.model_copy(update={"days_before": (3,)}), "lists are replaced"
    own = {"code", "name", "operator", "reminders"}
    assert dali.model_dump(exclude=own) == default.model_dump(exclude=own)


def test_an_operators_default_holds_for_the_built_in_cities_too(tmp_path: Path) -> None:
    text = 'recording_days = 30\n[suspension]\nenabled = false\n[comparison]\ndead = ["death"]\n'
    text += '[comparison.sources]\nmedical = { strength = "live", days = 30 }'
    (tmp_path / "default.toml").write_text(text, "utf-8")
    (tmp_path / "dali.toml").write_text('name = "大理"\ncomparison = false', "utf-8")
    regions = Regions.load(tmp_path)
    assert regions.default.name == "默认地区"
    for region in regions:
        assert (region.recording_days, region.suspension.enabled) == (30, False)
        assert (region.comparison is None) == (region.code == "dali"), "false takes an inherited table away"
        assert region.opens(Route.COMPARISON) == (region.comparison is not None)


def test_answers_are_the_files_own_or_the_defaults_as_a_whole(tmp_path: Path) -> None:
    default = Regions.load().default
    assert load(tmp_path, 'name = "大理"').how == default.how
    dali = load(tmp_path, 'name = "大理"\n[how]\nmandarin = "大理每季度认证一次。"')
    assert dali.how == {"mandarin": "大理每季度认证一次。"}, "in no other dialect something else"
    assert dali.how_sms == "【大理社保】大理每季度认证一次。"


def test_thresholds_of_a_persons_own_are_a_regions_choice(tmp_path: Path) -> None:
    load(tmp_path, 'name = "大理"\n[voice]\npersonal = true')
    assert {region.code for region in Regions.load(tmp_path) if region.voice.personal} == {"dali"}


def test_a_default_that_has_no_file(tmp_path: Path) -> None:
    with pytest.raises(RegionFileInvalid, match=r"dali\.toml: DEFAULT_REGION"):
        Regions.load(tmp_path, default="dali")


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        (datetime(2026, 3, 10, 0, 59, tzinfo=UTC), False),  # Tuesday, 08:59 in Shanghai
        (datetime(2026, 3, 10, 1, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 10, 8, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 10, 9, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 13, 23, 0, tzinfo=UTC), False),  # Saturday there already
        (datetime(2026, 3, 14, 3, 0, tzinfo=UTC), False),
        (datetime(2026, 9, 30, 3, 0, tzinfo=UTC), True),
        (datetime(2026, 10, 1, 3, 0, tzinfo=UTC), False),  # the National Day and a week
        (datetime(2026, 10, 7, 3, 0, tzinfo=UTC), False),
        (datetime(2026, 10, 8, 3, 0, tzinfo=UTC), True),
    ],
)
def test_the_operators_hours(now: datetime, is_open: bool) -> None:
    assert operator_open(Regions.load()["kunming"], now) == is_open


@pytest.mark.parametrize(
    ("right", "wrong", "key"),
    [
        ('interval = "year"', 'interval = "fortnight"', "interval"),
        ('interval = "year"', 'intervall = "year"', "intervall"),
        ('needs = "live"', 'needs = "certain"', "evidence.needs"),
        ('needs = "live"', "needs = 3", "evidence.needs"),
        ('number = "12333"', 'number = "somebody"', "operator.number"),
        ('hours = ["09:00", "17:00"]', 'hours = ["17:00", "09:00"]', "operator.hours"),
        ('hours = ["09:00", "17:00"]', 'hours = ["09:00+08:00", "17:00"]', "operator.hours.0"),
        ('hours = ["09:00", "17:00"]', 'hours = ["09:00", "17:00Z"]', "operator.hours.1"),
        ('hours = ["09:00", "17:00"]', 'hours = [9, "17:00"]', "operator.hours.0"),
        ('hours = ["09:00", "17:00"]', 'hours = ["9", "17:00"]', "operator.hours.0"),
        ('hours = ["09:00", "17:00"]', 'hours = ["32400", "17:00"]', "operator.hours.0"),
        ('hours = ["09:00", "17:00"]', 'hours = [2026-01-01, "17:00"]', "operator.hours.0"),
        ("days = [1, 2, 3, 4, 5]", "days = [0, 7]", "operator.days.0"),
        ("max_fmr = 0.01", "max_fmr = 0.5", "voice.max_fmr"),
        ("max_fmr = 0.01", "max_fmr = 0.01\nimpostors = 1.0", "voice.impostors"),
        ("max_fmr = 0.01", "max_fmr = 0.01\ncost = 0", "voice.cost"),
        ("max_fmr = 0.01", 'max_fmr = 0.01\npersonal = "often"', "voice.personal"),
        ("recording_days = 90", "recording_days = 0", "recording_days"),
        ('["call", "pin", "sms"', '["cal", "pin", "sms"', "routes.0"),
        ('["call", "pin", "sms"', '["call", "call", "sms"', "routes"),
        ('"2026-01-01/2026-01-03"', '"2026-01-03/2026-01-01"', "holidays.0"),
        ('"2026-01-01/2026-01-03"', '"1 January"', "holidays.0"),
        ('"2026-01-01/2026-01-03"', "2026-01-01T00:00:00", "holidays.0"),
        ('quiet_hours = ["20:00", "09:00"]', 'quiet_hours = ["20:00", "20:00"]', "reminders.quiet_hours"),
        ("days_before = [30, 7, 1]", "days_before = 30", "reminders.days_before"),
        ('to = ["self", "relative"]', "to = []", "reminders.to"),
        ("max_a_day = 2", "max_a_day = 0", "reminders.max_a_day"),
        ('reply = "pin"', 'reply = "letter"', "reminders.reply"),
        ('reply = "pin"', "reply = true", "reminders.reply"),
        ('{ rung = "call", wait_days = 7 }', '{ rung = "visit", wait_days = 7 }', "ladder.rungs"),
        ('{ rung = "call", wait_days = 7 }', '{ rung = "letter", wait_days = 7 }', "ladder.rungs.1.rung"),
        ("undeclared = 3", "undeclared = 1", "household.undeclared"),
        ("window_days = 90", "window_days = 0", "household.window_days"),
        ("channels = 2", "channels = 1", "suspension.channels"),
        ("channels = 2", "channels = 2\nsignatures = 1", "suspension.signatures"),
        ("enabled = true", 'enabled = "always"', "suspension.enabled"),
        ('forms = ["own", "assistance"]', 'forms = ["copy"]', "paper.forms.0"),
        ("【养老金认证】", "", "how_sms"),
        ("不收费", "不收费" * 30, "how_sms"),
        ("[voice]", '[[offices]]\nname = "窗口"\naddress = "县里"\n[voice]', "offices.0.phone"),
        ("mandarin = ", "mandarine = ", "how"),
        ('dialects = ["mandarin"', 'dialects = ["mandarin", "mandarin"', "dialects"),
        ('name = "大理"', 'name = "大理"\ncolour = "red"', "colour"),
        ("[voice]", "[voice", "TOML"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, right: str, wrong: str, key: str) -> None:
    assert right in DEFAULT
    [fault] = faults(tmp_path, DEFAULT.replace(right, wrong, 1))
    assert fault.key == key
    assert fault.zh != fault.en
    assert str(fault).startswith(f"地区文件 {tmp_path / 'dali.toml'} 中的 {key} 有误")
    assert fault.english in str(fault)


def test_an_hour_that_is_none_is_told_how_to_be_written(tmp_path: Path) -> None:
    zoned = DEFAULT.replace('["09:00", "17:00"]', '["09:00+08:00", "17:00+08:00"]')
    for fault in faults(tmp_path, zoned):
        assert "不带时区" in fault.zh
        assert 'without a zone, such as "09:00"' in fault.en


@pytest.mark.parametrize(
    ("right", "wrong", "zh"),
    [
        ('["09:00", "17:00"]', '["25:00", "26:00"]', '应为一天里的时刻，写作 "08:30"'),
        ('interval = "year" ', 'interval = "weekly" ', "可写 'year'、'year_from_success'、'quarter'、'month'"),
    ],
    ids=["hour", "choice"],
)
def test_the_remedy_is_said_in_chinese_alone(tmp_path: Path, right: str, wrong: str, zh: str) -> None:
    assert right in DEFAULT
    assert all(zh in fault.zh for fault in faults(tmp_path, DEFAULT.replace(right, wrong)))


@pytest.mark.parametrize("hours", ['["09:00", "17:00"]', '["09:00:00", "17:00"]', "[09:00:00, 17:00:00]"])
def test_hours_in_any_right_form_can_be_asked(tmp_path: Path, hours: str) -> None:
    dali = load(tmp_path, DEFAULT.replace('["09:00", "17:00"]', hours))
    assert operator_open(dali, datetime(2026, 3, 10, 1, 0, tzinfo=UTC))


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "dali.toml").write_bytes(DEFAULT.encode("gb18030"))
    with pytest.raises(RegionFileInvalid, match="TOML"):
        Regions.load(tmp_path)


def test_everything_that_is_wrong_is_said_at_once_with_its_remedy(tmp_path: Path) -> None:
    text = """
        name = "大理"
        intervall = "year"
        [operater]
        [suspension]
        chanels = 3
        [ladder]
        rungs = [{ rung = "call" }]
        [comparison]
        dead = ["death"]
        [comparison.sources]
        medical = { strengt = "live", days = 3 }
    """
    found = {one.key: one for one in faults(tmp_path, text)}
    assert "是不是 interval" in found["intervall"].zh
    assert "did you mean operator" in found["operater"].en
    assert "did you mean channels" in found["suspension.chanels"].en
    assert "did you mean strength" in found["comparison.sources.medical.strengt"].en
    assert found["ladder.rungs.0.wait_days"].zh == "缺少这一项，请写上"
    assert found["comparison.sources.medical.strength"].en == "it is missing: write it"
    assert len(found) == 6


def test_every_wrong_file_is_named(tmp_path: Path) -> None:
    for code in ("dali", "lijiang"):
        (tmp_path / f"{code}.toml").write_text("recording_days = 0", "utf-8")
    with pytest.raises(RegionFileInvalid) as caught:
        Regions.load(tmp_path)
    assert [(one.path.stem, one.key) for one in caught.value.wrong] == [
        (code, key) for code in ("dali", "lijiang") for key in ("name", "recording_days")
    ]
    assert caught.value.zh.count("有误") == caught.value.en.count("is wrong") == 4


@pytest.mark.parametrize("name", ["广州", "guangzhou"], ids=["its name", "its code"])
def test_a_name_stands_for_one_region_alone(tmp_path: Path, name: str) -> None:
    [wrong] = faults(tmp_path, f'name = "{name}"')
    assert (wrong.key, "guangzhou" in wrong.zh, "guangzhou" in wrong.en) == ("name", True, True)


def test_a_file_may_take_the_place_of_the_built_in_one_under_its_name(tmp_path: Path) -> None:
    assert load(tmp_path, 'name = "广州"', code="guangzhou").name == "广州"


def test_a_key_that_is_like_no_other_is_told_what_there_is(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, 'name = "大理"\n[[offices]]\nname = "窗口"\naddress = "县里"\nphone = "12333"\nxyz = 1')
    assert fault.en == "there is no such key; there are name, address, phone, slots"


def test_who_is_judged_by_the_register_needs_one(tmp_path: Path) -> None:
    text = 'name = "大理"\n[comparison]\nregister_only = true\ndead = ["death"]\n'
    text += '[comparison.sources]\nmedical = { strength = "live", days = 30 }'
    [fault] = faults(tmp_path, text)
    assert (fault.key, "household_register" in fault.en) == ("comparison", True)


def test_one_way_without_a_voice_stays_open(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, 'name = "大理"\nroutes = ["call", "agent"]')
    assert (fault.key, "不用说话" in fault.zh) == ("routes", True)
    assert load(tmp_path, 'name = "大理"\nroutes = ["call", "pin"]').opens(Route.PIN)


@pytest.mark.parametrize(
    ("hours", "hour", "is_quiet"),
    [
        ('["20:00", "09:00"]', 19, False),
        ('["20:00", "09:00"]', 20, True),
        ('["20:00", "09:00"]', 8, True),
        ('["20:00", "09:00"]', 9, False),
        ('["12:00", "14:00"]', 11, False),
        ('["12:00", "14:00"]', 12, True),
        ('["12:00", "14:00"]', 14, False),
    ],
)
def test_the_quiet_hours(tmp_path: Path, hours: str, hour: int, is_quiet: bool) -> None:
    dali = load(tmp_path, f'name = "大理"\n[reminders]\nquiet_hours = {hours}')
    assert quiet(dali, datetime(2026, 3, 10, hour, tzinfo=SHANGHAI)) == is_quiet


def test_an_appointment_fits_into_its_hours(tmp_path: Path) -> None:
    office = '[[offices]]\nname = "窗口"\naddress = "县里"\nphone = "12333"\n'
    slots = 'slots = [{{ days = [1], from = "09:00", to = "{}", minutes = 30, people = 2 }}]'
    text = 'name = "大理"\n' + office + slots
    [slot] = load(tmp_path, text.format("09:30")).offices[0].slots
    assert (slot.begins.hour, slot.ends.minute, slot.people) == (9, 30, 2)
    for end in ("09:29", "08:00"):
        [fault] = faults(tmp_path, text.format(end))
        assert fault.key == "offices.0.slots.0"
    [fault] = faults(tmp_path, text.format("9"))
    assert fault.key == "offices.0.slots.0.to"


def test_a_region_is_called_as_its_file(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, 'name = "大理"\ncode = "kunming"')
    assert (fault.key, "leave it out" in fault.en) == ("code", True)
