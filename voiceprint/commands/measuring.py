"""Commands that say how good the voiceprint is."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from voiceprint import attacked, evaluation, report, synthetic
from voiceprint.calibration import Decision
from voiceprint.commands.options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    Models,
    channel_option,
    compared,
    data_option,
    group_option,
    json_option,
    lines,
    model_options,
    threshold_options,
)
from voiceprint.comparing import Comparer
from voiceprint.training import figures, qualities, tuning, two_voices
from voiceprint.training.corpus import CorpusMissing, Group


@click.command()
@click.option("--trials", "trials_file", type=EXISTING_FILE, required=True, help="`1|0 ENROL TEST` a line.")
@click.option("--audio", type=EXISTING_FOLDER, required=True, help="What paths in the trials are relative to.")
@channel_option
@click.option("--groups", "groups_file", type=EXISTING_FILE, help="`utterance-or-speaker group` a line.")
@click.option(
    "--attacks", "attacks_file", type=EXISTING_FILE, help="`KIND ENROL TEST` a line: IAPAR and APCER by kind."
)
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="DET curve and histogram (SVG).")
@threshold_options
@model_options
@json_option
def evaluate(
    trials_file: Path,
    audio: Path,
    channel: str,
    groups_file: Path | None,
    attacks_file: Path | None,
    plot: Path | None,
    max_fmr: float,
    decision: Decision,
    models: Models,
    as_json: bool,
) -> None:
    """Compare voices as a list of trials says; exit status 1 when a line could not be used.

    In a line `1|0 ENROL TEST` (1: the same person), ENROL and TEST are files below --audio, several joined by `+`:
    utterances of one enrolment, pieces of one test. Who speaks is the first folder of a file's path, or, where it lies
    in none, its name up to the first hyphen.
    """
    if plot and not plot.parent.is_dir():
        raise click.UsageError(f"没有目录 {plot.parent}。There is no folder {plot.parent}.")
    try:
        loaded = models.load()
        threshold = loaded.calibration.certify_from(max_fmr, decision)
        one_voice = loaded.calibration.one_voice.agreement
        listener = evaluation.Listener(loaded.encoder, audio, evaluation.Channel(channel), one_voice)
        outcome = compared(trials_file, listener, loaded.cohort, as_json)
        groups, wrong_groups = evaluation.parse_groups(lines(groups_file)) if groups_file else ({}, [])
        made = report.make(outcome, loaded.calibration, threshold, groups)
        met: Mapping[str, attacked.Figures] = {}
        wrong_attacks: list[evaluation.Problem] = []
        if attacks_file:
            met, wrong_attacks = _attacked(attacks_file, listener, loaded, threshold, as_json)
        if plot:
            report.plot(outcome, loaded.calibration, threshold, plot)
    except (LookupError, ValueError, report.PlotMissing) as error:
        raise click.ClickException(str(error)) from error
    by_file = {trials_file: outcome.problems, groups_file: wrong_groups, attacks_file: wrong_attacks}
    problems = [f"{path.name} {problem}" for path, found in by_file.items() if path for problem in found]
    failed = [f"不能用 failed {failure}" for failure in outcome.failures]
    empty = [
        f"没有一项比对的双方都在 {name} 组。No trial has both its speakers in the group {name}." for name in made.empty
    ]
    for said in (*problems, *failed, *empty):
        click.echo(said, err=True)
    if as_json:
        click.echo(json.dumps(made.as_json() | {"attacks": {kind: asdict(one) for kind, one in met.items()}}))
    else:
        click.echo("\n".join([made.as_text(), *(f"  {kind}: {one}" for kind, one in met.items())]))
    if problems:
        raise click.exceptions.Exit(1)


def _attacked(
    path: Path, listener: evaluation.Listener, loaded: Comparer, threshold: float, quietly: bool
) -> tuple[Mapping[str, attacked.Figures], list[evaluation.Problem]]:
    """Figures of a file of attacks, by kind, and its lines that could not be used."""
    listed, problems = attacked.parse(lines(path))
    with click.progressbar(length=len(listed), label="攻击 Attacks", hidden=quietly) as progress:
        met, unusable = attacked.measure(
            listed, listener, loaded, synthetic.load(), threshold, lambda: progress.update(1)
        )
    return met, [*problems, *unusable]


@click.command("figures")
@group_option
@click.option(
    "--distribution",
    "drawn",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where ratios lie, for the console.",
)
@threshold_options
@model_options
@json_option
@data_option
def figures_(
    group: str, drawn: Path | None, max_fmr: float, decision: Decision, models: Models, as_json: bool, data: Path
) -> None:
    """How often the voiceprint is wrong, on a group of speakers.

    By number of words, by line and by codec; and where somebody else says the second half of a challenge.
    """
    try:
        loaded = models.load()
        threshold = loaded.calibration.certify_from(max_fmr, decision)
        length = tuning.steps(tuning.WITH_CODECS) + two_voices.STEPS
        with click.progressbar(length=length, label="听音 Listening", hidden=as_json) as progress:

            def seen() -> None:
                progress.update(1)

            measured = tuning.score_trials(loaded.encoder, loaded.cohort, data, Group(group), seen, tuning.WITH_CODECS)
            mixed = two_voices.rows(loaded, data, Group(group), threshold, seen)
    except (LookupError, ValueError, CorpusMissing) as error:
        raise click.ClickException(str(error)) from error
    if drawn is not None:
        figures.distributed(measured, loaded.calibration).save(drawn)
    if as_json:
        found = figures.summary(measured, loaded.calibration, threshold)
        click.echo(json.dumps(found | {"second_turn_by_another": [asdict(row) for row in mixed]}))
        return
    for row in (*figures.rows(measured, loaded.calibration, threshold), *mixed):
        click.echo(row)


@click.command("qualities")
@group_option
@click.option("--table", "tables", type=click.Choice(list(qualities.STEPS)), multiple=True, help="By default all.")
@data_option
def qualities_(group: str, tables: tuple[str, ...], data: Path) -> None:
    """How well the measures of quality measure, and what poor audio costs: the ground for their limits (JSON)."""
    chosen = tables or tuple(qualities.STEPS)
    try:
        length = sum(qualities.STEPS[name] for name in chosen)
        with click.progressbar(length=length, label="听音 Listening", file=sys.stderr) as progress:
            found = qualities.measure(data, Group(group), lambda: progress.update(1), tables=chosen)
    except (LookupError, CorpusMissing) as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(found))
