"""Models of others: where they come from, on what terms, and whether what lies here is what was pulled."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import file_digest
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import requests
from pydantic import BaseModel, ConfigDict

from certification.errors import Problem
from ivr.speech.engines.sherpa import FILE

PINS = "pins.json"  # name -> url and SHA-256 of what was pulled first
_PATIENCE_S, _PIECE = 60.0, 1 << 20  # seconds without an answer, bytes at a time
SUMS = "SHA256SUMS"  # of a model's files, as sha256sum writes them


class ModelUnknown(Problem):
    """The catalogue has no model of this name."""

    def __init__(self, name: str) -> None:
        known = ", ".join(catalogue())
        super().__init__(f"没有名为 {name} 的模型，可用：{known}。", f"No model {name!r}: use one of {known}.")


class PullFailed(Problem):
    """The model could not be downloaded, or is no archive of one."""

    def __init__(self, url: str, why: object) -> None:
        super().__init__(f"下载 {url} 失败：{why}。原有模型不变。", f"{url}: {why}. What was there is untouched.")


class ChecksumDiffers(Problem):
    """What came is not what was pulled before, or what the publisher says."""

    def __init__(self, what: object, expected: str) -> None:
        super().__init__(
            f"{what} 的校验和不符，应为 {expected}。没有安装。若发布者确实换了文件，核实后用 --sha256 指定新值。",
            f"{what}: the checksum is not {expected}; nothing was installed. If the publisher has changed the file, "
            "make sure of it and give the new one with --sha256.",
        )


class FileChanged(Problem):
    """A file of a model is not as it was pulled."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} 与下载时不同或已丢失，请重新下载。", f"{path} is missing or changed: pull it again.")


class Entry(BaseModel):
    """A model of the catalogue. `model`: its engine.toml, where sherpa-onnx runs it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    engine: str
    url: str
    source: str
    licence: str
    size: str
    dialects: tuple[str, ...]
    published: str
    sha256: str | None = None
    model: Mapping[str, Any] | None = None


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every model that can be pulled by name."""
    text = files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8")
    return {name: Entry.model_validate(entry) for name, entry in tomllib.loads(text).items()}


def entry_of(name: str) -> Entry:
    """Raises ModelUnknown."""
    if name not in catalogue():
        raise ModelUnknown(name)
    return catalogue()[name]


def pins(place: Path) -> dict[str, dict[str, str]]:
    """What was pulled to a folder so far, by name."""
    path = place / PINS
    found: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def pull(name: str, place: Path, url: str | None = None, sha256: str | None = None) -> str:
    """Download a model to `place`/name, with progress; gives the SHA-256 of the archive.

    It must be `sha256`, or else what the publisher says, or else what was pulled from the same address before; that of
    a first pull is kept. What was there stays until the new one is whole.
    Raises ModelUnknown, PullFailed, ChecksumDiffers.
    """
    entry = entry_of(name)
    url = url or entry.url
    kept = pins(place).get(name, {})
    expected = sha256 or entry.sha256 or (kept.get("sha256") if kept.get("url") == url else None)
    place.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=place, prefix=".pull-") as folder:
        archive = _downloaded(url, Path(folder))
        found = _digest(archive)
        if expected is not None and found != expected.lower():
            raise ChecksumDiffers(url, expected)
        model = _unpacked(archive, Path(folder) / "unpacked", url)
        if entry.model is not None:
            (model / FILE).write_text(_toml(entry.model), encoding="utf-8")
        sums = "".join(f"{_digest(path)}  {path.relative_to(model)}\n" for path in sorted(_files(model)))
        (model / SUMS).write_text(sums, encoding="utf-8")
        _replace(place / name, model, Path(folder) / "old")
    (place / PINS).write_text(json.dumps(pins(place) | {name: {"url": url, "sha256": found}}, indent=1) + "\n", "utf-8")
    return found


def check(model: Path) -> int:
    """How many files of a model are as they were pulled: all of them. Raises FileChanged; 0 where no sums were kept."""
    path = model / SUMS
    if not path.is_file():
        return 0
    lines = path.read_text(encoding="utf-8").splitlines()
    for line in lines:
        digest, _, name = line.partition("  ")
        if not (model / name).is_file() or _digest(model / name) != digest:
            raise FileChanged(model / name)
    return len(lines)


def _downloaded(url: str, folder: Path) -> Path:
    archive = folder / (url.rpartition("/")[2] or "model")
    try:
        with requests.get(url, stream=True, timeout=_PATIENCE_S) as response, archive.open("wb") as file:
            response.raise_for_status()
            length = int(response.headers.get("Content-Length", 0))
            with click.progressbar(length=length, label=archive.name, show_percent=True) as progress:
                for piece in response.iter_content(_PIECE):
                    file.write(piece)
                    progress.update(len(piece))
    except (requests.RequestException, OSError) as error:  # a wrong address is one of the former
        raise PullFailed(url, error) from error
    return archive


def _unpacked(archive: Path, folder: Path, url: str) -> Path:
    """The model's own folder: archives have it at their top, or one level below."""
    try:
        if archive.suffix == ".zip":
            shutil.unpack_archive(archive, folder)
        else:
            shutil.unpack_archive(archive, folder, filter="data")
    except (shutil.ReadError, OSError, ValueError) as error:
        raise PullFailed(url, error) from error
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


def _replace(target: Path, model: Path, old: Path) -> None:
    if target.exists():
        target.rename(old)
    model.rename(target)


def _files(model: Path) -> Iterator[Path]:
    return (path for path in model.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _toml(model: Mapping[str, Any]) -> str:
    """engine.toml: values are text, numbers and truths, which JSON writes as TOML does."""
    tables = {name: value for name, value in model.items() if isinstance(value, Mapping)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in model.items() if name not in tables]
    for table, values in tables.items():
        lines += [f"\n[{table}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    return "\n".join(lines) + "\n"
