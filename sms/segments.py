"""How many segments a text takes on the air: carriers bill by them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = "\f^{}\\[~]|€"  # an escape and a septet each


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
    """Measure a text. No septet pair and no surrogate pair is cut in two: it goes whole into the next segment."""
    widths = [_gsm_width(character) for character in text]
    encoding = Encoding.GSM_7 if all(widths) else Encoding.UCS_2
    if encoding is Encoding.UCS_2:
        widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    units = sum(widths)
    if units <= _ALONE[encoding]:
        return Length(encoding, units, 1 if units else 0)
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
