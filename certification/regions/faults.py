"""What is wrong with a region file, said to whoever wrote it: file, key, fault and remedy, in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from certification.errors import Problem

_SAID = {
    "missing": ("缺少这一项，请写上", "it is missing: write it"),
    "greater_than_equal": ("应不小于 {ge}", "write {ge} or more"),
    "greater_than": ("应大于 {gt}", "write more than {gt}"),
    "less_than_equal": ("应不大于 {le}", "write {le} or less"),
    "less_than": ("应小于 {lt}", "write less than {lt}"),
    "enum": ("没有 {input}，可写 {expected}", "there is no {input}: write {expected}"),
    "literal_error": ("没有 {input}，可写 {expected}", "there is no {input}: write {expected}"),
    "string_type": ("应为带引号的文字", "write text in quotes"),
    "string_too_short": ("不能为空", "it must not be empty"),
    "string_too_long": ("最多 {max_length} 个字", "write at most {max_length} characters"),
    "string_pattern_mismatch": ("只能用小写字母、数字和下划线", "use small letters, digits and _ alone"),
    "too_short": ("至少要有 {min_length} 项", "write at least {min_length}"),
    "too_long": ("最多 {max_length} 项", "write at most {max_length}"),
}
_KINDS = {
    "int": ("应为整数", "write a whole number"),
    "float": ("应为数字", "write a number"),
    "bool": ("应为 true 或 false", "write true or false"),
    "tuple": ("应为方括号里的列表", "write a list in [brackets]"),
    "model": ("应为一张表", "write a table"),
    "dict": ("应为一张表", "write a table"),
    "time": ('应为一天里的时刻，写作 "08:30"', 'write an hour of the day such as "08:30"'),
    "date": ("应为日期，写作 2027-01-01", "write a day such as 2027-01-01"),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One wrong key (dotted) of one file, and what to write."""

    path: Path
    key: str
    zh: str
    en: str

    def __str__(self) -> str:
        zh = f"地区文件 {self.path} 中的 {self.key} 有误，请对照 default.toml 修改：{self.zh}。"
        return f"{zh} {self.english}"

    @property
    def english(self) -> str:
        """The same in English alone."""
        return f"{self.path}: {self.key} is wrong, compare with default.toml: {self.en}."


class RegionFileInvalid(Problem):
    """Region files cannot be used: says each wrong file and key, and what to write. `path`, `key`: of the first."""

    def __init__(self, *wrong: Wrong) -> None:
        self.wrong = wrong
        self.path, self.key = wrong[0].path, wrong[0].key
        super().__init__(
            "\n".join(str(one).removesuffix(f" {one.english}") for one in wrong),
            "\n".join(one.english for one in wrong),
        )


def faults(path: Path, error: ValidationError, schema: type[BaseModel]) -> list[Wrong]:
    """Everything that is wrong with the file; of a list, not also that it is short of its wrong items."""
    found = []
    for one in error.errors():
        key = ".".join(str(part) for part in one["loc"] if part != "[key]") or "TOML"
        found.append(Wrong(path, key, *_said(one, schema)))
    return [one for one in found if not any(other.key.startswith(f"{one.key}.") for other in found)]


def _said(one: ErrorDetails, schema: type[BaseModel]) -> tuple[str, str]:
    context: dict[str, Any] = {"input": repr(one["input"]), **one.get("ctx", {})}
    if isinstance(context.get("error"), Problem):
        return context["error"].zh.rstrip("。"), context["error"].en.rstrip(".")
    if one["type"] == "extra_forbidden":
        return _unknown(one["loc"], schema)
    kind = one["type"].partition("_")[0]
    if one["type"] == "missing" or kind not in _KINDS:
        zh, en = _SAID.get(one["type"], (one["msg"], one["msg"]))
        listed = {"expected": str(context.get("expected", "")).replace(" or ", "、").replace(", ", "、")}
        return zh.format(**{**context, **listed}), en.format(**context)
    return _KINDS[kind]


def _unknown(loc: tuple[int | str, ...], schema: type[BaseModel]) -> tuple[str, str]:
    known = _keys(loc[:-1], schema)
    near = get_close_matches(str(loc[-1]), known, n=1)
    if near:
        return f"没有这一项，是不是 {near[0]}？", f"there is no such key, did you mean {near[0]}?"
    keys = ", ".join(known)
    return f"没有这一项，可写 {keys}", f"there is no such key; there are {keys}"


def _keys(loc: tuple[int | str, ...], schema: type[BaseModel]) -> list[str]:
    """The keys of the table at this place."""
    for part in loc:
        field = schema.model_fields.get(str(part))
        schema = schema if field is None else _table(field.annotation) or schema
    return [field.alias or name for name, field in schema.model_fields.items() if name != "code"]  # the file's name


def _table(annotation: Any) -> type[BaseModel] | None:
    """The table in an annotation: `X`, `X | None`, `tuple[X, ...]` or `dict[str, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := _table(one)) is not None), None)
