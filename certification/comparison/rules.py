"""What a comparison goes by: a region's rules on one day, and what it can say of somebody. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from certification.evidence import Rule, Strength
from certification.regions import Region
from certification.regions.plans import SHOWS_LIFE
from certification.regions.schema import Route

REGISTER = "household_register"


class Outcome(StrEnum):
    """What a comparison says of somebody. None of them refuses or suspends anybody."""

    CERTIFIED = "certified"  # a record of the strength that the period asks for
    ALREADY = "already"  # no such record, and certified by another route
    UNRESOLVED = "unresolved"  # no such record, and not certified: the ladder begins
    ELSEWHERE = "elsewhere"  # not in this place's household register, so not judged by it: they call
    DEATH = "death"  # a record says that the person died: a case
    CONTRADICTION = "contradiction"  # a record says so, and a later one that they live: a case


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of record that shows life: how strong it is, and the earliest day from which it counts."""

    name: str
    strength: Strength
    earliest: date


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one comparison; `sources` with the strongest first.

    `dead`: the events that tell of a death, `alive`: those that show life, as does none; all in small letters.
    """

    on: date
    sources: tuple[Source, ...]
    dead: tuple[str, ...]
    rule: Rule
    register_only: bool = False
    alive: tuple[str, ...] = SHOWS_LIFE

    @classmethod
    def of(cls, region: Region, on: date) -> Rules | None:
        """A region's rules on a day; None where nothing is compared."""
        if region.comparison is None or not region.opens(Route.COMPARISON):
            return None
        said = region.comparison
        sources = [Source(name, one.strength, on - timedelta(days=one.days)) for name, one in said.sources.items()]
        sources.sort(key=lambda source: (-source.strength, source.name))
        dead, alive = (tuple(sorted(one.lower() for one in events)) for events in (said.dead, said.alive))
        return cls(on, tuple(sources), dead, region.evidence.rule, said.register_only, alive)
