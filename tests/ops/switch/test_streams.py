"""Spoken turns: what a media socket is sent, and what comes of what it sends back."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.sync.server import ServerConnection

from ops.switch import NotHeard, Switch
from tests.ops.switch.service import ACCOUNT, Service, receive, send
from tests.ops.switch.turns import NUMBER, SECOND, dial, play
from voiceprint.audio import decode_mulaw


def test_the_stream_begins_as_twilios_does_and_the_next_verb_runs_when_we_close(
    service: Service, switch: Switch
) -> None:
    seen: list[dict[str, Any]] = []
    call = dial(service, switch, lambda socket: seen.extend(json.loads(socket.recv(10)) for _ in range(4))).ended()
    connected, start, first, second = seen
    assert connected == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert start["start"]["callSid"] == call.sid
    assert start["start"]["accountSid"] == ACCOUNT
    assert start["start"]["streamSid"] == start["streamSid"]
    assert start["start"]["customParameters"] == {"turn": "token-1"}
    assert start["start"]["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    assert len(base64.b64decode(first["media"]["payload"])) == 160
    assert (first["media"]["chunk"], second["media"]["chunk"]) == ("1", "2")
    assert [int(message["sequenceNumber"]) for message in (start, first, second)] == [1, 2, 3]
    assert service.socket_signed == [True]
    assert len(service.forms("/voice/turn/1")) == 1
    assert call.faults == ()


def test_a_mark_comes_back_only_when_its_audio_has_been_played(service: Service, switch: Switch) -> None:
    frames: list[int] = []

    def socket(ws: ServerConnection) -> None:
        sid = receive(ws, "start")["streamSid"]
        play(ws, sid, SECOND, "greeting")
        play(ws, sid, SECOND, "cantonese:menu.main")
        count = 0
        while len(frames) < 2:
            event = json.loads(ws.recv(10))["event"]
            count += event == "media"
            frames.extend([count] if event == "mark" else [])

    call = dial(service, switch, socket).ended()
    assert frames[0] >= 50 and frames[1] - frames[0] == 50
    greeting, menu = call.transcript
    assert (greeting.name, greeting.dialect, greeting.seconds, greeting.note) == ("greeting", "", 1.0, "")
    assert (menu.name, menu.dialect) == ("menu.main", "cantonese")
    assert menu.at_s == pytest.approx(greeting.at_s + 1)


def test_a_mark_without_audio_before_it_comes_back_at_once(service: Service, switch: Switch) -> None:
    names: list[str] = []

    def socket(ws: ServerConnection) -> None:
        sid = receive(ws, "start")["streamSid"]
        send(ws, sid, "mark", name="ready")
        names.append(receive(ws, "mark")["mark"]["name"])

    call = dial(service, switch, socket).ended()
    assert names == ["ready"]
    assert call.transcript == ()


def test_clear_drops_the_audio_and_returns_all_marks_at_once(service: Service, switch: Switch) -> None:
    marks: list[str] = []

    def socket(ws: ServerConnection) -> None:
        sid = receive(ws, "start")["streamSid"]
        for name in ("one", "two", "three"):
            play(ws, sid, 5 * SECOND, name)
        for _ in range(10):
            receive(ws, "media")
        send(ws, sid, "clear")
        marks.extend(receive(ws, "mark")["mark"]["name"] for _ in range(3))

    call = dial(service, switch, socket).ended()
    assert marks == ["one", "two", "three"]
    (line,) = call.transcript
    assert (line.name, line.note) == ("one", "cut")
    assert 0 < line.seconds < 5


def test_keys_arrive_as_dtmf_messages(service: Service, switch: Switch) -> None:
    digits: list[str] = []

    def socket(ws: ServerConnection) -> None:
        play(ws, receive(ws, "start")["streamSid"], SECOND, "challenge.repeat")
        digits.extend(receive(ws, "dtmf")["dtmf"]["digit"] for _ in range(2))

    call = dial(service, switch, socket).hears("challenge.repeat").press("5#").ended()
    assert digits == ["5", "#"]
    assert [line.keys for line in call.transcript if line.keys] == ["5#"]


def test_the_voice_arrives_whole_and_in_real_frames(service: Service, switch: Switch) -> None:
    heard: list[bytes] = []

    def socket(ws: ServerConnection) -> None:
        play(ws, receive(ws, "start")["streamSid"], SECOND, "challenge.repeat")
        while b"".join(heard).count(SECOND[:1]) < len(SECOND):
            heard.append(base64.b64decode(receive(ws, "media")["media"]["payload"]))

    call = dial(service, switch, socket).hears("challenge.repeat").says(SECOND, "数字").ended()
    assert SECOND in b"".join(heard)
    (line,) = [line for line in call.transcript if line.who == "caller"]
    assert (line.text, line.seconds) == ("数字", 1.0)


def test_a_background_sounds_all_the_while_and_under_the_voice(service: Service, switch: Switch) -> None:
    levels: list[float] = []

    def socket(ws: ServerConnection) -> None:
        play(ws, receive(ws, "start")["streamSid"], SECOND, "challenge.repeat")
        while 0.6 not in levels[:-1]:
            frame = base64.b64decode(receive(ws, "media")["media"]["payload"])
            levels.append(round(float(decode_mulaw(frame).mean()), 1))

    service.socket = socket
    service.documents["/voice"] = f"<Connect><Stream url='{service.media_url}'/></Connect>"
    noise = np.full(100, 0.1, np.float32)
    switch.phone(NUMBER).dial(background=noise).hears("challenge.repeat").says(SECOND[:160]).ended()
    assert levels[-2:] == [0.6, 0.1]
    assert set(levels[:-2]) == {0.1}


@pytest.mark.parametrize("first_heard", [False, True])
def test_the_words_of_a_turn_can_be_repeated(service: Service, switch: Switch, first_heard: bool) -> None:
    asked: list[list[str]] = []
    frames: list[bytes] = []

    def voice(words: list[str]) -> bytes:
        asked.append(words)
        return SECOND

    def socket(ws: ServerConnection) -> None:
        sid = receive(ws, "start")["streamSid"]
        for name in ("challenge.repeat", "word.a", "word.b", "word.c"):
            play(ws, sid, SECOND[:800], name)
        while not frames or frames[-1][0] == 0xFF:
            frames.append(base64.b64decode(receive(ws, "media")["media"]["payload"]))

    call = dial(service, switch, socket)
    if first_heard:
        call.repeats_from(call.hears_first("word.*"), voice).ended()
    else:
        call.repeats(voice).ended()
    assert asked == [["word.a", "word.b", "word.c"]] == [call.last_words()]
    assert call.transcript[-1].text == "word.a word.b word.c"


def test_hanging_up_sends_stop_and_no_more_webhook(service: Service, switch: Switch) -> None:
    stops: list[dict[str, Any]] = []

    def socket(ws: ServerConnection) -> None:
        play(ws, receive(ws, "start")["streamSid"], SECOND, "challenge.repeat")
        stops.append(receive(ws, "stop"))

    call = dial(service, switch, socket).hears("challenge.repeat").hang_up().ended()
    assert stops[0]["stop"]["callSid"] == call.sid
    assert service.forms("/voice/turn/1") == []
    assert service.forms("/voice/status")[0]["CallStatus"] == "completed"


def test_the_call_waits_for_its_caller(service: Service, switch: Switch, tmp_path: Path) -> None:
    """However long the script needs to react (up to three seconds), no time passes on the call's clock."""

    def socket(ws: ServerConnection) -> None:
        play(ws, receive(ws, "start")["streamSid"], SECOND, "challenge.repeat")
        receive(ws, "dtmf")

    call = dial(service, switch, socket).hears("challenge.repeat")
    call.save(tmp_path / "meanwhile.wav")
    call.press("1").ended()
    prompt, key = call.transcript
    assert key.at_s - (prompt.at_s + prompt.seconds) < 0.1


def test_waiting_for_what_never_comes_ends_with_the_time_limit(service: Service, switch: Switch) -> None:
    def socket(ws: ServerConnection) -> None:
        receive(ws, "stop")

    call = dial(service, switch, socket)
    with pytest.raises(NotHeard):
        call.hears("menu.main", timeout_s=0.2)
    call.hang_up().ended()


def test_a_fast_call_does_not_run_ahead_of_a_prompt_that_comes_slowly(service: Service, switch: Switch) -> None:
    """The service answers a frame in 5 ms; at this pace the switch could send five in that time."""
    ahead: list[int] = []

    def socket(ws: ServerConnection) -> None:
        sid = receive(ws, "start")["streamSid"]
        for _ in range(50):
            receive(ws, "media")
            time.sleep(0.005)
            send(ws, sid, "media", payload=base64.b64encode(SECOND[:160]).decode())
        send(ws, sid, "mark", name="greeting")
        ahead.append(0)
        while json.loads(ws.recv(10))["event"] == "media":
            ahead[0] += 1

    call = dial(service, switch, socket).ended()
    assert ahead[0] < 100
    assert call.transcript[0].seconds == 1.0
