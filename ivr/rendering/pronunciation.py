"""How a Chinese sentence is said in a dialect: numbered syllables for espeak-ng."""

from __future__ import annotations

import re
from typing import Any

from certification.errors import Problem
from ivr.dialects import HOME, Dialect

PAUSES = {"，": ",", "、": ",", "；": ";", "：": ",", "。": ".", "？": "?", "！": "!", "…": "."}
SILENT = frozenset("“”‘’《》（） ")
COUNTING = frozenset("零一二三四五六七八九十月日号年第")  # beside these 一 is a numeral, and keeps its tone
_SYLLABIC = re.compile(r"^(?=(m|ng)\d)")  # 唔 and 五: espeak-ng lets m4 and ng5 all but vanish, am4 and ang5 are heard


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


def pronounce(of: Dialect, sentence: str) -> str:
    """Numbered syllables and pauses: "您好，一遍" -> "nin2 hao3 , yi2 bian4". Raises ToolMissing, Unpronounceable.

    Mandarin with its tone sandhi; what is spelled as Mandarin in its accent and without; Cantonese in Jyutping.
    """
    if of.heard_as == "cantonese":
        return _cantonese(of, sentence)
    if of.code == HOME:
        return _spoken(sentence, _corrected(of, sentence, _counted(sentence, _pinyin(sentence, sandhi=True))))
    syllables = _corrected(of, sentence, _pinyin(sentence, sandhi=False))
    return _spoken(sentence, [of.accent((one,))[0] if one[-1:].isdigit() else one for one in syllables])


def _cantonese(of: Dialect, sentence: str) -> str:
    try:
        import ToJyutping
    except ImportError as error:
        raise ToolMissing("ToJyutping", "pip install ToJyutping") from error
    syllables = [said or sign for sign, said in ToJyutping.get_jyutping_list(sentence)]
    return _spoken(sentence, [_SYLLABIC.sub("a", said) for said in _corrected(of, sentence, syllables)])


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


def _corrected(of: Dialect, sentence: str, syllables: list[str]) -> list[str]:
    corrected = list(syllables)
    for phrase, said in of.readings.items():
        for found in re.finditer(re.escape(phrase), sentence):
            corrected[found.start() : found.end()] = said
    return corrected


def _spoken(sentence: str, parts: list[str]) -> str:
    """Syllables and pauses with spaces between; anything else cannot be said."""
    said = [PAUSES.get(part, part) for part in parts if part not in SILENT]
    unknown = [part for part in said if not re.fullmatch(r"[a-z]+[1-6]|[,;.?!]", part)]
    if unknown:
        raise Unpronounceable(sentence, "".join(unknown))
    return " ".join(said)
