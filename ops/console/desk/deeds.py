"""What a clerk does for somebody at the counter: certify, set a PIN, choose a word, give a code, note needs."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from certification import codes, confirmation, desks, needs, pins, safewords
from certification.errors import Problem
from certification.needs import Declared
from certification.runtime import Runtime
from ops.console import access
from ops.console.desk import person as page
from ops.console.desk.find import theirs


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add what a clerk may do."""
    _seen(console, rt)
    _chosen(console, rt)


def _seen(console: Blueprint, rt: Runtime) -> None:
    """What rests on the clerk's having seen the person and their card."""

    @console.post("/people/<person_id>/certify")
    @access.for_(access.DESK)
    def certify(person_id: str) -> ResponseReturnValue:
        if request.form.get("seen") != "yes":
            raise desks.CardNotSeen
        with rt.sessions.begin() as session:
            recorded = desks.certify(session, rt, theirs(session, person_id), access.who().name)
        if isinstance(recorded, Problem):  # raised after the commit, which keeps what the journal says of it
            raise recorded
        receipt = recorded.evidence.receipt
        certified = gettext("desk.certified", receipt=receipt)
        flash(certified if recorded.closed else gettext("desk.recorded", receipt=receipt))
        return _back(person_id)

    @console.post("/people/<person_id>/code")
    @access.for_(access.DESK)
    def code(person_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one = theirs(session, person_id)
            waits = confirmation.awaited(session, one)
            given = codes.issue(session, rt, one, access.who().name, confirms=waits)
            shown = page.facts(session, rt, one, whole=False)
        return render_template("person.html", **shown, code=f"{given[:4]} {given[4:]}", confirms=waits is not None)


def _chosen(console: Blueprint, rt: Runtime) -> None:
    """What the person chooses, and says that they need."""

    @console.post("/people/<person_id>/pin")
    @access.for_(access.DESK)
    def pin(person_id: str) -> ResponseReturnValue:
        if request.form.get("pin") != request.form.get("again"):
            raise pins.PinsDiffer
        with rt.sessions.begin() as session:
            pins.set_pin(session, rt, theirs(session, person_id), request.form.get("pin", ""), access.who().name)
        flash(gettext("desk.pin_set"))
        return _back(person_id)

    @console.post("/people/<person_id>/word")
    @access.for_(access.DESK)
    def word(person_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one, chosen = theirs(session, person_id), request.form.get("word", "").strip()
            if chosen:
                safewords.choose(session, rt, one, chosen, access.who().name)
            else:
                safewords.withdraw(session, rt, one, access.who().name)
        flash(gettext("desk.word_chosen") if chosen else gettext("desk.word_gone"))
        return _back(person_id)

    @console.post("/people/<person_id>/needs")
    @access.for_(access.DESK)
    def need(person_id: str) -> ResponseReturnValue:
        wanted = set(request.form.getlist("need"))
        if not wanted <= {one.value for one in Declared}:
            abort(400)
        with rt.sessions.begin() as session:
            one = theirs(session, person_id)
            for each in Declared:
                deed = needs.declare if each.value in wanted else needs.withdraw
                deed(session, rt, one, each, access.who().name)
        flash(gettext("desk.needs_kept"))
        return _back(person_id)


def _back(person_id: str) -> ResponseReturnValue:
    if step := request.form.get("step"):  # within an enrolment, which goes on there
        return redirect(url_for("console.enrol", person_id=person_id, step=step))
    return redirect(url_for("console.person", person_id=person_id))
