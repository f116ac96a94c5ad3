"""The built-in cities: what each does, as the newspaper says, and that each answers whoever asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from certification.evidence import Lesser, Rule, Strength
from certification.periods import Interval
from certification.regions import BUILT_IN, Regions, Route, Source
from ivr.dialects import HOME, dialects
from ivr.prompts import Prompts

REGIONS = Regions.load()
CODES = [region.code for region in REGIONS]
CITIES = {
    "kunming": "昆明",
    "qingdao": "青岛",
    "guangzhou": "广州",
    "shanghai": "上海",
    "nanjing": "南京",
    "beijing": "北京",
    "changsha": "长沙",
    "xiangtan": "湘潭",
    "xian": "西安",
}


def test_every_city_of_the_newspaper_is_there() -> None:
    assert {region.code: region.name for region in REGIONS} == CITIES | {"default": "默认地区"}


@pytest.mark.parametrize("code", CODES)
def test_every_region_answers_in_every_dialect_it_begins_with(code: str) -> None:
    region, prompts = REGIONS[code], Prompts(None, REGIONS)
    assert 2 <= len(region.dialects) <= 3
    assert region.dialects[0] == HOME
    assert set(region.dialects) <= set(region.how) <= set(dialects())
    for dialect in region.how:
        assert prompts.text(dialect, f"region.{code}.how") == region.how[dialect]
        assert len(region.how[dialect]) <= 75, "as long as somebody listens"
        spoken = prompts.audio(dialect, f"region.{code}.how")
        assert spoken is not None
        assert (dialect == HOME) == (spoken == prompts.audio(HOME, f"region.{code}.how")), "each in its own voice"


@pytest.mark.parametrize("code", CODES)
def test_whoever_speaks_something_else_hears_the_answer_in_mandarin(code: str) -> None:
    prompts = Prompts(None, REGIONS)
    for dialect in set(dialects()) - set(REGIONS[code].how) - (set(dialects()) if code == "default" else set()):
        assert prompts.audio(dialect, f"region.{code}.how") == prompts.audio(HOME, f"region.{code}.how")


@pytest.mark.parametrize("code", CITIES)
def test_a_city_names_itself_and_its_own_number(code: str) -> None:
    region = REGIONS[code]
    number = region.operator.number.replace("+86", "0")
    assert region.how_sms.startswith(f"【{region.name}社保】")
    assert number in region.how_sms
    assert all(region.name in answer or code == "guangzhou" for answer in region.how.values())
    assert number.endswith("12333")


def test_a_citys_file_says_only_what_differs() -> None:
    for code in CITIES:
        written = (BUILT_IN / f"{code}.toml").read_text("utf-8")
        for key in ("[voice]", "recording_days", "holidays", "hours ="):
            assert key not in written


def test_what_the_cities_do() -> None:
    kunming = REGIONS["kunming"]
    assert kunming.interval == Interval.QUARTER
    assert kunming.evidence.rule == Rule(Strength.LIVE, Lesser(Strength.POSSESSION, Strength.LIVE, 12))
    compared = {region.code for region in REGIONS if region.opens(Route.COMPARISON)}
    assert compared == {code for code in CODES if REGIONS[code].interval is Interval.MONTH} == {"qingdao", "guangzhou"}
    guangzhou, qingdao = REGIONS["guangzhou"].comparison, REGIONS["qingdao"].comparison
    assert guangzhou is not None
    assert qingdao is not None
    assert guangzhou.register_only
    assert guangzhou.sources == {"household_register": Source(strength=Strength.OFFICIAL, days=31)}
    assert not qingdao.register_only
    assert {"medical", "bank_card", "transit"} == set(qingdao.sources)
    assert REGIONS["shanghai"].interval == REGIONS["xian"].interval == REGIONS.default.interval == Interval.YEAR
    assert REGIONS["beijing"].interval == Interval.YEAR_FROM_SUCCESS
    assert all(office.slots for office in REGIONS["nanjing"].offices)
    assert REGIONS["xiangtan"].paper.forms == ("assistance",)
    xian, default = REGIONS["xian"], REGIONS.default
    own = {"code", "name", "dialects", "operator", "how", "how_sms"}
    assert xian.model_dump(exclude=own) == default.model_dump(exclude=own), "nothing is known of rules of its own"
    assert set(default.routes) == set(Route)


def test_the_default_file_is_the_whole_schema(tmp_path: Path) -> None:
    """Whoever writes a file looks there for every key, so that every key but the optional tables is there."""
    written = (BUILT_IN / "default.toml").read_text("utf-8")
    for key, field in type(REGIONS.default).model_fields.items():
        if field.is_required() and key != "code":
            assert f"\n{key} = " in written or f"\n[{key}]" in written
