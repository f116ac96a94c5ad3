"""The shipped model in Vosk: the line's words are heard, and what is none of them is not understood."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from certification.regions import Regions
from ivr.dialects import HOME
from ivr.prompts import Prompts
from ivr.speech.confidence import FEATURES, Confidence, Hypothesis, Piece
from ivr.speech.evaluation import read
from ivr.speech.g711 import Pcm, decode_mulaw, encode_mulaw
from ivr.speech.recogniser import (
    Challenged,
    Heard,
    Judge,
    ModelMissing,
    VoskRecogniser,
    WordsUnknown,
)
from ivr.speech.vocabulary import (
    ASIDE,
    NAMES,
    GrammarUnknown,
    challenge_words,
    meanings,
)
from tests.ivr.speech.sounds import NOT_SPEECH, needs_espeak, phrase, silence

MODEL = Path(__file__).parents[3] / "ivr" / "speech" / "model"
TUNING = ("s23", "s24", "s25", "s26", "s27", "s28")


@pytest.fixture(scope="module")
def recogniser() -> VoskRecogniser:
    return VoskRecogniser.open()


def hear(recogniser: VoskRecogniser, grammar: str, *parts: Pcm, chunk: int = 3200) -> Heard:
    listening = recogniser.listen(grammar)
    data = np.concatenate(parts).tobytes()
    for start in range(0, len(data), chunk):
        listening.feed(data[start : start + chunk])
    return listening.finish()


def prompt(name: str) -> Pcm:
    """The synthetic voice of the line itself."""
    audio = Prompts(None, Regions.load()).audio("mandarin", f"word.{name}")
    assert audio is not None
    return decode_mulaw(audio)


@pytest.mark.parametrize(("name", "word"), challenge_words().items())
def test_a_synthetic_voice_is_heard(recogniser: VoskRecogniser, name: str, word: str) -> None:
    heard = hear(recogniser, "challenge", silence(0.4), prompt(name), silence(0.4))
    assert heard.words == (word,)
    assert heard.understood


def test_a_group_is_heard_in_its_order(recogniser: VoskRecogniser) -> None:
    asked = ("shanghai", "shuzi", "fandian")
    parts = [part for name in asked for part in (silence(0.4), prompt(name))]
    heard = hear(recogniser, "challenge", *parts, silence(0.4))
    assert heard.words == tuple(challenge_words()[name] for name in asked)


def test_it_does_not_matter_how_audio_is_cut(recogniser: VoskRecogniser) -> None:
    parts = (silence(0.3), prompt("yuyan"), silence(0.5))
    whole = hear(recogniser, "challenge", *parts, chunk=10**6)
    assert whole.understood
    for chunk in (1, 7, 321):
        assert hear(recogniser, "challenge", *parts, chunk=chunk).words == whole.words


def test_partial_results_come_while_speaking(recogniser: VoskRecogniser) -> None:
    listening = recogniser.listen("challenge")
    assert listening.partial() == ""
    listening.feed(np.concatenate([silence(0.3), prompt("yuyan"), silence(0.6)]).tobytes())
    assert listening.partial() == "语言"


@pytest.mark.parametrize("grammar", NAMES)
@pytest.mark.parametrize("made", NOT_SPEECH.values(), ids=NOT_SPEECH.keys())
def test_no_speech_is_nothing(recogniser: VoskRecogniser, grammar: str, made: Callable[[float], Pcm]) -> None:
    heard = hear(recogniser, grammar, made(4))
    assert (heard.words, heard.understood) == ((), False)


def test_no_audio_is_nothing(recogniser: VoskRecogniser) -> None:
    assert recogniser.listen("digits").finish() == Heard((), 0.0, understood=False)


def hypothesis(*words: str, meaning: tuple[str, ...] | None = None, score: float = 50.0) -> Hypothesis:
    return Hypothesis(tuple(Piece(word, 60.0, 0.5) for word in words), words if meaning is None else meaning, score)


def test_a_doubtful_probability_is_not_understood() -> None:
    sure, unsure = (Judge("challenge", HOME, Confidence((0.0,) * len(FEATURES), bias, 0.5)) for bias in (2.0, -2.0))
    heard = sure([hypothesis("语言", "上海")])
    assert heard.understood
    assert heard.words == ("语言", "上海")
    assert heard.confidence == pytest.approx(1 / (1 + np.exp(-2)))
    assert not unsure([hypothesis("语言", "上海")]).understood
    assert unsure([hypothesis("语言", "上海")]).words == ()
    assert sure([]) == Heard((), 0.0, understood=False)


def test_two_answers_at_once_are_not_understood() -> None:
    judge = Judge("yesno", HOME, Confidence((0.0,) * len(FEATURES), 2.0, 0.5))
    assert judge.meaning(("是的", "没错")) == ("yes",)
    assert judge([hypothesis("是的", "没错", meaning=("yes",))]).words == ("是的", "没错")
    assert not judge([hypothesis("是的", "不要", meaning=judge.meaning(("是的", "不要")))]).understood


@needs_espeak
def test_what_is_said_instead_of_a_challenge_is_understood(recogniser: VoskRecogniser) -> None:
    """The figures are in the model's card; here, that most of it is heard and hardly anything as something else."""
    heard = {}
    for words in meanings(ASIDE):
        challenge = Challenged(recogniser.listen("challenge"), lambda: recogniser.listen(ASIDE))
        challenge.feed(np.concatenate([silence(0.4), phrase(words), silence(0.6)]).tobytes())
        heard[words] = [meanings(ASIDE).get(word) for word in challenge.finish().words]
    right = [words for words, meant in heard.items() if meant == [meanings(ASIDE)[words]]]
    assert len(right) >= 0.9 * len(heard), heard
    assert sum(bool(meant) for words, meant in heard.items() if words not in right) <= 0.05 * len(heard), heard


def test_a_challenge_repeated_is_heard_as_before(recogniser: VoskRecogniser) -> None:
    challenge = Challenged(recogniser.listen("challenge"), lambda: recogniser.listen(ASIDE))
    challenge.feed(np.concatenate([silence(0.4), prompt("yuyan"), silence(0.6)]).tobytes())
    assert challenge.partial() == "语言"
    assert challenge.finish().words == ("语言",)


def test_other_words_in_a_challenge_are_not_understood(recogniser: VoskRecogniser) -> None:
    challenge = Challenged(recogniser.listen("challenge"), lambda: recogniser.listen(ASIDE))
    greeting = Prompts(None, Regions.load()).audio("mandarin", "greeting")
    assert greeting is not None
    challenge.feed(decode_mulaw(greeting).tobytes())
    assert not challenge.finish().understood


def test_a_grammar_that_does_not_exist(recogniser: VoskRecogniser) -> None:
    with pytest.raises(GrammarUnknown):
        recogniser.listen("weather")


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=tmp_path.name):
        VoskRecogniser.open(tmp_path)


def test_words_that_the_model_lacks_stop_the_start(tmp_path: Path) -> None:
    shutil.copytree(MODEL, tmp_path / "model")
    words, lacking = tmp_path / "model" / "graph" / "words.txt", ("mandarin:人工", "语言")
    kept = [line for line in words.read_text(encoding="utf-8").splitlines() if line.split()[0] not in lacking]
    words.write_text("\n".join(kept) + "\n", encoding="utf-8")
    with pytest.raises(WordsUnknown) as error:
        VoskRecogniser.open(tmp_path / "model")
    assert error.value.words == lacking


def takes(shared: Path, text: str) -> list[tuple[str, Path]]:
    """(speaker, recording) of the tuning speakers saying `text`."""
    folder = shared / "data" / "dsp20"
    entries = map(json.loads, (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines())
    return [
        (e["speaker"], folder / e["audio_filepath"]) for e in entries if e["text"] == text and e["speaker"] in TUNING
    ]


def line(path: Path) -> Pcm:
    """A recording as it comes through the telephone network."""
    return decode_mulaw(encode_mulaw(read(path)))


def test_most_real_words_are_heard(recogniser: VoskRecogniser, shared: Path) -> None:
    """The first take of each tuning speaker; the figures over all of them are in the model's card."""
    right = wrong = 0
    for word in challenge_words().values():
        for speaker in TUNING:
            path = next(path for who, path in takes(shared, word) if who == speaker)
            heard = hear(recogniser, "challenge", silence(0.3), line(path), silence(0.4))
            right += heard.words == (word,)
            wrong += heard.understood and heard.words != (word,)
    total = len(challenge_words()) * len(TUNING)
    assert right >= 0.85 * total
    assert wrong <= 0.05 * total


def test_most_other_real_words_are_not_understood(recogniser: VoskRecogniser, shared: Path) -> None:
    others = [takes(shared, text)[index] for text in ("Speaker", "Signal", "Open", "Close") for index in (0, 20, 40)]
    understood = sum(
        hear(recogniser, "challenge", silence(0.3), line(path), silence(0.4)).understood for _, path in others
    )
    assert understood <= 1
