"""Works begun from the console: a list proposed, files compared, known cases put in; asked for here, done behind it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import certifying, errands
from certification.comparison.rules import Rules
from certification.errands import Kind
from certification.runtime import Runtime
from certification.store import Errand, PaymentList, new_id, only_read
from certification.suspension import lists, restoring
from ops import errands as behind
from ops.console import access, exporting, language, listing, shown
from ops.console import asked as form
from ops.console.listing import Asked, Field, Rows
from ops.console.work import asking, events, known, sending
from ops.console.work.events import Progress

STATES = (errands.ASKED, errands.DONE, errands.REFUSED)
MOST_BYTES = 1 << 30
"""Of all files of a comparison together: a line has about sixty bytes, and a city a few million lines."""
_BY = (Errand.asked_at, Errand.id)


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the list of works with the forms that begin one, the page of one, and what begins it."""
    _looked_at(console, rt)
    _begun(console, rt)


def _looked_at(console: Blueprint, rt: Runtime) -> None:
    @console.get("/errands")
    @access.for_(access.WORK)
    def errands_() -> ResponseReturnValue:
        asked = _listed(rt)
        with rt.sessions() as session:
            only_read(session)
            page = listing.page(session, _found(asked), _BY, asked, down=True, size=25)
        named = {one.code: shown.region(one) for one in rt.regions}
        mine = {code: said for code, said in named.items() if access.sees(code)}
        today = certifying.day_of(rt.now())
        compared = {code: said for code, said in mine.items() if Rules.of(rt.regions[code], today) is not None}
        facts = {"theirs": mine, "compared": compared, "fresh": new_id}
        limits = {"most_mb": MOST_BYTES >> 20, "most_files": behind.MOST_FILES, **known.limits()}
        month = lists.following_month(rt)
        return render_template("errands.html", asked=asked, page=page, named=named, month=month, **facts, **limits)

    @console.get("/errands.<kind>")
    @access.for_(access.WORK)
    def errands_file(kind: str) -> ResponseReturnValue:
        asked = _listed(rt)
        heading = [gettext("errand.kind"), gettext("list.region"), gettext("run.state"), gettext("run.begun_by")]
        heading += [gettext("errand.asked"), gettext("batch.ended")]
        entry: dict[str, Any] = {"did": "works exported", "of": "errands", "filter": asked.values}
        return exporting.handed(rt, kind, "errands", heading, partial(_lines, rt, asked), **entry)

    @console.get("/errands/<errand_id>")
    @access.for_(access.WORK)
    def errand(errand_id: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            found = theirs(session, errand_id)
            parts = _restored(session, found)
        why = (found.zh if language.chosen() == language.FIRST else found.en) or ""
        region = shown.place(rt.regions, found.region)
        facts = {"why": why, "region": region, "parts": parts}
        return render_template("errand.html", errand=found, going=_progress(found), **facts)

    @console.get("/errands/<errand_id>/events")
    @access.for_(access.WORK)
    def errand_events(errand_id: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            return events.event(_progress(theirs(session, errand_id)))


def _begun(console: Blueprint, rt: Runtime) -> None:
    """Each is written down, once for each form that was shown; what does it is elsewhere (ops.errands)."""

    @console.post("/errands/proposal")
    @access.for_(access.START)
    def ask_proposal() -> ResponseReturnValue:
        form.sure()
        month = form.month()
        lists.in_time(rt, month)
        return asking.ask(rt, Kind.PROPOSAL, month=month.isoformat())

    @console.post("/errands/comparison")
    @access.for_(access.START)
    @access.weighs(MOST_BYTES)
    def ask_comparison() -> ResponseReturnValue:
        form.sure()
        identifier = asking.identifier()
        asking.region(rt)
        if asking.before(rt, identifier):
            return asking.there(identifier)
        files = [one for one in request.files.getlist("files") if one.filename]
        if not 1 <= len(files) <= behind.MOST_FILES:
            raise behind.FileMissing
        behind.make_sure_of_room(rt, request.content_length or 0)
        kept = sending.keep(behind.folder(rt, identifier), files)
        return asking.ask(rt, Kind.COMPARISON, of=behind.PARTS, files=kept)


def theirs(session: Session, errand_id: str) -> Errand:
    """A work that whoever is signed in may see; otherwise there is none."""
    found = session.get(Errand, errand_id)
    if found is None:
        abort(404)
    if not access.sees(found.region):
        access.not_theirs(errands.subject(found.id))
    return found


def _restored(session: Session, errand: Errand) -> list[PaymentList]:
    """The parts of a list of restored payment that came of it."""
    if errand.kind != Kind.RESTORATION:
        return []
    mine = (PaymentList.kind == restoring.RESTORATION, PaymentList.region == errand.region)
    found = select(PaymentList).where(*mine, PaymentList.errand_id == errand.id).order_by(PaymentList.part)
    return list(session.scalars(found))


def _progress(one: Errand) -> Progress:
    going = one.state == errands.ASKED
    return Progress(one.state, one.done / one.of if going else 1.0, going)


def _listed(rt: Runtime) -> Asked:
    kinds = {one.value: gettext(f"errand_kind.{one.value}") for one in Kind}
    return listing.read(*listing.region_field(rt), Field("kind", gettext("errand.kind"), kinds))


def _lines(rt: Runtime, asked: Asked, session: Session) -> Iterator[exporting.Row]:
    for one in listing.everything(session, _found(asked), _BY, down=True):
        what = (gettext(f"errand_kind.{one.kind}"), shown.place(rt.regions, one.region))
        stand = (gettext(f"errand_state.{one.state}"), one.asked_by)
        yield [*what, *stand, shown.moment(one.asked_at), shown.moment(one.ended_at)]


def _found(asked: Asked) -> Rows:
    one = Errand
    found = select(one.id, one.kind, one.region, one.state, one.asked_by, one.asked_at, one.ended_at)
    if asked.region is not None:
        found = found.where(one.region == asked.region)
    return found if asked["kind"] is None else found.where(one.kind == asked["kind"])
