"""How many segments a text takes on the air: carriers bill by them. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

_GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = "\f^{}\\[~]|€"  # an escape and a septet each


_ZERO_WIDTH_JOINER = "\u200d"
_JOINERS = "\u200c" + _ZERO_WIDTH_JOINER
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_SKIN_COLOURS = "".join(map(chr, range(0x1F3FB, 0x1F400)))
_AFTER_A_JOINER = frozenset("♀♂⚕⚖✈❤🌈🌾🍳🎓🎤🎨🏫🏭💋💻💼🔧🔬🗨🚀🚒👦👧👨👩")  # as of Unicode 10, which Twilio goes by
_LATER_JAMO = range(0x1160, 0x1200)  # of a Korean syllable: its vowel and its end
_EARLIER_JAMO = range(0x1100, 0x1200)
_KOREAN = range(0xAC00, 0xD7A4)


class Encoding(StrEnum):
    """How a text is written on the air (3GPP TS 23.038)."""

    GSM_7 = "gsm7"
    UCS_2 = "ucs2"


_ALONE = {Encoding.GSM_7: 160, Encoding.UCS_2: 70}
_JOINED = {Encoding.GSM_7: 153, Encoding.UCS_2: 67}  # a header of six octets says which belong together


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a text: `units` are septets, or UTF-16 units of which a rare character takes two."""

    encoding: Encoding
    units: int
    segments: int


def measure(text: str) -> Length:
    """Measure a text. Nothing that is seen as one character is cut in two: it goes whole into the next segment.

    So Twilio does and bills it: an escape and its septet, a surrogate pair, a letter with its accents, an emoji with
    its colour. An empty text takes a segment, too.
    """
    widths = [_gsm_width(character) for character in text]
    encoding = Encoding.GSM_7 if all(widths) else Encoding.UCS_2
    if encoding is Encoding.UCS_2:
        widths = _seen_widths(text)
    units = sum(widths)
    if units <= _ALONE[encoding]:
        return Length(encoding, units, 1)
    segments, room = 1, _JOINED[encoding]
    for width in widths:
        if width > room:
            segments, room = segments + 1, _JOINED[encoding]
        room -= width
    return Length(encoding, units, segments)


def _gsm_width(character: str) -> int:
    """Septets of a character; 0 for one that GSM 7 bit does not have."""
    if character in _GSM:
        return 1
    return 2 if character in _GSM_EXTENDED else 0


def _seen_widths(text: str) -> list[int]:
    """UTF-16 units of all that is seen as one character, after the extended grapheme clusters of UAX #29."""
    widths: list[int] = []
    before, flag_letters = "", 0
    for character in text:
        width = 2 if ord(character) > 0xFFFF else 1
        if widths and _joins(before, character, flag_letters % 2 == 1):
            widths[-1] += width
        else:
            widths.append(width)
        flag_letters = flag_letters + 1 if character in _FLAG_LETTERS else 0
        before = character
    return widths


def _joins(before: str, character: str, half_a_flag: bool) -> bool:
    """Whether nobody sees a border between the two."""
    category, category_before = unicodedata.category(character), unicodedata.category(before)
    if category_before in ("Cc", "Zl", "Zp") or (category_before == "Cf" and before not in _JOINERS):
        return False
    if character in _JOINERS or category in ("Mn", "Me", "Mc"):
        return True
    if character in _FLAG_LETTERS:
        return half_a_flag
    if before == _ZERO_WIDTH_JOINER:
        return character in _AFTER_A_JOINER
    if character in _SKIN_COLOURS:
        return category_before == "So"
    return ord(character) in _LATER_JAMO and (ord(before) in _EARLIER_JAMO or ord(before) in _KOREAN)
