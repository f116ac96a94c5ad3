"""Who is calling, from where, in which dialect; and what they may be told."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import select

from certification import certifying, codes, guesses, needs, people, seals
from certification.errors import Problem
from certification.identity import ResidentNumber
from certification.needs import Declared
from certification.store import Call, Person
from ivr.acts.at import Act, At, act, found
from ivr.dialects import HOME, dialects
from ivr.scripts.certify import CERTIFYING
from ivr.scripts.common import ON_A_PAGE, on_page, pages
from ivr.steps import DROPPED, REPEAT, Facts, Keyed

logger = logging.getLogger(__name__)

TAKEN_UP_WITHIN = timedelta(minutes=10)
SILENT_AFTER = timedelta(seconds=20)  # a call that has not ended, but of which nothing has been heard, may be lost
UNFINISHED = (None, DROPPED)
NUMBERS = 3  # identity numbers keyed in a row before a human is asked
TAILS = 2


@act("new", "known", "dropped", "code")
def caller(at: At) -> Facts:
    """What the calling number tells: nothing, a dialect, a call that broke off, or a code waiting to be keyed."""
    number = at.number
    if number is None:
        return found("new")
    return {**_calling(at, number), "slowly": any(_hears_badly(at, person) for person in at.household)}


def _calling(at: At, number: str) -> Facts:
    spoken = _known(people.dialect_of(at.session, at.rt.keys, number))
    if codes.open_for_number(at.session, at.rt, number):
        return found("code", dialect=spoken)
    broken_off = _broken_off(at, number)
    if broken_off is not None:
        return found("dropped", dialect=_known(str(broken_off.state["dialect"])))
    return found("known" if spoken else "new", dialect=spoken)


def _hears_badly(at: At, person: Person) -> bool:
    return Declared.HARD_OF_HEARING in needs.of(at.session, person.id)


def _known(dialect: str | None) -> str | None:
    """The dialect that was remembered, while the line still speaks it."""
    if dialect is not None and dialect not in dialects():
        logger.warning("the dialect %s is spoken no more: the call begins in %s", dialect, HOME)
        return None
    return dialect


def _broken_off(at: At, number: str) -> Call | None:
    """The last call from this number, when it broke off on the way to a certification, a short while ago."""
    indexes = at.rt.keys.indexes(number, seals.CALLING)
    from_here = select(Call).where(Call.from_index.in_(indexes), Call.id != at.call.id)
    last = at.session.scalars(from_here.order_by(Call.started_at.desc()).limit(1)).first()
    if last is None or last.touched_at < at.rt.now() - TAKEN_UP_WITHIN or last.outcome not in UNFINISHED:
        return None
    if last.person_id is None:  # nothing was begun that could be taken up
        return None
    over = last.ended_at is not None or last.touched_at < at.rt.now() - SILENT_AFTER
    return last if over and last.state.get("step") in CERTIFYING else None


@act("shown")
def languages(at: At) -> Facts:
    """Every dialect, the region's own first, and the page that is read: the first, or for "others" the next."""
    page = at.state.fact("languages", "page")
    if at.state.step == "language.others" and isinstance(page, int):
        return {**at.state.known["languages"], "page": (page + 1) % pages(at.state)}
    return found("shown", dialects=list(dict.fromkeys((*at.region.dialects, *dialects()))), page=0)


@act("chosen", "others", REPEAT)
def choose_dialect(at: At) -> Facts:
    """The dialect that the caller heard this key for, remembered for the number's next call; or others."""
    assert isinstance(at.event, Keyed)
    shown, key = on_page(at.state), int(at.event.digits)
    if key > ON_A_PAGE and pages(at.state) > 1:
        return found("others")
    return found("chosen", **remembered(at, shown[key - 1])) if key <= len(shown) else found(REPEAT)


@act("named")
def name_dialect(at: At) -> Facts:
    """The dialect that was named in the menu."""
    return found("named", **remembered(at, str(at.state.fact("menu"))))


def remembered(at: At, dialect: str) -> Facts:
    """Speak this dialect from now on, and in the next call from this number."""
    if at.number is not None:
        people.remember_dialect(at.session, at.rt.keys, at.number, dialect, at.rt.now())
    return {"dialect": dialect}


@act("tail", "full")
def lookup(at: At) -> Facts:
    """How the caller says who they are: by the end of their identity number where the telephone is known."""
    return found("tail" if at.household else "full")


@act("found", "again", "full", "lost")
def identify(at: At) -> Facts:
    """Find the person whose number was keyed. What was keyed is looked up and forgotten."""
    assert isinstance(at.event, Keyed)
    keyed = at.event.digits.replace("*", "X")
    by_tail = at.state.step.endswith(".tail")
    if by_tail and len(people.with_tail(at.rt.keys, at.household, keyed)) > 1:
        return found("full", several=True)  # no wrong guess: two of a family end alike

    def look() -> Person | None:
        known = people.with_tail(at.rt.keys, at.household, keyed) if by_tail else _by_number(at, keyed)
        return known[0] if len(known) == 1 else None

    person = guesses.guess(at.session, at.rt, guesses.NUMBER, at.number, look)
    if person is not None:
        at.call.person_id = person.id
        return found("found", slowly=_hears_badly(at, person))
    times = at.counted("identify") + 1
    if not guesses.left(at.session, at.rt, guesses.NUMBER, at.number):
        return found("lost")
    if by_tail:
        return found("again", times=times) if times < TAILS else found("full")
    return found("again", times=times) if times < NUMBERS else found("lost")


def _by_number(at: At, keyed: str) -> list[Person]:
    try:
        person = people.find_by_number(at.session, at.rt.keys, ResidentNumber.parse(keyed))
    except Problem:
        return []
    return [person] if person else []


@act("known")
def next_date(at: At) -> Facts:
    """The last day of the period that awaits the caller."""
    day = certifying.status(at.session, at.rt, at.person).next_due
    return found("known", date=[day.year, day.month, day.day])


ACTS: tuple[Act, ...] = (caller, languages, choose_dialect, name_dialect, lookup, identify, next_date)
