"""Receipt numbers: random digits and a check digit, so that one misheard digit is noticed. Pure."""

from __future__ import annotations

from random import Random

import numpy as np

DIGITS = 10
DIGITS_OF_RECORDS = 14
"""Of comparisons, which give them by the million a month: so long, they stay far apart, and cannot be guessed."""


def draw(random: Random, digits: int = DIGITS) -> str:
    """A fresh number."""
    body = f"{random.randrange(10 ** (digits - 1)):0{digits - 1}d}"
    return body + check_digit(body)


def draw_many(random: Random, count: int, digits: int = DIGITS_OF_RECORDS) -> list[str]:
    """So many fresh numbers at once; two of them may be the same."""
    drawn = np.frombuffer(random.randbytes(8 * count), np.uint64) % np.uint64(10 ** (digits - 1))
    places = 10 ** np.arange(digits - 1, dtype=np.uint64)  # the last digit first
    values = (drawn[:, None] // places % np.uint64(10)).astype(np.int64)
    values[:, ::2] *= 2
    check = -(values - 9 * (values > 9)).sum(axis=1) % 10
    return [f"{body:0{digits - 1}d}{last}" for body, last in zip(drawn.tolist(), check.tolist(), strict=True)]


def check_digit(body: str) -> str:
    """The digit that completes `body` by Luhn's rule (ISO/IEC 7812-1): finds any one wrong digit."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))]
    return str(-sum(sum(divmod(value, 10)) for value in doubled) % 10)
