"""Appointments: whether there is one already, the free times page by page, one booked, one given up."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

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
    """A page of free times: the earliest, and for "later" those after the page before, from the last to the first."""
    region, free = at.region, _free(at)
    heard = _read(on_offer(at.state)[-1]) if at.state.step == "appointment.later" else None
    rest = [one for one in free if heard is None or one > heard] or free
    if not rest:
        return found("full")
    page: list[Json] = [[place, when.isoformat()] for when, place in rest[:ON_A_PAGE]]
    more, before = len(rest) > ON_A_PAGE, len(rest) < len(free)
    return found("free", region=region.code, page=page, more=more, before=before)


@act("booked", "held", "later", "taken", REPEAT)
def book(at: At) -> Facts:
    """Book the time that the caller heard this key for; or go on to later ones."""
    assert isinstance(at.event, Keyed)
    shown, key = on_offer(at.state), int(at.event.digits)
    if key > ON_A_PAGE and (at.state.fact("times", "more") or at.state.fact("times", "before")):
        return found("later")
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


def _read(time: object) -> tuple[datetime, int]:
    """A time on offer, as it is kept."""
    assert isinstance(time, list | tuple)
    place, at = time
    return datetime.fromisoformat(at), int(place)


ACTS: tuple[Act, ...] = (appointment, times, book, give_up)
