"""What the commands share: options, and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import click

from voiceprint import calibration, comparing, encoder, evaluation
from voiceprint.calibration import Decision
from voiceprint.cohort import Cohort
from voiceprint.comparing import Comparer
from voiceprint.training.corpus import Group
from voiceprint.training.torchaudio_stand_in import TrainingMissing, prepare

DATA = Path("../shared/data")
RUN = Path("var/voiceprint")
FOLDER = click.Path(file_okay=False, path_type=Path)
EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Models(NamedTuple):
    """Encoder, cohort and calibration, as `comparing.load` takes them, and the folder of one's own, if there is one."""

    encoder: str
    cohort: Path
    calibration: Path
    own: Path | None

    def load(self) -> Comparer:
        """Load the three. Raises as comparing.load."""
        return comparing.load(self.encoder, self.cohort, self.calibration)


encoder_option = click.option(
    "--encoder",
    "spec",
    default=encoder.SHIPPED,
    envvar="VOICEPRINT_ENCODER",
    help="onnx:PATH or speechbrain:PATH; by default VOICEPRINT_ENCODER, else the shipped one.",
)
own_option = click.option(
    "--models",
    "own",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="VOICEPRINT_MODELS",
    help="A folder with a cohort.npz and calibration.json of one's own; by default VOICEPRINT_MODELS.",
)
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
    @own_option
    @click.option("--cohort", "strangers_in", type=Path, help="A cohort file.")
    @click.option("--calibration", "calibrated", type=Path, help="A calibration file.")
    @wraps(command)
    def with_models(
        spec: str, own: Path | None, strangers_in: Path | None, calibrated: Path | None, **rest: object
    ) -> None:
        strangers, fitted = comparing.own(own)
        command(models=Models(spec, strangers_in or strangers, calibrated or fitted, own), **rest)

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


def compared(trials_file: Path, listener: evaluation.Listener, strangers: Cohort, quietly: bool) -> evaluation.Outcome:
    """What came of a list of trials, with a progress bar. Raises TrialsUnusable."""
    listed, problems = evaluation.parse(lines(trials_file))
    with click.progressbar(length=len(listed), label="比对 Comparing", hidden=quietly) as progress:
        return evaluation.run(listed, listener, strangers, problems, lambda: progress.update(1))


def say(as_json: bool, **found: str) -> None:
    """The facts of an answer, for a program or a person."""
    click.echo(json.dumps(found) if as_json else "\n".join(f"{name}: {value}" for name, value in found.items()))


def lines(path: Path) -> list[str]:
    """The lines of a text file, with or without a byte order mark."""
    return path.read_text(encoding="utf-8-sig").splitlines()


def training_module(name: str) -> ModuleType:
    """A module that needs torch, imported only when its command is given."""
    try:
        prepare()
        return import_module(f"voiceprint.training.{name}")
    except (TrainingMissing, ModuleNotFoundError) as error:
        raise click.ClickException(str(error)) from error
