"""The media process over real sockets: who and what is refused, and that nobody else notices."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from ivr import streams
from tests.ivr.hearing import silence
from tests.ivr.mediaserver import COMMAND, TOKEN, Carrier, Stream, carrier, refused, rt, until

__all__ = ["carrier", "rt"]
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
def test_an_unsigned_socket_is_refused_before_anything_is_looked_up(carrier: Carrier) -> None:
    https = carrier.url.replace("ws://", "http://")
    wrong = [
        "",
        "wrong",
        RequestValidator("another token").compute_signature(carrier.url, {}),
        RequestValidator(TOKEN).compute_signature(https, {}),
    ]
    statuses = [refused(partial(carrier.socket, signature=signature)) for signature in wrong]
    statuses.append(refused(partial(carrier.socket, url=f"{carrier.url}?turn=1")))  # the query is signed too
    assert statuses == [403] * 5
    until(lambda: bool(carrier.journal()))
    assert carrier.journal() == [("unsigned request refused", '{"times":5}')]


@on_sqlite
def test_more_turns_than_slots_are_refused_until_one_is_free(carrier: Carrier) -> None:
    held = [carrier.stream(COMMAND) for _ in range(carrier.rt.settings.media_slots)]
    assert refused(carrier.socket) == 503
    for stream in held:
        stream.socket.close()
    until(lambda: refused(carrier.socket) is None)


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
    stream = carrier.stream(COMMAND).says(silence(1))
    stream.send({"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": "2"}})
    assert stream.closed() == 1000, "the others go on"


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
def test_what_breaks_inside_closes_the_socket(carrier: Carrier) -> None:
    stream = carrier.stream(replace(COMMAND, grammar="broken"))
    assert stream.closed() == 1011
    assert refused(carrier.socket) is None


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
