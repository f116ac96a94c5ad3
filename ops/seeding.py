"""Known cases that were asked for in the console, put in by the worker one by one: of what was sent, or came along.

Killed at any point it goes on where it was; nothing is put in twice, and what was sent goes at the end.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from certification import disguise, errands
from certification.errors import Problem
from certification.knowncases import Pair
from certification.regions import Region
from certification.runtime import Runtime
from certification.store import Errand, only_read
from ivr.dialects import dialects
from ops import errands as behind
from ops import pairs, shipped
from ops.pairs import Listed


class FilesGone(Problem):
    """What was sent is not there any more."""

    def __init__(self) -> None:
        super().__init__(
            "交来的录音已不在服务器上，没有办成，请重新交一次。",
            "The recordings that were sent are not on the server any more: send them again.",
        )


def seed(rt: Runtime, identifier: str) -> bool:
    """Put the next known case in, in one transaction with how many there are; whether there are more to come.

    Of recordings that were sent all are looked through before the first is put in.
    """
    with rt.sessions() as session:
        only_read(session)
        errand = session.get(Errand, identifier)
    if errand is None or errand.state != errands.ASKED:
        return False
    try:
        region = next((one for one in rt.regions if one.code == errand.region), None)
        if region is None:
            raise behind.RegionGone(errand.region)
        if not _put(rt, errand, region):
            return False
    except Problem as problem:
        with rt.sessions.begin() as session:
            errands.refuse(session, rt, errand, problem)
        behind.clear(rt, identifier)
        return False
    if errand.done + 1 < errand.of:
        return True
    behind.clear(rt, identifier)
    return False


def _put(rt: Runtime, errand: Errand, region: Region) -> bool:
    """Put one in; False where another did it meanwhile."""
    pair = next(shipped.pairs(rt.random)) if "kept" not in errand.asked else _sent(rt, errand)
    with rt.sessions.begin() as session:
        if not errands.step(session, rt, errand):
            return False
        disguise.seed(session, rt, region, pair, by=errand.asked_by)
    return True


def _sent(rt: Runtime, errand: Errand) -> Pair:
    """The next pair of what was sent. Raises FilesGone, and what pairs does."""
    there = behind.folder(rt, errand.id) / str(errand.asked["kept"])
    try:
        index: dict[str, Any] = json.loads((there / pairs.INDEX).read_text("utf-8"))
        content = (there / index["kept"]).read_bytes()
    except OSError as error:
        raise FilesGone from error
    listed: Listed = pairs.read(index["list"], content, dialects=dialects(), most=errands.MOST_KNOWN)
    recordings: dict[str, str] = index["recordings"]

    def find(name: str) -> Path | None:
        return there / recordings[name] if name in recordings else None

    if not errand.done:
        listed.check(find)
    return listed.clips(errand.done, find)
