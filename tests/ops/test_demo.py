"""The demonstration: what a newcomer sees of its calls, and what stops it before anything starts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from ops.demo.__main__ import demo, redis_of_ones_own
from ops.demo.telling import gathered, listen, told
from ops.embedded import redis_server
from ops.service import environment_of_a_child
from ops.switch import Switch
from ops.switch.transcript import Line
from tests.ops.switch.conftest import service, switch
from tests.ops.switch.service import PROMPT_S, Service
from tests.ops.switch.test_calls import NUMBER, play

__all__ = ["service", "switch"]
SAID = {
    "digit.1": "一",
    "digit.2": "二",
    "receipt.is": "回执号码是",
    "receipt.again": "再念一遍",
    "word.yuyan": "语言",
}


def say(_dialect: str, name: str) -> str:
    return SAID.get(name, "")


def lines(*names: str) -> list[Line]:
    return [
        Line("line", at_s=float(at), turn=at, name=name, dialect="mandarin", seconds=0.5)
        for at, name in enumerate(names)
    ]


def test_a_receipt_is_one_line_and_pauses_are_none() -> None:
    number = ("digit.1", "pause.short", "digit.2", "pause.long")
    spoken = lines("result.certified", "receipt.is", "pause.short", *number, "receipt.again", *number, "goodbye")
    result, receipt, goodbye = gathered(spoken, say)
    assert (result.name, goodbye.name) == ("result.certified", "goodbye")
    assert receipt.text == "回执号码是 一 二 再念一遍 一 二"
    assert receipt.seconds == pytest.approx(9.5)


def test_what_the_caller_does_stands_between_groups_of_words() -> None:
    words = lines("word.yuyan", "word.yuyan")
    caller = Line("caller", at_s=5.0, text="word.yuyan word.yuyan", seconds=1.0)
    keys = Line("caller", at_s=6.0, keys="1")
    first, said, pressed, second = gathered([*words, caller, keys, *words], say)
    assert first.text == second.text == "语言 语言"
    assert (said, pressed) == (caller, keys)


def test_who_listens_presses_no_key_before_the_last_prompt_has_ended(service: Service, switch: Switch) -> None:
    sounds = "".join(play(name) for name in ("enrol.code", "digit.1", "enrol.consent"))
    service.documents["/voice"] = f"<Gather action='/voice/turn/1' numDigits='1' timeout='60'>{sounds}</Gather>"
    call = switch.phone(NUMBER).dial().hears("enrol.code")
    listen(call).press("1").ended()
    *prompts, key = call.transcript
    assert [line.note for line in prompts] == ["", "", ""]
    assert key.at_s >= prompts[-1].at_s + PROMPT_S
    assert service.forms("/voice/turn/1")[0]["Digits"] == "1"
    assert listen(call) is call, "a call that has ended is silent"


def test_a_call_is_told_while_it_goes_on_under_its_title(
    service: Service, switch: Switch, capsys: pytest.CaptureFixture[str]
) -> None:
    service.documents["/voice"] = (
        f"<Gather action='/voice/turn/1' timeout='60'>{play('greeting')}{play('goodbye')}</Gather>"
    )
    call = switch.phone(NUMBER).dial()
    with told(call, "她来电 She calls", say):
        listen(call.hears("goodbye"))
        during = until(lambda: capsys.readouterr().out, "greeting")
        call.hang_up().ended()
    after = capsys.readouterr().out
    assert during.splitlines()[0] == "她来电 She calls"
    assert "goodbye" not in during
    assert "goodbye" in after


def until(read: Callable[[], str], wanted: str) -> str:
    """What is read, together, until it holds what is wanted."""
    text = ""
    for _ in range(100):
        text += read()
        if wanted in text:
            return text
        threading.Event().wait(0.05)
    raise AssertionError(f"{wanted} was not printed: {text}")


def test_voices_that_lack_a_word_stop_it_before_the_start(tmp_path: Path) -> None:
    result = CliRunner().invoke(demo, ["--once", "--voices", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "no recording of" in result.output


@pytest.mark.parametrize(
    ("url", "says"), [("redis://127.0.0.1:1/0", "check REDIS_URL"), ("127.0.0.1:6379", "write redis://")]
)
def test_a_redis_of_ones_own_that_does_not_answer_stops_it_before_the_start(
    tmp_path: Path, url: str, says: str
) -> None:
    (tmp_path / "redis").write_text(url, encoding="utf-8")
    for given in ({"REDIS_URL": url}, {"REDIS_URL_FILE": str(tmp_path / "redis")}):
        result = CliRunner().invoke(demo, ["--once"], env=given)
        assert result.exit_code == 1
        assert says in result.output


def test_a_redis_of_ones_own_that_answers_is_used(tmp_path: Path) -> None:
    with redis_server(tmp_path) as url:
        assert redis_of_ones_own({"REDIS_URL": url}) == {"REDIS_URL": url}
    assert redis_of_ones_own({}) == {}


def test_the_shell_s_files_of_settings_do_not_contradict_the_service_s_own() -> None:
    outside = {"PATH": "/bin", "TWILIO_AUTH_TOKEN_FILE": "/run/token", "REDIS_URL": "redis://theirs"}
    own = {"TWILIO_AUTH_TOKEN": "ours", "REDIS_URL": "redis://ours"}
    assert environment_of_a_child(outside, own) == {"PATH": "/bin", **own}
