"""The media process over real sockets: what is played, what is heard and written down."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace

import pytest

from certification import seals
from certification.runtime import Runtime
from ivr.media import UNHURRIED_S, WAITING_LIMIT, Unhurried
from ivr.prompts import Prompts
from tests.ivr.hearing import SILENCE, frames, silence, speech
from tests.ivr.mediaserver import CHALLENGE, COMMAND, Carrier, Stream, carrier, rt, served, until

__all__ = ["carrier", "rt"]
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


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
    cut = [frame for audio in expected if audio for frame in frames(audio)]
    assert stream.audio == b"".join(cut)
    assert len(stream.events("media")) <= len(cut) / 4, "a message a frame would cost more than all the rest"
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
    audio = carrier.rt.keys.open(recording.sealed, seals.recording(recording.id, recording.call_id))
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


def test_what_comes_soon_after_is_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, carriers = socket.socketpair()
    with ours, carriers:
        unhurried = Unhurried(ours)
        carriers.send(b"1")
        assert unhurried.recv(9) == b"1", "at once"
        carriers.send(b"2")

        def meanwhile(seconds: float) -> None:
            assert 0 < seconds <= UNHURRIED_S
            carriers.send(b"3")

        monkeypatch.setattr(time, "sleep", meanwhile)
        assert unhurried.recv(9) == b"23"
        assert unhurried.fileno() == ours.fileno()


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
