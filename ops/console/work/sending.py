"""Files that are sent from a browser, kept until what was asked for is done."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from werkzeug.datastructures import FileStorage

from certification.store import new_id

_STRANGE = re.compile(r"[^\w.-]+")
_LONGEST = 60  # characters of a file's name that are kept


def keep(folder: Path, files: Sequence[FileStorage]) -> list[dict[str, Any]]:
    """Keep files that were sent, all of them or none: whole and on the disk, in a folder of this sending's own.

    They come in beside `folder`, which goes meanwhile where the same form was sent before and is done.
    """
    mine = new_id()
    part = folder.parent / f"{mine}.part"
    part.mkdir(mode=0o700, parents=True)
    try:
        kept = []
        for number, one in enumerate(files, 1):
            name = f"{number}-{_STRANGE.sub('_', str(one.filename))[-_LONGEST:]}"
            with (part / name).open("wb") as file:
                one.save(file)
                file.flush()
                os.fsync(file.fileno())
                kept.append({"name": name, "bytes": file.tell(), "kept": f"{mine}/{name}"})
        _settle(part)
        folder.mkdir(mode=0o700, exist_ok=True)
        part.rename(folder / mine)
        _settle(folder)
        _settle(folder.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return kept


def _settle(folder: Path) -> None:
    """Have on the disk which names are in a folder."""
    there = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(there)
    finally:
        os.close(there)
