"""The dialects of the line, each a folder of words/: its name, what its callers say, how, and what is said to them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from certification.errors import Problem

WORDS = Path(__file__).with_name("words")
FILE = "dialect.toml"
HOME = "mandarin"
SPELLINGS = ("mandarin", "cantonese")  # numbered pinyin, Jyutping
GRAMMARS = ("digits", "yesno", "menu")
_NAME = re.compile(r"[a-z][a-z0-9]{0,39}")
Said = tuple[str, ...]  # numbered syllables


class DialectInvalid(Problem):
    """A dialect's file cannot be used: says which file and key, and what is wrong."""

    def __init__(self, path: Path, key: str, zh: str, en: str) -> None:
        super().__init__(f"方言文件 {path} 中的 {key} 有误：{zh}。", f"{path}: {key} is wrong: {en}.")
        self.path, self.key = path, key


class DialectUnknown(Problem):
    """There is no dialect of this name."""

    def __init__(self, name: str) -> None:
        known = tuple(dialects())
        super().__init__(
            f"没有名为 {name} 的方言，可用：{'、'.join(known)}", f"There is no dialect {name!r}; there are {known}"
        )


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """Numbered syllables, and whether they are pinyin ("mandarin") or Jyutping ("cantonese")."""

    spelling: str
    said: Said


@dataclass(frozen=True, slots=True)
class Accent:
    """How Mandarin is said in a dialect: rules over toneless pinyin, in order, and what becomes of the tones 1 to 4."""

    rules: tuple[tuple[str, str], ...] = ()
    tones: str = "1234"

    def __call__(self, said: Said, rules: Sequence[tuple[str, str]] | None = None) -> Said:
        """The syllables in this accent; `rules`: some of its rules, for a speaker who has not all of them."""
        return tuple(self._syllable(syllable, self.rules if rules is None else rules) for syllable in said)

    def more_or_less(self, said: Said) -> tuple[Said, ...]:
        """The syllables in this accent, then as those say them who have only some of its rules."""
        forms = {said: None}
        for rule in self.rules:
            forms |= {Accent((rule,))(form): None for form in forms}
        return tuple(dict.fromkeys((self(said), *(self(form, ()) for form in forms))))

    def _syllable(self, syllable: str, rules: Sequence[tuple[str, str]]) -> str:
        plain, tone = syllable[:-1], syllable[-1]
        for pattern, replacement in rules:
            plain = re.sub(pattern, replacement, plain)
        return plain + tone.translate(str.maketrans("1234", self.tones))


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect. `words`: grammar -> meaning -> word -> its pronunciations.

    `name` is the dialect's name as its speakers write it. `heard_as`: whose sounds the recogniser knows its words by;
    its own, where that is the dialect itself.
    """

    code: str
    name: str
    english: str
    heard_as: str
    accent: Accent
    borrows: bool  # whether Mandarin lends it what it has no words of its own for
    readings: Mapping[str, Said]  # how a phrase of the prompts is read: as heard_as spells, before the accent
    words: Mapping[str, Mapping[str, Mapping[str, tuple[Pronunciation, ...]]]]

    def pronunciations(self, grammar: str) -> Iterator[tuple[str, str, tuple[Pronunciation, ...]]]:
        """(meaning, word, pronunciations) of everything that can be said in a grammar."""
        for meaning, words in self.words[grammar].items():
            for word, ways in words.items():
                yield meaning, word, ways


@cache
def dialects(folder: Path = WORDS) -> Mapping[str, Dialect]:
    """Every dialect by its code, Mandarin first. Raises DialectInvalid."""
    files = {path.parent.name: path for path in sorted(folder.glob(f"*/{FILE}"))}
    read = {code: _File(path) for code, path in files.items()}
    home = read.pop(HOME)
    return MappingProxyType({file.code: _dialect(file, home, read) for file in (home, *read.values())})


def dialect(code: str) -> Dialect:
    """One dialect. Raises DialectUnknown."""
    if code not in dialects():
        raise DialectUnknown(code)
    return dialects()[code]


class _File:
    """What a dialect's file says, read key by key. Raises DialectInvalid."""

    def __init__(self, path: Path) -> None:
        self.path, self.code = path, path.parent.name
        if not _NAME.fullmatch(self.code):
            raise self.wrong("folder", "文件夹名只能用小写字母和数字", "a folder's name is of small letters and digits")
        try:
            self.table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise self.wrong("TOML", f"不是有效的 TOML（{error}）", f"not TOML: {error}") from error
        known = {"name", "english", "heard_as", "accent", "called", "names", "readings", *GRAMMARS}
        for key in self.table.keys() - known:
            raise self.wrong(key, f"没有这一项，可用：{'、'.join(sorted(known))}", f"no such key; use {sorted(known)}")
        self.heard_as = self.text("heard_as")
        if self.heard_as not in SPELLINGS:
            raise self.wrong("heard_as", f"请写 {'、'.join(SPELLINGS)} 之一", f"write one of {SPELLINGS}")

    def wrong(self, key: str, zh: str, en: str) -> DialectInvalid:
        return DialectInvalid(self.path, key, zh, en)

    def text(self, key: str) -> str:
        value = self.table.get(key)
        if not isinstance(value, str) or not value:
            raise self.wrong(key, "请写一段文字", "write a text")
        return value

    def accent(self) -> Accent:
        table = self.table.get("accent", {})
        tones = str(table.get("tones", "1234"))
        if not re.fullmatch("[1-5]{4}", tones):
            raise self.wrong("accent.tones", "请写四个声调数字", "write four tone digits")
        try:
            rules = tuple((re.compile(before).pattern, str(after)) for before, after in table.get("rules", ()))
        except (re.error, ValueError, TypeError) as error:
            raise self.wrong("accent.rules", f"规则无法使用（{error}）", f"a rule cannot be used: {error}") from error
        return Accent(rules, tones)

    def words(self, *keys: str) -> dict[str, tuple[Pronunciation, ...]]:
        """The words below `keys`, each with one pronunciation or several."""
        table: Any = self.table
        for key in keys:
            table = table.get(key, {})
        spelling = HOME if keys[0] == "called" else self.heard_as  # everybody is called by a name in Mandarin, too
        where = ".".join(keys)
        return {str(word): self._ways(f"{where}.{word}", spelling, ways) for word, ways in table.items()}

    def readings(self) -> dict[str, Said]:
        """Phrase -> a syllable for each character; a sign stands for itself."""
        read = {str(phrase): tuple(str(said).split()) for phrase, said in self.table.get("readings", {}).items()}
        for phrase, said in read.items():
            if len(said) != len(phrase):
                raise self.wrong(f"readings.{phrase}", "每个字写一个音节", "write one syllable for each character")
        return read

    def meanings(self, grammar: str) -> list[str]:
        return list(self.table.get(grammar, {}))

    def _ways(self, where: str, spelling: str, ways: object) -> tuple[Pronunciation, ...]:
        said = [ways] if isinstance(ways, str) else ways
        if not isinstance(said, list) or not said:
            raise self.wrong(where, "请写读音", "write its pronunciation")
        made = [Pronunciation(spelling, tuple(str(way).split())) for way in said]
        if not all(re.fullmatch("[a-zü]+[1-6]", syllable) for way in made for syllable in way.said or ("",)):
            raise self.wrong(where, "读音要写成带声调数字的音节", "write numbered syllables")
        return tuple(made)


def _dialect(file: _File, home: _File, others: Mapping[str, _File]) -> Dialect:
    accent = file.accent()
    borrows = file.code != HOME and file.heard_as == HOME
    words: dict[str, dict[str, dict[str, tuple[Pronunciation, ...]]]] = {}
    for grammar in GRAMMARS:
        words[grammar] = {}
        for meaning in dict.fromkeys((*home.meanings(grammar), *file.meanings(grammar))):
            taken = home.words(grammar, meaning) if borrows else {}
            said = {word: _accented(ways, accent) for word, ways in taken.items()}
            words[grammar][meaning] = said | file.words(grammar, meaning)
    for other in (home, *others.values()):
        called = {word: _accented(ways, accent) for word, ways in other.words("called").items()}
        words["menu"][other.code] = file.words("names", other.code) or called
    _unambiguous(file, words)
    name, english = file.text("name"), file.text("english")
    return Dialect(file.code, name, english, file.heard_as, accent, borrows, file.readings(), words)


def _accented(ways: Sequence[Pronunciation], accent: Accent) -> tuple[Pronunciation, ...]:
    """As in Mandarin first, then as the accent has it, whole and in part: people say each of these."""
    said = (Pronunciation(HOME, spoken) for way in ways for spoken in (way.said, *accent.more_or_less(way.said)))
    return tuple(dict.fromkeys(said))


def _unambiguous(file: _File, words: Mapping[str, Mapping[str, Mapping[str, object]]]) -> None:
    for grammar, meanings in words.items():
        for one, other in pairwise(sorted((word, meaning) for meaning, said in meanings.items() for word in said)):
            if one[0] == other[0]:
                both = f"{one[1]}, {other[1]}"
                raise file.wrong(f"{grammar}.{one[0]}", f"同一个词有两个意思（{both}）", f"means two things: {both}")
