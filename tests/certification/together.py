"""The same thing done by several at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

Result = TypeVar("Result")


def at_once(times: int, act: Callable[[], Result]) -> list[Result]:
    """Call `act` in so many threads that wait for each other; gives what they answered, or raises what one raised."""
    together = Barrier(times)

    def start() -> Result:
        together.wait()
        return act()

    with ThreadPoolExecutor(times) as pool:
        return [begun.result() for begun in [pool.submit(start) for _ in range(times)]]
