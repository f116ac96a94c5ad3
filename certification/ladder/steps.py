"""Which rung comes next for somebody who is not certified yet. Pure; no score anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from certification import harm
from certification.contacts import REAL, Channel, Outcome
from certification.needs import Declared

MESSAGE, CALL, OPERATOR, VISIT = "message", "call", "operator", "visit"
CHANNELS = {MESSAGE: Channel.SMS, CALL: Channel.CALL, OPERATOR: Channel.OPERATOR, VISIT: Channel.VISIT}
_SPOKEN = frozenset({Declared.CANNOT_SPEAK, Declared.HARD_OF_HEARING})


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung of a region's ladder, and for how long a success is waited for on it."""

    name: str
    wait: timedelta


@dataclass(frozen=True, slots=True)
class Who:
    """What the ladder must know of a person: what they declared, how they can be reached, and what puts them first."""

    needs: frozenset[Declared]
    mobile: bool
    phone: bool
    age: int
    failures: int
    visited: bool = True  # whether their region makes home visits

    def goes_first(self, first_age: int, first: Sequence[str]) -> bool:
        """Whether they come before others: by age, or by a circumstance that the region names."""
        return harm.goes_first(age=self.age, needs=self.needs, failures=self.failures, first_age=first_age, first=first)

    def is_served_by(self, rung: str) -> bool:
        """Whether a rung can reach them at all."""
        match rung:
            case "message":
                return self.mobile and Declared.NO_MOBILE not in self.needs
            case "call" | "operator":
                return self.phone and not self.needs & _SPOKEN
            case "visit":
                return self.visited
            case _:
                return True


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody is on the ladder: on which rung, asked for when, and what became of the attempt so far.

    `made_at`: when it was really made, if it was. `stood_still`: how long the service was out since then.
    """

    rung: int
    asked_at: datetime
    outcome: Outcome
    made_at: datetime | None
    stood_still: timedelta


def next_rung(rungs: Sequence[Rung], who: Who, standing: Standing | None, now: datetime) -> int | None:
    """The rung to climb to now: an index, or None while the present one is waited for or nothing comes after it.

    A rung is left when the waiting time after a real attempt is over; at once when the attempt failed; and, without
    counting as an attempt, when it was not made in that time after it was asked for. Outages prolong every wait.
    """
    if standing is not None and not _over(rungs[standing.rung], standing, now):
        return None
    above = range(0 if standing is None else standing.rung + 1, len(rungs))
    return next((index for index in above if who.is_served_by(rungs[index].name)), None)


def _over(rung: Rung, standing: Standing, now: datetime) -> bool:
    if standing.outcome in (Outcome.FAILED, Outcome.UNDELIVERED):
        return True
    since = standing.made_at if standing.outcome in REAL and standing.made_at else standing.asked_at
    return now >= since + rung.wait + standing.stood_still
