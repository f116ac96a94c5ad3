"""The media process over real sockets: what is refused, what is played, what is written down."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session, sessionmaker
from twilio.request_validator import RequestValidator
from websockets.exceptions import InvalidStatus

from certification.runtime import Runtime
from ivr import streams
from ivr.media import WAITING_LIMIT
from ivr.prompts import Prompts
from tests.ivr.hearing import SILENCE, frames, silence, speech
from tests.ivr.mediaserver import CHALLENGE, COMMAND, TOKEN, Carrier, Stream, runtime, served

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def rt(sessions: sessionmaker[Session], tmp_path: Path) -> Runtime:
    return runtime(sessions, tmp_path)


@pytest.fixture
def carrier(rt: Runtime) -> Iterator[Carrier]:
    with served(rt) as carrier:
        yield carrier


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another thread does; the time is only a limit."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_a_command_is_played_to_heard_and_written_down(carrier: Carrier) -> None:
    stream = carrier.stream(COMMAND)
    stream.says(silence(5)).says(speech("word.shibie")).says(silence(2))
    assert stream.closed() == 1000
    assert stream.marks == ["language.mandarin", "digit.1"]
    heard = dict(stream.heard)
    assert 0 <= heard.pop("pause_s") < 0.3
    assert heard == {
        "ended": "speech",
        "words": ["认证"],
        "confidence": 0.9,
        "understood": True,
        "key": None,
        "recording": None,
    }
    assert stream.row.state == "done"
    assert carrier.recordings() == []


@on_sqlite
def test_what_is_played_is_the_prompts(carrier: Carrier) -> None:
    stream = carrier.stream(COMMAND).says(silence(6))
    stream.send({"event": "stop"})
    stream.closed()
    prompts = Prompts(None, carrier.rt.regions)
    expected = [prompts.audio("mandarin", name) for name in COMMAND.prompts]
    assert stream.audio == b"".join(frame for audio in expected if audio for frame in frames(audio))
    assert {message["streamSid"] for message in stream.received} == {"MZ1"}


@on_sqlite
def test_a_prompt_may_name_its_dialect(carrier: Carrier) -> None:
    plan = replace(COMMAND, prompts=("cantonese:language.cantonese", "no.such.prompt"))
    stream = carrier.stream(plan).says(silence(4))
    stream.send({"event": "stop"})
    stream.closed()
    assert stream.marks == ["cantonese:language.cantonese"]
    audio = Prompts(None, carrier.rt.regions).audio("cantonese", "language.cantonese")
    assert audio is not None
    assert stream.audio.startswith(audio)


def test_the_voice_of_a_challenge_is_kept_sealed(carrier: Carrier) -> None:
    said = speech("word.shuzi") + silence(0.5) + speech("word.yuyan")
    stream = carrier.stream(CHALLENGE)
    stream.says(silence(4)).says(said).says(silence(4))
    assert stream.closed() == 1000
    [recording] = carrier.recordings()
    assert recording.id == stream.heard["recording"]
    assert recording.asked == ["数字", "语言"]
    audio = carrier.rt.keys.open(recording.sealed, f"recordings:{recording.id}")
    assert b"".join(said) in audio
    assert recording.seconds == len(audio) / 8000


@on_sqlite
def test_a_key_interrupts(carrier: Carrier) -> None:
    stream = carrier.stream(replace(COMMAND, prompts=("menu.main",))).says(silence(1))
    stream.send({"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": "2"}})
    assert stream.closed() == 1000
    assert stream.events("clear")
    assert stream.marks == []
    assert (stream.heard["ended"], stream.heard["key"]) == ("key", "2")


@on_sqlite
def test_speech_interrupts_and_marks_that_come_back_are_ignored(carrier: Carrier) -> None:
    stream = carrier.stream(replace(COMMAND, prompts=("digit.1", "menu.main"))).says(silence(1.5))
    stream.send({"event": "mark", "mark": {"name": "digit.1"}})
    stream.says(speech("greeting")).says(silence(2))
    assert stream.closed() == 1000
    assert stream.events("clear")
    assert stream.marks == ["digit.1"]
    assert stream.heard["words"] == ["认证"]


@on_sqlite
def test_a_caller_who_says_nothing(carrier: Carrier) -> None:
    stream = carrier.stream(CHALLENGE).says(silence(12))
    assert stream.closed() == 1000
    assert stream.heard["ended"] == "no_input"
    assert carrier.recordings() == []


@on_sqlite
def test_an_unsigned_socket_is_refused_before_anything_is_looked_up(carrier: Carrier) -> None:
    https = carrier.url.replace("ws://", "http://")
    wrong = [
        "",
        "wrong",
        RequestValidator("another token").compute_signature(carrier.url, {}),
        RequestValidator(TOKEN).compute_signature(https, {}),
    ]
    refused = [_refused(partial(carrier.socket, signature=signature)) for signature in wrong]
    refused.append(_refused(partial(carrier.socket, url=f"{carrier.url}?turn=1")))  # the query is signed too
    assert refused == [403] * 5
    until(lambda: bool(carrier.journal()))
    assert carrier.journal() == [("unsigned request refused", '{"times":5}')]


def _refused(opening: Callable[[], object]) -> int | None:
    """The HTTP status with which a socket was refused; None when it was opened."""
    try:
        opening()
    except InvalidStatus as error:
        return error.response.status_code
    return None


@on_sqlite
def test_more_turns_than_slots_are_refused_until_one_is_free(carrier: Carrier) -> None:
    held = [carrier.stream(COMMAND) for _ in range(carrier.rt.settings.media_slots)]
    assert _refused(carrier.socket) == 503
    for stream in held:
        stream.socket.close()
    until(lambda: _refused(carrier.socket) is None)


def test_a_token_opens_one_socket_of_its_own_call(carrier: Carrier) -> None:
    first = carrier.stream(COMMAND)
    again = Stream(carrier, carrier.socket(), first.call_sid, first.token)
    other = Stream(carrier, carrier.socket(), carrier.turn(COMMAND)[0], carrier.turn(COMMAND)[1])
    until(lambda: first.row.state == "listening")
    for stream in (again, other):
        stream.start()
        assert stream.closed() == 1008
        assert stream.received == []
    assert other.row.state == "open"
    assert [action for action, _ in carrier.journal()] == ["media message refused"] * 2
    first.send({"event": "stop"})
    first.closed()


BAD = {
    "not JSON": "{",
    "binary": b"\x00\xff\x80",
    "a list": "[]",
    "no event": "{}",
    "deep": "[" * 60_000,
    "media without payload": '{"event": "media"}',
    "payload no base64": '{"event": "media", "media": {"payload": "%%%"}}',
    "payload of length zero": '{"event": "media", "media": {"payload": ""}}',
    "half a frame": json.dumps({"event": "media", "media": {"payload": base64.b64encode(b"1" * 80).decode()}}),
    "ten seconds": json.dumps({"event": "media", "media": {"payload": base64.b64encode(b"1" * 16000).decode()}}),
    "unknown key": '{"event": "dtmf", "dtmf": {"digit": "12"}}',
    "a number for a key": '{"event": "dtmf", "dtmf": {"digit": 1}}',
    "started twice": json.dumps(
        {
            "event": "start",
            "start": {
                "streamSid": "MZ",
                "callSid": "CA",
                "customParameters": {"turn": "t"},
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            },
        }
    ),
    "over 64 KB": '{"event": "' + "x" * 70_000 + '"}',
}


@on_sqlite
def test_bad_messages_close_their_socket_alone(carrier: Carrier) -> None:
    for name, message in BAD.items():
        stream = carrier.stream(COMMAND).says(silence(0.2))
        stream.send(message)
        code = stream.closed()
        assert code in (1008, 1009) if name == "over 64 KB" else code == 1008, name
        assert stream.row.state == "listening", name
    until(lambda: len(carrier.journal()) == len(BAD))
    assert {action for action, _ in carrier.journal()} == {"media message refused"}
    test_a_key_interrupts(carrier)


@on_sqlite
@pytest.mark.parametrize(
    "changed",
    [
        {"mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 16000, "channels": 1}},
        {"mediaFormat": {"encoding": "audio/x-l16", "sampleRate": 8000, "channels": 1}},
        {"mediaFormat": None},
        {"customParameters": {}},
        {"callSid": 7},
    ],
)
def test_a_stream_of_another_kind_is_refused(carrier: Carrier, changed: dict[str, object]) -> None:
    call_sid, token = carrier.turn(COMMAND)
    stream = Stream(carrier, carrier.socket(), call_sid, token)
    stream.start(**changed)
    assert stream.closed() == 1008
    assert stream.row.state == "open"


@on_sqlite
def test_audio_before_the_start_is_refused(carrier: Carrier) -> None:
    stream = Stream(carrier, carrier.socket(), "CA", "token").says(silence(0.1))
    assert stream.closed() == 1008


@on_sqlite
def test_a_silent_socket_is_given_up(rt: Runtime) -> None:
    with served(rt, watchdog_s=0.2) as carrier:
        stream = carrier.stream(COMMAND)
        assert stream.closed() == 1000
        assert stream.heard["ended"] == "no_input"
        never_started = Stream(carrier, carrier.socket(), "CA", "token")
        assert never_started.closed() == 1000


@on_sqlite
def test_a_socket_that_falls_silent_over_a_voice_has_broken_off(rt: Runtime) -> None:
    with served(rt, watchdog_s=0.2) as carrier:
        stream = carrier.stream(replace(COMMAND, prompts=())).says(silence(0.2)).says(speech())
        assert stream.closed() == 1000
        assert stream.heard["ended"] == "hangup"


@on_sqlite
def test_a_machine_that_falls_behind_drops_what_is_oldest(carrier: Carrier) -> None:
    carrier.recogniser.awake = threading.Event()
    stream = carrier.stream(replace(COMMAND, prompts=())).says(silence(0.1))
    stream.says(speech()).says([SILENCE] * WAITING_LIMIT)
    assert stream.socket.ping().wait(20)  # all of it has been read by now, and waits
    carrier.recogniser.awake.set()
    assert stream.closed() == 1000
    assert stream.heard["ended"] == "no_input"


def test_a_lost_socket_is_a_hang_up(carrier: Carrier) -> None:
    stream = carrier.stream(CHALLENGE).says(silence(4)).says(speech("word.shuzi"))
    until(lambda: bool(carrier.recogniser.listenings) and len(carrier.recogniser.listenings[0].pcm) > 16000)
    stream.socket.socket.shutdown(socket.SHUT_RDWR)
    until(lambda: stream.row.state == "done")
    assert (stream.heard["ended"], stream.heard["words"]) == ("hangup", ["认证"])
    assert carrier.recordings() == []


@on_sqlite
def test_the_carrier_stops_the_stream(carrier: Carrier) -> None:
    stream = carrier.stream(COMMAND).says(silence(0.5))
    stream.send({"event": "stop", "stop": {"callSid": stream.call_sid}})
    assert stream.closed() == 1000
    assert stream.heard["ended"] == "hangup"


@on_sqlite
def test_what_breaks_inside_closes_the_socket(carrier: Carrier) -> None:
    stream = carrier.stream(replace(COMMAND, grammar="broken"))
    assert stream.closed() == 1011
    assert _refused(carrier.socket) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["event", "start", "media", "payload"]), inner),
)


@given(st.text() | st.binary() | JSON.map(json.dumps))
def test_any_message_is_read_or_refused(text: str | bytes) -> None:
    try:
        streams.read(text)
    except streams.MessageRefused as error:
        assert error.why
