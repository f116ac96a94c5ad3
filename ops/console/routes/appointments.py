"""Appointments: a desk's day, booked, moved, called off, kept or missed; and whom to invite."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from certification import appointments, certifying, desks, grounds, journal
from certification.regions import SHANGHAI, Region
from certification.runtime import Runtime
from certification.store import Appointment, Case, Person
from ops.console import access, exporting, language, listing, shown
from ops.console.desk.find import named, theirs
from ops.console.listing import Asked, Field

MOST = 50
"""People to be invited, on one page."""
_PART = 500


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the day, whom to invite, and what is done about an appointment."""
    _day(console, rt)
    _booked(console, rt)
    _came(console, rt)


def _day(console: Blueprint, rt: Runtime) -> None:
    @console.get("/appointments")
    @access.for_(access.PEOPLE)
    def appointments_() -> ResponseReturnValue:
        asked, region, day = _asked(rt)
        offices, invited = dict[str, list[dict[str, Any]]](), []
        with rt.sessions.begin() as session:
            if region is not None:
                booked = appointments.of_day(session, region.code, day)
                taken = grounds.taken_back(session, grounds.APPOINTMENT, {one.person_id for one in booked})
                for one in booked:
                    known = {"name": named(rt, session.get_one(Person, one.person_id)), "taken": taken.get(one.id)}
                    offices.setdefault(one.office, []).append({"one": one, **known})
                for case in appointments.to_invite(session, region.code, most=MOST):
                    person = session.get_one(Person, case.person_id)
                    invited.append({"case": case, "person": person, "name": named(rt, person)})
                found = {"found": sum(map(len, offices.values())), "invited": len(invited), "day": day.isoformat()}
                actor, subject = access.who().name, f"region:{region.code}"
                journal.write(session, rt.now(), actor, "appointments listed", subject, **found)
        facts = {"asked": asked, "region": region, "day": day, "offices": offices, "invited": invited, "most": MOST}
        beside = {"before": day - timedelta(days=1), "after": day + timedelta(days=1)}
        return render_template("appointments.html", now=rt.now(), today=certifying.day_of(rt.now()), **facts, **beside)

    @console.get("/appointments.<kind>")
    @access.for_(access.EXPORTS)
    def appointments_file(kind: str) -> ResponseReturnValue:
        _, region, day = _asked(rt)
        place = (region or abort(404)).code
        heading = [gettext("appointment.day"), gettext("appointment.time"), gettext("appointment.office")]
        heading += [gettext("roll.name"), gettext("appointment.state")]
        entry: dict[str, Any] = {"did": "appointments exported", "of": f"region:{place}", "day": day.isoformat()}
        return exporting.handed(rt, kind, f"appointments-{place}-{day}", heading, partial(_of, rt, place, day), **entry)

    @console.get("/appointments/invited.<kind>")
    @access.for_(access.EXPORTS)
    def invited_file(kind: str) -> ResponseReturnValue:
        place = (_place(rt, listing.read(*_places(rt)).region) or abort(404)).code
        heading = [gettext("roll.name"), gettext("cases.kind"), gettext("cases.opened")]
        entry: dict[str, Any] = {"did": "people to be invited exported", "of": f"region:{place}"}
        return exporting.handed(rt, kind, f"invited-{place}", heading, partial(_invited, rt, place), **entry)


def _booked(console: Blueprint, rt: Runtime) -> None:
    @console.post("/people/<person_id>/appointment")
    @access.for_(access.TEND)
    def book(person_id: str) -> ResponseReturnValue:
        office, at = request.form.get("office", ""), _moment(request.form.get("at", ""))
        with rt.sessions.begin() as session:
            person = theirs(session, person_id)
            held = appointments.coming(session, rt, person)
            deed = appointments.book if held is None else appointments.move
            booked = deed(session, rt, person, office, at, access.who().name)
        flash(gettext("appointment.booked", office=booked.office, at=shown.moment(booked.at)))
        return redirect(url_for("console.ways", person_id=person_id))

    @console.post("/appointments/<appointment_id>/cancel")
    @access.for_(access.TEND)
    def cancel(appointment_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one, person = _coming(session, rt, appointment_id)
            appointments.cancel(session, rt, person, access.who().name)
        return _told(gettext("appointment.cancelled_now"), one)


def _came(console: Blueprint, rt: Runtime) -> None:
    @console.post("/appointments/<appointment_id>/keep")
    @access.for_(access.DESK)
    def keep(appointment_id: str) -> ResponseReturnValue:
        if request.form.get("seen") != "yes":
            raise desks.CardNotSeen
        with rt.sessions.begin() as session:
            one, person = _coming(session, rt, appointment_id)
            recorded = appointments.keep(session, rt, person, access.who().name)
        receipt = recorded.evidence.receipt
        certified = gettext("desk.certified", receipt=receipt)
        return _told(certified if recorded.closed else gettext("desk.recorded", receipt=receipt), one)

    @console.post("/appointments/<appointment_id>/miss")
    @access.for_(access.TEND)
    def miss(appointment_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one, person = _coming(session, rt, appointment_id)
            appointments.miss(session, rt, person, access.who().name)
        return _told(gettext("appointment.missed_now"), one)

    @console.post("/appointments/<appointment_id>/restore")
    @access.for_(access.TEND)
    def restore(appointment_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one, _ = _theirs(session, appointment_id)
            appointments.restore(session, rt, one, access.who().name)
        return _told(gettext("appointment.restored"), one)


def _theirs(session: Session, appointment_id: str) -> tuple[Appointment, Person]:
    """An appointment that whoever is signed in may see, and whose it is; otherwise there is none."""
    one = session.get(Appointment, appointment_id)
    if one is None:
        abort(404)
    if not access.sees(one.region):
        access.not_theirs(f"person:{one.person_id}")
    return one, theirs(session, one.person_id)


def _coming(session: Session, rt: Runtime, appointment_id: str) -> tuple[Appointment, Person]:
    """One that is still to come, or was today. Raises NotBooked."""
    one, person = _theirs(session, appointment_id)
    held = appointments.coming(session, rt, person)
    if held is None or held.id != one.id:
        raise appointments.NotBooked
    return one, person


def _told(said: str, one: Appointment) -> ResponseReturnValue:
    flash(said)
    back = request.form.get("back")
    if back:
        return redirect(language.back(back))
    day = certifying.day_of(one.at)
    return redirect(url_for("console.appointments_", day=day.isoformat(), region=_chosen(one)))


def _chosen(one: Appointment) -> str | None:
    return one.region if access.who().region is None else None


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    except ValueError:
        abort(400)


def _asked(rt: Runtime) -> tuple[Asked, Region | None, date]:
    """What the address asks for: where, and of which day."""
    asked = listing.read(Field("day", gettext("appointment.day"), kind="date"), *_places(rt))
    return asked, _place(rt, asked.region), asked.day("day") or certifying.day_of(rt.now())


def _of(rt: Runtime, region: str, day: date, session: Session) -> Iterator[exporting.Row]:
    """The lines of a day's file."""
    for one in appointments.of_day(session, region, day):
        state = gettext(f"appointment_state.{one.state}")
        name = named(rt, session.get_one(Person, one.person_id))
        yield [shown.day(day), shown.moment(one.at)[-5:], one.office, name, state]


def _invited(rt: Runtime, region: str, session: Session) -> Iterator[exporting.Row]:
    """The lines of the file of those whom a desk can help."""
    found = appointments.inviting(region).join(Person, Person.id == Case.person_id).add_columns(Person)
    rows = session.execute(found.limit(exporting.MOST + 1).execution_options(yield_per=_PART))
    for case, person in rows:
        yield [named(rt, person), shown.case(case.kind), shown.moment(case.opened_at)]


def _places(rt: Runtime) -> list[Field]:
    """The choice of a region that takes appointments, for whoever is of none."""
    if access.who().region is not None:
        return []
    taken = {one.code: shown.region(one) for one in rt.regions if appointments.taken(one)}
    return [Field("region", gettext("list.region"), taken)]


def _place(rt: Runtime, code: str | None) -> Region | None:
    """The region of the page: theirs, where it takes appointments, or that which was chosen, or the first."""
    taken = [one for one in rt.regions if appointments.taken(one)]
    return next((one for one in taken if code in (None, one.code)), None)
