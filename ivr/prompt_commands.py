"""The commands of the built-in prompts: `stillhere prompts build`."""

from __future__ import annotations

import click

from certification.regions import Regions
from ivr.dialects import dialects
from ivr.rendering import build as building
from ivr.rendering.pronunciation import ToolMissing, Unpronounceable


@click.group()
def prompts() -> None:
    """提示音。The built-in prompts."""


@prompts.command()
@click.option(
    "--dialect", type=click.Choice(list(dialects())), multiple=True, help="只做这种话（可重复）。Only this dialect."
)
def build(dialect: tuple[str, ...]) -> None:
    """用 espeak-ng 制作改动过的提示音。Render with espeak-ng the prompts whose sentences changed."""
    regions = Regions.load()
    chosen = dialect or tuple(dialects())
    try:
        jobs = [job for spoken in chosen for job in building.changed(spoken, regions, read_again=True)]
        with click.progressbar(building.render(jobs), length=len(jobs), label="espeak-ng") as done:
            for _ in done:
                pass
    except (ToolMissing, Unpronounceable) as error:
        raise click.ClickException(str(error)) from error
    gone = [name for spoken in chosen for name in building.prune(spoken, regions)]
    click.echo(f"{len(jobs)} 条已制作，{len(gone)} 条已删除。{len(jobs)} rendered, {len(gone)} removed.")
