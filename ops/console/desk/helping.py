"""Who helps a person, as the person says at the counter: declared, with copies of reminders or without, and ended."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext
from sqlalchemy.orm import Session

from certification import helpers
from certification.helpers import Declared, Relation
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Person
from ops.console import access, language
from ops.console.desk.find import theirs


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add both deeds."""

    @console.post("/people/<person_id>/helpers")
    @access.for_(access.DESK)
    def declare_helper(person_id: str) -> ResponseReturnValue:
        given = {name: request.form.get(name, "").strip() for name in ("name", "phone")}
        relation = request.form.get("relation", "")
        if relation not in [*Relation]:
            abort(400)
        by = access.who().name
        with rt.sessions.begin() as session:
            one = theirs(session, person_id)
            helper = helpers.declare(session, rt, one, **given, relation=Relation(relation), by=by)
            if request.form.get("copies") == "yes":
                helpers.agree_to_copies(session, rt, one, helper, text=words(), how="desk", by=by)
        flash(gettext("helper.declared"))
        return redirect(url_for("console.person", person_id=person_id))

    @console.post("/people/<person_id>/helpers/<helper_id>/end")
    @access.for_(access.DESK)
    def end_helper(person_id: str, helper_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one = theirs(session, person_id)
            helpers.end(session, rt, one, helpers.find(session, one, helper_id), access.who().name)
        flash(gettext("helper.ended"))
        return redirect(url_for("console.person", person_id=person_id))


def words() -> str:
    """What the person agrees to where copies go to a helper, in the language in which it is read to them."""
    with force_locale(language.FIRST):
        return str(gettext("helper.words"))


def of(session: Session, rt: Runtime, person: Person) -> list[Declared]:
    """Who helps a person now, as far as it opens."""
    try:
        return helpers.declared(session, rt, person)
    except SealBroken:
        return []
