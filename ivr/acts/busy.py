"""What a caller meets when all lines are busy: a short wait."""

from __future__ import annotations

from ivr import lines
from ivr.acts.at import Act, At, act, found
from ivr.steps import PENDING, Facts

LOOKS = 15  # so often it is looked for a free line, about once in a second, before the caller is sent another way


@act("free", "busy")
def line(at: At) -> Facts:
    """Whether there is a line for a challenge."""
    return found("free" if lines.for_a_challenge(at.session, at.rt) else "busy")


@act(PENDING, "free", "busy")
def await_line(at: At) -> Facts:
    """The same, with some patience: a spoken turn takes seconds, and lines become free all the time."""
    if lines.for_a_challenge(at.session, at.rt):
        return found("free")
    return found(PENDING if at.state.tries < LOOKS else "busy")


ACTS: tuple[Act, ...] = (line, await_line)
