"""The commands `stillhere voiceprint …`: measure, calibrate, train, export."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import ModuleType

import click

from voiceprint import calibration, cohort, comparing, encoder, evaluation, report
from voiceprint.calibration import Decision
from voiceprint.cohort import Cohort
from voiceprint.encoder import Encoder
from voiceprint.training import figures, strangers, trials, tuning
from voiceprint.training.corpus import CorpusMissing, Group
from voiceprint.training.espeak import EspeakMissing
from voiceprint.training.torchaudio_stand_in import TrainingMissing, prepare

DATA = Path("../shared/data")
RUN = Path("var/voiceprint")
FOLDER = click.Path(file_okay=False, path_type=Path)
EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
Models = tuple[str, Path, Path]
"""Encoder, cohort and calibration, as `comparing.load` takes them."""

encoder_option = click.option("--encoder", "spec", default=encoder.SHIPPED, help="onnx:PATH or speechbrain:PATH")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object as the last line.")
data_option = click.option("--data", type=FOLDER, default=DATA, show_default=True, help="The folder of recordings.")
group_option = click.option(
    "--group", type=click.Choice([one.value for one in Group]), required=True, help="Which speakers of dsp20."
)
channel_option = click.option(
    "--channel", type=click.Choice([one.value for one in evaluation.Channel]), default="none", show_default=True
)


def model_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options that name the three models; the command gets them as `models`."""

    @encoder_option
    @click.option("--cohort", "strangers_in", type=Path, default=cohort.SHIPPED, help="A cohort file.")
    @click.option("--calibration", "calibrated", type=Path, default=calibration.SHIPPED, help="A calibration file.")
    @wraps(command)
    def with_models(spec: str, strangers_in: Path, calibrated: Path, **rest: object) -> None:
        command(models=(spec, strangers_in, calibrated), **rest)

    return with_models


def threshold_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say from where a voice certifies; the command gets `max_fmr` and `decision`."""
    share, shipped = click.FloatRange(0, 1, min_open=True, max_open=True), calibration.SHIPPED_DECISION

    @click.option("--max-fmr", type=share, default=0.01, show_default=True, help="As counted on the tuning speakers.")
    @click.option("--impostors", type=share, default=shipped.impostors, show_default=True, help="Their share of calls.")
    @click.option(
        "--cost",
        type=click.FloatRange(0, min_open=True),
        default=shipped.cost,
        show_default=True,
        help="Of certifying an impostor, in reviews by a human.",
    )
    @wraps(command)
    def with_threshold(impostors: float, cost: float, **rest: object) -> None:
        command(decision=Decision(impostors, cost), **rest)

    return with_threshold


@click.group()
def voiceprint() -> None:
    """The voice encoder: how good it is, and how it is made."""


@voiceprint.command()
@click.option("--trials", "trials_file", type=EXISTING_FILE, required=True, help="`1|0 ENROL TEST` a line.")
@click.option("--audio", type=EXISTING_FOLDER, required=True, help="What paths in the trials are relative to.")
@channel_option
@click.option("--groups", "groups_file", type=EXISTING_FILE, help="`utterance-or-speaker group` a line.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="DET curve and histogram (SVG).")
@threshold_options
@model_options
@json_option
def evaluate(
    trials_file: Path,
    audio: Path,
    channel: str,
    groups_file: Path | None,
    plot: Path | None,
    max_fmr: float,
    decision: Decision,
    models: Models,
    as_json: bool,
) -> None:
    """Compare voices as a list of trials says; exit status 1 when a line could not be used."""
    try:
        loaded = comparing.load(*models)
        threshold = loaded.calibration.certify_from(max_fmr, decision)
        outcome = _run(trials_file, audio, channel, loaded.encoder, loaded.cohort, as_json)
        groups, wrong_groups = evaluation.parse_groups(_lines(groups_file)) if groups_file else ({}, [])
        made = report.make(outcome, loaded.calibration, threshold, groups)
        if plot:
            report.plot(outcome, loaded.calibration, threshold, plot)
    except (LookupError, ValueError, report.PlotMissing) as error:
        raise click.ClickException(str(error)) from error
    for problem in (*outcome.problems, *wrong_groups):
        click.echo(problem, err=True)
    click.echo(json.dumps(made.as_json()) if as_json else made.as_text())
    if outcome.problems or wrong_groups:
        raise click.exceptions.Exit(1)


def _run(
    trials_file: Path, audio: Path, channel: str, loaded: Encoder, strangers: Cohort, quietly: bool
) -> evaluation.Outcome:
    listed, problems = evaluation.parse(_lines(trials_file))
    listener = evaluation.Listener(loaded, audio, evaluation.Channel(channel))
    with click.progressbar(length=len(listed), label="比对 Comparing", hidden=quietly) as progress:
        return evaluation.run(listed, listener, strangers, problems, lambda: progress.update(1))


@voiceprint.command()
@click.option("--out", type=Path, default=calibration.SHIPPED, help="The calibration file to write.")
@click.option("--trials", "trials_file", type=EXISTING_FILE, help="An agency's own trials, in place of ours.")
@click.option("--audio", type=EXISTING_FOLDER, help="What paths in the trials are relative to.")
@channel_option
@model_options
@json_option
@data_option
def calibrate(
    out: Path,
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
    spec, strangers_in, _ = models
    try:
        loaded = encoder.load(spec)
        others = cohort.load(loaded.name, strangers_in)
        if trials_file and audio:
            own = _run(trials_file, audio, channel, loaded, others, as_json)
            one_voice = calibration.fit_one_voice(*tuning.mixtures(own.enrolments))
            fitted = calibration.fit(loaded.name, others.name, own.scored, own.conditions, one_voice)
            said: dict[str, object] = {"trials": len(own.compared), "speakers": own.scored.speakers}
        else:
            measured, one_voice = _tuning(loaded, others, data, as_json)
            fitted = calibration.fit(loaded.name, others.name, measured.scored, measured.conditions, one_voice)
            said = figures.tuned(measured, fitted)
    except (LookupError, ValueError, CorpusMissing) as error:
        raise click.ClickException(str(error)) from error
    fitted.save(out)
    click.echo(json.dumps(said) if as_json else json.dumps(said, indent=2))


def _tuning(
    loaded: Encoder, strangers: Cohort, data: Path, quietly: bool
) -> tuple[tuning.Measured, calibration.OneVoice]:
    with click.progressbar(length=tuning.STEPS + 36, label="听音 Listening", hidden=quietly) as progress:

        def seen() -> None:
            progress.update(1)

        measured = tuning.score_trials(loaded, strangers, data, Group.TUNING, seen)
        return measured, calibration.fit_one_voice(*tuning.agreements(loaded, data, seen))


@voiceprint.command("figures")
@group_option
@threshold_options
@model_options
@json_option
@data_option
def figures_(group: str, max_fmr: float, decision: Decision, models: Models, as_json: bool, data: Path) -> None:
    """How often the voiceprint is wrong, by number of words and by line, on a group of speakers."""
    try:
        loaded = comparing.load(*models)
        threshold = loaded.calibration.certify_from(max_fmr, decision)
        with click.progressbar(length=tuning.STEPS, label="听音 Listening", hidden=as_json) as progress:
            measured = tuning.score_trials(
                loaded.encoder, loaded.cohort, data, Group(group), lambda: progress.update(1)
            )
    except (LookupError, ValueError, CorpusMissing) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(figures.summary(measured, loaded.calibration, threshold)))
        return
    for row in figures.rows(measured, loaded.calibration, threshold):
        click.echo(row)


@voiceprint.command("cohort")
@click.option("--out", type=Path, default=cohort.SHIPPED, help="The cohort file to write.")
@click.option("--speakers", type=EXISTING_FILE, help="An agency's own: `SPEAKER FILE` a line, of who agreed to it.")
@click.option("--audio", type=EXISTING_FOLDER, help="What files of --speakers are relative to.")
@json_option
@data_option
@encoder_option
def cohort_(out: Path, speakers: Path | None, audio: Path | None, as_json: bool, data: Path, spec: str) -> None:
    """Make the strangers that scores are normalised with; calibrate afterwards.

    From the training speakers at speeds that the network never heard; or with --speakers and --audio from an agency's
    own recordings, a line a file.
    """
    if (speakers is None) != (audio is None):
        raise click.UsageError("--speakers 与 --audio 要一起给出。Give --speakers and --audio together.")
    try:
        loaded = encoder.load(spec)
        if speakers and audio:
            made = evaluation.cohort_of(loaded, _lines(speakers), audio)
        else:
            with click.progressbar(length=strangers.VOICES, label="听音 Listening", hidden=as_json) as progress:
                made = strangers.cohort(loaded, data, lambda: progress.update(1))
    except (LookupError, ValueError, CorpusMissing) as error:
        raise click.ClickException(str(error)) from error
    made.save(out)
    _say(as_json, cohort=made.name, file=str(out))


@voiceprint.command("trials")
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
    _say(as_json, trials=str(path))


@voiceprint.command()
@click.option("--run", type=FOLDER, default=RUN, show_default=True, help="For checkpoints; an unfinished run goes on.")
@click.option("--hyperparameters", type=EXISTING_FILE, help="Instead of the recipe's own.")
@json_option
@data_option
def train(run: Path, hyperparameters: Path | None, as_json: bool, data: Path) -> None:
    """Train the encoder with SpeechBrain (minutes on a GPU, some hours on a core of its own; 6 GB of memory)."""
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
def export(run: Path, out: Path, as_json: bool) -> None:
    """Write the trained weights as ONNX and in SpeechBrain's form; make the cohort and calibrate afterwards."""
    exporting = _training_module("export")
    try:
        path = exporting.export(run, out)
    except exporting.RunEmpty as error:
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
