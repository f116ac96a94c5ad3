"""CSV files as offices send them."""

from __future__ import annotations

import pytest

from certification.csvfile import Utf8


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 100])
def test_text_is_known_as_utf_8_wherever_it_is_cut(piece: int) -> None:
    written = "身份证号,来源\n王,医疗\n".encode()
    assert _readable(written, piece)
    assert not _readable(written[:-2], piece)  # its last letter is half there
    assert not _readable("身份证号,来源\n".encode("gb18030"), piece)


def _readable(written: bytes, piece: int) -> bool:
    text = Utf8()
    for begin in range(0, len(written), piece):
        text.take(written[begin : begin + piece])
    text.take(b"", last=True)
    return text.readable
