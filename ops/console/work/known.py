"""Known cases asked for: of one's own recordings with a list of pairs, or, to try it, of the voices that came along."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.datastructures import FileStorage

from certification import errands
from certification.errands import Kind
from certification.runtime import Runtime
from ivr.dialects import dialects
from ops import errands as behind
from ops import pairs
from ops.console import access
from ops.console import asked as form
from ops.console.work import asking, sending
from ops.pairs import Listed

MOST_BYTES = 256 << 20
"""Of all recordings together: a call of ten seconds has a megabyte at the most."""
MOST_FILES = 400
"""A server process has room for so many open ones."""
_LISTS = (".txt", ".csv")
_LONGEST = 1 << 18  # bytes of a list


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add what asks for them; what puts them in is the worker (ops.seeding)."""

    @console.post("/errands/known-cases")
    @access.for_(access.START)
    def ask_known_cases() -> ResponseReturnValue:
        form.sure()
        number = request.form.get("number", "")
        if not (number.isascii() and number.isdecimal() and 1 <= int(number[:6]) <= errands.MOST_SHIPPED):
            abort(400)
        return asking.ask(rt, Kind.KNOWN_CASES, of=int(number[:6]))

    @console.post("/errands/known-recordings")
    @access.for_(access.START)
    @access.weighs(MOST_BYTES)
    def ask_known_recordings() -> ResponseReturnValue:
        form.sure()
        identifier = asking.identifier()
        asking.region(rt)
        if asking.before(rt, identifier):
            return asking.there(identifier)
        listed, files = _sent()
        behind.make_sure_of_room(rt, request.content_length or 0, Kind.KNOWN_CASES)
        kept = _kept(behind.folder(rt, identifier), listed, files)
        return asking.ask(rt, Kind.KNOWN_CASES, of=len(listed.pairs), kept=kept, recordings=len(files) - 1)


def limits() -> dict[str, Any]:
    """What the page says of how many there may be, and the names of dialects."""
    spoken = {code: gettext(f"dialect.{code}") for code in dialects()}
    most = {"most_own": errands.MOST_KNOWN, "most_shipped": errands.MOST_SHIPPED}
    return {**most, "most_recordings": MOST_FILES, "recordings_mb": MOST_BYTES >> 20, "spoken": spoken}


def _sent() -> tuple[Listed, list[FileStorage]]:
    """The list, and its file before those of the recordings that it names. Raises ListMissing, and what pairs does."""
    files = [one for one in request.files.getlist("files") if one.filename]
    lists = [one for one in files if str(one.filename).lower().endswith(_LISTS)]
    if len(lists) != 1 or len(files) > MOST_FILES:
        raise pairs.ListMissing(len(lists), len(files), MOST_FILES)
    [mine] = lists
    content = mine.stream.read(_LONGEST + 1)
    mine.stream.seek(0)
    name = pairs.named(str(mine.filename))
    if len(content) > _LONGEST:
        raise pairs.ListUnreadable(name)
    listed = pairs.read(name, content, dialects=dialects(), most=errands.MOST_KNOWN)
    there = {pairs.named(str(one.filename)): one for one in files}
    lines = {recording: line.number for line in reversed(listed.pairs) for recording in line.recordings}
    absent = ((number, recording) for recording, number in lines.items() if recording not in there)
    pairs.refuse([pairs.missing(name, number, recording) for number, recording in sorted(absent)])
    wanted = {recording: there[recording] for line in listed.pairs for recording in line.recordings}
    return listed, [mine, *wanted.values()]


def _kept(folder: Path, listed: Listed, files: list[FileStorage]) -> str:
    """Keep what was sent, whole and on the disk; the name of its folder within the work's."""
    [mine, *others] = sending.keep(folder, files)
    there = folder / Path(mine["kept"]).parent
    names = [pairs.named(str(one.filename)) for one in files[1:]]
    recordings = {name: Path(one["kept"]).name for name, one in zip(names, others, strict=True)}
    index = {"list": listed.name, "kept": Path(mine["kept"]).name, "recordings": recordings}
    with (there / pairs.INDEX).open("w", encoding="utf-8") as file:
        json.dump(index, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    return there.name
