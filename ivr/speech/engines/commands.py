"""The commands `stillhere models …`: larger speech models of others."""

from __future__ import annotations

from pathlib import Path

import click

from certification.settings import found
from ivr.dialects import dialects
from ivr.speech.engines import catalogue, open_recogniser
from ivr.speech.recogniser import SAMPLE_RATE
from ivr.speech.vocabulary import NAMES

_FOLDER = click.Path(file_okay=False, path_type=Path)


def _place() -> Path:
    return Path(found("STILLHERE_DATA") or "var") / "models"


@click.group()
def models() -> None:
    """别人的语音模型：有哪些、下载、检查。Speech models of others: which there are, pull, check."""


@models.command("list")
@click.option("--to", "place", type=_FOLDER, default=_place, help="where models lie [default: STILLHERE_DATA/models]")
def list_(place: Path) -> None:
    """有哪些模型、许可、适合哪些话。What there is, on what terms, for which dialects."""
    for name, entry in catalogue.catalogue().items():
        here = f" → {place / name}" if (place / name).is_dir() else ""
        click.secho(f"{name}{here}", bold=True)
        click.echo(f"  {entry.title} ({entry.engine}, {entry.size})")
        click.echo(f"  许可 licence: {entry.licence}    {entry.source}")
        click.echo(f"  话 dialects: {', '.join(dialects()[code].name for code in entry.dialects)}")
        click.echo(f"  公布的数字 published: {entry.published}")


@models.command()
@click.argument("name")
@click.option("--to", "place", type=_FOLDER, default=_place, help="where to [default: STILLHERE_DATA/models]")
@click.option("--url", help="take it from another address, a mirror")
@click.option("--sha256", help="what the archive must be; otherwise what was pulled first")
@click.option("--yes", is_flag=True, help="the licence is accepted; ask nothing")
def pull(name: str, place: Path, url: str | None, sha256: str | None, yes: bool) -> None:
    """下载一个模型，先看许可。Pull a model, its licence shown first."""
    entry = catalogue.entry_of(name)
    click.echo(f"{entry.title}, {entry.size}\n许可 licence: {entry.licence}\n{entry.source}")
    if not yes:
        click.confirm("接受许可并下载？ Accept the licence and pull it?", abort=True)
    known = sha256 or entry.sha256 or catalogue.pins(place).get(name)
    digest = catalogue.pull(name, place, url, sha256)
    click.echo(f"SHA-256 {digest}")
    if not known:
        click.echo(
            "发布者没有给出校验和：这一个已记下，以后下载必须与它相同。\n"
            "The publisher gives no checksum: this one is kept, and a later pull must be the same."
        )
    click.echo(f"SPEECH_MODELS={place / name}")


@models.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
def check(folder: Path | None) -> None:
    """文件是否完好，能否打开，词是否都认识。Whether the files of SPEECH_MODELS are whole and have every word."""
    if folder is None:
        setting = found("SPEECH_MODELS")
        folder = Path(setting) if setting else None
    if folder is not None:
        parts = [folder, *(path for path in sorted(folder.iterdir()) if path.is_dir())]
        whole = sum(catalogue.check(part) for part in parts)
        click.echo(f"{folder}: {whole} 个文件与下载时相同 files as they were pulled")
    recogniser = open_recogniser(folder)
    for spoken in dialects():
        for grammar in NAMES:
            listening = recogniser.listen(grammar, spoken)
            listening.feed(bytes(2 * SAMPLE_RATE))  # a second in which nothing is said
            listening.finish()
    click.echo(f"{type(recogniser).__name__}: {len(dialects())} × {len(NAMES)} 可用 ready")
