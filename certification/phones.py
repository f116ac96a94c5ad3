"""Telephone numbers in their normal form, mobiles and fixed lines told apart offline."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from certification.errors import Problem

CHINA = 86
_SHORT = re.compile(r"1[0-9]{2,5}|9[0-9]{4,5}")  # hotlines such as 12333, 110, 95588
_AREA_CODE_HOTLINE = re.compile(r"^(\+?86|\D*0)\D*[1-9][0-9]{1,2}\D*1[0-9]{4}$")
_WITHOUT_ZERO = re.compile(r"1[3-9][0-9]{9}|[48]00[0-9]{7}")  # mobiles, and numbers of the whole country
_MOBILE_BEGINS = re.compile(r"1[3-9]")


class NumberNotRecognised(Problem):
    """What was written is no telephone number."""

    def __init__(self, text: str, region: str) -> None:
        self.region = region
        shown = text[:3] + "…" if len(text) > 3 else text
        super().__init__(
            f"无法识别电话号码“{shown}”，请写 11 位手机号，或带区号的座机号。",
            f"“{shown}” is not a telephone number in {region}; write a mobile of 11 digits, or area code and number.",
        )


class PhoneKind(StrEnum):
    """What the numbering plan says; UNKNOWN may still be a telephone: try it."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number in E.164 (`+8613800138000`); a hotline, which has no such form, as its bare digits (`12333`)."""

    e164: str
    kind: PhoneKind


def parse(text: str, region: str = "CN") -> PhoneNumber:
    """Read a number as people write it in `region` (ISO 3166). Raises NumberNotRecognised."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if region == "CN" and _SHORT.fullmatch(plain):
        return PhoneNumber(plain, PhoneKind.UNKNOWN)
    try:
        number = phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException:
        raise NumberNotRecognised(plain, region) from None
    if number.extension or not _complete(number, plain):
        raise NumberNotRecognised(plain, region)
    return PhoneNumber(phonenumbers.format_number(number, PhoneNumberFormat.E164), _kind(number))


def dialled(e164: str) -> str:
    """A number as people in China dial it: a fixed line with 0 and its area code, a number from abroad unchanged."""
    if not e164.startswith(f"+{CHINA}"):
        return e164
    digits = e164.removeprefix(f"+{CHINA}")
    return digits if _WITHOUT_ZERO.fullmatch(digits) else f"0{digits}"


def _complete(number: phonenumbers.PhoneNumber, written: str) -> bool:
    """Whether no digit is missing or too many.

    The library holds Chinese numbers possible that lack a digit or the area code. New ranges that it does not know yet
    have their full length; an area code before a hotline (0871-12333) is shorter, and right.
    """
    if phonenumbers.is_valid_number(number) or number.country_code != CHINA:
        return phonenumbers.is_possible_number(number)
    digits = str(number.national_number)
    if _MOBILE_BEGINS.match(digits):
        return len(digits) == 11
    return len(digits) <= 11 and (len(digits) >= 10 or _AREA_CODE_HOTLINE.search(written) is not None)


def _kind(number: phonenumbers.PhoneNumber) -> PhoneKind:
    match phonenumbers.number_type(number):
        case PhoneNumberType.MOBILE:
            return PhoneKind.MOBILE
        case PhoneNumberType.FIXED_LINE:
            return PhoneKind.LANDLINE
        case _:
            return PhoneKind.UNKNOWN
