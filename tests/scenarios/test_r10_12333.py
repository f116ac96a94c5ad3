"""R10, 12333: whoever asks how to certify here is told, from their region's file: in their dialect, or in writing."""

from __future__ import annotations

import pytest

from certification.regions import Regions
from ivr.prompts import Prompts
from ops import notices
from tests.ivr.line.telephone import prompt_of
from tests.scenarios.place import Place

REGIONS = Regions.load()


@pytest.mark.parametrize("code", [region.code for region in REGIONS])
def test_r10_how_do_i_certify_is_answered_from_the_callers_region_in_each_of_its_dialects(
    place: Place, code: str
) -> None:
    region, prompts = REGIONS[code], Prompts(None, REGIONS)
    for dialect in region.dialects:
        [who] = place.pensioners(region.code, dialect=dialect)
        phone = place.dials(who.phone)
        assert phone.plan is not None and phone.plan.dialect == dialect
        phone.says("怎么认证")
        [url, *_] = [play.text or "" for play in phone.root().iter("Play")]
        name = f"region.{code}.how"
        assert prompt_of(url).removeprefix(f"{dialect}:") == name
        assert prompts.text(dialect, name) == region.how[dialect], "the words of the region's file"
        heard = phone.client.get(url.removeprefix(place.rt.settings.public_base_url))
        assert heard.data == prompts.wav(dialect, name), "as it is said in the dialect"
        assert f"/{dialect}/{name}.wav" in url
        assert phone.press("3").heard[-1].endswith("menu.main"), "and the caller may go on to certify at once"


def test_r10_whoever_hears_it_on_the_line_has_it_in_writing_on_request(in_writing: Place) -> None:
    [who] = in_writing.pensioners("kunming")
    for number in (who.phone, "13700000001"):
        phone = in_writing.dials(number)
        phone = phone if number == who.phone else phone.press("1")
        assert phone.says("怎么认证").heard[-1].endswith("help.text")
        assert phone.press("1").heard[0].endswith("help.texted")
    assert notices.send_answers(in_writing.rt) == 2
    assert in_writing.texts() == {who.phone: [REGIONS["kunming"].how_sms], "13700000001": [REGIONS["default"].how_sms]}


def test_r10_a_telephone_that_nobody_knows_hears_the_default_regions_answer(place: Place) -> None:
    phone = place.dials("13700000001").press("1").presses_while_listened_to("3")
    assert phone.heard[0] == "region.default.how"


def test_r10_whoever_asks_by_text_is_answered_in_writing_from_their_regions_file(in_writing: Place) -> None:
    asks = {region.code: in_writing.pensioners(region.code)[0] for region in REGIONS}
    for who in asks.values():
        in_writing.writes(who.phone, "怎么认证？")
    sent = in_writing.texts()
    assert sent == {asks[region.code].phone: [region.how_sms] for region in REGIONS}
