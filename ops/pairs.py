"""Pairs of one's own recordings, for known cases: a list says which two belong together, and what is said in them.

The command and the page read the same list; what is wrong in it is named by file and line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from certification.errors import Problem
from certification.knowncases import PER_SECOND, Clip, Pair
from ivr.speech.vocabulary import challenge_words
from voiceprint import audio
from voiceprint.audio import AudioEmpty, AudioUnreadable

SAYS = ("words", "词")
"""What a line begins with that says what is said in a recording."""
INDEX = "files.json"
"""Beside recordings that were sent: which file is the list, and under which name each of them came."""
MOST_OF_A_FILE = 100_000
"""Pairs of a list of which a command takes the first."""
LONGEST = 20  # characters of a word
MOST_WORDS = 12  # of a recording
MOST_FAULTS = 20
"""Of a list, that are said at once."""
_BLANK = "\t\r\n\f\v"
_SHOWN = 60  # characters of a line that an error repeats

Find = Callable[[str], Path | None]


class LineUnusable(Problem):
    """A line of the list says no pair, and no words."""

    def __init__(self, name: str, line: int, zh: str, en: str) -> None:
        super().__init__(f"{name} 第 {line} 行：{zh}", f"{name}, line {line}: {en}")


class LinesUnusable(Problem):
    """Several lines of a list are wrong: the first of them, each with its number, and how many there are."""

    def __init__(self, faults: Sequence[LineUnusable]) -> None:
        zh, en = ("\n".join(told) for told in zip(*((one.zh, one.en) for one in faults[:MOST_FAULTS]), strict=True))
        super().__init__(f"一共 {len(faults)} 处要改：\n{zh}", f"{len(faults)} places are to be mended:\n{en}")


class ListEmpty(Problem):
    """A list without a pair, or with more of them than are put in at once."""

    def __init__(self, name: str, found: int, most: int) -> None:
        super().__init__(
            f"列表 {name} 里有 {found} 对，应为 1 到 {most} 对。每行写“1 登记录音 来电录音”或“0 登记录音 来电录音”。",
            f"The list {name} has {found} pairs; 1 to {most} are put in at once."
            " A line is `1 ENROLLED CALL` or `0 ENROLLED CALL`.",
        )


class ListMissing(Problem):
    """Recordings without a list, more lists than one, or too many files."""

    def __init__(self, lists: int, files: int, most: int) -> None:
        super().__init__(
            f"收到 {files} 个文件，其中列表（.txt）{lists} 个。请把一个列表和它写到的录音一起选中，"
            f"最多 {most} 个文件。",
            f"{files} files arrived, {lists} of them a list (.txt): choose one list together with the recordings that"
            f" it names, {most} files at most.",
        )


class ListUnreadable(Problem):
    """A list that is no text."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"列表 {name} 不是文本文件，请另存为纯文本（UTF-8）再交。",
            f"The list {name} is no text: save it as plain text (UTF-8).",
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A pair as the list has it: 1 where one speaker is on both sides; names of recordings, as they were said."""

    number: int
    same: bool
    enrolled: tuple[str, ...]
    attempt: tuple[str, ...]
    dialect: str | None

    @property
    def recordings(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.enrolled, *self.attempt)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: its name, its pairs, and the words of a recording as far as they are known."""

    name: str
    pairs: tuple[Line, ...]
    words: Mapping[str, tuple[str, ...]]

    def clips(self, n: int, find: Find) -> Pair:
        """The pair of this place, with its recordings as they sound on the telephone. Raises LineUnusable."""
        line = self.pairs[n]
        enrolled, attempt = ([self._clip(line, one, find) for one in side] for side in (line.enrolled, line.attempt))
        return Pair(line.same, enrolled, attempt, line.dialect)

    def everything(self, find: Find) -> Iterator[Pair]:
        """Its pairs, in order. Raises LineUnusable."""
        return (self.clips(n, find) for n in range(len(self.pairs)))

    def check(self, find: Find) -> None:
        """Raise LineUnusable where a recording is missing, or nobody can be heard in it."""
        seen = set[str]()
        for line in self.pairs:
            for one in line.recordings:
                if one not in seen:
                    self._clip(line, one, find)
                    seen.add(one)

    def _clip(self, line: Line, recording: str, find: Find) -> Clip:
        path = find(recording)
        if path is None or not path.is_file():
            raise missing(self.name, line.number, recording)
        try:
            heard = audio.encode_mulaw(audio.telephone(audio.read(path)))
        except (AudioUnreadable, AudioEmpty) as error:
            zh = f"录音 {recording} 读不出来，请换成 WAV 或 FLAC 文件。"
            en = f"the recording {recording} cannot be read: give a WAV or FLAC file."
            raise LineUnusable(self.name, line.number, zh, en) from error
        if len(heard) < PER_SECOND:
            zh = f"录音 {recording} 不到一秒，听不出是谁。"
            raise LineUnusable(self.name, line.number, zh, f"{recording} is shorter than a second: nobody is heard.")
        return Clip(recording, heard, self.words.get(recording, ()))


def named(sent: str) -> str:
    """The name of a file that was sent as a list has it: some browsers write accents apart, or a folder before it."""
    return unicodedata.normalize("NFC", sent.replace("\\", "/").rpartition("/")[2])


def missing(name: str, line: int, recording: str) -> LineUnusable:
    """What is said of a recording that is not there."""
    zh = f"没有找到录音 {recording}，请和列表一起选上；名字要一字不差，里面不要有空格。"
    en = f"the recording {recording} is not there: choose it together with the list; names are as written, no spaces."
    return LineUnusable(name, line, zh, en)


def refuse(faults: Sequence[LineUnusable]) -> None:
    """Raise what is wrong with a list, all at once: LineUnusable, or LinesUnusable where there is more than one."""
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise LinesUnusable(faults)


def read(name: str, content: bytes, *, dialects: Collection[str], most: int) -> Listed:
    """Read a list. Raises ListUnreadable, LineUnusable, LinesUnusable, ListEmpty."""
    pairs, words, faults = list[Line](), dict[str, tuple[int, tuple[str, ...]]](), list[LineUnusable]()
    for number, line in enumerate(_text(name, content).splitlines(), 1):
        fields = unicodedata.normalize("NFC", line).split()
        if not fields or fields[0].startswith("#"):
            continue
        try:
            if fields[0] in SAYS:
                recording, said = _words(name, number, fields)
                words[recording] = (number, said)
            else:
                pairs.append(_pair(name, number, fields, dialects))
        except LineUnusable as fault:
            faults.append(fault)
    refuse(faults)
    if not 1 <= len(pairs) <= most:
        raise ListEmpty(name, len(pairs), most)
    named = {recording for pair in pairs for recording in pair.recordings}
    for recording, (number, _) in words.items():
        if recording not in named:
            zh = f"没有哪一对用到录音 {recording[:_SHOWN]}，请看名字是否写对。"
            en = f"no pair has the recording {recording[:_SHOWN]}: see to its name."
            faults.append(LineUnusable(name, number, zh, en))
    refuse(faults)
    return Listed(name, tuple(pairs), {recording: said for recording, (_, said) in words.items()})


def _pair(name: str, number: int, fields: list[str], dialects: Collection[str]) -> Line:
    if len(fields) not in (3, 4) or fields[0] not in ("0", "1"):
        said = " ".join(fields)[:_SHOWN]
        zh = f"应为“1 登记录音 来电录音”，1 是同一人，0 是不同的人，几段用 + 相连，后面可以写方言；写的是“{said}”。"
        en = "it should be `1 ENROLLED CALL`, 1 for one speaker and 0 for two, files joined by `+`, and perhaps a"
        raise LineUnusable(name, number, zh, f"{en} dialect; it is `{said}`.")
    dialect = fields[3] if len(fields) == 4 else None
    if dialect is not None and dialect not in dialects:
        zh = f"没有方言“{dialect[:_SHOWN]}”，可写：{'、'.join(sorted(dialects))}。"
        en = f"there is no dialect `{dialect[:_SHOWN]}`; there are {', '.join(sorted(dialects))}."
        raise LineUnusable(name, number, zh, en)
    enrolled, attempt = (tuple(one for one in field.split("+") if one) for field in fields[1:3])
    if not enrolled or not attempt:
        raise missing(name, number, "+")
    return Line(number, fields[0] == "1", enrolled, attempt, dialect)


def _words(name: str, number: int, fields: list[str]) -> tuple[str, tuple[str, ...]]:
    said = tuple(fields[2:])
    if not 1 <= len(said) <= MOST_WORDS or any(len(one) > LONGEST for one in said):
        zh = f"应为“词 录音 词 词 词”，1 到 {MOST_WORDS} 个词，中间空格。"
        en = f"it should be `words RECORDING WORD WORD`, 1 to {MOST_WORDS} words, each of {LONGEST} characters at most."
        raise LineUnusable(name, number, zh, en)
    return fields[1], tuple(challenge_words().get(one, one) for one in said)


def _text(name: str, content: bytes) -> str:
    """A list as it is written: UTF-8, or GB 18030 as Chinese Windows saves it."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            found = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not any(unicodedata.category(one) == "Cc" and one not in _BLANK for one in found):
            return found
    raise ListUnreadable(name)
