"""The key ring opens what it sealed, and nothing that was altered, moved or sealed by others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.keys import KeyRing, KeysUnreadable, SealBroken

OLD, NEW = KeyRing.generate_text("2025"), KeyRing.generate_text("2026a")
RING = KeyRing.from_text(NEW)
contexts = st.text(max_size=40)


@given(st.binary(max_size=200), contexts)
def test_what_is_sealed_opens_in_its_context(plain: bytes, context: str) -> None:
    assert RING.open(RING.seal(plain, context), context) == plain
    assert RING.decrypt(RING.encrypt(plain, context.encode()), context.encode()) == plain


@given(st.binary(max_size=50), contexts, contexts)
def test_it_opens_in_no_other_context(plain: bytes, context: str, other: str) -> None:
    sealed = RING.seal(plain, context)
    if context != other:
        with pytest.raises(SealBroken):
            RING.open(sealed, other)


@given(st.binary(max_size=50), st.data())
def test_any_altered_bit_and_any_cut_is_noticed(plain: bytes, data: st.DataObject) -> None:
    sealed = RING.seal(plain, "people.name:1")
    place = data.draw(st.integers(0, len(sealed) - 1))
    altered = bytearray(sealed)
    altered[place] ^= 1 << data.draw(st.integers(0, 7))
    for broken in (bytes(altered), sealed[:place]):
        with pytest.raises(SealBroken):
            RING.open(broken, "people.name:1")


@given(st.binary(max_size=100))
def test_bytes_from_elsewhere_do_not_open(noise: bytes) -> None:
    with pytest.raises(SealBroken):
        RING.open(noise, "people.name:1")


def test_the_name_of_the_key_is_sealed_with_the_rest() -> None:
    secret = OLD.partition(":")[2]
    twins = KeyRing.from_text(f"a:{secret},b:{secret}")
    sealed = twins.seal(b"plain", "c")
    with pytest.raises(SealBroken):
        twins.open(sealed.replace(b"a", b"b", 1), "c")


def test_sealing_twice_gives_different_bytes() -> None:
    assert RING.seal(b"plain", "c") != RING.seal(b"plain", "c")


def test_a_newer_key_seals_and_the_older_still_opens_and_finds() -> None:
    before, after = KeyRing.from_text(OLD), KeyRing.from_text(f"{NEW},{OLD}")
    assert after.open(before.seal(b"plain", "c"), "c") == b"plain"
    assert after.index("13800138000", "phones.number") == RING.index("13800138000", "phones.number")
    assert before.index("13800138000", "phones.number") in after.indexes("13800138000", "phones.number")
    with pytest.raises(SealBroken, match="2026a"):
        before.open(after.seal(b"plain", "c"), "c")


@given(st.text(max_size=30), st.text(max_size=30))
def test_an_index_is_the_same_for_the_same_value_and_purpose_only(value: str, other: str) -> None:
    assert RING.index(value, "people.number") == RING.index(value, "people.number")
    assert (RING.index(value, "people.number") == RING.index(other, "people.number")) == (value == other)
    assert RING.index(value, "people.number") != RING.index(value, "phones.number")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no key"),
        (" , ", "no key"),
        ("a:", "0 bytes"),
        ("a:YWJj", "3 bytes"),
        ("a:not base64!", "not base64"),
        (OLD.replace("2025:", ""), "no name"),
        (OLD.replace("2025:", ":"), "no name"),
        (f"{OLD},{OLD}", "twice"),
    ],
    ids=["empty", "commas", "no bytes", "few bytes", "no base64", "no name", "empty name", "twice"],
)
def test_an_unreadable_ring_says_why_and_shows_no_key(text: str, says: str) -> None:
    with pytest.raises(KeysUnreadable, match=says) as caught:
        KeyRing.from_text(text)
    assert OLD.partition(":")[2] not in str(caught.value)


def test_a_ring_shows_no_key() -> None:
    assert NEW.partition(":")[2] not in repr(RING)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a,b", "x" * 33])
def test_no_key_is_made_under_a_name_that_no_ring_can_hold(name: str) -> None:
    with pytest.raises(KeysUnreadable, match="letters"):
        KeyRing.generate_text(name)
