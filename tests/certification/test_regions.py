"""Region files: the built-in ones, an operator's own, and what is said about wrong ones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from certification.evidence import Lesser, Rule, Strength
from certification.periods import Interval
from certification.regions import BUILT_IN, RegionFileInvalid, Regions, operator_open

DEFAULT = (BUILT_IN / "default.toml").read_text("utf-8")


def test_the_built_in_regions() -> None:
    regions = Regions.load()
    kunming = regions["kunming"]
    assert kunming.name == "昆明"
    assert kunming.interval == Interval.QUARTER
    assert kunming.evidence.rule == Rule(Strength.LIVE, Lesser(Strength.POSSESSION, Strength.LIVE, 12))
    assert regions.default.interval == Interval.YEAR
    assert regions.default.evidence.rule == Rule(Strength.LIVE)
    assert [region.code for region in regions] == ["default", "kunming"]


def test_every_region_answers_how_to_certify_in_every_dialect_it_begins_with() -> None:
    for region in Regions.load():
        assert set(region.dialects) <= set(region.how)


def test_an_unknown_code_gets_the_default() -> None:
    regions = Regions.load()
    assert regions["xian"] is regions.default
    assert regions.find("xian") is None
    assert regions.find("昆明") is regions.find("kunming") is regions["kunming"]


def test_an_operators_file_replaces_the_built_in_one(tmp_path: Path) -> None:
    (tmp_path / "kunming.toml").write_text(DEFAULT.replace("默认地区", "昆明市"), "utf-8")
    (tmp_path / "xian.toml").write_text(DEFAULT.replace("默认地区", "西安"), "utf-8")
    regions = Regions.load(tmp_path, default="xian")
    assert regions["kunming"].interval == Interval.YEAR
    assert regions["nowhere"].name == "西安"


def test_thresholds_of_a_persons_own_are_a_regions_choice(tmp_path: Path) -> None:
    (tmp_path / "xian.toml").write_text(DEFAULT.replace("[voice]", "[voice]\npersonal = true"), "utf-8")
    assert {region.code for region in Regions.load(tmp_path) if region.voice.personal} == {"xian"}


def test_a_default_that_has_no_file(tmp_path: Path) -> None:
    with pytest.raises(RegionFileInvalid, match=r"xian\.toml: DEFAULT_REGION"):
        Regions.load(tmp_path, default="xian")


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        (datetime(2026, 3, 10, 0, 59, tzinfo=UTC), False),  # Tuesday, 08:59 in Shanghai
        (datetime(2026, 3, 10, 1, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 10, 8, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 10, 9, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 13, 23, 0, tzinfo=UTC), False),  # Saturday there already
        (datetime(2026, 3, 14, 3, 0, tzinfo=UTC), False),
    ],
)
def test_the_operators_hours(now: datetime, is_open: bool) -> None:
    assert operator_open(Regions.load()["kunming"], now) == is_open


@pytest.mark.parametrize(
    ("right", "wrong", "key"),
    [
        ('interval = "year"', 'interval = "fortnight"', "interval"),
        ('interval = "year"', 'intervall = "year"', "interval"),
        ('needs = "live"', 'needs = "certain"', "evidence.needs"),
        ('needs = "live"', "needs = 3", "evidence.needs"),
        ('number = "12333"', 'number = "somebody"', "operator.number"),
        ('hours = ["09:00", "17:00"]', 'hours = ["17:00", "09:00"]', "operator.hours"),
        ('hours = ["09:00", "17:00"]', 'hours = ["09:00+08:00", "17:00+08:00"]', "operator.hours.0"),
        ('hours = ["09:00", "17:00"]', 'hours = ["09:00", "17:00Z"]', "operator.hours.1"),
        ('hours = ["09:00", "17:00"]', "hours = [9, 17]", "operator.hours.0"),
        ('hours = ["09:00", "17:00"]', 'hours = ["9", "17"]', "operator.hours.0"),
        ('hours = ["09:00", "17:00"]', 'hours = ["32400", "61200"]', "operator.hours.0"),
        ('hours = ["09:00", "17:00"]', "hours = [2026-01-01, 2026-01-02]", "operator.hours.0"),
        ("days = [1, 2, 3, 4, 5]", "days = [0, 8]", "operator.days.0"),
        ("max_fmr = 0.01", "max_fmr = 0.5", "voice.max_fmr"),
        ("max_fmr = 0.01", "max_fmr = 0.01\nimpostors = 1.0", "voice.impostors"),
        ("max_fmr = 0.01", "max_fmr = 0.01\ncost = 0", "voice.cost"),
        ("max_fmr = 0.01", 'max_fmr = 0.01\npersonal = "often"', "voice.personal"),
        ("recording_days = 90", "recording_days = 0", "recording_days"),
        ("mandarin = ", "mandarine = ", "how"),
        ('dialects = ["mandarin"', 'dialects = ["mandarin", "mandarin"', "dialects"),
        ('name = "默认地区"', 'name = "默认地区"\ncolour = "red"', "colour"),
        ("[voice]", "[voice", "TOML"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, right: str, wrong: str, key: str) -> None:
    assert right in DEFAULT
    path = tmp_path / "xian.toml"
    path.write_text(DEFAULT.replace(right, wrong), "utf-8")
    with pytest.raises(RegionFileInvalid) as caught:
        Regions.load(tmp_path)
    assert caught.value.path == path
    assert caught.value.key == key
    assert "xian.toml" in caught.value.zh


def test_an_hour_that_is_none_is_told_how_to_be_written(tmp_path: Path) -> None:
    (tmp_path / "xian.toml").write_text(
        DEFAULT.replace('["09:00", "17:00"]', '["09:00+08:00", "17:00+08:00"]'), "utf-8"
    )
    with pytest.raises(RegionFileInvalid) as caught:
        Regions.load(tmp_path)
    assert "不带时区" in caught.value.zh
    assert 'without a zone, such as "09:00"' in caught.value.en


@pytest.mark.parametrize("hours", ['["09:00", "17:00"]', '["09:00:00", "17:00"]', "[09:00:00, 17:00:00]"])
def test_hours_in_any_right_form_can_be_asked(tmp_path: Path, hours: str) -> None:
    (tmp_path / "xian.toml").write_text(DEFAULT.replace('["09:00", "17:00"]', hours), "utf-8")
    assert operator_open(Regions.load(tmp_path)["xian"], datetime(2026, 3, 10, 1, 0, tzinfo=UTC))


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "xian.toml").write_bytes(DEFAULT.encode("gb18030"))
    with pytest.raises(RegionFileInvalid, match="TOML"):
        Regions.load(tmp_path)
