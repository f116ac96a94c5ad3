"""Temporary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from certification.regions import Region
from sms.segments import Length, measure


def render(
    words: str, region: Region, dialect: str | None, facts: Mapping[str, Any], safe_word: str | None = None
) -> str:
    """A sentence."""
    if "no such" in words:
        raise KeyError(words)
    return f"【{region.code}】{words} {dialect} {sorted(facts.items())} {safe_word or ''}"


def longest(words: str, region: Region, dialect: str | None, safe_word: bool) -> Length:
    """A length."""
    return measure(f"【{region.code}】{words} {dialect} {safe_word}")
