"""Made-up resident identity numbers."""

from __future__ import annotations

from certification.identity import check_character


def resident_number(region_code: str, year: int, month: int, day: int, order: int = 1) -> str:
    """A number that checks, for nobody: `order` tells those born on one day apart."""
    body = f"{region_code}{year:04d}{month:02d}{day:02d}{order:03d}"
    return body + check_character(body)
