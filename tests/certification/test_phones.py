"""Telephone numbers in their normal form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.phones import NumberNotRecognised, PhoneKind, dialled, parse


@pytest.mark.parametrize(
    ("text", "e164", "kind"),
    [
        ("13800138000", "+8613800138000", PhoneKind.MOBILE),
        (" 138 0013 8000 ", "+8613800138000", PhoneKind.MOBILE),
        ("138-0013-8000", "+8613800138000", PhoneKind.MOBILE),
        ("１３８００１３８０００", "+8613800138000", PhoneKind.MOBILE),
        ("+86 138 0013 8000", "+8613800138000", PhoneKind.MOBILE),
        ("008613800138000", "+8613800138000", PhoneKind.MOBILE),
        ("0871-63165432", "+8687163165432", PhoneKind.LANDLINE),
        ("（0871）63165432", "+8687163165432", PhoneKind.LANDLINE),
        ("0871-12333", "+8687112333", PhoneKind.UNKNOWN),
        ("087112333", "+8687112333", PhoneKind.UNKNOWN),
        ("010 12333", "+861012333", PhoneKind.LANDLINE),
        ("010 6552 9999", "+861065529999", PhoneKind.LANDLINE),
        ("4008123123", "+864008123123", PhoneKind.UNKNOWN),
        ("12333", "12333", PhoneKind.UNKNOWN),
        ("95588", "95588", PhoneKind.UNKNOWN),
        ("+852 2123 4567", "+85221234567", PhoneKind.LANDLINE),
    ],
)
def test_what_people_write(text: str, e164: str, kind: PhoneKind) -> None:
    number = parse(text)
    assert number.e164 == e164
    assert number.kind == kind
    assert parse(number.e164) == number


@pytest.mark.parametrize(
    "text",
    ["", "   ", "12", "电话", "1380013800", "63165432", "138001380001234", "+", "13800138000 ext. 5", "anonymous"],
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(NumberNotRecognised):
        parse(text)


def test_the_error_does_not_repeat_the_number() -> None:
    with pytest.raises(NumberNotRecognised) as caught:
        parse("138001380001234")
    assert "138…" in str(caught.value)
    assert "0013800" not in str(caught.value)


@given(st.text(max_size=30))
def test_whatever_is_written_is_read_or_refused_by_name(text: str) -> None:
    try:
        number = parse(text)
    except NumberNotRecognised:
        return
    assert number.e164.removeprefix("+").isdigit()


@pytest.mark.parametrize("written", ["12333", "087112333", "01065123456", "13800138000", "4001234567", "+442079460000"])
def test_a_number_is_dialled_as_it_was_written(written: str) -> None:
    assert dialled(parse(written).e164) == written
