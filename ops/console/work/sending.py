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
    """Keep files that were sent, all of them or none: whole and on the disk, in a folder of this sending's own."""
    mine = new_id()
    part = folder / f"{mine}.part"
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
        part.rename(folder / mine)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return kept
