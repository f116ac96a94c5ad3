"""Appointments: whether there is one already, the free times by office and day, one booked, one given up."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from certification import appointments, certifying
from certification.appointments import BookedAlready, NotBooked, OfficeUnknown, TimeTaken
from certification.regions import SHANGHAI, Region
from certification.store import Appointment
from ivr.acts.at import Act, At, act, found
from ivr.scripts.appointment import on_offer
from ivr.scripts.common import ON_A_PAGE
from ivr.steps import REPEAT, Facts, Json, Keyed


@act("held", "already", "none", "free")
def appointment(at: At) -> Facts:
    """The appointment that the caller has; else whether they need one, and their region takes any."""
    held = appointments.coming(at.session, at.rt, at.person)
    if held is not None:
        return _with_time("held", at.region, held)
    if certifying.status(at.session, at.rt, at.person).closed:
        return found("already")
    return found("free" if appointments.taken(at.region) else "none")


@act("free", "full")
def times(at: At) -> Facts:
    """The earliest free times of all; or a page of those of the office and day that were chosen, the next for "later".

    What the last key leads to: later ones of that day, else another office or day.
    """
    of_day, heard = at.state.step in ("appointment.of_day", "appointment.later"), None
    free = _free(at)
    if of_day:
        day = at.state.fact("choose_day", "chosen")
        free = [one for one in _at_office(at, free) if one[0].date().isoformat() == day]
    if at.state.step == "appointment.later":
        heard = _read(on_offer(at.state)[-1])
    page, more, left = _page(free, heard)
    if not page:
        return found("full")
    fourth = "later" if of_day and left else "other" if of_day or more else ""
    shown: list[Json] = [[place, when.isoformat()] for when, place in page]
    return found("free", region=at.region.code, page=shown, of_day=of_day, fourth=fourth)


@act("several", "one")
def offices(at: At) -> Facts:
    """A page of the offices that have free times, in the order of the region's file; none need be chosen of one."""
    having = sorted({place for _, place in _free(at)})
    heard = on_offer(at.state, "offices")[-1] if at.state.step == "appointment.other_offices" else None
    page, more, _ = _page(having, heard)
    return found("several" if len(having) > 1 else "one", region=at.region.code, page=page, more=more)


@act("free", "full")
def days(at: At) -> Facts:
    """A page of the days on which the office that was chosen has free times."""
    having = sorted({when.date().isoformat() for when, _ in _at_office(at, _free(at))})
    heard = on_offer(at.state, "days")[-1] if at.state.step == "appointment.other_days" else None
    page, more, _ = _page(having, heard)
    return found("free" if page else "full", page=page, more=more)


@act("chosen", "others", REPEAT)
def choose_office(at: At) -> Facts:
    """The office that the caller heard this key for; or others."""
    return _chosen(at, "offices")


@act("chosen", "others", REPEAT)
def choose_day(at: At) -> Facts:
    """The day that the caller heard this key for; or others."""
    return _chosen(at, "days")


def _chosen(at: At, name: str) -> Facts:
    assert isinstance(at.event, Keyed)
    shown, key = on_offer(at.state, name), int(at.event.digits)
    if key > ON_A_PAGE and at.state.fact(name, "more"):
        return found("others")
    return found("chosen", chosen=str(shown[key - 1])) if key <= len(shown) else found(REPEAT)


@act("booked", "held", "later", "other", "taken", REPEAT)
def book(at: At) -> Facts:
    """Book the time that the caller heard this key for; or go on to others."""
    assert isinstance(at.event, Keyed)
    shown, key = on_offer(at.state), int(at.event.digits)
    if key > ON_A_PAGE and (fourth := at.state.fact("times", "fourth")):
        return found(str(fourth))
    if key > len(shown):
        return found(REPEAT)
    when, place = _read(shown[key - 1])
    names = [office.name for office in at.region.offices][place - 1 : place]
    try:
        [name] = names or [""]  # the region's file may have changed since the times were read
        booked = appointments.book(at.session, at.rt, at.person, name, when, "line")
    except BookedAlready:
        return found("held")
    except (TimeTaken, OfficeUnknown):
        return found("taken")
    return _with_time("booked", at.region, booked)


@act("given_up")
def give_up(at: At) -> Facts:
    """Call the appointment off; somebody else may have done so meanwhile."""
    with suppress(NotBooked):
        appointments.cancel(at.session, at.rt, at.person, "line")
    return found("given_up")


def _with_time(result: str, region: Region, booked: Appointment) -> Facts:
    at = booked.at.astimezone(SHANGHAI)
    return found(result, region=region.code, time=[_place(region, booked.office), at.isoformat()])


def _place(region: Region, name: str) -> int:
    """The office's place in the region's file, from 1; 0 for one that is there no more."""
    names = [office.name for office in region.offices]
    return names.index(name) + 1 if name in names else 0


def _free(at: At) -> list[tuple[datetime, int]]:
    """Every free time, and the office's place in the region's file; the earliest first."""
    region = at.region
    free = appointments.free(at.session, at.rt, region) if appointments.taken(region) else []
    return sorted((one.at, _place(region, one.office)) for one in free)


def _at_office(at: At, free: list[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    """The times of the office that was chosen; all of them where there was none to choose."""
    chosen = at.state.fact("choose_office", "chosen") if at.state.fact("offices") == "several" else None
    return [one for one in free if chosen in (None, str(one[1]))]


def _page(every: list[Any], heard: object) -> tuple[list[Any], bool, bool]:
    """Those that follow what was heard last, from the last page to the first; whether there are more, and more after.

    The items are in order, and `heard`, None at first, is one of them, be it gone meanwhile.
    """
    rest = [one for one in every if heard is None or one > heard] or every
    return rest[:ON_A_PAGE], len(every) > ON_A_PAGE, len(rest) > ON_A_PAGE


def _read(time: object) -> tuple[datetime, int]:
    """A time on offer, as it is kept."""
    assert isinstance(time, list | tuple)
    place, at = time
    return datetime.fromisoformat(at), int(place)


ACTS: tuple[Act, ...] = (appointment, times, offices, days, choose_office, choose_day, book, give_up)
