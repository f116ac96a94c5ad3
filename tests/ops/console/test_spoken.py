"""Words asked for beside words heard."""

from __future__ import annotations

import pytest

from ops.console.review import spoken
from ops.console.review.spoken import Fit, Word


@pytest.mark.parametrize(
    ("asked", "heard_", "fits"),
    [
        ("ABC", "ABC", "right right right"),
        ("ABC", "AC", "right missed right"),
        ("ABC", "AXC", "right wrong right"),
        ("ABC", "AXBC", "right extra right right"),
        ("ABC", "", "missed missed missed"),
        ("", "A", "extra"),
        ("AB", "XYZ", "wrong wrong extra"),
    ],
    ids=range(7),
)
def test_words_stand_beside_what_was_heard_of_them(asked: str, heard_: str, fits: str) -> None:
    found = spoken.aligned(list(asked), list(heard_))
    assert " ".join(one.fit for one in found) == fits
    assert [one.asked for one in found if one.asked] == list(asked)
    assert [one.heard for one in found if one.heard] == list(heard_)
    assert Word("A", "A").fit is Fit.RIGHT
