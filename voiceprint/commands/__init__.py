"""The commands `stillhere voiceprint …`: measure, calibrate, train, export."""

from __future__ import annotations

import click

from voiceprint.commands import attacking, making, measuring


@click.group()
def voiceprint() -> None:
    """The voice encoder: how good it is, and how it is made."""


for command in (
    measuring.evaluate,
    measuring.figures_,
    measuring.qualities_,
    attacking.attacks,
    attacking.replays,
    making.calibrate,
    making.cohort_,
    making.write_trials,
    making.train,
    making.export,
    making.quantise,
    attacking.countermeasure,
):
    voiceprint.add_command(command)
