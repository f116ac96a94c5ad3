"""Whether any group fares worse: how many of each were rejected, left or suspended, beside everybody, the worst first.

The rate of a group has Wilson's interval. Its ratio is that rate to everybody's, with the same interval over
everybody's rate, which is taken as known: everybody holds the group, so a large group's ratio is surer than its
interval says, and no group is called worse by chance for that. A group is worse for sure where all of the interval lies
above everybody's rate; of forty groups that are like all others, one still seems so by chance. They stand in the order
of the lower end of the ratio's interval: first the one of which most is sure, not a handful of people with bad luck.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification.reports.groups import Trait, ordered
from certification.reports.hiding import hidden
from certification.reports.intervals import Interval, wilson
from certification.reports.lives import Measure, Why, Window
from certification.store import Report, ReportCount


class Harm(StrEnum):
    """What befell people; each of whoever tried, but for suspensions, which are of everybody on the roll."""

    REJECTED = Measure.REJECTED.value
    LEFT = Measure.LEFT.value
    SUSPENDED = Measure.SUSPENDED.value
    VOICE = Why.VOICE.value
    WORDS = Why.WORDS.value
    HUNG_UP = Why.HUNG_UP.value
    LIMIT = Why.LIMIT.value
    NOTHING = Why.NOTHING.value
    PIN = Why.PIN.value
    TEXT = Why.TEXT.value

    @property
    def among(self) -> Measure:
        """Of whom they are."""
        return Measure.PEOPLE if self is Harm.SUSPENDED else Measure.TRIED


@dataclass(frozen=True, slots=True)
class Standing:
    """How one group fares: `times` people of `of`, as a rate and as a ratio to everybody's, each with its interval.

    None for what is not shown: all where the group has fewer than ten people (or would show how many another has), all
    but `of` where fewer than ten of them were harmed. `ratio` is None as well where nobody at all was harmed.
    """

    trait: Trait | None  # None: everybody
    value: str
    of: int | None
    times: int | None
    rate: float | None
    interval: Interval | None
    ratio: float | None
    ratio_interval: Interval | None

    @property
    def worse(self) -> bool:
        """Whether it fares worse than everybody for sure, and not by chance."""
        return self.ratio_interval is not None and self.ratio_interval.low > 1


@dataclass(frozen=True, slots=True)
class Equity:
    """Everybody, the groups of which something can be said, worst first, and those that are too small."""

    everybody: Standing
    ranked: Sequence[Standing]
    small: Sequence[Standing]


def equity(session: Session, report: Report, harm: Harm, traits: Sequence[Trait], region: str | None = None) -> Equity:
    """How each group of these traits fares, over all months of the report, in one region where it is given."""
    found = {trait: _counts(session, report, harm, trait, region) for trait in traits}
    of, times = next(iter(found.values()), (Counter[str](), Counter[str]()))  # every trait tells apart the same people
    everybody = _everybody(of.total(), times.total())
    base = None if not of.total() else times.total() / of.total()
    standings = [one for trait, (of, times) in found.items() for one in _standings(trait, of, times, base)]
    ranked = [one for one in standings if one.ratio_interval is not None]
    ranked.sort(key=_order)
    return Equity(everybody, ranked, [one for one in standings if one.ratio_interval is None])


def _order(one: Standing) -> tuple[float, float, str, str]:
    assert one.ratio_interval is not None
    return -one.ratio_interval.low, -(one.ratio or 0), str(one.trait), one.value


def _everybody(of: int, times: int) -> Standing:
    rate = times / of if of else None
    return Standing(None, "", of, times, rate, wilson(times, of) if of else None, 1.0 if times else None, None)


def _standings(trait: Trait, of: Counter[str], times: Counter[str], base: float | None) -> list[Standing]:
    """The groups of a trait. Hidden is a number too small, and what would tell it."""
    values = ordered(trait.value, of)
    people, harmed = [of[one] for one in values], [times[one] for one in values]
    no_people = hidden(people)
    no_times = hidden(harmed, also=no_people)
    return [
        _standing(trait, value, None if at in no_people else people[at], at in no_times, harmed[at], base)
        for at, value in enumerate(values)
    ]


def _standing(trait: Trait, value: str, of: int | None, hide: bool, times: int, base: float | None) -> Standing:
    if of is None or hide:
        return Standing(trait, value, of, None, None, None, None, None)
    rate, interval = times / of, wilson(times, of)
    if not base:
        return Standing(trait, value, of, times, rate, interval, None, None)
    ratio = Interval(interval.low / base, interval.high / base)
    return Standing(trait, value, of, times, rate, interval, rate / base, ratio)


def _counts(
    session: Session, report: Report, harm: Harm, trait: Trait, region: str | None
) -> tuple[Counter[str], Counter[str]]:
    """By value of a trait: how many there are of whom it could befall, and whom it did."""
    column = getattr(ReportCount, trait.value)
    sums = select(column, ReportCount.measure, func.sum(ReportCount.count)).where(
        ReportCount.report_id == report.id,
        ReportCount.months == Window(report.first, report.last, report.as_of).length,
        ReportCount.measure.in_((harm.value, harm.among.value)),
    )
    if region is not None:
        sums = sums.where(ReportCount.region == region)
    found = defaultdict[str, Counter[str]](Counter)
    for value, measure, count in session.execute(sums.group_by(column, ReportCount.measure)):
        found[measure][value] += int(count)
    return found[harm.among.value], found[harm.value]
