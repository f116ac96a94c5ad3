"""Figures kept in docs/bench, with date and commit."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "bench"


def machine() -> str:
    """The machine that is measured on."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def keep(found: dict[str, object], prefix: str = "") -> dict[str, object]:
    """Keep what was found; with its date and commit."""
    described = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    commit = subprocess.run(described, capture_output=True, text=True, check=True)
    dated = found | {"date": datetime.now(UTC).date().isoformat(), "commit": commit.stdout.strip()}
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{prefix}{dated['date']}.json").write_text(json.dumps(dated, indent=1) + "\n", encoding="utf-8")
    return dated
