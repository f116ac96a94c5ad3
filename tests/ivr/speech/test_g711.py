"""G.711: the values of the standard, and what a codec loses."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.speech import g711

ALL = np.arange(-32768, 32768, dtype=np.int16)


def test_known_values() -> None:
    assert g711.decode_mulaw(bytes([0x00, 0x80, 0xFF, 0x7F])).tolist() == [-32124, 32124, 0, 0]
    assert g711.decode_alaw(bytes([0x55, 0xD5, 0x2A, 0xAA])).tolist() == [-8, 8, -32256, 32256]


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_the_nearest_value_is_taken(law: str) -> None:
    encode, decode = getattr(g711, f"encode_{law}"), getattr(g711, f"decode_{law}")
    values = np.unique(decode(bytes(range(256))).astype(int))
    heard = decode(encode(ALL)).astype(int)
    inside = np.abs(ALL.astype(int)) <= values.max()
    nearest = np.abs(values[:, None] - ALL[inside].astype(int)[None, ::97]).min(axis=0)
    assert (np.abs(heard - ALL)[inside][::97] == nearest).all()


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_a_second_time_loses_nothing(law: str) -> None:
    encode, decode = getattr(g711, f"encode_{law}"), getattr(g711, f"decode_{law}")
    once = decode(encode(ALL))
    assert (decode(encode(once)) == once).all()
