"""`stillhere`: every command of the service. Errors are sentences that say what to do, never tracebacks."""

from __future__ import annotations

import logging

import click


@click.group()
@click.option("-v", "--verbose", is_flag=True, help="say more on standard error")
def cli(verbose: bool) -> None:
    """stillhere：没有智能手机的退休人员，打个电话就能完成资格认证。

    The telephone line by which a retiree without a smartphone proves that they are still here.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
