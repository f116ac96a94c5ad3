"""The resident identity number (GB 11643-1999): read, checked, and never shown by accident."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from certification.errors import Problem

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK = "10X98765432"
_PROVINCES = frozenset(  # GB/T 2260
    str(code)
    for codes in (
        range(11, 16),
        range(21, 24),
        range(31, 38),
        range(41, 47),
        range(50, 55),
        range(61, 66),
        (71, 81, 82, 83),
    )
    for code in codes
)
_EARLIEST_YEAR = 1850


class IdentityNumberMalformed(Problem):
    """Neither 18 characters nor the 15 digits of old cards."""

    def __init__(self) -> None:
        super().__init__(
            "身份证号应为 18 位（最后一位可以是 X），旧证为 15 位数字，请核对后重新填写。",
            "An identity number has 18 characters (the last may be X), or 15 digits on old cards; please check it.",
        )


class IdentityRegionUnknown(Problem):
    """The first digits name no province."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"身份证号开头的地区代码 {code} 不存在，请核对前六位。",
            f"No province has the region code {code}; please check the first six digits.",
        )


class BirthDateImpossible(Problem):
    """The digits of the birth date are no date on which somebody alive was born."""

    def __init__(self) -> None:
        super().__init__(
            "身份证号里的出生日期不存在，请核对第 7 至 14 位。",
            "The birth date in the identity number is not a possible one; please check digits 7 to 14.",
        )


class CheckCharacterWrong(Problem):
    """The last character does not follow from the others: a digit was mistyped or two were exchanged."""

    def __init__(self) -> None:
        super().__init__(
            "身份证号的校验码不符，可能有一位写错或两位颠倒，请对照证件重新填写。",
            "The check character does not fit: a digit may be wrong or two exchanged; copy it from the card again.",
        )


def check_character(body: str) -> str:
    """The 18th character for the first 17 digits: ISO 7064 MOD 11-2, as GB 11643-1999 lays down."""
    return CHECK[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True)) % 11]


@dataclass(frozen=True, slots=True)
class ResidentNumber:
    """A valid 18-character number. Its text stays out of repr, and so out of logs."""

    text: str = field(repr=False)
    birth_date: date = field(repr=False)
    region_code: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what somebody wrote or keyed: full-width digits, spaces, lower x, and 15-digit numbers of old cards.

        Raises IdentityNumberMalformed, IdentityRegionUnknown, BirthDateImpossible or CheckCharacterWrong.
        """
        plain = re.sub(r"[\s·-]", "", unicodedata.normalize("NFKC", text)).upper()
        if re.fullmatch(r"[0-9]{15}", plain):
            body = f"{plain[:6]}19{plain[6:]}"
            plain = body + check_character(body)
        if not re.fullmatch(r"[0-9]{17}[0-9X]", plain):
            raise IdentityNumberMalformed
        province = plain[1:3] if plain[0] == "9" else plain[:2]  # 9: permanent residence cards of foreigners
        if province not in _PROVINCES:
            raise IdentityRegionUnknown(plain[:6])
        birth_date = _birth_date(plain[6:14])
        if check_character(plain[:17]) != plain[17]:
            raise CheckCharacterWrong
        return cls(plain, birth_date, plain[:6])

    @property
    def sex(self) -> str:
        """`male` or `female`: the 17th digit is odd for men."""
        return "male" if int(self.text[16]) % 2 else "female"

    @property
    def tail(self) -> str:
        """The last four characters, which a caller keys from a known telephone."""
        return self.text[-4:]


def _birth_date(digits: str) -> date:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise BirthDateImpossible from None
    if born.year < _EARLIEST_YEAR:
        raise BirthDateImpossible
    return born
