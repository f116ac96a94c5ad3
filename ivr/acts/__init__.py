"""The edge functions that the scripts name: they ask and tell the domain, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.acts import busy, callers, humans, keyed, voices
from ivr.acts.at import Act, At

ACTS: Mapping[str, Act] = {
    act.name: act for act in (*callers.ACTS, *voices.ACTS, *keyed.ACTS, *humans.ACTS, *busy.ACTS)
}

__all__ = ["ACTS", "Act", "At"]
