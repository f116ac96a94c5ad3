"""CSV files as offices send them: UTF-8 or GB 18030, a header in Chinese or English, its columns in any order."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from certification.errors import Problem


class FileUnreadable(Problem):
    """A file as a whole cannot be read: it is missing, or its header is another one's.

    Each kind of file has its own: `columns` are those that it may have, English name to Chinese, `needed` what it must.
    """

    columns: ClassVar[Mapping[str, str]]
    needed: ClassVar[Sequence[str]]

    def __init__(self, path: Path, zh: str, en: str) -> None:
        chinese = "、".join(self.columns.values())
        super().__init__(
            f"无法读取 {path}：{zh}。第一行应为表头：{chinese}。",
            f"{path} cannot be read: {en}. Its first line must be the header {','.join(self.columns)}.",
        )


class RowMalformed(Problem):
    """A line is not as many fields as the header has, or holds characters that cannot be read."""


def header(path: Path, text: str, unreadable: type[FileUnreadable]) -> list[str]:
    """The English names of the columns, in the file's order. Raises `unreadable`, whose columns are looked for."""
    if text.startswith(_WORKBOOKS):
        raise unreadable(
            path,
            "这是 Excel 工作簿，请在 Excel 里另存为“CSV UTF-8”再用",
            "it is an Excel workbook: save it in Excel as “CSV UTF-8” and give that file",
        )
    if blank(text):
        raise unreadable(path, "第一行是空的", "its first line is empty")
    known = unreadable.columns
    english = {chinese: name for name, chinese in known.items()}
    written = [part.strip().strip('"') for part in text.strip().lstrip("\ufeff").split(",")]
    names = [english.get(part, part.lower()) for part in written]
    for part, name in zip(written, names, strict=True):
        if name not in known:
            shown = "".join(one if one.isprintable() else "·" for one in part[:_SHOWN]) + "…" * (len(part) > _SHOWN)
            raise unreadable(path, f"不认识表头“{shown}”", f"the header {shown!r} is not known")
    for name in known:
        if names.count(name) > 1:
            raise unreadable(path, f"表头“{known[name]}”重复", f"the header {name!r} is there twice")
    for name in unreadable.needed:
        if name not in names:
            raise unreadable(path, f"缺少表头“{known[name]}”", f"the header {name!r} is missing")
    return names


def fields(text: str, names: Sequence[str]) -> dict[str, str]:
    """The fields of one line by the header's names. Raises RowMalformed."""
    if "\ufffd" in text or "\0" in text:
        raise RowMalformed(
            "这一行有无法读取的字符，请用 UTF-8 保存。", "The line holds unreadable characters; save as UTF-8."
        )
    try:
        found = next(csv.reader([text], strict=True))
    except csv.Error:
        raise RowMalformed(
            "这一行不是 CSV，请检查引号。", "The line is no CSV; please check its quotation marks."
        ) from None
    if len(found) != len(names):
        raise RowMalformed(
            f"这一行有 {len(found)} 栏，表头有 {len(names)} 栏，请补齐逗号。",
            f"The line has {len(found)} fields and the header {len(names)}; please set the commas right.",
        )
    return dict(zip(names, found, strict=True))


def blank(text: str) -> bool:
    """Whether a line holds nothing, as spreadsheets leave them."""
    return not text.strip(" \t\r\n,\ufeff")


class Utf8:
    """Looks whether bytes, given piece by piece, are text in UTF-8."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.readable = True

    def take(self, part: bytes, *, last: bool = False) -> None:
        """Look at the next piece; `last`: nothing comes after it."""
        try:
            if self.readable:
                self._decoder.decode(part, last)
        except UnicodeDecodeError:
            self.readable = False


def encoding(path: Path) -> str | None:
    """The encoding that the whole file can be read in; None when it is neither."""
    for name in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=name) as file:
                while file.read(_READ):
                    pass
        except UnicodeDecodeError:
            continue
        return name
    return None


_READ = 2**20
_SHOWN = 30  # characters of a header that is not known: of a file that is no text, it may be all
_WORKBOOKS = ("PK\x03\x04", "\ufffd\ufffd\x11\u0871", "\u90a2\x11\u5537")
"""How an .xlsx begins, and an .xls that was read as UTF-8 or as GB 18030."""
