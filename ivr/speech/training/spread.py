"""Spread work over the cores of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(
    work: Callable[[Item], Made], items: Sequence[Item], begin: Callable[..., object], given: tuple[object, ...]
) -> Iterator[Made]:
    """`work` done to every item, in order, by as many processes as there are cores; each calls `begin(*given)` first.

    Processes are started anew, not forked: torch's threads would not live on in a fork.
    """
    count = min(cores(), max(len(items), 1))
    with ProcessPoolExecutor(count, get_context("spawn"), begin, given) as pool:
        yield from pool.map(work, items, chunksize=max(1, len(items) // (32 * count)))
