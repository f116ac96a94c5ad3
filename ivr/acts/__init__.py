"""The edge functions that the scripts name: they ask and tell the domain, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.acts import appointments, busy, callers, humans, keyed, receipts, texts, voices
from ivr.acts.at import Act, At

ACTS: Mapping[str, Act] = {
    act.name: act
    for module in (callers, voices, keyed, humans, busy, appointments, receipts, texts)
    for act in module.ACTS
}

__all__ = ["ACTS", "Act", "At"]
