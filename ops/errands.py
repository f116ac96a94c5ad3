"""Works that were asked for in the console, done: lists proposed, payment restored, files compared, known cases put in.

The sweep has a thread for what takes long, so that its other duties wait for none; the worker does what needs the
libraries of voices. Killed at any point, each is begun again, and what was done is not done twice.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Lock, Thread

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from certification import errands
from certification.comparison.folders import RunElsewhere
from certification.errands import Kind
from certification.errors import Problem
from certification.runtime import Runtime
from certification.store import Errand, only_read
from certification.suspension import lists, restoring

logger = logging.getLogger(__name__)

FOLDER = "uploads"
"""Where files that were sent lie in the data folder until they are compared, or put in."""
MOST_FILES = 20  # of a comparison
STAGES = 6  # of a comparison: read, periods, roll, compared, written, stored
PARTS = 1000  # of a comparison, as its page counts
MOST_WAITING = 10  # works of a kind whose files lie here at once
SPARE = 1 << 30  # bytes of the disk that files which are sent leave free
LEFT_FOR = timedelta(days=1)
_NOTED = timedelta(seconds=2)
_busy = Lock()


class FileMissing(Problem):
    """A comparison of nothing."""

    def __init__(self) -> None:
        super().__init__(
            f"没有收到文件，请选择 1 到 {MOST_FILES} 个文件再交。",
            f"No file arrived: choose 1 to {MOST_FILES} files and send them.",
        )


class NoRoom(Problem):
    """There is no room for what was sent, or too much of the kind waits."""

    def __init__(self) -> None:
        super().__init__(
            "前面交办的事还没做完，或者服务器磁盘快满了，这次没有收下。请等前面的做完，或请管理员清理磁盘。",
            "What was asked for before is not done yet, or the server's disk is nearly full: nothing was taken."
            " Wait until it is done, or ask the administrator to make room.",
        )


class RegionGone(Problem):
    """A work for a region that has no file any more."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"地区“{code}”的规则文件不在了，没有办；放回文件后请重新交办。",
            f"The rules of region {code} are gone, so nothing was done: put its file back and ask again.",
        )


def see_to(rt: Runtime) -> int:
    """Have what waits done; how many works wait. What takes long is done by a thread of this process."""
    with rt.sessions() as session:
        only_read(session)
        found = errands.waiting(session, rt)
    if any(Kind(one.kind) not in errands.QUEUED for one in found) and not _busy.locked():
        Thread(target=work, args=(rt,), name="errands", daemon=True).start()
    for one in found:
        if Kind(one.kind) in errands.QUEUED and one.asked_at < rt.now() - errands.STALLED:  # it fell out of the queue
            with rt.sessions.begin() as session:
                again = errands.begin(session, rt, one)
            if again:
                rt.enqueue(errands.JOB, one.id)
            elif one.tries >= errands.TRIES:
                clear(rt, one.id)
    return len(found)


def work(rt: Runtime) -> int:
    """Do what waits and takes long, one after the other; how many works were begun here."""
    if not _busy.acquire(blocking=False):
        return 0
    begun = 0
    try:
        while (errand := _next(rt)) is not None:
            begun += 1
            _do(rt, errand)
    except SQLAlchemyError as error:
        logger.warning("works wait for the next sweep: %s", error)
    finally:
        _busy.release()
    return begun


def _next(rt: Runtime) -> Errand | None:
    with rt.sessions.begin() as session:
        for one in errands.waiting(session, rt):
            if Kind(one.kind) in errands.QUEUED:
                continue
            if errands.begin(session, rt, one):
                return session.get_one(Errand, one.id)
            if one.tries >= errands.TRIES:
                clear(rt, one.id)
    return None


def _do(rt: Runtime, errand: Errand) -> None:
    try:
        _DEEDS[Kind(errand.kind)](rt, errand)
    except RunElsewhere:  # the same files are compared by a command: it is looked at again
        with rt.sessions.begin() as session:
            errands.leave(session, errand)
    except Problem as problem:
        with rt.sessions.begin() as session:
            errands.refuse(session, rt, errand, problem)
        clear(rt, errand.id)
    except SQLAlchemyError:
        raise
    except Exception:
        logger.exception("errand %s broke off", errand.id)


def propose(rt: Runtime, errand: Errand) -> None:
    """Propose the list of a month, and note that with it."""
    with rt.sessions.begin() as session:
        month = date.fromisoformat(str(errand.asked["month"]))
        listed = lists.propose(session, rt, errand.region, month, errand.asked_by)
        errands.end(session, rt, errand, listed.id)


def restore(rt: Runtime, errand: Errand, size: int = restoring.MOST) -> None:
    """Restore payment, in parts of `size` people at most; with each is noted how far it is, and the end at the end."""
    month, done = date.fromisoformat(str(errand.asked["month"])), errand.done

    def noted(session: Session, people: int) -> None:
        nonlocal done
        done += people
        if people:
            errands.move(session, rt, errand.id, min(done, errand.of), lasting=True)
        else:
            errands.end(session, rt, errand)

    def alive() -> None:
        with rt.sessions.begin() as session:
            errands.move(session, rt, errand.id, min(done, errand.of))

    by = errand.asked_by
    restoring.go_on(rt, errand.region, month, by, errand=errand.id, noted=noted, alive=alive, size=size)


def compare(rt: Runtime, errand: Errand) -> None:
    """Compare the files that were sent; they go when the run is ready. The same files are one run."""
    from certification.comparison import runs  # its libraries are large, and most sweeps need none

    there = folder(rt, errand.id)
    paths = [there / str(one["kept"]) for one in errand.asked["files"]]
    region = next((one for one in rt.regions if one.code == errand.region), None)
    if region is None:
        raise RegionGone(errand.region)
    try:
        run = runs.run(rt, region, paths, errand.asked_by, _Told(rt, errand.id))
    except Problem as problem:  # a file is called as whoever sent it knows it, and not as it lies here
        for path in paths:
            problem.zh, problem.en = (said.replace(str(path), path.name) for said in (problem.zh, problem.en))
        raise
    with rt.sessions.begin() as session:
        errands.end(session, rt, errand, run)
    clear(rt, errand.id)


_DEEDS = {Kind.PROPOSAL: propose, Kind.RESTORATION: restore, Kind.COMPARISON: compare}
"""What the sweep's thread does."""


def folder(rt: Runtime, identifier: str) -> Path:
    """Where the files of a work lie."""
    return rt.settings.data / FOLDER / identifier


def make_sure_of_room(rt: Runtime, size: int, kind: Kind = Kind.COMPARISON) -> None:
    """Raise NoRoom where `size` bytes more would leave little of the disk, or MOST_WAITING works of this kind wait."""
    with rt.sessions() as session:
        only_read(session)
        mine = select(Errand.id).where(Errand.kind == kind.value, Errand.state == errands.ASKED)
        waiting = len(session.scalars(mine.limit(MOST_WAITING)).all())
    if waiting >= MOST_WAITING or shutil.disk_usage(rt.settings.data).free < 2 * size + SPARE:
        raise NoRoom


def clear(rt: Runtime, identifier: str) -> None:
    """Delete the files of a work."""
    shutil.rmtree(folder(rt, identifier), ignore_errors=True)


def clear_left(rt: Runtime) -> int:
    """Delete files that were sent, of which no work is left, as after a kill while they came; how many folders."""
    old = [one for one in (rt.settings.data / FOLDER).glob("*/") if rt.now() - _touched(one) > LEFT_FOR]
    if not old:
        return 0
    with rt.sessions() as session:
        only_read(session)
        asked = set(session.scalars(select(Errand.id).where(Errand.state == errands.ASKED)))
    left = [one for one in old if one.name not in asked]
    for one in left:
        shutil.rmtree(one, ignore_errors=True)
    return len(left)


def _touched(folder: Path) -> datetime:
    return datetime.fromtimestamp(folder.stat().st_mtime, UTC)


class _Told:
    """Notes how far a comparison is, every few seconds."""

    def __init__(self, rt: Runtime, identifier: str) -> None:
        self._rt, self._identifier = rt, identifier
        self._stage, self._noted = -1, rt.now()

    def __call__(self, what: str, total: int | None = None) -> Callable[[int], object]:  # noqa: ARG002
        """The next stage begins."""
        self._stage = min(self._stage + 1, STAGES - 1)
        done, whole = 0, max(total or 1, 1)

        def more(part: int) -> None:
            nonlocal done
            done += part
            self._note((self._stage + min(done / whole, 1)) / STAGES)

        return more

    def _note(self, share: float) -> None:
        if self._rt.now() < self._noted + _NOTED:
            return
        self._noted = self._rt.now()
        with self._rt.sessions.begin() as session:
            errands.move(session, self._rt, self._identifier, int(PARTS * share))
