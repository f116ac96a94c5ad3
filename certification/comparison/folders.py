"""The folders in which runs compute: each for one process at a time; what a killed one left lying is cleared.

Nothing large is imported here: the sweep and erasures look in, too.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from certification import journal
from certification.errors import Problem
from certification.runtime import Runtime

FOLDER = "comparisons"
"""Where a run's files lie in the data folder; what is left at its end is the list of lines that were not taken."""
REJECTED = "rejected.csv"
LEFT_FOR = timedelta(days=1)
"""So long a run that was killed finds what it had computed; then it has to compute again."""
_LOCK = "lock"
_AT_ONCE = timedelta.min


class RunElsewhere(Problem):
    """Another process is at work on this run."""

    def __init__(self) -> None:
        super().__init__(
            "另一个进程正在处理这次比对，请等它完成后再试。",
            "Another process is at work on this comparison; try again when it has finished.",
        )


@contextmanager
def alone(rt: Runtime, run_id: str) -> Iterator[Path]:
    """The run's own folder, for this process alone. Raises RunElsewhere."""
    folder = rt.settings.data / FOLDER / run_id
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunElsewhere from None
        yield folder


def rejected(rt: Runtime, run_id: str) -> Path:
    """Where the lines of a run are that were not taken."""
    return rt.settings.data / FOLDER / run_id / REJECTED


def subject(run_id: str) -> str:
    """How the journal names a run."""
    return f"comparison run:{run_id}"


def clear(rt: Runtime, run_id: str) -> int:
    """Delete what a run has laid down to compute with, all but the list of lines that were not taken; how much."""
    found = _laid_down(rejected(rt, run_id).parent)
    for one in found:
        if one.is_dir():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)
    return len(found)


def left(rt: Runtime, age: timedelta = _AT_ONCE) -> list[str]:
    """The runs with something laid down that nothing was added to for so long; at work or not."""
    folders = sorted((rt.settings.data / FOLDER).glob("*/"))
    return [folder.name for folder in folders if (last := _touched(folder)) and rt.now() - last > age]


def clear_left(session: Session, rt: Runtime, run_id: str, by: str, age: timedelta = _AT_ONCE) -> bool:
    """Clear the folder of a run that no process is at work on; whether that was done here. Journalled.

    The run goes on when it is asked for, and computes again.
    """
    try:
        with alone(rt, run_id):
            if run_id not in left(rt, age):  # its process has just ended, or begun
                return False
            files = clear(rt, run_id)
    except RunElsewhere:
        return False
    journal.write(session, rt.now(), by, "comparison leftovers cleared", subject(run_id), files=files)
    return True


def _laid_down(folder: Path) -> list[Path]:
    return [one for one in folder.glob("*") if one.name not in (REJECTED, _LOCK)]


def _touched(folder: Path) -> datetime | None:
    """When something was last laid down there; None where nothing is."""
    times = []
    for one in _laid_down(folder):
        try:
            times.append(one.stat().st_mtime)
        except FileNotFoundError:  # its process goes on
            return None
    return datetime.fromtimestamp(max(times), UTC) if times else None
