"""The commands `stillhere speech …`: measure the recogniser, and make its model again."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import click

from ivr.dialects import HOME, dialects
from ivr.speech import choice, evaluation
from ivr.speech.choice import Confusions
from ivr.speech.engines import open_recogniser
from ivr.speech.recogniser import VoskRecogniser
from ivr.speech.training.lexicons import write_graphs
from ivr.speech.training.phones import Inventory
from ivr.speech.vocabulary import NAMES, challenge_words, labels, pronunciations

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FILE_TO_BE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_DATA = Path("../shared/data")
_SHIPPED = Path(__file__).with_name("model")


class TrainingMissing(click.ClickException):
    """The training libraries are not installed."""

    def __init__(self, missing: str | None) -> None:
        super().__init__(
            f"训练需要 {missing}：pip install -r requirements/training.txt。"
            f"Training needs {missing}: pip install -r requirements/training.txt"
        )


@click.group()
def speech() -> None:
    """Hearing: measure and make the recogniser's model. 听辨：评测与训练语音模型。"""


@speech.command()
@click.option("--manifest", "path", type=_FILE, required=True, help="JSON lines: audio_filepath, text, speaker")
@click.option("--grammar", "name", type=click.Choice(NAMES), required=True)
@click.option("--dialect", type=click.Choice(list(dialects())), default=HOME, show_default=True)
@click.option("--channel", type=click.Choice(list(evaluation.CHANNELS)), default="none", show_default=True)
@click.option("--model", type=_FOLDER, envvar="SPEECH_MODELS", help="Vosk model folder; the shipped one otherwise")
@click.option("--json", "as_json", is_flag=True, help="print one object as the last line")
def evaluate(path: Path, name: str, dialect: str, channel: str, model: Path | None, as_json: bool) -> None:
    """Hear every recording of a manifest and say how much of it was heard right. 评测。"""
    tally = evaluation.evaluate(open_recogniser(model), path, name, channel, dialect)
    result = evaluation.report(tally)
    for bad in tally.bad:
        click.echo(f"{path}:{bad.line}: {bad.reason}", err=True)
    if as_json:
        click.echo(json.dumps({"dialect": dialect, **result}, ensure_ascii=False))
        return
    _print(result)


def _print(result: dict[str, Any]) -> None:
    click.echo(
        f"{result['utterances']} utterances of {result['speakers']} speakers, "
        f"{result['in_grammar']} in the grammar, {result['out_of_grammar']} outside it"
    )
    for name, interval in result["ci95"].items():
        if interval is not None:
            click.echo(f"{name:>15} {result[name]:7.2%}   95 % [{interval[0]:.2%}, {interval[1]:.2%}]")
    if result["rtf"] is not None:
        click.echo(f"{'rtf':>15} {result['rtf']:7.4f}")
    for one, others in result["confusions"].items():
        click.echo(f"  {one}: " + ", ".join(f"{other} {count}" for other, count in others.items()))


@speech.command()
@click.option("--model", type=_FOLDER, envvar="SPEECH_MODELS", help="Vosk model folder; the shipped one otherwise")
@click.argument("folder", metavar="CONDITIONS", type=_FOLDER)
def figures(folder: Path, model: Path | None) -> None:
    """Measure all of what `conditions` has written, and print the tables of the model's card. 打印全部评测结果。"""
    from ivr.speech.figures import tables  # its progress bar comes with vosk

    for line in tables(open_recogniser(model), folder):
        click.echo(line)


@speech.command()
@click.option("--data", type=_FOLDER, default=_DATA, show_default=True, help="the real recordings")
@click.option("--speakers", type=click.Choice(["tuning", "reporting"]), default="tuning", show_default=True)
@click.option("--count", default=200, show_default=True, help="synthetic utterances of each grammar and dialect")
@click.argument("out", type=_FOLDER)
def conditions(data: Path, speakers: str, count: int, out: Path) -> None:
    """Write the recordings and manifests that `evaluate` is run on. 生成评测录音与清单。"""
    try:
        from ivr.speech.training.conditions import write, write_synthetic
    except ImportError as error:
        raise TrainingMissing(error.name) from error
    synthetic = (manifest for spoken in dialects() for manifest in write_synthetic(speakers, out, spoken, count))
    for manifest in chain(write(data, speakers, list(challenge_words().values()), out), synthetic):
        click.echo(manifest)


@speech.command()
@click.option("--model", type=_FOLDER, default=_SHIPPED, help="the model's folder; the shipped one otherwise")
@click.option("--data", type=_FOLDER, default=_DATA, show_default=True, help="the real recordings")
@click.option("--plot", type=_FILE_TO_BE, help="draw the matrix (SVG)")
@click.argument("out", type=_FILE_TO_BE)
def choose(model: Path, data: Path, plot: Path | None, out: Path) -> None:
    """Measure which words are taken for each other, and choose the challenge words. 选择口令用词。"""
    try:
        from ivr.speech.training.choice import draw, measure
    except ImportError as error:
        raise TrainingMissing(error.name) from error
    measured = measure(model, data)
    confusions = Confusions(measured["counts"])
    sets = choice.largest(confusions, alike=measured["alike"])
    asked = tuple(challenge_words().values())
    chosen = asked if set(asked) in map(set, sets) else sets[0]
    out.write_text(json.dumps(measured, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if plot is not None:
        draw(confusions, chosen, plot)
    for one in sets:
        mark = "*" if set(one) == set(asked) else " "
        click.echo(f"{mark} {choice.heard(confusions, one):.1%} {'、'.join(one)}: {choice.challenges(len(one)):,}")


@speech.command()
@click.option("--model", type=_FOLDER, default=_SHIPPED, help="the model's folder; the shipped one otherwise")
@click.argument("conditions", type=_FOLDER)
def calibrate(model: Path, conditions: Path) -> None:
    """Fit how sure the recogniser must be, on the tuning CONDITIONS. 用调试录音校准置信度。"""
    try:
        from ivr.speech.training.confidence import calibrate as run
        from ivr.speech.training.confidence import write
    except ImportError as error:
        raise TrainingMissing(error.name) from error
    fitted = run(model, conditions)
    write(model, fitted)
    click.echo(json.dumps(fitted, ensure_ascii=False, indent=1))


@speech.command()
@click.option("--model", type=_FOLDER, default=_SHIPPED, help="the model's folder; the shipped one otherwise")
def graph(model: Path) -> None:
    """Give the model the words that the dialects' folders hold today: no training. 更新词表，无需训练。"""
    write_graphs(model, Inventory(pronunciations().items()))
    VoskRecogniser.open(model)
    click.echo(f"{model}: {sum(len(labels(name, spoken)) for name in NAMES for spoken in dialects())}")


@speech.command()
@click.option("--data", type=_FOLDER, default=_DATA, show_default=True, help="the real recordings")
@click.option("--work", type=_FOLDER, default=Path("build/speech"), show_default=True, help="where to go on from")
@click.option("--out", type=_FOLDER, default=Path("build/speech/model"), show_default=True, help="the new model")
@click.option("--scale", default=1.0, show_default=True, help="share of the full hours of training data")
def train(data: Path, work: Path, out: Path, scale: float) -> None:
    """Make the shipped model again; goes on where it was stopped. 重新训练语音模型。"""
    try:
        from ivr.speech.training.recipe import train as run
    except ImportError as error:
        raise TrainingMissing(error.name) from error
    run(data, work, out, scale, click.echo)
