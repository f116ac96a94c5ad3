"""The same thing done by several at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

Result = TypeVar("Result")


def at_once(times: int, act: Callable[[], Result]) -> list[Result]:
    """Call `act` in so many threads that wait for each other; gives what they answered, or raises what one raised."""
    return side_by_side(*[act] * times)


def side_by_side(*acts: Callable[[], Result]) -> list[Result]:
    """Call each in a thread; they wait for each other. Gives what they answered, or raises what one raised."""
    together = Barrier(len(acts))

    def start(act: Callable[[], Result]) -> Result:
        together.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [begun.result() for begun in [pool.submit(start, act) for act in acts]]
