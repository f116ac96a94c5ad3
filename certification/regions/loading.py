"""Region files read: the built-in ones, the operator's in their place, and what each takes from the default."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from certification.regions.faults import RegionFileInvalid, Wrong, faults
from certification.regions.schema import Region

BUILT_IN = Path(__file__).parent
BASE = "default"
_WHOLE = ("how",)  # answers are taken whole: the default's, in the dialects that a file is silent in, would be untrue


class Regions:
    """Regions by code; a code that nobody has written rules for gets the default's."""

    def __init__(self, regions: dict[str, Region], default: str) -> None:
        self._regions = regions
        self._default = regions[default]

    @classmethod
    def load(cls, folder: Path | None = None, default: str = BASE) -> Regions:
        """Read the built-in files and then `folder`'s, which replace those of the same name.

        What a file says nothing of is as in `folder`'s default.toml, and then as in the built-in one. Raises
        RegionFileInvalid, which names everything that is wrong.
        """
        files = {path.stem: path for place in (BUILT_IN, folder) if place for path in sorted(place.glob("*.toml"))}
        base = _read(BUILT_IN / f"{BASE}.toml")
        if files[BASE].parent != BUILT_IN:
            base = _merged(base, _answering(_read(files[BASE])))
        regions = {BASE: _checked(files.pop(BASE), base)}  # first: what is wrong with it is wrong everywhere
        del base["name"]
        wrong: list[Wrong] = []
        for code, path in files.items():
            try:
                regions[code] = _checked(path, _merged(base, _answering(_read(path))))
            except RegionFileInvalid as error:
                wrong += error.wrong
        wrong += _named_twice(
            regions, {BASE: folder or BUILT_IN, **{code: path.parent for code, path in files.items()}}
        )
        if wrong:
            raise RegionFileInvalid(*wrong)
        if default not in regions:
            raise RegionFileInvalid(_no_file(folder or BUILT_IN, default))
        return cls(regions, default)

    def __getitem__(self, code: str) -> Region:
        return self._regions.get(code, self._default)

    @property
    def default(self) -> Region:
        """The region of people whose region is not named."""
        return self._default

    def __iter__(self) -> Iterator[Region]:
        """Every region, by code."""
        return iter([self._regions[code] for code in sorted(self._regions)])

    def find(self, text: str) -> Region | None:
        """The region with this code or name; None when there is none."""
        return next((region for region in self if text in {region.code, region.name}), None)


def _named_twice(regions: dict[str, Region], folders: dict[str, Path]) -> list[Wrong]:
    """Names that would stand for two regions: a roll that says one would bring people under the other's rules.

    The file to change is the operator's, where the other is built in.
    """
    taken: dict[str, str] = {}
    wrong = []
    for code in sorted(regions, key=lambda code: (folders[code] != BUILT_IN, code)):
        words = {code, regions[code].name}
        for other in sorted({taken[word] for word in words if word in taken}):
            name = regions[code].name
            zh, en = (
                f"“{name}”已指地区 {other}，请换一个名称",
                f"{name!r} already stands for {other}: write another name",
            )
            wrong.append(Wrong(folders[code] / f"{code}.toml", "name", zh, en))
        taken.update(dict.fromkeys(words, code))
    return wrong


def _no_file(folder: Path, default: str) -> Wrong:
    return Wrong(
        folder / f"{default}.toml",
        "DEFAULT_REGION",
        f"没有名为 {default!r} 的地区文件",
        f"there is no file for the region {default!r}",
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        zh, en = (
            f"无法读取，请用 UTF-8 保存为 TOML（{error}）",
            f"it cannot be read, save it as TOML in UTF-8 ({error})",
        )
        raise RegionFileInvalid(Wrong(path, "TOML", zh, en)) from None


def _answering(table: dict[str, Any]) -> dict[str, Any]:
    """The table; where it answers by voice and not by message, the message says what is spoken."""
    if not isinstance(how := table.get("how"), dict) or "how_sms" in table:
        return table
    return {**table, "how_sms": f"【{table.get('name', '')}社保】{how.get('mandarin', '')}"}


def _merged(base: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """Tables join key by key; lists and everything else are replaced."""
    joined = dict(base)
    for key, value in table.items():
        under = base.get(key)
        if isinstance(under, dict) and isinstance(value, dict) and key not in _WHOLE:
            joined[key] = _merged(under, value)
        else:
            joined[key] = value
    return joined


def _checked(path: Path, table: dict[str, Any]) -> Region:
    if "code" in table:
        zh, en = "代码就是文件名，请删去这一项", "the code is the file's name: leave it out"
        raise RegionFileInvalid(Wrong(path, "code", zh, en))
    try:
        return Region.model_validate({"code": path.stem, **table})
    except ValidationError as error:
        raise RegionFileInvalid(*faults(path, error, Region)) from None
