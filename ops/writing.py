"""Files with personal data: for our eyes alone, whole or not there; over another only where that is meant."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile

from certification.errors import Problem

MODE = 0o600


class FileThere(Problem):
    """A file of this name is there."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"文件 {path} 已存在，不会覆盖：请换一个文件名。",
            f"{path} is there and is not replaced: give another name.",
        )


class NotWritable(Problem):
    """Nothing can be written there."""

    def __init__(self, path: Path, error: OSError) -> None:
        why = error.strerror or str(error)
        super().__init__(
            f"无法写入 {path}（{why}），请检查文件夹和权限。",
            f"{path} cannot be written ({why}): check the folder and who may write to it.",
        )


@contextmanager
def draft(path: Path, content: bytes) -> Iterator[Path]:
    """The content in a file beside `path`, which is gone at the end unless it was put in place.

    Raises FileThere, NotWritable.
    """
    if path.exists():
        raise FileThere(path)
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:  # 0600 by itself
            written = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise NotWritable(path, error) from error
    try:
        yield written
    finally:
        written.unlink(missing_ok=True)


def put(written: Path, path: Path) -> None:
    """Give a draft its name, unless another file has it. Raises FileThere, NotWritable."""
    try:
        try:
            os.link(written, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links, as on most memory sticks
            path.touch(mode=MODE, exist_ok=False)
            written.replace(path)
    except FileExistsError:
        raise FileThere(path) from None
    except OSError as error:
        raise NotWritable(path, error) from error


def replace(path: Path, content: bytes) -> None:
    """Put the content in the place of whatever may be there. Raises OSError."""
    written = path.with_name(f".{path.name}.draft")
    written.unlink(missing_ok=True)
    written.touch(mode=MODE)
    written.write_bytes(content)
    written.replace(path)


def table(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Put rows as CSV in the place of what may be there, with the mark by which spreadsheets show the Chinese."""
    text = StringIO()
    csv.writer(text).writerows(rows)
    replace(path, text.getvalue().encode("utf-8-sig"))
