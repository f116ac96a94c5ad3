"""Measures everything, and prints one JSON object."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import numpy as np

from ivr.speech.vocabulary import challenge_words
from ops.bench import city, comparison, lines, listening, parts, results, texts, voices
from ops.demo.callers import SHIPPED, Caller


@click.command()
@click.option("--save", is_flag=True, help="keep the result in docs/bench, with date and commit")
@click.option("--calls", default=40, show_default=True, help="callers who are listened to at the same time")
@click.option(
    "--people", default=city.PEOPLE, show_default=True, help="of the city that is asked who is due, and compared"
)
@click.option("--messages", default=texts.MESSAGES, show_default=True, help="of the campaign that is sent")
@click.option("--vosk-server", type=click.Path(exists=True, dir_okay=False, path_type=Path), envvar="VOSK_SERVER",
              help="an asr_server.py to compare with, instead of decoding every frame here")  # fmt: skip
def bench(save: bool, calls: int, people: int, messages: int, vosk_server: Path | None) -> None:
    """Measure, and print one JSON object."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    caller = Caller(SHIPPED / "caller")
    speech = np.concatenate([caller.repeats([f"word.{name}"]) for name in challenge_words()])
    found: dict[str, object] = {
        "hearing_real_time_factor": round(parts.hearing(speech), 4),
        **{name: value and round(value, 4) for name, value in voices.compared(speech).items()},
        "worker_mib": round(voices.worker_mib(), 1),
        **{name: round(value, 5) for name, value in parts.writing().items()},
        **{name: round(value, 4) for name, value in listening.compared(caller, vosk_server).items()},
        **{name: round(value, 3) for name, value in lines.answers(calls).items()},
        **city.queries(people),
        **comparison.figures(people),
        **texts.figures(messages),
        "machine": results.machine(),
    }
    if save:
        found = results.keep(found)
    click.echo(json.dumps(found))


if __name__ == "__main__":
    bench()
