"""Receipt numbers: nine random digits and a check digit, so that one misheard digit is noticed. Pure."""

from __future__ import annotations

from random import Random

DIGITS = 10


def draw(random: Random) -> str:
    """A fresh number of ten digits."""
    body = f"{random.randrange(10 ** (DIGITS - 1)):0{DIGITS - 1}d}"
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """The digit that completes `body` by Luhn's rule (ISO/IEC 7812-1): finds any one wrong digit."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))]
    return str(-sum(sum(divmod(value, 10)) for value in doubled) % 10)
