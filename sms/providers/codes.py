"""Which of the carriers' codes say that nothing ever arrives at a number, so that it is not written to again."""

from __future__ import annotations

from collections.abc import Mapping

PERMANENT: Mapping[str, frozenset[str]] = {
    # https://www.twilio.com/docs/api/errors: no number; a short code; opted out there; no mobile; a landline; blocked;
    # unknown; a landline or unreachable network. 30003, a telephone that is switched off, is none of them.
    "twilio": frozenset({"21211", "21265", "21610", "21614", "21635", "30004", "30005", "30006"}),
    # On the operator's own black list; and SMPP 3.4, 5.1.3: ESME_RINVDSTADR.
    "kannel": frozenset({"denied", "0x0000000b"}),
}

STOPPED = frozenset({"21610"})
"""Of these, which say that whoever has the number stopped us at the carrier: a text from there does not end that."""
STARTING = frozenset({"start", "yes", "unstop"})
"""The words that do, each alone in a text: https://www.twilio.com/docs/api/errors/23002."""


def permanent(provider: str, code: str | None) -> bool:
    """Whether a code that a carrier gave with an answer, or told later, is about the number and stays so."""
    return code in PERMANENT.get(provider, ())
