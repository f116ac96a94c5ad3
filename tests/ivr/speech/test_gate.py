"""The gate before the recogniser: silence is kept from it, and nothing that anybody said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.speech.g711 import decode_mulaw
from ivr.speech.gate import AFTER, BEFORE, FRAME_BYTES, Gated
from ivr.speech.recogniser import Heard
from tests.ivr.hearing import FakeListening, speech

FRAME_S = 0.02


def pcm(seconds: float, level: float = 4.0) -> bytes:
    """A quiet room."""
    noise = np.random.default_rng(1).normal(0, level, round(8000 * seconds))
    return noise.astype("<i2").tobytes()


def voice(name: str = "greeting") -> bytes:
    """Somebody speaking."""
    return b"".join(decode_mulaw(frame).tobytes() for frame in speech(name))


def given_to(audio: bytes, chunk: int = FRAME_BYTES) -> tuple[bytes, Heard]:
    """What passes the gate of this audio, and what is heard then."""
    inner = FakeListening(Heard(("认证",), 0.9, True))
    gate = Gated(inner)
    for at in range(0, len(audio), chunk):
        gate.feed(audio[at : at + chunk])
    passed = bytes(inner.pcm)
    return passed, gate.finish()


def seconds(audio: bytes) -> float:
    return len(audio) / 16000


def test_silence_is_not_listened_to() -> None:
    passed, _ = given_to(bytes(16000 * 10))
    assert passed == b""


def test_a_quiet_room_is_hardly_listened_to() -> None:
    passed, _ = given_to(pcm(20))
    assert seconds(passed) < 2


def test_a_voice_is_heard_from_before_its_beginning_to_after_its_end() -> None:
    said = voice()
    passed, heard = given_to(bytes(16000 * 3) + said + bytes(16000 * 3))
    assert said in passed
    assert seconds(passed) < seconds(said) + (BEFORE + AFTER + 1) * FRAME_S
    assert heard.understood


def test_a_long_pause_is_heard_as_a_short_one() -> None:
    said = voice("word.yuyan")
    long, _ = given_to(said + bytes(16000 * 5) + said)
    assert seconds(long) < 2 * seconds(said) + (BEFORE + AFTER + 1) * FRAME_S
    assert seconds(long) > 2 * seconds(said)


def test_a_short_pause_stays_as_it_is() -> None:
    said = voice("word.yuyan")
    audio = said + bytes(round(0.3 / FRAME_S) * FRAME_BYTES) + said
    passed, _ = given_to(audio)
    assert audio.strip(b"\0") in passed


@pytest.mark.parametrize("chunk", [2, 159, 320, 3200, 10**6])
def test_audio_may_be_cut_in_any_way(chunk: int) -> None:
    audio = pcm(1) + voice("word.yuyan") + pcm(1)
    assert given_to(audio, chunk) == given_to(audio)


def test_a_voice_too_faint_for_the_gate_is_listened_to_in_the_end() -> None:
    audio = bytes(16000)
    inner = FakeListening(Heard(("认证",), 0.9, True))
    gate = Gated(inner)
    gate.feed(audio)
    assert not inner.pcm
    assert gate.finish().understood
    assert bytes(inner.pcm) == audio


def test_nothing_fed_is_nothing_heard() -> None:
    passed, heard = given_to(b"")
    assert (passed, heard.understood) == (b"", False)


def test_what_seems_to_have_been_said_is_passed_on() -> None:
    gate = Gated(FakeListening(Heard(("认证",), 0.9, True)))
    gate.feed(voice())
    assert gate.partial() == "认证"


@given(st.lists(st.sampled_from([bytes(3200), pcm(0.2, 2000.0), pcm(0.1)]), max_size=30))
def test_what_passes_is_what_was_said_in_its_order(parts: list[bytes]) -> None:
    audio = b"".join(parts)
    passed, _ = given_to(audio)
    rest = iter(audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES))
    assert all(passed[at : at + FRAME_BYTES] in rest for at in range(0, len(passed), FRAME_BYTES))
