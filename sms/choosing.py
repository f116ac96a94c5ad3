"""Which carrier gets a message: by weights that shift away from one that fails, and drift back when it works again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import journal
from certification.runtime import Runtime
from certification.store import Carrier, insert_once

WHOLE = 100
STEP, BACK = 20, 10  # hundredths of all: away from a carrier that fails, and back when none does
FAILING, ENOUGH = 0.2, 20  # a share of errors, and the least number of messages that says something
AWAY_EVERY, BACK_EVERY = timedelta(minutes=1), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Rate:
    """How many messages a carrier was given lately, and how many it did not take."""

    given: int
    errors: int

    @property
    def failing(self) -> bool:
        """Whether so many were not taken that others should carry more."""
        return self.given >= ENOUGH and self.errors >= FAILING * self.given


def shares(configured: Mapping[str, int]) -> dict[str, int]:
    """Configured weights as hundredths of all; what is left by rounding goes to the first."""
    total = sum(configured.values())
    parts = {name: weight * WHOLE // total for name, weight in configured.items()}
    first = next(iter(parts))
    return {**parts, first: parts[first] + WHOLE - sum(parts.values())}


def shifted(now: Mapping[str, int], configured: Mapping[str, int], rates: Mapping[str, Rate]) -> dict[str, int]:
    """The weights after one step. One that fails gives STEP to those that do not; else all drift BACK to their share.

    Where all of them fail, or there is but one, nothing moves: there is nobody to carry more.
    """
    wanted, weights = shares(configured), dict(now)
    failing = [name for name in weights if name in rates and rates[name].failing]
    sound = [name for name in weights if name not in failing]
    if failing and sound:
        for name in failing:
            given = min(STEP, weights[name])
            weights[name] -= given
            weights[sound[0]] += given
        return weights
    if failing:
        return weights
    for name in weights:  # from who has too much to who has too little
        for other in weights:
            over, under = weights[name] - wanted[name], wanted[other] - weights[other]
            if over > 0 and under > 0:
                moved = min(over, under, BACK)
                weights[name] -= moved
                weights[other] += moved
    return weights


def choose(random: Random, weights: Mapping[str, int]) -> str:
    """One of the carriers by chance, each by its weight."""
    names = sorted(weights)
    if not any(weights.values()):
        return random.choice(names)
    return random.choices(names, [weights[name] for name in names])[0]


def weights(session: Session, rt: Runtime, configured: Mapping[str, int]) -> dict[str, int]:
    """The present weights of the configured carriers; what is on record of others counts for nothing."""
    return {one.name: one.weight for one in _rows(session, rt, configured)}


def adjust(session: Session, rt: Runtime, configured: Mapping[str, int], rates: Mapping[str, Rate]) -> bool:
    """Shift the weights by one step where it is time, once for all senders. True when they moved."""
    rows = _rows(session, rt, configured, to_change=True)
    before = {one.name: one.weight for one in rows}
    after = shifted(before, configured, rates)
    waited = AWAY_EVERY if any(rate.failing for rate in rates.values()) else BACK_EVERY
    if after == before or max(one.changed_at for one in rows) > rt.now() - waited:
        return False
    for one in rows:
        one.weight, one.changed_at = after[one.name], rt.now()
    journal.write(session, rt.now(), "text", "carriers shifted", "texts", before=before, after=after)
    session.flush()
    return True


def _rows(session: Session, rt: Runtime, configured: Mapping[str, int], *, to_change: bool = False) -> list[Carrier]:
    began = rt.now() - BACK_EVERY
    for name, share in shares(configured).items():
        insert_once(session, Carrier, name=name, weight=share, changed_at=began)
    mine = select(Carrier).where(Carrier.name.in_(list(configured))).order_by(Carrier.name)
    mine = mine.with_for_update() if to_change else mine
    return list(session.scalars(mine.execution_options(populate_existing=True)))
