"""Other engines by configuration: a Vosk model of plain words, a model in sherpa-onnx, and one for a dialect alone."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from certification.regions import Regions
from ivr.dialects import dialects
from ivr.prompts import Prompts
from ivr.speech.engines import open_recogniser
from ivr.speech.engines.sherpa import EngineFileInvalid, SherpaRecogniser
from ivr.speech.engines.vosk_words import VoskWordsRecogniser
from ivr.speech.g711 import Pcm, decode_mulaw
from ivr.speech.recogniser import Heard, ModelMissing, Recogniser, VoskRecogniser, WordsUnknown
from tests.ivr.speech.engines.foreign import sherpa_model, vosk_model
from tests.ivr.speech.sounds import needs_espeak, phrase, silence

LOW, HIGH = 250, 2800  # hertz


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return vosk_model(tmp_path_factory.mktemp("foreign"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sherpa_model(tmp_path_factory.mktemp("sherpa") / "tiny", "是", "不")


def hear(recogniser: Recogniser, grammar: str, *parts: Pcm, dialect: str = "mandarin", chunk: int = 3201) -> Heard:
    listening = recogniser.listen(grammar, dialect)
    data = np.concatenate(parts).tobytes()
    for start in range(0, len(data), chunk):
        listening.feed(data[start : start + chunk])
    return listening.finish()


def buzz(*hertz: float) -> Pcm:
    """Sounds one after the other, with pauses: each wavers, so that it is no mere tone."""
    time = np.arange(6400) / 8000
    wavering = [np.sin(2 * np.pi * h * time + 40 * np.sin(2 * np.pi * 5 * time)) for h in hertz]
    gap = np.zeros(4000)
    parts = [gap, *(part for wave in wavering for part in (6000 * wave, gap))]
    return np.concatenate(parts).astype(np.int16)


def prompt(name: str) -> Pcm:
    audio = Prompts(None, Regions.load()).audio("mandarin", name)
    assert audio is not None
    return decode_mulaw(audio)


@needs_espeak
@pytest.mark.parametrize("words", ["怎么认证", "转人工", "什么时候"])
def test_another_vosk_model_hears_the_menu_at_its_own_rate(foreign: Path, words: str) -> None:
    recogniser = open_recogniser(foreign)
    assert isinstance(recogniser, VoskWordsRecogniser)
    heard = hear(recogniser, "menu", silence(0.4), phrase(words), silence(0.8))
    assert heard.words == (words,)
    assert heard.understood


def test_another_vosk_model_understands_no_silence(foreign: Path) -> None:
    recogniser = open_recogniser(foreign)
    assert hear(recogniser, "menu", silence(2)) == Heard((), 0.0, understood=False)
    assert not hear(recogniser, "digits", prompt("result.certified")).understood


@needs_espeak
def test_what_is_heard_does_not_depend_on_how_audio_is_cut(foreign: Path) -> None:
    recogniser = open_recogniser(foreign)
    parts = silence(0.4), phrase("怎么认证"), silence(0.8)
    assert {hear(recogniser, "menu", *parts, chunk=chunk).words for chunk in (1, 333, 10**6)} == {("怎么认证",)}


def test_a_word_without_a_substitute_stops_the_start(tmp_path: Path) -> None:
    lacking = ["普通话", "讲普通话", "说普通话", "国语", "讲国语", "说国语"]
    with pytest.raises(WordsUnknown) as error:
        open_recogniser(vosk_model(tmp_path, lacking))
    assert "普通话" in error.value.words
    assert "another model" in str(error.value)


def test_a_word_with_a_substitute_is_left_out_and_written_down(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        open_recogniser(vosk_model(tmp_path, ["转人工"]))
    assert "转人工" in caplog.text


def test_a_model_in_sherpa_onnx_is_loaded_and_heard(tiny: Path) -> None:
    recogniser = open_recogniser(tiny)
    assert isinstance(recogniser, SherpaRecogniser)
    assert hear(recogniser, "yesno", buzz(LOW)).words == ("是",)
    assert hear(recogniser, "yesno", buzz(LOW, LOW)).words == ("是", "是")
    assert not hear(recogniser, "yesno", buzz(LOW, HIGH)).understood, "no phrase, or two answers"
    assert not hear(recogniser, "menu", buzz(LOW)).understood
    assert hear(recogniser, "yesno", silence(1)) == Heard((), 0.0, understood=False)
    assert recogniser.listen("yesno").finish() == Heard((), 0.0, understood=False)


def test_a_dialect_has_a_model_of_its_own_and_the_challenge_is_everybodys(tmp_path: Path) -> None:
    sherpa_model(tmp_path / "cantonese", "系", "唔")
    recogniser = open_recogniser(tmp_path)
    assert hear(recogniser, "yesno", buzz(LOW), dialect="cantonese").words == ("系",)
    assert hear(recogniser, "yesno", buzz(LOW), dialect="mandarin").words == ()
    parts = silence(0.4), prompt("word.shanghai"), silence(0.6)
    assert hear(recogniser, "challenge", *parts, dialect="cantonese").words == ("上海",)


def test_without_a_folder_it_is_the_shipped_model() -> None:
    assert isinstance(open_recogniser(), VoskRecogniser)


def test_a_folder_without_any_model(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        open_recogniser(tmp_path)
    (tmp_path / "mandarin").mkdir()
    with pytest.raises(ModelMissing):
        open_recogniser(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind = ", "Invalid"),
        ('kind = "magic"\n[files]\n', "magic"),
        ('kind = "sense_voice"\n[files]\nmodel = "gone.onnx"\n', "gone.onnx"),
        ('kind = "sense_voice"\n[files]\nencoder = "engine.toml"\n', "encoder"),
        ('kind = "sense_voice"\nspeed = 3\n[files]\n', "speed"),
    ],
)
def test_a_wrong_engine_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "engine.toml").write_text(text, "utf-8")
    with pytest.raises(EngineFileInvalid, match=rf"engine\.toml.*{said}"):
        open_recogniser(tmp_path)


def test_every_dialect_can_be_listened_to(tiny: Path, foreign: Path) -> None:
    for folder in (tiny, foreign):
        recogniser = open_recogniser(folder)
        for spoken in dialects():
            assert not hear(recogniser, "menu", silence(0.5), dialect=spoken).understood
