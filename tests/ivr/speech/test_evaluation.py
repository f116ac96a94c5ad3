"""Measuring the recogniser: counts, intervals, and manifests with bad lines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from ivr.speech import evaluation
from ivr.speech.commands import speech
from ivr.speech.evaluation import UNTRAINED
from ivr.speech.figures import NothingToMeasure, RecordingsDamaged, tables
from ivr.speech.recogniser import Heard
from ivr.speech.vocabulary import NAMES


@dataclass(slots=True)
class Scripted:
    """Hears what it was told to, one utterance after another."""

    answers: list[Heard]
    fed: int = 0

    def listen(self, grammar: str, dialect: str = "mandarin") -> ScriptedListening:
        assert grammar in NAMES
        assert dialect == "mandarin"
        return ScriptedListening(self)


@dataclass(slots=True)
class ScriptedListening:
    """One utterance of a Scripted recogniser."""

    script: Scripted

    def feed(self, pcm: bytes) -> None:
        self.script.fed += len(pcm)

    def partial(self) -> str:
        return ""

    def finish(self) -> Heard:
        return self.script.answers.pop(0)


def heard(*words: str) -> Heard:
    return Heard(words, 0.9, bool(words))


def write_manifest(folder: Path, *texts: str) -> Path:
    lines = []
    for number, text in enumerate(texts):
        soundfile.write(folder / f"{number}.wav", np.zeros(8000, dtype=np.float32), 8000)
        lines.append(json.dumps({"audio_filepath": f"{number}.wav", "text": text, "speaker": f"p{number % 2}"}))
    path = folder / "manifest.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_what_is_counted(tmp_path: Path) -> None:
    path = write_manifest(tmp_path, "语言 上海 数字", "语言上海数字", "语言", "上海", "hello", "世界")
    script = Scripted(
        [heard("语言", "上海", "数字"), heard("语言", "中国"), heard(), heard("上海"), heard(), heard("中国")]
    )
    result = evaluation.report(evaluation.evaluate(script, path, "challenge"))
    assert script.fed == 6 * 16000
    assert (result["utterances"], result["in_grammar"], result["out_of_grammar"], result["speakers"]) == (6, 4, 2, 2)
    assert result["exact"] == result["meant"] == 2 / 4
    assert result["word_errors"] == 3 / 8
    assert result["not_understood"] == 1 / 4
    assert (result["rejected"], result["false_accepts"]) == (1 / 2, 1 / 2)
    assert result["confusions"]["世界"] == {"中国": 1}
    assert result["confusions"]["语言"] == {evaluation.MISSED: 1}
    low, high = result["ci95"]["exact"]
    assert low < 0.5 < high


def test_a_missing_word_is_asked_for_again_and_a_wrong_one_is_not(tmp_path: Path) -> None:
    path = write_manifest(tmp_path, *["语言 上海 数字"] * 5)
    answers = [heard("语言", "上海", "数字"), heard("语言", "数字"), heard("语言", "中国", "数字"), heard()]
    result = evaluation.report(
        evaluation.evaluate(Scripted([*answers, heard("语言", "上海", "数字", "中国")]), path, "challenge")
    )
    assert [result[name] for name in ("exact", "fewer", "wrong", "not_understood")] == [1 / 5, 1 / 5, 2 / 5, 1 / 5]


def test_every_condition_is_laid_out_in_tables(tmp_path: Path) -> None:
    made = write_manifest(tmp_path, "语言", "hello")
    made.rename(tmp_path / "words.jsonl")
    for name in NAMES:
        text = {"challenge": "语言", "digits": "三"}.get(name, "再说一遍" if name in ("menu", "aside") else "是的")
        write_manifest(tmp_path, text).rename(tmp_path / f"synthetic-mandarin-{name}.jsonl")
    write_manifest(tmp_path, "没错", "是的").rename(tmp_path / f"synthetic-mandarin-yesno{UNTRAINED}.jsonl")
    answers = [heard("语言"), heard("中国"), *(heard(one) for one in ("语言", "三", "对", "再说一遍")), heard()]
    answers += [heard("没错"), heard("不")]
    lines = list(tables(Scripted(answers), tmp_path))
    assert lines[2] == (
        "| words | 2 | 100.0% [2.5, 100.0] | 0.0% [0.0, 97.5] | 0.0% [0.0, 97.5] | 0.0% [0.0, 97.5] "
        "| 100.0% [2.5, 100.0] |"
    )
    assert lines[-4] == "| mandarin | 100% | 100% | 100% | 100% | 0% |", "对 means what 是的 means"
    every, none = "100.0% [2.5, 100.0]", "0.0% [0.0, 97.5]"
    assert lines[-3] == f"| all | {every} | {every} | {every} | {every} | {none} |"
    assert lines[-2] == f"| … word for word | {every} | {every} | {none} | {every} | {none} |"
    assert lines[-1].endswith("| – of 0 | – of 0 | 50.0% [1.3, 98.7] of 2 | – of 0 | – of 0 |")


def test_what_a_folder_lacks_is_a_dash_and_what_is_damaged_is_refused(tmp_path: Path) -> None:
    write_manifest(tmp_path, "语言").rename(tmp_path / "synthetic-mandarin-challenge.jsonl")
    assert list(tables(Scripted([heard("语言")]), tmp_path))[-4] == "| mandarin | 100% | – | – | – | – |"
    (tmp_path / "0.wav").unlink()
    with pytest.raises(RecordingsDamaged, match=r"synthetic-mandarin-challenge.jsonl:1"):
        list(tables(Scripted([]), tmp_path))


def test_a_folder_without_conditions_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(speech, ["figures", str(tmp_path)])
    assert isinstance(result.exception, NothingToMeasure)


def test_nothing_to_count_is_no_rate(tmp_path: Path) -> None:
    result = evaluation.report(evaluation.evaluate(Scripted([heard()]), write_manifest(tmp_path, "hello"), "digits"))
    assert result["exact"] is None
    assert result["ci95"]["exact"] is None
    assert result["rejected"] == 1.0


def test_bad_lines_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = write_manifest(tmp_path, "语言")
    good = path.read_text(encoding="utf-8")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0, dtype=np.float32), 8000)
    (tmp_path / "text.wav").write_text("no sound", encoding="utf-8")
    bad = ["{", '{"text": "语言"}', "[]", '{"audio_filepath": "gone.wav", "text": "语言"}']
    bad += [f'{{"audio_filepath": "{name}.wav", "text": "语言"}}' for name in ("empty", "text")]
    path.write_text("\n".join([*bad, "", good]), encoding="utf-8")
    tally = evaluation.evaluate(Scripted([heard("语言")]), path, "challenge")
    assert [line.line for line in tally.bad] == [1, 2, 3, 4, 5, 6]
    assert "gone.wav" in tally.bad[3].reason
    assert evaluation.report(tally)["exact"] == 1.0


def test_audio_of_another_rate_is_brought_to_eight_kilohertz(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "wide.wav", np.zeros((44100, 2), dtype=np.float32), 44100)
    assert len(evaluation.read(tmp_path / "wide.wav")) == 8000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("语言 上海", ("语言", "上海")),
        ("语言上海", ("语言", "上海")),
        ("语言人", None),
        ("", None),
    ],
)
def test_transcripts_are_cut_into_words(text: str, words: tuple[str, ...] | None) -> None:
    assert evaluation.said(text, ("语言", "上海", "语")) == words


def test_fewest_errors_pair_said_and_heard() -> None:
    assert evaluation.aligned(("a", "b", "c"), ("a", "c")) == [("a", "a"), ("b", evaluation.MISSED), ("c", "c")]
    assert evaluation.aligned((), ("a",)) == [(evaluation.INSERTED, "a")]


def test_interval_is_clopper_and_pearsons() -> None:
    assert evaluation.interval(0, 300) == [0.0, pytest.approx(0.01222, abs=1e-4)]
    assert evaluation.interval(5, 5) == [pytest.approx(0.4782, abs=1e-4), 1.0]
    assert evaluation.interval(0, 0) is None


def test_the_command_prints_one_object_last(tmp_path: Path) -> None:
    path = write_manifest(tmp_path, "语言", "hello")
    path.write_text(path.read_text(encoding="utf-8") + "{\n", encoding="utf-8")
    run = CliRunner().invoke(speech, ["evaluate", "--manifest", str(path), "--grammar", "challenge", "--json"])
    assert run.exit_code == 0, run.output
    result = json.loads(run.stdout.splitlines()[-1])
    contract = {"utterances", "speakers", "exact", "word_errors", "rejected", "false_accepts", "rtf", "confusions"}
    assert contract <= result.keys()
    assert (result["exact"], result["rejected"]) == (0.0, 1.0)
    assert "manifest.jsonl:3" in run.stderr


def test_the_command_prints_rates_with_intervals(tmp_path: Path) -> None:
    path = write_manifest(tmp_path, "语言")
    run = CliRunner().invoke(speech, ["evaluate", "--manifest", str(path), "--grammar", "challenge"])
    assert run.exit_code == 0, run.output
    assert "1 utterances of 1 speakers" in run.output
    assert "95 % [" in run.output
