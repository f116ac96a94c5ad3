"""R10, 12333: whoever asks how to certify here is told, from their region's file and in their dialect, and by text."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from redis import Redis

from certification.regions import Regions
from certification.settings import Settings
from ivr.prompts import Prompts
from ops import notices
from ops.embedded import redis_server
from sms.pace import Pace, Tally
from sms.providers.console import FILE
from sms.providers.making import providers
from sms.sending import Sender
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


def test_r10_the_answer_is_sent_by_text_on_request(place: Place) -> None:
    [who] = place.pensioners("kunming")
    place.environment["SMS_PROVIDERS"] = "console"
    here = replace(place, rt=replace(place.rt, settings=Settings.read(place.environment)))
    phone = here.dials(who.phone)
    assert phone.says("怎么认证").heard[-1] == "help.text"
    assert phone.press("1").heard[0] == "help.texted"
    assert notices.send_answers(here.rt) == 1
    with redis_server(here.rt.settings.data / "redis") as url:
        redis = Redis.from_url(url)
        assert Sender(here.rt, providers(here.rt.settings), Pace(redis, 20), Tally(redis)).batch() == 1
    [line] = (here.rt.settings.data / FILE).read_text("utf-8").splitlines()
    sent = json.loads(line)
    assert (sent["to"], sent["text"]) == (f"+86{who.phone}", REGIONS["kunming"].how_sms)


def test_r10_a_telephone_that_nobody_knows_hears_the_default_regions_answer(place: Place) -> None:
    phone = place.dials("13700000001").press("1").presses_while_listened_to("3")
    assert phone.heard[0] == "region.default.how"
