"""What a supervisor does with a list: sign and release it, take somebody off it, lift a suspension, restore payment."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from flask import Blueprint, abort, flash, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.orm import Session

from certification import journal, staff
from certification.errands import Kind
from certification.errors import Problem
from certification.runtime import Runtime
from certification.staff import Proven
from certification.store import PaymentList, Person, Suspension, only_read
from certification.suspension import files, lifting, lists, releasing, restoring, taking
from certification.suspension.checks import SIGNATURES
from ops.console import access, asked
from ops.console.payments.lists import theirs
from ops.console.work import asking


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add what a supervisor may do."""
    _lists(console, rt)
    _people(console, rt)
    _liftings(console, rt)
    _files(console, rt)


def _lists(console: Blueprint, rt: Runtime) -> None:
    """Signing, and asking for the release and for restorations, which the sweep does (ops.releases, ops.errands)."""

    @console.post("/suspensions/<list_id>/sign")
    @access.for_(access.SIGN)
    def sign_list(list_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            listed = theirs(session, list_id)
            _suspends(listed)
            outcome: int | Proven | Problem = staff.prove(session, rt, access.who().name, *_given())
            if isinstance(outcome, Proven):
                outcome = lists.sign(session, rt, listed, outcome, request.form.get("digest", ""))
        if isinstance(outcome, Problem):  # raised after the commit, which keeps what the journal says of it
            raise outcome
        if outcome < SIGNATURES:
            flash(gettext("pay.signed_one"))
        else:
            flash(gettext("pay.signed_both"))
        return _back(list_id)

    @console.post("/suspensions/<list_id>/release")
    @access.for_(access.SIGN)
    def release_list(list_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            listed = theirs(session, list_id)
            _suspends(listed)
            asked.sure()
            outcome = releasing.ask(session, rt, listed.region, listed.month, access.who().name)
        if isinstance(outcome, Problem):
            raise outcome
        flash(gettext("pay.let_go"))
        return _back(list_id)

    @console.post("/suspensions/restore")
    @access.for_(access.SIGN)
    def restore_payment() -> ResponseReturnValue:
        region, month = asking.region(rt), asked.month()
        restoring.in_time(rt, month)
        with rt.sessions() as session:
            only_read(session)
            waiting = restoring.waiting(session).get(region, 0)
        return asking.ask(rt, Kind.RESTORATION, of=max(waiting, 1), month=month.isoformat())


def _people(console: Blueprint, rt: Runtime) -> None:
    """Taking somebody off a list that is not released yet, and putting them back."""

    @console.post("/suspensions/<list_id>/people/<person_id>/off")
    @access.for_(access.SIGN)
    def take_off_list(list_id: str, person_id: str) -> ResponseReturnValue:
        moved(list_id, person_id, taking.take_off)
        flash(gettext("pay.taken_off"))
        return _back(list_id)

    @console.post("/suspensions/<list_id>/people/<person_id>/back")
    @access.for_(access.SIGN)
    def put_back_on_list(list_id: str, person_id: str) -> ResponseReturnValue:
        moved(list_id, person_id, taking.put_back)
        flash(gettext("pay.put_back"))
        return _back(list_id)

    def moved(
        list_id: str, person_id: str, deed: Callable[[Session, Runtime, PaymentList, Person, str, str], None]
    ) -> None:
        with rt.sessions.begin() as session:
            listed, person = theirs(session, list_id), session.get(Person, person_id) or abort(404)
            _suspends(listed)
            deed(session, rt, listed, person, access.who().name, asked.reason())


def _liftings(console: Blueprint, rt: Runtime) -> None:
    """Lifting a suspension, and taking that back while nobody was paid again: each with password and code."""

    @console.post("/suspensions/entries/<entry_id>/lift")
    @access.for_(access.SIGN)
    def lift_suspension(entry_id: str) -> ResponseReturnValue:
        return _turned(entry_id, lift=True)

    @console.post("/suspensions/entries/<entry_id>/suspend-again")
    @access.for_(access.SIGN)
    def suspend_again(entry_id: str) -> ResponseReturnValue:
        return _turned(entry_id, lift=False)

    def _turned(entry_id: str, *, lift: bool) -> ResponseReturnValue:
        deed = lifting.lift if lift else lifting.take_back
        with rt.sessions.begin() as session:
            entry = session.get(Suspension, entry_id) or abort(404)
            listed = theirs(session, entry.list_id)
            outcome = staff.prove(session, rt, access.who().name, *_given())
        if isinstance(outcome, Problem):  # raised after the commit, which keeps what is counted
            raise outcome
        with rt.sessions.begin() as session:
            deed(session, rt, entry_id, outcome, asked.reason())
        flash(gettext("pay.lifted") if lift else gettext("pay.suspended_again"))
        return _back(listed.id)


def _files(console: Blueprint, rt: Runtime) -> None:
    """The file for the paying agency: whole numbers and names, so it is posted for and journalled."""

    @console.post("/suspensions/<list_id>/file")
    @access.for_(access.SIGN)
    def agency_file(list_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            listed = theirs(session, list_id)
            if listed.released_at is None:
                abort(404)
            file = files.again(session, rt, listed)
            facts = {"sha256": file.sha256, "people": file.people}
            journal.write(session, rt.now(), access.who().name, "list file taken", lists.subject(listed), **facts)
        return send_file(BytesIO(file.content), mimetype="text/csv", as_attachment=True, download_name=file.name)


def _given() -> tuple[str, str, tuple[str, ...]]:
    """The password and code of the form, and the door that somebody who is signed in knocks at."""
    return request.form.get("password", ""), request.form.get("code", ""), (f"signed in:{current_user.sign_in}",)


def _suspends(listed: PaymentList) -> None:
    if listed.kind != lists.SUSPENSION:
        abort(404)


def _back(list_id: str) -> ResponseReturnValue:
    return redirect(url_for("console.suspension_list", list_id=list_id))
