"""The commands `stillhere speech …`."""

from __future__ import annotations

import click


@click.group()
def speech() -> None:
    """Hearing: measure and make the recogniser's model. 听辨：评测与训练语音模型。"""
