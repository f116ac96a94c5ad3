"""Ogg pages (RFC 3533): libsndfile numbers each stream at random, which makes equal audio into unequal files."""

from __future__ import annotations

from functools import cache

SERIAL, CHECKSUM, SEGMENTS = slice(14, 18), slice(22, 26), 26


def with_serial(file: bytes, serial: int) -> bytes:
    """The same Ogg file with another stream number in every page, and the checksums that go with it."""
    pages = bytearray()
    at = 0
    while at < len(file):
        count = file[at + SEGMENTS]
        header = SEGMENTS + 1 + count
        end = at + header + sum(file[at + SEGMENTS + 1 : at + header])
        page = bytearray(file[at:end])
        page[SERIAL] = serial.to_bytes(4, "little")
        page[CHECKSUM] = bytes(4)
        page[CHECKSUM] = _checksum(page).to_bytes(4, "little")
        pages += page
        at = end
    return bytes(pages)


def _checksum(page: bytes | bytearray) -> int:
    """Ogg's CRC-32: polynomial 0x04c11db7, not reflected, starting at zero."""
    table, remainder = _table(), 0
    for byte in page:
        remainder = (remainder << 8 & 0xFFFFFFFF) ^ table[remainder >> 24 ^ byte]
    return remainder


@cache
def _table() -> tuple[int, ...]:
    def entry(value: int) -> int:
        for _ in range(8):
            value = value << 1 ^ (0x104C11DB7 if value & 0x80000000 else 0)
        return value

    return tuple(entry(byte << 24) for byte in range(256))
