"""Commands about attacks: machine voices, the countermeasure that meets them, and recordings played again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from voiceprint import calibration, comparing, synthetic
from voiceprint.commands.options import data_option, group_option, json_option, training_module
from voiceprint.training import playback, presentation
from voiceprint.training import replays as played_again
from voiceprint.training.attacks import Attack, WorldMissing
from voiceprint.training.corpus import CorpusMissing, Group
from voiceprint.training.espeak import EspeakMissing
from voiceprint.training.tuning import EVERY_LINE

MAX_FMR = 0.01


@click.command()
@group_option
@click.option(
    "--attack", "only", type=click.Choice([one.value for one in Attack]), multiple=True, help="These alone; repeatable."
)
@click.option("--line", "over", type=click.Choice(EVERY_LINE), multiple=True, help="These alone; repeatable.")
@data_option
@json_option
def attacks(group: str, only: tuple[str, ...], over: tuple[str, ...], data: Path, as_json: bool) -> None:
    """How machine voices are met on a group of speakers, by attack and by line: BPCER, APCER, IAPAR.

    With the shipped models at the shipped thresholds.
    """
    speakers, kinds, over = Group(group), [Attack(one) for one in only] or list(Attack), over or EVERY_LINE
    try:
        machines, comparer = synthetic.load(), comparing.load()
        certify_from = comparer.calibration.certify_from(MAX_FMR, calibration.SHIPPED_DECISION)
        certifies = presentation.certifying(comparer, certify_from, data, speakers)
        steps = presentation.steps(speakers, kinds, over)
        with click.progressbar(length=steps, label="听音 Listening", hidden=as_json) as progress:
            found = presentation.measure(
                machines.suspicious, certifies, data, speakers, kinds, lambda: progress.update(1), over
            )
    except (LookupError, ValueError, CorpusMissing, WorldMissing, EspeakMissing) as error:
        raise click.ClickException(str(error)) from error
    models = {"countermeasure": machines.name, "encoder": comparer.encoder.name}
    thresholds = {"suspicious_from": machines.operation.threshold, "certify_from": certify_from}
    if as_json:
        click.echo(json.dumps({"group": group, **models, **thresholds, **asdict(found)}))
        return
    click.echo("\n".join(f"{name}: {value}" for name, value in {**models, **thresholds}.items()))
    click.echo(str(found))


@click.command()
@click.option("--out", type=Path, default=synthetic.SHIPPED, help="The model file to write.")
@data_option
@json_option
def countermeasure(out: Path, data: Path, as_json: bool) -> None:
    """Train the countermeasure against machine voices, and set its threshold (a quarter of an hour on one core)."""
    try:
        made = training_module("spoof").train(data, out, progress=not as_json)
    except (CorpusMissing, WorldMissing, EspeakMissing) as error:
        raise click.ClickException(str(error)) from error
    said = {"countermeasure": made.name, "file": str(out), **asdict(made.operation)}
    click.echo(json.dumps(said) if as_json else "\n".join(f"{name}: {value}" for name, value in said.items()))


@click.command()
@group_option
@data_option
@json_option
def replays(group: str, data: Path, as_json: bool) -> None:
    """How often calls played again are found, by what was done to them, and real ones taken for replays."""
    try:
        calls = len(playback.spoken_calls(data, Group(group)))
        with click.progressbar(length=calls, label="听音 Listening", hidden=as_json) as progress:
            found = played_again.measure(data, Group(group), lambda: progress.update(1))
    except (LookupError, CorpusMissing) as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(asdict(found)) if as_json else str(found))
