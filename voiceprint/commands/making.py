"""Commands that make the models: train, export, cohort, calibration."""

from __future__ import annotations

import json
from pathlib import Path

import click

from voiceprint import calibration, cohort, encoder, evaluation
from voiceprint.cohort import Cohort
from voiceprint.commands.options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    FOLDER,
    RUN,
    Models,
    channel_option,
    compared,
    data_option,
    encoder_option,
    group_option,
    json_option,
    lines,
    model_options,
    own_option,
    say,
    training_module,
)
from voiceprint.encoder import Encoder
from voiceprint.training import figures, strangers, trials, tuning
from voiceprint.training.corpus import CorpusMissing, Group
from voiceprint.training.espeak import EspeakMissing


@click.command()
@click.option("--out", type=Path, help="The calibration file to write; by default of --models, else the shipped one.")
@click.option("--trials", "trials_file", type=EXISTING_FILE, help="An agency's own trials, in place of ours.")
@click.option("--audio", type=EXISTING_FOLDER, help="What paths in the trials are relative to.")
@channel_option
@model_options
@json_option
@data_option
def calibrate(
    out: Path | None,
    trials_file: Path | None,
    audio: Path | None,
    channel: str,
    models: Models,
    as_json: bool,
    data: Path,
) -> None:
    """Fit score to log-likelihood ratio, and set the thresholds.

    On the tuning speakers, over all lengths and lines; or with --trials and --audio on an agency's own recordings.
    """
    if (trials_file is None) != (audio is None):
        raise click.UsageError("--trials 与 --audio 要一起给出。Give --trials and --audio together.")
    try:
        loaded = encoder.load(models.encoder)
        others = cohort.load(loaded.name, models.cohort)
        if trials_file and audio:
            listener = evaluation.Listener(loaded, audio, evaluation.Channel(channel))
            own = compared(trials_file, listener, others, as_json)
            one_voice = calibration.fit_one_voice(*tuning.mixtures(own.enrolments))
            fitted = calibration.fit(loaded.name, others.name, own.scored, own.conditions, one_voice)
            said: dict[str, object] = {"trials": len(own.compared), "speakers": own.scored.speakers}
        else:
            measured, one_voice = _tuning(loaded, others, data, as_json)
            fitted = calibration.fit(loaded.name, others.name, measured.scored, measured.conditions, one_voice)
            said = figures.tuned(measured, fitted)
    except (LookupError, ValueError, CorpusMissing) as error:
        raise click.ClickException(str(error)) from error
    fitted.save(out or (models.own or encoder.MODEL) / calibration.SHIPPED.name)
    click.echo(json.dumps(said) if as_json else json.dumps(said, indent=2))


def _tuning(
    loaded: Encoder, strangers: Cohort, data: Path, quietly: bool
) -> tuple[tuning.Measured, calibration.OneVoice]:
    with click.progressbar(length=tuning.steps() + 36, label="听音 Listening", hidden=quietly) as progress:

        def seen() -> None:
            progress.update(1)

        measured = tuning.score_trials(loaded, strangers, data, Group.TUNING, seen)
        return measured, calibration.fit_one_voice(*tuning.agreements(loaded, data, seen))


@click.command("cohort")
@click.option("--out", type=Path, help="The cohort file to write; by default of --models, else the shipped one.")
@click.option("--speakers", type=EXISTING_FILE, help="An agency's own: `SPEAKER FILE` a line, of who agreed to it.")
@click.option("--audio", type=EXISTING_FOLDER, help="What files of --speakers are relative to.")
@json_option
@data_option
@encoder_option
@own_option
def cohort_(
    out: Path | None, speakers: Path | None, audio: Path | None, as_json: bool, data: Path, spec: str, own: Path | None
) -> None:
    """Make the strangers that scores are normalised with; calibrate afterwards.

    From the training speakers at speeds that the network never heard; or with --speakers and --audio from an agency's
    own recordings, a line a file.
    """
    if (speakers is None) != (audio is None):
        raise click.UsageError("--speakers 与 --audio 要一起给出。Give --speakers and --audio together.")
    try:
        loaded = encoder.load(spec)
        if speakers and audio:
            made = evaluation.cohort_of(loaded, lines(speakers), audio)
        else:
            with click.progressbar(length=strangers.VOICES, label="听音 Listening", hidden=as_json) as progress:
                made = strangers.cohort(loaded, data, lambda: progress.update(1))
    except (LookupError, ValueError, CorpusMissing) as error:
        raise click.ClickException(str(error)) from error
    path = out or (own or encoder.MODEL) / cohort.SHIPPED.name
    made.save(path)
    say(as_json, cohort=made.name, file=str(path))


@click.command("trials")
@group_option
@click.option("--out", type=FOLDER, required=True, help="Where joined recordings and trials.txt go.")
@click.option("--words", type=click.Choice([str(one) for one in tuning.WORDS]), default="6", help="In a test.")
@json_option
@data_option
def write_trials(group: str, out: Path, words: str, as_json: bool, data: Path) -> None:
    """Write trials of joined words: three groups of four at enrolment, groups of three in the test."""
    try:
        groups = int(words) // trials.WORDS_AT_TEST
        path = trials.write(out, *trials.spoken(data, Group(group), groups_at_test=groups))
    except CorpusMissing as error:
        raise click.ClickException(str(error)) from error
    say(as_json, trials=str(path))


@click.command()
@click.option("--run", type=FOLDER, default=RUN, show_default=True, help="For checkpoints; an unfinished run goes on.")
@click.option("--hyperparameters", type=EXISTING_FILE, help="Instead of the recipe's own.")
@json_option
@data_option
def train(run: Path, hyperparameters: Path | None, as_json: bool, data: Path) -> None:
    """Train the encoder with SpeechBrain (minutes on a GPU, some hours on a core of its own; 6 GB of memory)."""
    recipe = training_module("recipe")
    try:
        recipe.train(data, run, hyperparameters or recipe.HYPERPARAMETERS)
    except (CorpusMissing, EspeakMissing) as error:
        raise click.ClickException(str(error)) from error
    say(as_json, run=str(run), log=str(run / recipe.LOG))


@click.command()
@click.option("--run", type=FOLDER, default=RUN, show_default=True, help="The folder of the training run.")
@click.option("--out", type=FOLDER, default=encoder.MODEL, help="Where encoder.onnx and speechbrain/ go.")
@json_option
def export(run: Path, out: Path, as_json: bool) -> None:
    """Write the trained weights as ONNX and in SpeechBrain's form; then `quantise`, `cohort` and `calibrate`."""
    exporting = training_module("export")
    try:
        path = exporting.export(run, out)
    except exporting.RunEmpty as error:
        raise click.ClickException(str(error)) from error
    say(as_json, encoder=encoder.load(f"onnx:{path}").name, model=str(path))


@click.command()
@click.option("--model", type=FOLDER, default=encoder.MODEL, help="Where encoder.onnx is and encoder.int8.onnx goes.")
@json_option
@data_option
def quantise(model: Path, as_json: bool, data: Path) -> None:
    """Write the exported network in int8, which is what serves; make the cohort and calibrate afterwards."""
    quantising = training_module("quantise")
    try:
        with click.progressbar(length=quantising.STEPS, label="听音 Listening", hidden=as_json) as progress:
            path = quantising.quantise(model / encoder.FLOAT, model / encoder.INT8, data, lambda: progress.update(1))
    except (CorpusMissing, quantising.NotExported, quantising.NothingToQuantise) as error:
        raise click.ClickException(str(error)) from error
    say(as_json, encoder=encoder.load(f"onnx:{path}").name, model=str(path))
