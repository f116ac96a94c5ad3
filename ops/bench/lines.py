"""So many callers are listened to at once: how long after their words they hear the beginning of the answer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random

import numpy as np

from ops.bench.listening import command
from ops.service import running
from ops.switch import Call, Switch
from voiceprint.audio import SAMPLE_RATE, Samples

ROUNDS = 2  # commands in a call
PROCESSES = 2  # of callers
SPARE = 3 / 2  # lines for so many callers: some are kept for those who repeat words
SETTLE_S = 0.5
APART_S = 10.0  # within which all of them dial
SAID = "command"
_STAT = Path("/proc/stat")
NOISE = 20  # of 32767: the caller's room


@dataclass(frozen=True, slots=True)
class Carrier:
    """Where the callers of one process call, and who signs for them."""

    base_url: str
    account_sid: str
    auth_token: str


def answers(calls: int) -> dict[str, float]:
    """Median and 95th percentile of the seconds from the end of a command to the first sound of the answer.

    Beside them the share of the processors' time that other machines on the same host took meanwhile: where it is more
    than a few per cent, the run says little about the service.

    The service with all its processes and the callers run on this machine; every caller speaks at moments of their own.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), {"MEDIA_SLOTS": str(round(SPARE * calls))}) as service,
        ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool,
    ):
        environment = service.environment
        carrier = Carrier(service.base_url, environment["TWILIO_ACCOUNT_SID"], environment["TWILIO_AUTH_TOKEN"])
        shares = [range(calls)[process::PROCESSES] for process in range(PROCESSES)]
        before = _cpu_time()
        found = [one for some in pool.map(_callers, [carrier] * PROCESSES, shares) for one in some]
        stolen, all_of_it = (after - since for after, since in zip(_cpu_time(), before, strict=True))
    return {
        "calls": calls,
        "answers": len(found),
        "answer_p50_s": float(np.median(found)),
        "answer_p95_s": float(np.quantile(found, 0.95)),
        "cpu_stolen": stolen / all_of_it if all_of_it else 0.0,
    }


def _cpu_time() -> tuple[int, int]:
    """What a host has taken from this virtual machine, and all time, in ticks; nothing where no kernel counts it."""
    if not _STAT.exists():
        return 0, 0
    ticks = [int(field) for field in _STAT.read_text().partition("\n")[0].split()[1:9]]
    return ticks[7], sum(ticks)


def _callers(carrier: Carrier, numbers: Sequence[int]) -> list[float]:
    """Those of one process, side by side."""
    voice = command()
    with (
        Switch(carrier.base_url, carrier.account_sid, carrier.auth_token, pace=1) as switch,
        ThreadPoolExecutor(len(numbers)) as pool,
    ):
        made = pool.map(lambda number: _caller(switch, number, voice), numbers)
        return [one for some in made for one in some]


def _caller(switch: Switch, number: int, voice: Samples) -> list[float]:
    """Somebody who says the same at every menu."""
    random = Random(number)  # noqa: S311 - a caller's dawdling
    room = NOISE * np.random.default_rng(number).standard_normal(10 * SAMPLE_RATE)
    time.sleep(random.uniform(0, APART_S))
    call = switch.phone(f"+86138000{number:05d}").dial(background=room.astype(np.int16))
    call.hears("language.*").press("1")
    for _ in range(ROUNDS):
        call.hears("menu.main|menu.main.again")
        quiet = np.zeros(round(random.uniform(SETTLE_S, 4) * SAMPLE_RATE), np.float32)
        call.says(np.concatenate([quiet, voice]), SAID)
        call.hears("*")
    call.hang_up().ended()
    return list(waits(call))


def waits(call: Call) -> Iterator[float]:
    """Seconds from the end of each command to the first sound of the answer, on the call's clock."""
    lines = call.transcript
    for at, said in enumerate(lines):
        if said.who == "caller" and said.text == SAID:
            answer = next((line for line in lines[at + 1 :] if line.who == "line"), None)
            if answer is not None:
                yield answer.at_s - (said.at_s + said.seconds)
