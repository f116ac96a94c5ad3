"""A list of pairs of one's own recordings: what it says, and what is said where it is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from certification.knowncases import PER_SECOND
from ops import pairs
from ops.demo.callers import SHIPPED
from ops.pairs import LinesUnusable, LineUnusable, ListEmpty, ListUnreadable
from voiceprint import audio

DIALECTS = ("mandarin", "kunming")


def read(text: str | bytes, most: int = 9) -> pairs.Listed:
    content = text if isinstance(text, bytes) else text.encode()
    return pairs.read("名单.txt", content, dialects=DIALECTS, most=most)


def wrong(text: str | bytes) -> tuple[str, str]:
    with pytest.raises((LineUnusable, ListEmpty, ListUnreadable)) as raised:
        read(text)
    return raised.value.zh, raised.value.en


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_list_is_read_as_it_is_written(encoding: str) -> None:
    text = "# 王\r\n1 a.wav+b.wav c.wav kunming\r\n\r\n0  a.wav\t赵.wav\r\n词 c.wav 数字 饭店\r\nwords a.wav shuzi x"
    found = read(text.encode(encoding))
    first, second = found.pairs
    assert (first.number, first.same, first.enrolled, first.attempt) == (2, True, ("a.wav", "b.wav"), ("c.wav",))
    assert (first.dialect, second.dialect) == ("kunming", None)
    assert (second.same, second.recordings) == (False, ("a.wav", "赵.wav"))
    assert found.words == {"c.wav": ("数字", "饭店"), "a.wav": ("数字", "x")}


@pytest.mark.parametrize(
    ("written", "line", "zh", "en"),
    [
        ("1 a b\n2 a b", 2, "应为", "`2 a b`"),
        ("1 a", 1, "应为", "ENROLLED CALL"),
        ("1 a b kunming more", 1, "应为", "ENROLLED CALL"),
        ("1 a b klingon", 1, "没有方言“klingon”，可写：kunming、mandarin", "no dialect `klingon`"),
        ("1 a +", 1, "没有找到录音", "is not there"),
        ("1 a b\n词 c 数字", 2, "没有哪一对用到录音 c", "no pair has the recording c"),
        ("1 a b\nwords a", 2, "应为“词", "`words RECORDING"),
        (f"1 a b\nwords a {'x' * 21}", 2, "应为“词", "20 characters"),
        (f"1 a b\nwords a {'x ' * 13}", 2, "1 到 12 个词", "1 to 12 words"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line_in_both_languages(written: str, line: int, zh: str, en: str) -> None:
    said = wrong(written)
    assert said[0].startswith(f"名单.txt 第 {line} 行：") and zh in said[0]
    assert said[1].startswith(f"名单.txt, line {line}: ") and en in said[1]


@pytest.mark.parametrize("written", ["", "# nothing\n", "1 a b\n" * 10])
def test_no_pair_and_too_many_are_no_list(written: str) -> None:
    zh, en = wrong(written)
    assert "应为 1 到 9 对" in zh and "1 to 9" in en


@pytest.mark.parametrize("content", [b"RIFF\x00\x01\x02\x03WAVE", b"PK\x03\x04\xff\xff\xff"])
def test_what_is_no_text_is_no_list(content: bytes) -> None:
    assert "不是文本文件" in wrong(content)[0]


@pytest.mark.parametrize(
    ("name", "content", "zh"),
    [
        ("no.wav", None, "没有找到录音 no.wav"),
        ("text.wav", b"text", "录音 text.wav 读不出来"),
        ("empty.wav", audio.wav(np.zeros(0, np.float32)), "读不出来"),
        ("short.wav", audio.wav(np.zeros(audio.SAMPLE_RATE - 1, np.float32)), "不到一秒"),
    ],
)
def test_a_recording_in_which_nobody_is_heard_is_named(
    tmp_path: Path, name: str, content: bytes | None, zh: str
) -> None:
    said = SHIPPED / "caller" / "shuzi-1.flac"
    whole = np.tile(audio.read(said), 3)
    (tmp_path / "a.wav").write_bytes(audio.wav(whole))
    if content is not None:
        (tmp_path / name).write_bytes(content)
    found = read(f"1 a.wav a.wav\n0 a.wav {name}")
    with pytest.raises(LineUnusable, match=r"名单\.txt 第 2 行") as raised:
        found.check(lambda one: tmp_path / one)
    assert zh in raised.value.zh and name in raised.value.en
    pair = found.clips(0, lambda one: tmp_path / one)
    assert pair.same and len(pair.attempt[0].audio) == len(whole) > PER_SECOND


def test_all_that_is_wrong_in_a_list_is_said_at_once() -> None:
    with pytest.raises(LinesUnusable) as raised:
        read("2 a.wav b.wav\n1 a.wav b.wav kunming\n0 a.wav c.wav 四川话\n词 d.wav")
    first, *more = raised.value.zh.splitlines()
    assert first == "一共 3 处要改：" and [line.partition("：")[0][-5:] for line in more] == [
        "第 1 行",
        "第 3 行",
        "第 4 行",
    ]
    with pytest.raises(LinesUnusable) as raised:
        read("1 a.wav b.wav\n" + "词 c.wav 苹果\n" * 2 + "".join(f"词 {n}.wav 苹果\n" for n in range(30)))
    assert len(raised.value.en.splitlines()) == 1 + pairs.MOST_FAULTS and "31" in raised.value.en.splitlines()[0]


def test_a_file_is_called_as_the_list_calls_it() -> None:
    assert pairs.named("录音\\王.wav") == pairs.named("a/b/王.wav") == "王.wav"
    assert pairs.named("e\u0301.wav") == "\u00e9.wav"
