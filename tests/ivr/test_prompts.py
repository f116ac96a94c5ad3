"""The catalogue of prompts, and the committed audio against the sentences that it was made from."""

from __future__ import annotations

import io
import json
import re
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from certification.regions import Regions
from ivr.dialects import HOME, WORDS, dialects
from ivr.dialects import dialect as dialect_of
from ivr.levels import level_dbfs
from ivr.prompt_commands import prompts as commands
from ivr.prompts import MANIFEST, Prompts, PromptUnknown, read_pcm, sentences
from ivr.rendering import build
from ivr.rendering.pronunciation import Unpronounceable, pronounce
from ivr.rendering.voice import speak, voice
from ivr.speech.g711 import decode_mulaw, encode_mulaw
from ivr.speech.vocabulary import challenge_words

REGIONS = Regions.load()
DIALECTS = sorted(dialects())

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


def built_in() -> Prompts:
    return Prompts(None, REGIONS)


def record(path: Path, seconds: float = 1.0, rate: int = 8000, channels: int = 1) -> None:
    """A recording of a 440 Hz tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    soundfile.write(path, np.repeat(tone[:, None], channels, axis=1), rate)


def test_every_dialect_says_only_what_mandarin_says() -> None:
    for dialect in DIALECTS:
        assert set(sentences(dialect)) <= {*sentences(HOME), f"language.{dialect}"}, dialect


def test_every_challenge_word_is_said_in_mandarin_alone() -> None:
    for name, word in challenge_words().items():
        assert built_in().text(HOME, f"word.{name}") == word
        for dialect in DIALECTS:
            assert built_in().audio(dialect, f"word.{name}") == built_in().audio(HOME, f"word.{name}")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_committed_audio_was_made_from_the_sentences(dialect: str) -> None:
    assert [job.name for job in build.changed(dialect, REGIONS)] == [], "run: stillhere prompts build"
    kept = {path.stem for path in (WORDS / dialect / "audio").glob("*.ogg")}
    assert kept == set(build.wanted(dialect, REGIONS))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_prompt_is_speech_of_the_right_length_and_level(dialect: str) -> None:
    for name, sentence in build.wanted(dialect, REGIONS).items():
        audio = built_in().audio(dialect, name)
        assert audio is not None, name
        samples = (decode_mulaw(audio) / 32768).astype(np.float32)
        characters = sum(sign.isalnum() for sign in sentence)
        assert 0.18 * characters + 0.1 <= len(samples) / 8000 <= 0.5 * characters + 0.6, name
        assert -22 < level_dbfs(samples) < -18, name
        assert np.abs(samples).max() < 0.95, name


def test_the_whole_set_is_small() -> None:
    assert sum(path.stat().st_size for path in WORDS.glob("*/audio/*")) < 22_000_000


def test_wav_is_what_a_carrier_plays() -> None:
    file = built_in().wav("mandarin", "greeting")
    audio = built_in().audio("mandarin", "greeting")
    assert file is not None
    assert audio is not None
    with wave.open(io.BytesIO(file)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, 8000)
        assert reader.readframes(10**6) == decode_mulaw(audio).tobytes()


def test_what_a_dialect_lacks_is_said_in_mandarin() -> None:
    prompts = built_in()
    assert prompts.text("cantonese", "word.shuzi") == "数字"
    assert prompts.text("no-such-dialect", "greeting") == prompts.text("mandarin", "greeting")
    assert prompts.audio("no-such-dialect", "greeting") == prompts.audio("mandarin", "greeting")
    assert prompts.audio("cantonese", "greeting") != prompts.audio("mandarin", "greeting")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_consent_says_what_is_kept_of_a_voice_that_does_not_fit_and_for_how_long(dialect: str) -> None:
    said = built_in().text(dialect, "enrol.consent")
    [sentence] = [one for one in said.split("。") if "冒领" in one]
    assert re.search("不像您|唔似你", sentence) and re.search("别人|其他人", sentence)
    assert re.search("九十[天日]", sentence), "no longer than the recordings"


def test_a_pause_is_silence_without_words() -> None:
    assert built_in().text("mandarin", "pause.short") == ""
    assert built_in().audio("sichuanese", "pause.short") == b"\xff" * 2400


def test_an_unknown_prompt_says_where_to_write_it() -> None:
    with pytest.raises(PromptUnknown, match=r"words/mandarin/prompts\.toml"):
        built_in().text("mandarin", "no.such")
    assert built_in().audio("mandarin", "no.such") is None
    assert built_in().wav("mandarin", "no.such") is None


@pytest.mark.parametrize(
    "name", ["../prompts", "..", "a/b", "", "greeting.", ".greeting", "Greeting", "a..b", "x" * 500]
)
def test_a_name_leads_nowhere_but_to_prompts(tmp_path: Path, name: str) -> None:
    record(tmp_path / "prompts.wav")
    (tmp_path / "mandarin").mkdir()
    prompts = Prompts(tmp_path, REGIONS)
    assert prompts.audio("mandarin", name) is None
    assert prompts.wav(name, "no.such") is None


def test_recordings_win_at_any_rate(tmp_path: Path) -> None:
    record(tmp_path / "mandarin" / "greeting.wav", seconds=2.0, rate=44100, channels=2)
    prompts = Prompts(tmp_path, REGIONS)
    audio = prompts.audio("mandarin", "greeting")
    assert audio is not None
    assert len(audio) == 16000
    assert prompts.audio("mandarin", "goodbye") == built_in().audio("mandarin", "goodbye")
    assert prompts.audio("cantonese", "greeting") == built_in().audio("cantonese", "greeting")


def test_a_dialect_may_be_recordings_alone(tmp_path: Path) -> None:
    record(tmp_path / "kunminghua" / "greeting.wav")
    audio = Prompts(tmp_path, REGIONS).audio("kunminghua", "greeting")
    assert audio == encode_mulaw(read_pcm(tmp_path / "kunminghua" / "greeting.wav"))


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not audio at all"])
def test_a_broken_recording_is_replaced_by_the_built_in(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    record(tmp_path / "mandarin" / "goodbye.wav", seconds=0)
    (tmp_path / "mandarin" / "greeting.wav").write_bytes(content)
    prompts = Prompts(tmp_path, REGIONS)
    for name in ("greeting", "goodbye"):
        assert prompts.audio("mandarin", name) == built_in().audio("mandarin", name)
        assert f"{name}.wav" in caplog.text


def test_a_region_with_words_of_its_own_is_not_given_those_of_another(tmp_path: Path) -> None:
    built_in_text = (WORDS.parents[1] / "certification/regions/kunming.toml").read_text(encoding="utf-8")
    mine = built_in_text.replace("昆明每个季度认证一次", "昆明每年认证一次")
    (tmp_path / "kunming.toml").write_text(mine, encoding="utf-8")
    prompts = Prompts(None, Regions.load(tmp_path))
    assert prompts.text("mandarin", "region.kunming.how").startswith("昆明每年认证一次")
    assert prompts.audio("mandarin", "region.kunming.how") is None
    assert built_in().audio("mandarin", "region.kunming.how") is not None


def test_only_what_changed_is_rendered_again(tmp_path: Path) -> None:
    folder = tmp_path / "sichuanese" / "audio"
    shutil.copytree(WORDS / "sichuanese" / "audio", folder)
    path = folder / MANIFEST
    kept = json.loads(path.read_text(encoding="utf-8"))
    kept["prompts"]["greeting"]["sentence"] = "您好。"
    path.write_text(json.dumps(kept), encoding="utf-8")
    (folder / "goodbye.ogg").unlink()
    (folder / "pin.ask.ogg").write_bytes(b"broken")
    names = {job.name for job in build.changed("sichuanese", REGIONS, tmp_path)}
    assert names == {"greeting", "goodbye", "pin.ask"}


def test_another_recipe_renders_everything(tmp_path: Path) -> None:
    folder = tmp_path / "sichuanese" / "audio"
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_text('{"recipe": "another", "prompts": {}}', encoding="utf-8")
    assert len(build.changed("sichuanese", REGIONS, tmp_path)) == len(build.wanted("sichuanese", REGIONS))


def test_audio_of_sentences_that_are_gone_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "mandarin" / "audio"
    folder.mkdir(parents=True)
    (folder / "old.ogg").write_bytes(b"")
    shutil.copy(WORDS / "mandarin" / "audio" / "greeting.ogg", folder)
    assert build.prune("mandarin", REGIONS, tmp_path) == ["old"]
    assert [path.name for path in folder.glob("*.ogg")] == ["greeting.ogg"]


@needs_espeak
@pytest.mark.parametrize("dialect", DIALECTS)
def test_rendering_gives_what_is_committed(tmp_path: Path, dialect: str) -> None:
    pytest.importorskip("pypinyin", reason="pypinyin is not installed")
    pytest.importorskip("ToJyutping", reason="ToJyutping is not installed")
    folder = tmp_path / dialect / "audio"
    jobs = [job for job in build.changed(dialect, REGIONS, tmp_path) if job.name in ("greeting", "digit.2", "day.21")]
    assert sorted(build.render(jobs)) == ["day.21", "digit.2", "greeting"]
    committed = build.manifest(WORDS / dialect / "audio", voice(dialect))
    for name, made in build.manifest(folder, voice(dialect)).items():
        assert made.said == committed[name].said
        again, _ = soundfile.read(folder / f"{name}.ogg")
        before, _ = soundfile.read(WORDS / dialect / "audio" / f"{name}.ogg")
        assert abs(len(again) - len(before)) < 800  # espeak-ng of another version may speak a little differently
    assert {job.name for job in build.changed(dialect, REGIONS, tmp_path)}.isdisjoint({"greeting", "digit.2", "day.21"})


@needs_espeak
def test_rendering_twice_gives_the_same_bytes() -> None:
    once, again = (build.compressed(speak("nin2 hao3", voice("mandarin"))) for _ in range(2))
    assert once == again


@needs_espeak
def test_building_again_renders_nothing() -> None:
    pytest.importorskip("pypinyin", reason="pypinyin is not installed")
    pytest.importorskip("ToJyutping", reason="ToJyutping is not installed")
    built = CliRunner().invoke(commands, ["build"])
    assert built.exit_code == 0, built.output
    assert "0 rendered, 0 removed" in built.output


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("您好，一遍。", "nin2 hao3 , yi2 bian4 ."),
        ("看一看，一个一个按", "kan4 yi5 kan4 , yi2 ge4 yi2 ge4 an4"),
        ("请按一。第一，十一月二十一日", "qing3 an4 yi1 . di4 yi1 , shi2 yi1 yue4 er4 shi2 yi1 ri4"),
        ("不对，不急", "bu2 dui4 , bu4 ji2"),
        ("银行，行不行", "yin2 hang2 , xing2 bu4 xing2"),
    ],
)
def test_mandarin_is_read_with_its_tones(sentence: str, said: str) -> None:
    pytest.importorskip("pypinyin", reason="pypinyin is not installed")
    assert pronounce(dialect_of("mandarin"), sentence) == said


def test_sichuanese_has_its_own_sounds_and_tones() -> None:
    pytest.importorskip("pypinyin", reason="pypinyin is not installed")
    assert pronounce(dialect_of("sichuanese"), "这儿是认证，不对") == "ze2 er3 si2 ren2 zen2 , bu2 dui2"


def test_cantonese_in_simplified_characters_is_read_as_cantonese() -> None:
    pytest.importorskip("ToJyutping", reason="ToJyutping is not installed")
    of = dialect_of("cantonese")
    assert pronounce(of, "呢度系电话，会听到几个样") == "ni1 dou6 hai6 din6 waa2 , wui5 teng1 dou2 gei2 go3 joeng6"
    assert pronounce(of, "五，唔好") == "ang5 , am4 hou2"


@pytest.mark.parametrize("code", ["mandarin", "sichuanese", "cantonese"])
def test_what_cannot_be_said_is_named(code: str) -> None:
    pytest.importorskip("pypinyin", reason="pypinyin is not installed")
    pytest.importorskip("ToJyutping", reason="ToJyutping is not installed")
    with pytest.raises(Unpronounceable, match="12333"):
        pronounce(dialect_of(code), "请打12333")
