"""Templates, scores, agreement; templates as sealed bytes."""

import dataclasses
import os

import numpy as np
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.voiceprint.voices import speak, talk
from voiceprint import vault
from voiceprint.audio import telephone
from voiceprint.encoder import Embedding, Encoder, unit
from voiceprint.line import degraded
from voiceprint.quality import measure
from voiceprint.scoring import NothingToEnrol, Template, TemplateOfAnotherEncoder, agreement, enrol, score, template_of


def embedding(*vector: float, encoder: str = "a") -> Embedding:
    return Embedding(unit(np.array(vector)), encoder)


def test_a_voice_is_more_like_itself_than_like_another(encoder: Encoder) -> None:
    template = enrol(encoder, [speak(1, 3, saying) for saying in (1, 2, 3)])
    assert template.utterances == 3
    assert template.encoder == encoder.name
    same, other = (score(template, encoder.embed(speak(voice, 4, saying=9))) for voice in (1, 2))
    assert same > other


def test_a_template_is_the_mean_direction() -> None:
    template = template_of([embedding(1, 0), embedding(0, 1)])
    assert template.vector == pytest.approx([0.5**0.5, 0.5**0.5])
    assert score(template, embedding(1, 0)) == pytest.approx(0.5**0.5)
    assert score(template, embedding(-1, -1)) == pytest.approx(-1)


def test_the_second_template_is_of_the_same_words_over_a_poorer_line(encoder: Encoder) -> None:
    spoken = [speak(1, 3, saying) for saying in (1, 2, 3)]
    template = enrol(encoder, spoken)
    assert template.degraded is not None
    poorer = template_of([encoder.embed(degraded(one)) for one in spoken])
    assert np.array_equal(template.degraded, poorer.vector)
    assert np.linalg.norm(template.direction) == pytest.approx(1, abs=1e-5)
    for side in (template.vector, template.degraded):
        assert template.direction @ side > template.vector @ template.degraded


def test_a_degraded_recording_has_noise_15_db_below_its_speech_and_is_always_the_same() -> None:
    voice = telephone(talk(1, 3))
    heard = degraded(voice)
    assert len(heard) == len(voice)
    assert np.array_equal(heard, degraded(voice))
    assert measure(voice).snr_db > 30
    # Of pink noise 15 dB below, the telephone's band leaves a part.
    assert measure(heard).snr_db == pytest.approx(17, abs=2)


def test_agreement_is_that_of_the_odd_one_out() -> None:
    assert agreement([embedding(1, 0), embedding(1, 0), embedding(0, 1)]) == pytest.approx(0)
    assert agreement([embedding(1, 0), embedding(1, 0), embedding(1, 0)]) == pytest.approx(1)
    assert agreement([embedding(1, 0)]) == 1


def test_nothing_is_no_voice(encoder: Encoder) -> None:
    with pytest.raises(NothingToEnrol):
        enrol(encoder, [])
    with pytest.raises(NothingToEnrol):
        agreement([])


def test_encoders_do_not_mix() -> None:
    template = template_of([embedding(1, 0, encoder="a")])
    with pytest.raises(TemplateOfAnotherEncoder, match="enrol the voice again"):
        score(template, embedding(1, 0, encoder="b"))
    with pytest.raises(TemplateOfAnotherEncoder):
        template_of([embedding(1, 0, encoder="a"), embedding(1, 0, encoder="b")])


class Aes:
    """AES-GCM with a nonce in front, as a key ring would do it."""

    def __init__(self) -> None:
        self.key = AESGCM(AESGCM.generate_key(256))

    def encrypt(self, data: bytes, context: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self.key.encrypt(nonce, data, context)

    def decrypt(self, data: bytes, context: bytes) -> bytes:
        return self.key.decrypt(data[:12], data[12:], context)


TEMPLATE = Template(unit(np.arange(1.0, 129.0)), "resnet8k-00000000", 3)
WITH_SECOND = dataclasses.replace(TEMPLATE, degraded=unit(np.arange(129.0, 1.0, -1.0)))


@pytest.mark.parametrize("template", [TEMPLATE, WITH_SECOND], ids=["one", "two"])
def test_a_sealed_template_opens_as_it_was(template: Template) -> None:
    cipher = Aes()
    sealed = vault.seal(template, cipher, b"person 7")
    assert b"resnet8k" not in sealed
    opened = vault.open_(sealed, cipher, b"person 7")
    assert np.array_equal(opened.vector, template.vector)
    assert np.array_equal(opened.direction, template.direction)
    assert (opened.encoder, opened.utterances) == (template.encoder, template.utterances)


def test_a_template_opens_only_where_it_belongs() -> None:
    cipher = Aes()
    sealed = vault.seal(TEMPLATE, cipher, b"person 7")
    with pytest.raises(InvalidTag):
        vault.open_(sealed, cipher, b"person 8")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"encoder": "a", "utterances": 1, "vector": "?"}'])
def test_what_is_no_template_is_unreadable(content: bytes) -> None:
    cipher = Aes()
    with pytest.raises(vault.TemplateUnreadable):
        vault.open_(cipher.encrypt(content, b""), cipher, b"")
