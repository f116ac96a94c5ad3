"""A voice is told from what is none, however the audio is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.speech.endpoint import Endpointer
from ivr.speech.g711 import Pcm
from ivr.speech.tones import FRAME, HISTORY, is_steady
from ivr.speech.voice import Voice
from tests.ivr.speech.noises import KINDS, hum, noise
from tests.ivr.speech.test_endpoint import said

ROUNDS = 3  # of all kinds; a thousand are counted by tests.ivr.speech.measure


def test_few_noises_are_speech_and_fewer_interrupt() -> None:
    spoken, begun = [], []
    for seed in range(ROUNDS * len(KINDS)):
        kind, pcm = noise(seed, seconds=4.0)
        ears = Endpointer(30.0)
        for frame in pcm.reshape(-1, FRAME):
            ears.feed(frame)
        spoken += [kind] if ears.spoken else []
        begun += [kind] if ears.begun else []
    assert len(spoken) <= 4, spoken
    assert len(begun) <= 1, begun


def heard(pcm: Pcm) -> Endpointer:
    ears = Endpointer(30.0, 30.0, 30.0)
    for frame in pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME):
        ears.feed(frame)
    return ears


@pytest.mark.parametrize("seed", [23, 45, 110, 190, 421])
def test_a_voice_that_seems_to_be_heard_in_music_is_not_believed(seed: int) -> None:
    music = heard(noise(seed)[1])
    assert music.spoken
    assert not music.believed


@pytest.mark.parametrize("name", ["word.shuzi", "word.yuyan", "word.fandian", "greeting"])
@pytest.mark.parametrize("hiss", [0, 20, 100])
def test_a_voice_on_a_quiet_or_a_noisy_line_is_believed(name: str, hiss: int) -> None:
    voice = said(name)
    room = np.random.default_rng(1).standard_normal(len(voice) + 24000) * hiss
    room[16000 : 16000 + len(voice)] += voice
    ears = heard(room.astype(np.int16))
    assert ears.spoken
    assert ears.believed


def test_nobody_is_believed_in_silence() -> None:
    assert not heard(np.zeros(16000, np.int16)).believed


class Counted:
    """A network that counts how often it is asked, and hears nothing."""

    def __init__(self) -> None:
        self.asked = 0

    def feed(self, _samples: Pcm) -> float:
        self.asked += 1
        return 0.0


@pytest.mark.parametrize("hiss", [5, 40, 300])
def test_the_network_is_not_asked_while_the_line_sounds_as_it_does(monkeypatch: pytest.MonkeyPatch, hiss: int) -> None:
    network = Counted()
    monkeypatch.setattr("ivr.speech.endpoint.Voice", lambda: network)
    quiet = (np.random.default_rng(1).standard_normal(80_000) * hiss).astype(np.int16)
    ears = heard(quiet)
    asked = network.asked
    assert asked <= 0.1 * len(quiet) / FRAME
    for frame in said("greeting")[8000:16000].reshape(-1, FRAME):
        ears.feed(frame)
    assert network.asked - asked >= 40, "but whenever somebody speaks"


def test_a_noise_is_made_from_its_seed_alone() -> None:
    assert noise(5)[0] == noise(5 + len(KINDS))[0]
    assert np.array_equal(noise(5)[1], noise(5)[1])
    assert not np.array_equal(noise(5)[1], noise(5 + len(KINDS))[1])


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 8000), max_size=8))
def test_however_the_audio_is_cut_the_voice_is_the_same(cuts: list[int]) -> None:
    audio = said("greeting")[:6400]
    whole, pieces = Voice(), Voice()
    expected = whole.feed(audio)
    heard = [pieces.feed(piece) for piece in np.split(audio, sorted(cut for cut in cuts if cut < len(audio)))]
    assert heard[-1] == pytest.approx(expected, abs=1e-5)


def test_a_hum_is_steady_and_a_voice_is_not() -> None:
    random = np.random.default_rng(1)
    assert is_steady((3000 * hum(HISTORY, random)).astype(np.int16))
    assert not is_steady((3000 * hum(HISTORY - 1, random)).astype(np.int16))
    assert not is_steady((3000 * random.standard_normal(HISTORY)).astype(np.int16))
    assert not is_steady(said("greeting")[4000 : 4000 + HISTORY])
