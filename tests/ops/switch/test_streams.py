"""Spoken turns: what a media socket is sent, and what comes of what it sends back."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from ops.switch import Call, NotHeard, Switch
from ops.switch.leg import Route
from tests.ops.switch.service import ACCOUNT, Service, receive, send
from voiceprint.audio import decode_mulaw, encode_mulaw

NUMBER = "+8613800138000"
SECOND = encode_mulaw(np.full(8000, 0.5, np.float32))
THEN = "<Redirect>/voice/turn/1</Redirect>"


def dial(service: Service, switch: Switch, socket: Callable[[ServerConnection], None]) -> Call:
    """A call that is one spoken turn handled by `socket`, and a redirect after it."""
    service.socket = socket
    stream = f"<Stream url='{service.media_url}'><Parameter name='turn' value='token-1'/></Stream>"
    service.documents["/voice"] = f"<Connect>{stream}</Connect>{THEN}"
    return switch.phone(NUMBER).dial()


def close(_socket: ServerConnection) -> None:
    """The service closes the socket without a word."""


def play(socket: ServerConnection, sid: str, audio: bytes, mark: str) -> None:
    send(socket, sid, "media", payload=base64.b64encode(audio).decode())
    send(socket, sid, "mark", name=mark)


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
    assert 50 <= frames[0] < 60 and frames[1] - frames[0] == 50
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
    heard: list[bytes] = []

    def socket(ws: ServerConnection) -> None:
        receive(ws, "start")
        heard.extend(base64.b64decode(receive(ws, "media")["media"]["payload"]) for _ in range(3))

    noise = np.full(100, 0.1, np.float32)
    service.socket = socket
    service.documents["/voice"] = f"<Connect><Stream url='{service.media_url}'/></Connect>"
    switch.phone(NUMBER).dial(background=noise).says(SECOND[:160]).ended()
    levels = [round(float(decode_mulaw(frame).mean()), 1) for frame in heard]
    assert levels == [0.6, 0.1, 0.1]


def test_the_words_of_a_turn_can_be_repeated(service: Service, switch: Switch) -> None:
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

    call = dial(service, switch, socket).repeats(voice).ended()
    assert asked == [["word.a", "word.b", "word.c"]] == [call.last_words()]


def test_hanging_up_sends_stop_and_no_more_webhook(service: Service, switch: Switch) -> None:
    stops: list[dict[str, Any]] = []

    def socket(ws: ServerConnection) -> None:
        play(ws, receive(ws, "start")["streamSid"], SECOND, "challenge.repeat")
        stops.append(receive(ws, "stop"))

    call = dial(service, switch, socket).hears("challenge.repeat").hang_up().ended()
    assert stops[0]["stop"]["callSid"] == call.sid
    assert service.forms("/voice/turn/1") == []
    assert service.forms("/voice/status")[0]["CallStatus"] == "completed"


def test_a_refused_socket_goes_on_with_the_next_verb(service: Service, switch: Switch) -> None:
    service.refuse_socket = 503
    call = dial(service, switch, close).ended()
    assert len(service.forms("/voice/turn/1")) == 1
    assert "31920" in call.faults[0] and "503" in call.faults[0]


def test_a_stranger_opens_the_socket_unsigned(service: Service, switch: Switch) -> None:
    service.socket = close
    twiml = f"<Response><Connect><Stream url='{service.media_url}'/></Connect></Response>"
    switch.unsigned().connect(Route(NUMBER, "+8687112333", "inbound", service.url, twiml)).ended()
    assert service.socket_signed == [False]


def test_a_lost_socket_ends_the_turn_but_not_the_call(service: Service, switch: Switch) -> None:
    ended: list[type[Exception]] = []

    def socket(ws: ServerConnection) -> None:
        play(ws, receive(ws, "start")["streamSid"], SECOND, "challenge.repeat")
        try:
            receive(ws, "stop")
        except ConnectionClosed as error:
            ended.append(type(error))

    dial(service, switch, socket).hears("challenge.repeat").drop_socket().ended()
    assert len(ended) == 1
    assert len(service.forms("/voice/turn/1")) == 1


def test_garbage_reaches_the_socket_as_it_is(service: Service, switch: Switch) -> None:
    got: list[str | bytes] = []

    def socket(ws: ServerConnection) -> None:
        play(ws, receive(ws, "start")["streamSid"], SECOND, "challenge.repeat")
        while not got:
            data = ws.recv(10)
            if not str(data).startswith("{"):
                got.append(data)

    dial(service, switch, socket).hears("challenge.repeat").garbles("}not json{").ended()
    assert got == ["}not json{"]


@pytest.mark.parametrize("sent", ["no json", "[]", '{"event": "media", "streamSid": "MZ0", "media": {"payload": "!"}}'])
def test_what_the_service_sends_wrongly_is_written_down_and_the_stream_goes_on(
    service: Service, switch: Switch, sent: str
) -> None:
    def socket(ws: ServerConnection) -> None:
        sid = receive(ws, "start")["streamSid"]
        ws.send(sent.replace("MZ0", sid))
        play(ws, sid, SECOND, "greeting")
        receive(ws, "mark")

    call = dial(service, switch, socket).hears("greeting").ended()
    assert len(call.faults) == 1 and call.faults[0].startswith("31924")


def test_a_stream_url_with_a_query_is_refused(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"<Connect><Stream url='{service.media_url}?turn=1'/></Connect>{THEN}"
    call = switch.phone(NUMBER).dial().ended()
    assert "31920" in call.faults[0]
    assert service.socket_signed == []


def test_the_call_waits_for_its_caller(service: Service, switch: Switch, tmp_path: Path) -> None:
    """However long the script needs to react (up to two seconds), no time passes on the call's clock."""

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
