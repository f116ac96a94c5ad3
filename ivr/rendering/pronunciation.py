"""How a Chinese sentence is said: numbered syllables for espeak-ng, a rule a dialect."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from certification.errors import Problem

PAUSES = {"，": ",", "、": ",", "；": ";", "：": ",", "。": ".", "？": "?", "！": "!", "…": "."}
SILENT = frozenset("“”‘’《》（） ")
COUNTING = frozenset("零一二三四五六七八九十月日号年第")  # beside these 一 is a numeral, and keeps its tone
_SYLLABIC = re.compile(r"^(?=(m|ng)\d)")  # 唔 and 五: espeak-ng lets m4 and ng5 all but vanish, am4 and ang5 are heard
SICHUAN_TONES = str.maketrans("1234", "1342")
SICHUAN_SOUNDS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ing", "in"), ("eng", "en"))


class ToolMissing(Problem):
    """Rendering needs a program or package that serving does not; the message names it and how to get it."""

    def __init__(self, tool: str, remedy: str) -> None:
        super().__init__(
            f"制作提示音需要 {tool}，请先安装：{remedy}。", f"Rendering prompts needs {tool}; install it: {remedy}."
        )


class Unpronounceable(Problem):
    """A sentence holds signs that cannot be said; write them in Chinese characters."""

    def __init__(self, sentence: str, signs: str) -> None:
        super().__init__(
            f"句子“{sentence}”里的“{signs}”无法读出，请改写成汉字。",
            f"{signs!r} in {sentence!r} cannot be said: write it in Chinese characters.",
        )


def mandarin(sentence: str) -> str:
    """Numbered pinyin with tone sandhi: "您好，一遍" → "nin2 hao3 , yi2 bian4". Raises ToolMissing, Unpronounceable."""
    syllables = _counted(sentence, _pinyin(sentence, sandhi=True))
    return _spoken(sentence, _corrected("mandarin", sentence, syllables))


def sichuanese(sentence: str) -> str:
    """Pinyin as Sichuan says it: flat tongue, no ng after i and e, its own tones, no sandhi. Raises as mandarin()."""
    syllables = _corrected("sichuanese", sentence, _pinyin(sentence, sandhi=False))
    return _spoken(sentence, [_sichuan(syllable) for syllable in syllables])


def cantonese(sentence: str) -> str:
    """Jyutping: "你好，电话" → "nei5 hou2 , din6 waa2". Raises ToolMissing, Unpronounceable."""
    try:
        import ToJyutping
    except ImportError as error:
        raise ToolMissing("ToJyutping", "pip install ToJyutping") from error
    syllables = [said or sign for sign, said in ToJyutping.get_jyutping_list(sentence)]
    return _spoken(sentence, [_SYLLABIC.sub("a", said) for said in _corrected("cantonese", sentence, syllables)])


def _pinyin(sentence: str, *, sandhi: bool) -> list[str]:
    """One entry a sign: its numbered syllable, or the sign itself."""
    try:
        from pypinyin import Style, lazy_pinyin
    except ImportError as error:
        raise ToolMissing("pypinyin", "pip install pypinyin") from error
    sign_by_sign: Any = list  # what is no character comes back as a run; its signs are wanted, one entry each
    style = Style.TONE3
    return lazy_pinyin(sentence, style, errors=sign_by_sign, neutral_tone_with_five=True, tone_sandhi=sandhi)


def _counted(sentence: str, syllables: list[str]) -> list[str]:
    """The tones of 一 and 不 before the next syllable, which the dictionary knows inside words only."""
    counted = list(syllables)
    for at, following in enumerate(syllables[1:]):
        before, sign, after = sentence[at - 1 : at], sentence[at], sentence[at + 1]
        if not following[-1].isdigit():
            continue
        if sign == "不":
            counted[at] = "bu2" if following.endswith("4") else "bu4"
        elif sign == "一" and before == after and sentence[at - 2 : at - 1] != "一":  # 看一看, not 一个一个
            counted[at] = "yi5"
        elif sign == "一" and before not in COUNTING and after not in COUNTING:
            counted[at] = "yi2" if following[-1] in "45" else "yi4"
    return counted


@cache
def _readings(dialect: str) -> dict[str, list[str]]:
    tables = tomllib.loads(files(__package__).joinpath("readings.toml").read_text(encoding="utf-8"))
    return {phrase: said.split() for phrase, said in tables[dialect].items()}


def _corrected(dialect: str, sentence: str, syllables: list[str]) -> list[str]:
    corrected = list(syllables)
    for phrase, said in _readings(dialect).items():
        for found in re.finditer(re.escape(phrase), sentence):
            corrected[found.start() : found.end()] = said
    return corrected


def _sichuan(syllable: str) -> str:
    for before, after in SICHUAN_SOUNDS:
        syllable = syllable.replace(before, after)
    return syllable.translate(SICHUAN_TONES)


def _spoken(sentence: str, parts: list[str]) -> str:
    """Syllables and pauses with spaces between; anything else cannot be said."""
    said = [PAUSES.get(part, part) for part in parts if part not in SILENT]
    unknown = [part for part in said if not re.fullmatch(r"[a-z]+[1-6]|[,;.?!]", part)]
    if unknown:
        raise Unpronounceable(sentence, "".join(unknown))
    return " ".join(said)
