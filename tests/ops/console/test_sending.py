"""Files that are sent twice at once, one sending of which is done before the other has come."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path

from werkzeug.datastructures import FileStorage

from ops.console.work import sending


class Slow(BytesIO):
    """What comes in so slowly that the same form's first sending is done meanwhile."""

    def __init__(self, content: bytes, first: Path) -> None:
        super().__init__(content)
        self._first = first

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes."""
        shutil.rmtree(self._first, ignore_errors=True)
        return super().read(size)


def test_what_comes_while_the_first_sending_is_cleared_is_kept_whole(tmp_path: Path) -> None:
    folder = tmp_path / "uploads" / "once"
    sending.keep(folder, [FileStorage(BytesIO(b"first"), "a.csv")])
    [kept] = sending.keep(folder, [FileStorage(Slow(b"second", folder), "a.csv")])
    assert [one.read_bytes() for one in folder.rglob("*.csv")] == [b"second"]
    assert (folder / kept["kept"]).read_bytes() == b"second" and kept["bytes"] == 6
    assert [one.name for one in folder.parent.iterdir()] == ["once"]
