"""The roll: a CSV file of people, read line by line so that one bad line spoils no other. Touches no database."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from certification import phones
from certification.errors import Problem
from certification.identity import BirthDateImpossible, ResidentNumber
from certification.phones import PhoneNumber
from certification.regions import SHANGHAI, Regions

HEADERS = {
    "id_number": "身份证号",
    "name": "姓名",
    "region": "地区",
    "phone": "电话",
    "dialect": "方言",
    "relative_phone": "亲属电话",
}
_NEEDED = ("id_number", "name")
DIALECTS = {"mandarin": "普通话", "cantonese": "粤语", "sichuanese": "四川话"}
NAME_LENGTH = 60


class RollUnreadable(Problem):
    """The file as a whole cannot be read: it is missing, or its header is not a roll's."""

    def __init__(self, path: Path, zh: str, en: str) -> None:
        chinese = "、".join(HEADERS.values())
        super().__init__(
            f"无法导入 {path}：{zh}。第一行应为表头：{chinese}。",
            f"{path} cannot be imported: {en}. Its first line must be the header {','.join(HEADERS)}.",
        )


class RowMalformed(Problem):
    """A line is not as many fields as the header has, or holds characters that cannot be read."""


class NameMissing(Problem):
    """A person needs a name of reasonable length."""

    def __init__(self) -> None:
        super().__init__(
            f"姓名不能为空，也不能超过 {NAME_LENGTH} 个字，请填写证件上的姓名。",
            f"The name is empty or longer than {NAME_LENGTH} characters; write it as on the identity card.",
        )


class RegionUnknown(Problem):
    """There is no region file for the place."""

    def __init__(self, text: str, regions: Regions) -> None:
        super().__init__(
            f"没有“{text}”的地区规则，可写：{'、'.join(region.name for region in regions.all)}；留空用默认规则。",
            f"There are no rules for {text!r}; write {', '.join(region.code for region in regions.all)}, or nothing.",
        )


class DialectUnknown(Problem):
    """The line does not speak this dialect."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"线路没有方言“{text}”，可写：{'、'.join(DIALECTS.values())}；也可留空。",
            f"The line does not speak {text!r}; write {', '.join(DIALECTS)}, or leave it empty.",
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One person of a roll, checked."""

    number: ResidentNumber
    name: str
    region: str
    dialect: str | None
    phone: PhoneNumber | None
    relative_phone: PhoneNumber | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is no person, and why: Chinese first, English beside it."""

    line: int
    why: str


def read(path: Path, regions: Regions, now: datetime) -> Iterator[Entry | Rejected]:
    """Every line under the header as an entry or a rejection; empty lines are passed over.

    UTF-8 (with or without mark) or GB 18030, as spreadsheets save it. The header's names are English or Chinese, in any
    order. Raises RollUnreadable.
    """
    try:
        encoding = _encoding(path)
        with path.open(encoding=encoding, errors="replace") as file:
            header = _header(path, file.readline())
            for line, text in enumerate(file, start=2):
                if text.strip(" \t\r\n,\ufeff"):
                    yield _line(line, text, header, regions, now)
    except OSError as error:
        raise RollUnreadable(path, "文件打不开", f"the file cannot be opened ({error.strerror})") from None


def entry(fields: Mapping[str, str], regions: Regions, now: datetime) -> Entry:
    """Check one person's fields, named as in HEADERS. Raises Problem, of the kind that fits."""
    number = ResidentNumber.parse(fields["id_number"])
    if number.birth_date > now.astimezone(SHANGHAI).date():
        raise BirthDateImpossible
    name = fields["name"].strip()
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
        raise NameMissing
    return Entry(
        number=number,
        name=name,
        region=_region(fields.get("region", "").strip(), regions),
        dialect=_dialect(fields.get("dialect", "").strip()),
        phone=_phone(fields.get("phone", "")),
        relative_phone=_phone(fields.get("relative_phone", "")),
    )


def _line(line: int, text: str, header: list[str], regions: Regions, now: datetime) -> Entry | Rejected:
    try:
        return entry(_fields(text, header), regions, now)
    except Problem as problem:
        return Rejected(line, str(problem))


def _fields(text: str, header: list[str]) -> dict[str, str]:
    if "\ufffd" in text or "\0" in text:
        raise RowMalformed(
            "这一行有无法读取的字符，请用 UTF-8 保存。", "The line holds unreadable characters; save as UTF-8."
        )
    try:
        fields = next(csv.reader([text], strict=True))
    except csv.Error:
        raise RowMalformed("这一行的引号不成对。", "The quotation marks of the line do not match.") from None
    if len(fields) != len(header):
        raise RowMalformed(
            f"这一行有 {len(fields)} 栏，表头有 {len(header)} 栏，请补齐逗号。",
            f"The line has {len(fields)} fields and the header {len(header)}; please set the commas right.",
        )
    return dict(zip(header, fields, strict=True))


def _header(path: Path, text: str) -> list[str]:
    english = {chinese: name for name, chinese in HEADERS.items()}
    written = [part.strip().strip('"') for part in text.strip().split(",")]
    names = [english.get(part, part.lower()) for part in written]
    for part, name in zip(written, names, strict=True):
        if name not in HEADERS:
            raise RollUnreadable(path, f"不认识表头“{part}”", f"the header {part!r} is not known")
    for name in HEADERS:
        if names.count(name) > 1:
            raise RollUnreadable(path, f"表头“{HEADERS[name]}”重复", f"the header {name!r} is there twice")
    for name in _NEEDED:
        if name not in names:
            raise RollUnreadable(path, f"缺少表头“{HEADERS[name]}”", f"the header {name!r} is missing")
    return names


def _encoding(path: Path) -> str:
    """The encoding that the whole file can be read in; UTF-8 when it is neither, so that its good lines still count."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding) as file:
                for _ in file:
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    return "utf-8-sig"


def _region(text: str, regions: Regions) -> str:
    found = regions.find(text) if text else regions.default
    if found is None:
        raise RegionUnknown(text, regions)
    return found.code


def _dialect(text: str) -> str | None:
    for name, chinese in DIALECTS.items():
        if text.lower() in {name, chinese}:
            return name
    if text:
        raise DialectUnknown(text)
    return None


def _phone(text: str) -> PhoneNumber | None:
    return phones.parse(text) if text.strip() else None
