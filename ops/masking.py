"""Numbers, PINs and codes kept out of the logs: every run of six digits or more is hidden, and so are query strings."""

from __future__ import annotations

import logging
import re

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_DIGITS = re.compile(r"(?<![0-9A-Za-z_])\+?\d(?:[ -]?\d){5,}[Xx]?(?![0-9A-Za-z_])")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?: \d{2})?")
_QUERY = re.compile(r"\?[^\s\"'<>]*=[^\s\"'<>]*")  # a carrier may bring number and text in one
_SHOWN_FROM = 9


def mask(text: str) -> str:
    """`text` with stars for whatever may be a telephone or identity number, a PIN or a code.

    A date stays, and so do identifiers, in which digits stand beside letters. Of a longer number the last two digits
    stay, so that whoever looks for a fault can tell two apart.
    """
    return _DIGITS.sub(_starred, _QUERY.sub("?…", text))


def _starred(match: re.Match[str]) -> str:
    found = match.group()
    if _DATE.fullmatch(found):
        return found
    return "******" + (found[-2:] if sum(one.isdigit() for one in found) >= _SHOWN_FROM else "")


class Masked(logging.Formatter):
    """Says what another formatter says, with numbers hidden: also those in the text of an error and its traceback."""

    def __init__(self, inner: logging.Formatter | None = None) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter(FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """The line of the log."""
        return mask(self._inner.format(record))


def begin(level: int) -> None:
    """Log to standard error from this level on, with numbers hidden; where something logs already, it is left alone."""
    handler = logging.StreamHandler()
    handler.setFormatter(Masked())
    logging.basicConfig(level=level, handlers=[handler])
