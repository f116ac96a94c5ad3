"""A voice enrolled from files at the desk, and the call that shows that it fits over the person's own phone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile
from click.testing import CliRunner

from ops.cli import main
from ops.demo.telling import listen
from tests.conversations.speakers import Speaker, groups
from tests.conversations.town import Resident, Town
from tests.conversations.walks import CALLS, Voice, talks, understood
from voiceprint.audio import SAMPLE_RATE

Desk = Callable[..., dict[str, Any]]


@pytest.fixture
def desk(town: Town) -> Desk:
    """The commands of the desk, on the service's database."""

    def run(*arguments: str) -> dict[str, Any]:
        result = CliRunner().invoke(main, [*arguments, "--json"], env=town.service.environment)
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
        return found

    return run


@pytest.fixture
def enrol(desk: Desk, tmp_path: Path) -> Callable[[Resident, Speaker], str]:
    """Enrols a voice from files, and gives the code that the clerk is told."""

    def run(resident: Resident, speaker: Speaker) -> str:
        files = [tmp_path / f"{number}.wav" for number in range(3)]
        for file, words in zip(files, groups(3, 4), strict=True):
            soundfile.write(file, speaker.enrols(words), SAMPLE_RATE)
        enrolled = desk("enrol", resident.id, "--audio", *map(str, files), "--consent", "同意")
        assert enrolled["outcome"] == "enrolled"
        return str(enrolled["code"])

    return run


def confirms(resident: Resident, code: str, voice: Voice, press_8: bool = False) -> str:
    """Call with the code and repeat what is asked, until the line has understood; gives what it said of the voice."""
    for _ in range(CALLS):
        call = resident.phone.dial().hears("enrol.code")
        if press_8:  # out of the question and back to it, as from a telephone that the line does not know
            call = call.press("#").hears("menu.main").press("8").hears("enrol.code")
        if talks(call.press(code).hears("notice.recording"), voice) == "assess.wait":
            said = call.hears_first("confirm.done", "confirm.unsure", "enrol.poor")
            call.hears("goodbye").ended() if said != "enrol.poor" else call.hang_up().ended()
            assert "enrol.consent" not in {line.name for line in call.transcript}
            return said
        call.ended()
    raise AssertionError(f"not understood in {CALLS} calls")


def test_the_voice_is_known_over_the_persons_own_phone(
    town: Town, speaker: Speaker, desk: Desk, enrol: Callable[[Resident, Speaker], str]
) -> None:
    mary = town.resident()
    code = enrol(mary, speaker)
    assert desk("voice", "show", mary.id)["confirmed_at"] is None

    assert confirms(mary, code, speaker.repeats, press_8=True) == "confirm.done"
    shown = desk("voice", "show", mary.id)
    assert shown["confirmed_at"] is not None
    assert shown["last_confirmation"]["outcome"] == "confirmed"
    assert "confirmation_differs" not in town.cases(mary)
    assert "confirmation_differs" not in town.cases(mary)
    assert not town.evidence(mary), "it is no sign of life of a period"

    understood(mary, speaker.repeats).hears("result.certified").ended()
    assert town.certified(mary)


def test_another_voice_confirms_nothing_and_the_desk_enrols_again_by_phone(
    town: Town, shared: Path, desk: Desk, enrol: Callable[[Resident, Speaker], str]
) -> None:
    speaker, other = Speaker(shared, "s26"), Speaker(shared, "s24")
    mary = town.resident()
    code = enrol(mary, speaker)
    assert confirms(mary, code, other.repeats) == "confirm.unsure"
    shown = desk("voice", "show", mary.id)
    assert (shown["confirmed_at"], shown["last_confirmation"]["outcome"]) == (None, "differ")
    case = town.cases(mary)["confirmation_differs"]
    assert case.detail["llr"] < case.detail["threshold"]
    assert town.failures(mary) == 0

    again = str(desk("code", "issue", mary.id, "--by", "clerk")["code"])
    call = mary.phone.dial().hears("enrol.code").press(again)
    listen(call.hears("enrol.consent")).press("2").hears("enrol.declined").ended()


def test_before_that_a_voice_that_fits_goes_to_a_human_who_confirms_it(
    town: Town, speaker: Speaker, desk: Desk
) -> None:
    mary = town.resident(voice=speaker, confirmed=False)
    understood(mary, speaker.repeats).hears("result.human").hears("human.connecting").ended()
    assert not town.certified(mary)
    assert town.failures(mary) == 0
    [case] = desk("voice", "show", mary.id)["to_confirm"]
    assert town.cases(mary)["unconfirmed"].id == case
    desk("voice", "confirm", case, "--by", "operator")

    understood(mary, speaker.repeats).hears("result.certified").ended()
    assert town.certified(mary)
