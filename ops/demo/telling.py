"""What a newcomer sees of a call: who calls and why, and then what both sides say, while they say it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

import click

from ops.switch import Call, NotHeard
from ops.switch.leg import FINAL
from ops.switch.transcript import Line

LOOK_S = 0.1
QUIET_S = 0.3  # of wall clock, without a new prompt: the line has finished speaking
PATIENCE_S = 120.0
_GATHERS = {"digit": "digit.*", "word": "word.*", "receipt": "digit.*"}
Sentence = Callable[[str, str], str]  # dialect and name of a prompt -> its words


@contextmanager
def told(call: Call, title: str, say: Sentence) -> Iterator[None]:
    """Print a title, and then each thing that is said on the call as soon as it is known, to the end of the context."""
    click.secho(title, bold=True)
    over = threading.Event()
    teller = threading.Thread(target=_tell, args=(call, say, over), name="teller", daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
        for fault in call.faults:
            click.echo(f"         fault   {fault}")
        click.echo()


def _tell(call: Call, say: Sentence, over: threading.Event) -> None:
    printed = 0
    while True:
        ended = over.wait(LOOK_S)
        lines = gathered(call.transcript, say)
        known = lines if ended else lines[:-1]  # the last may still grow
        for line in known[printed:]:
            click.echo(str(line))
        printed = len(known)
        if ended:
            return


def gathered(lines: Sequence[Line], say: Sentence) -> list[Line]:
    """Both sides with the line's words, without pauses; a number, or a group of words, is one line."""
    made: list[Line] = []
    for line in lines:
        kind = line.name.partition(".")[0]
        if kind == "pause":
            continue
        last = made[-1] if made else None
        if last is not None and kind in _GATHERS and last.name == _GATHERS[kind]:
            text = f"{last.text} {say(line.dialect, line.name)}"
            made[-1] = replace(last, text=text, seconds=line.at_s + line.seconds - last.at_s, note=line.note)
        elif line.name:
            made.append(replace(line, name=_GATHERS.get(kind, line.name), text=say(line.dialect, line.name)))
        else:
            made.append(line)
    return made


def listen(call: Call) -> Call:
    """Hear the line out before doing anything: what it has begun to say, and what follows without a pause.

    Raises NotHeard when it never ends.
    """
    until = time.monotonic() + PATIENCE_S
    quiet_since, heard = time.monotonic(), 0
    while time.monotonic() - quiet_since < QUIET_S:
        if time.monotonic() > until:
            raise NotHeard(f"the line never stopped speaking:\n{call.text()}")
        with suppress(NotHeard):  # a call stands still until its script waits for something again
            call.hears("nothing that a line says", timeout_s=LOOK_S / 5)
        if call.status in FINAL:
            break
        lines = call.transcript
        if len(lines) != heard or not (lines[-1].seconds or lines[-1].note or lines[-1].keys):
            quiet_since, heard = time.monotonic(), len(lines)
    return call
