"""A sentence that was never spoken is said by the carrier; one that was never written stops the start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from certification import people
from certification.regions import BUILT_IN, Regions
from certification.runtime import Runtime
from certification.store import Person
from ivr.calls import Line
from ivr.steps import State
from tests.ivr.line.telephone import Telephone, line

ANSWER = "在昆明，打这个电话就行。"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_regions_own_answer_is_heard_before_audio_of_it_is_made(rt: Runtime, wu: Person, tmp_path: Path) -> None:
    rules = (BUILT_IN / "kunming.toml").read_text("utf-8").partition("[how]")[0]
    (tmp_path / "kunming.toml").write_text(f'{rules}[how]\nmandarin = "{ANSWER}"\n', "utf-8")
    here = replace(rt, regions=Regions.load(tmp_path))
    with rt.sessions.begin() as session:
        people.remember_dialect(session, rt.keys, "+8613888000001", "cantonese", rt.now())
    phone = Telephone(here, line(here).test_client()).dial()
    phone.says("怎么认证")
    say = phone.root().find(".//Say")
    assert say is not None
    assert (say.text, say.get("language")) == (ANSWER, "zh-HK")
    assert [verb.tag for verb in phone.root()[0]] == ["Say", "Play", "Play", "Play"]
    assert phone.heard == tuple(f"cantonese:{name}" for name in ("pause.long", "help.receipt", "help.back"))
    state = State("menu", "cantonese", known={"where": {"region": "kunming"}})
    split = Line.of(here).renderer.split(state, ("region.kunming.how", "menu.main"))
    assert split == (("region.kunming.how",), ("menu.main",)), "before a spoken turn, too, the carrier says it"
