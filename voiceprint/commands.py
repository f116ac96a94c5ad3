"""The commands `stillhere voiceprint …`: measure, calibrate, train, export."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import click

from voiceprint import calibration, encoder, evaluation, report
from voiceprint.training import trials, tuning
from voiceprint.training.corpus import CorpusMissing, Group
from voiceprint.training.espeak import EspeakMissing
from voiceprint.training.torchaudio_stand_in import TrainingMissing, prepare

DATA = Path("../shared/data")
RUN = Path("var/voiceprint")
FOLDER = click.Path(file_okay=False, path_type=Path)
EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
encoder_option = click.option("--encoder", "spec", default=encoder.SHIPPED, help="onnx:PATH or speechbrain:PATH")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object as the last line.")
data_option = click.option("--data", type=FOLDER, default=DATA, show_default=True, help="The folder of recordings.")


@click.group()
def voiceprint() -> None:
    """The voice encoder: how good it is, and how it is made."""


@voiceprint.command()
@click.option("--trials", "trials_file", type=EXISTING_FILE, required=True, help="`1|0 ENROL TEST` a line.")
@click.option("--audio", type=EXISTING_FOLDER, required=True, help="What paths in the trials are relative to.")
@click.option(
    "--channel", type=click.Choice([one.value for one in evaluation.Channel]), default="none", show_default=True
)
@click.option("--groups", "groups_file", type=EXISTING_FILE, help="`utterance-or-speaker group` a line.")
@click.option("--max-fmr", type=click.FloatRange(0, 1, min_open=True), default=0.01, show_default=True)
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Where to draw the DET curve (SVG).")
@click.option("--calibration", "calibrated", type=Path, default=calibration.SHIPPED, help="A calibration file.")
@json_option
@encoder_option
def evaluate(
    trials_file: Path,
    audio: Path,
    channel: str,
    groups_file: Path | None,
    max_fmr: float,
    plot: Path | None,
    calibrated: Path,
    as_json: bool,
    spec: str,
) -> None:
    """Compare voices as a list of trials says; exit status 1 when a line could not be used."""
    try:
        loaded = encoder.load(spec)
        calibrated_for = calibration.load(loaded.name, calibrated)
        listed, problems = evaluation.parse(_lines(trials_file))
        groups, wrong_groups = evaluation.parse_groups(_lines(groups_file)) if groups_file else ({}, [])
        listener = evaluation.Listener(loaded, audio, evaluation.Channel(channel))
        with click.progressbar(length=len(listed), label="Comparing", hidden=as_json) as progress:
            outcome = evaluation.run(listed, listener, problems, lambda: progress.update(1))
        figures = report.make(outcome, calibrated_for, max_fmr, groups)
        if plot:
            report.plot(outcome, plot)
    except (LookupError, ValueError, report.PlotMissing) as error:
        raise click.ClickException(str(error)) from error
    for problem in (*outcome.problems, *wrong_groups):
        click.echo(problem, err=True)
    click.echo(json.dumps(figures.as_json()) if as_json else figures.as_text())
    if outcome.problems or wrong_groups:
        raise click.exceptions.Exit(1)


@voiceprint.command()
@click.option("--out", type=Path, default=calibration.SHIPPED, help="The calibration file to write.")
@json_option
@data_option
@encoder_option
def calibrate(out: Path, as_json: bool, data: Path, spec: str) -> None:
    """Fit score to log-likelihood ratio on the tuning speakers over a clean line, and set the thresholds."""
    try:
        loaded = encoder.load(spec)
        with click.progressbar(length=348, label="Listening", hidden=as_json) as progress:
            clean = tuning.score_trials(loaded, data, seen=lambda: progress.update(1))
            poor = tuning.score_trials(loaded, data, tuning.poor_line(data), lambda: progress.update(1))
            one_voice = calibration.fit_one_voice(*tuning.agreements(loaded, data, lambda: progress.update(1)))
    except (LookupError, CorpusMissing) as error:
        raise click.ClickException(str(error)) from error
    fitted = calibration.fit(loaded.name, clean, one_voice)
    fitted.save(out)
    said = tuning.summary(clean, poor, fitted)
    click.echo(json.dumps(said) if as_json else json.dumps(said, indent=2))


@voiceprint.command("trials")
@click.option(
    "--group", type=click.Choice([one.value for one in Group]), required=True, help="Which speakers of dsp20."
)
@click.option("--out", type=FOLDER, required=True, help="Where joined recordings and trials.txt go.")
@json_option
@data_option
def write_trials(group: str, out: Path, as_json: bool, data: Path) -> None:
    """Write trials of joined words: three groups of four at enrolment, two groups of three in the test."""
    try:
        path = trials.write(out, *trials.spoken(data, Group(group)))
    except CorpusMissing as error:
        raise click.ClickException(str(error)) from error
    _say(as_json, trials=str(path))


@voiceprint.command()
@click.option("--run", type=FOLDER, default=RUN, show_default=True, help="For checkpoints; an unfinished run goes on.")
@click.option("--hyperparameters", type=EXISTING_FILE, help="Instead of the recipe's own.")
@json_option
@data_option
def train(run: Path, hyperparameters: Path | None, as_json: bool, data: Path) -> None:
    """Train the encoder with SpeechBrain (about an hour on a core of its own, 6 GB of memory)."""
    recipe = _training_module("recipe")
    try:
        recipe.train(data, run, hyperparameters or recipe.HYPERPARAMETERS)
    except (CorpusMissing, EspeakMissing) as error:
        raise click.ClickException(str(error)) from error
    _say(as_json, run=str(run), log=str(run / recipe.LOG))


@voiceprint.command()
@click.option("--run", type=FOLDER, default=RUN, show_default=True, help="The folder of the training run.")
@click.option("--out", type=FOLDER, default=encoder.MODEL, help="Where encoder.onnx and speechbrain/ go.")
@json_option
@data_option
def export(run: Path, out: Path, as_json: bool, data: Path) -> None:
    """Whiten the trained weights and write them as ONNX; calibrate afterwards."""
    exporting = _training_module("export")
    try:
        path = exporting.export(run, out, data)
    except (exporting.RunEmpty, CorpusMissing) as error:
        raise click.ClickException(str(error)) from error
    _say(as_json, encoder=encoder.load(f"onnx:{path}").name, model=str(path))


def _say(as_json: bool, **found: str) -> None:
    click.echo(json.dumps(found) if as_json else "\n".join(f"{name}: {value}" for name, value in found.items()))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8-sig").splitlines()


def _training_module(name: str) -> ModuleType:
    """A module that needs torch, imported only when its command is given."""
    from importlib import import_module

    try:
        prepare()
        return import_module(f"voiceprint.training.{name}")
    except (TrainingMissing, ModuleNotFoundError) as error:
        raise click.ClickException(str(error)) from error
