"""CSV files as offices send them: UTF-8 or GB 18030, a header in Chinese or English, its columns in any order."""

from __future__ import annotations

import codecs
import csv
import re
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
    """Looks whether bytes, given piece by piece, are text in UTF-8.

    Chinese is three bytes a letter there, but two in GB 18030, and some words of GB 18030 (住院, D7 A1 D4 BA) are two
    letters in UTF-8 as well: Hebrew and Armenian ones. Where that is all that a file has beside ASCII, it is Chinese.
    Signs that Chinese text has in UTF-8, too (·, ×, °), are below U+0100 and settle nothing.
    """

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._gb = codecs.getincrementaldecoder("gb2312")()  # what is in use; GB 18030 has every letter there is
        self._beyond = self._foreign = False
        self._readable, self._chinese = True, True

    @property
    def readable(self) -> bool:
        """Whether what was taken so far is UTF-8."""
        return self._readable and not (self._foreign and self._chinese)

    def take(self, part: bytes, *, last: bool = False) -> None:
        """Look at the next piece; `last`: nothing comes after it."""
        try:
            if self._readable:
                self._utf8.decode(part, last)
        except UnicodeDecodeError:
            self._readable = False
        if self._readable and self._chinese:
            self._weigh(part, last)

    def _weigh(self, part: bytes, last: bool) -> None:
        """Look whether all beside ASCII are words of GB 18030 that can be read as two-byte letters of UTF-8."""
        if part.isascii() and not self._beyond:  # most files, at no cost
            return
        self._beyond = True
        self._foreign = self._foreign or _TWO_BYTES.search(part) is not None
        try:
            if _THREE_BYTES.search(part):
                raise UnicodeError
            self._gb.decode(part, last)
        except UnicodeError:
            self._chinese = False


def encoding(path: Path) -> str | None:
    """The encoding that the whole file can be read in; None when it is neither."""
    text, gb = Utf8(), codecs.getincrementaldecoder("gb18030")()
    try:
        with path.open("rb") as file:
            while part := file.read(_READ):
                text.take(part)
        text.take(b"", last=True)
        if text.readable:
            return "utf-8-sig"
        with path.open("rb") as file:
            while part := file.read(_READ):
                gb.decode(part)
        gb.decode(b"", True)
    except UnicodeDecodeError:
        return None
    return "gb18030"


_TWO_BYTES = re.compile(rb"[\xc4-\xdf]")  # begins a letter from U+0100 to U+07FF
_THREE_BYTES = re.compile(rb"[\xe0-\xf4]")  # begins a letter from U+0800 on, Chinese ones and the mark of a UTF-8 file
_READ = 2**20
_SHOWN = 30  # characters of a header that is not known: of a file that is no text, it may be all
_WORKBOOKS = ("PK\x03\x04", "\ufffd\ufffd\x11\u0871", "\u90a2\x11\u5537")
"""How an .xlsx begins, and an .xls that was read as UTF-8 or as GB 18030."""
