"""Opening somebody's record at the desk and correcting it: what goes is shown before it goes, what was typed stays."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from certification import journal, people, records
from certification.errors import Problem
from certification.records import Change, Holder, What
from certification.runtime import Runtime
from certification.store import Person, Phone
from ops.console import access, language, shown
from ops.console.desk.find import theirs

FIELDS = ("id_number", "name", "phone", "holder", "dialect", "region")
ROWS = 2  # for telephones that come


@dataclass(frozen=True, slots=True)
class Filled:
    """The form of a correction, as it was filled in."""

    name: str = field(repr=False)
    dialect: str
    holders: dict[str, str]
    gone: frozenset[str]
    more: list[tuple[str, str]] = field(repr=False)


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the pages of a new record and of a correction."""

    @console.route("/people/new", methods=["GET", "POST"])
    @access.for_(access.DESK)
    def new_person() -> ResponseReturnValue:
        typed = {name: request.form.get(name, "").strip() for name in FIELDS}
        typed["holder"] = typed["holder"] or Holder.SELF.value
        if request.method == "GET" or request.form.get("begin"):
            return _new(rt, typed)
        mine = access.who().region
        try:
            entry = records.entry(rt, typed | {"region": mine or typed["region"]})
        except Problem as problem:
            return _new(rt, typed, problem), 400
        with rt.sessions.begin() as session:
            one, new = records.open_record(session, rt, entry, access.who().name)
            if not new:  # whoever asks for a number learns whether it is on the roll
                facts = {"by": "number", "found": 1}
                journal.write(session, rt.now(), access.who().name, "people looked for", "people", **facts)
        if not access.sees(one.region):
            return _new(rt, typed, records.OnRollElsewhere()), 409
        flash(gettext("record.opened") if new else gettext("record.there"))
        return redirect(url_for("console.person" if new else "console.record", person_id=one.id))

    @console.route("/people/<person_id>/record", methods=["GET", "POST"])
    @access.for_(access.DESK)
    def record(person_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one = theirs(session, person_id)
            kept = records.telephones(session, rt, one)
            if request.method == "GET":
                journal.write(session, rt.now(), access.who().name, "person shown", f"person:{one.id}")
                return _form(rt, one, kept, _kept(rt, one, kept))
            filled = _filled(kept)
            if request.form.get("back"):
                return _form(rt, one, kept, filled)
            answer = _correct(session, rt, one, kept, filled)
        if answer is not None:
            return answer
        flash(gettext("record.corrected"))
        return redirect(url_for("console.person", person_id=person_id))


def _new(rt: Runtime, typed: dict[str, str], problem: Problem | None = None) -> str:
    """The form of a new record, with what was typed."""
    wrong = None if problem is None else language.said(problem)
    regions = list(rt.regions) if access.who().region is None else []
    return render_template("record_new.html", typed=typed, wrong=wrong, regions=regions, **_choices(rt))


def _form(rt: Runtime, one: Person, kept: list[tuple[Phone, str]], filled: Filled, **more: object) -> str:
    """The form of a correction, with what was typed; or, where something is `due` to go, the question about it."""
    telephones = [(phone.id, shown.masked_telephone(number) if number else shown.NOTHING) for phone, number in kept]
    said: dict[str, Any] = {"person": one, "telephones": telephones, "filled": filled, "wrong": None, "due": None}
    return render_template("record.html", **said | more, **_choices(rt))


def _choices(rt: Runtime) -> dict[str, list[str]]:
    return {"dialects": sorted(people.spoken(rt)), "holders": [one.value for one in Holder]}


def _correct(
    session: Session, rt: Runtime, one: Person, kept: list[tuple[Phone, str]], filled: Filled
) -> ResponseReturnValue | None:
    """The page that follows; None where all is done."""
    try:
        wanted = records.wanted(
            rt,
            name=filled.name,
            dialect=filled.dialect,
            holders=filled.holders,
            gone=filled.gone,
            more=filled.more,
        )
    except Problem as problem:
        return _form(rt, one, kept, filled, wrong=language.said(problem)), 400
    people.hold(session, one.id)  # what is confirmed is what is there: a colleague's correction waits, or came before
    due = records.changes(session, rt, one, wanted)
    seal = _seal(rt, due)
    if any(change.replaces for change in due) and not compare_digest(request.form.get("confirmed", "").encode(), seal):
        return _form(rt, one, kept, filled, due=[_told(change) for change in due], seal=seal.decode())
    records.correct(session, rt, one, wanted, access.who().name)
    return None


def _kept(rt: Runtime, one: Person, kept: list[tuple[Phone, str]]) -> Filled:
    holders = {phone.id: phone.holder for phone, _ in kept}
    empty = [("", Holder.SELF.value), ("", Holder.RELATIVE.value)]
    return Filled(people.reveal(rt.keys, one).name, one.dialect or "", holders, frozenset(), empty)


def _filled(kept: list[tuple[Phone, str]]) -> Filled:
    form = request.form
    holders = {phone.id: form.get(f"holder-{phone.id}", phone.holder) for phone, _ in kept}
    gone = frozenset(phone.id for phone, _ in kept if form.get(f"gone-{phone.id}"))
    more = [(form.get(f"phone-{row}", "").strip(), form.get(f"whose-{row}", Holder.SELF.value)) for row in range(ROWS)]
    return Filled(form.get("name", "").strip(), form.get("dialect", ""), holders, gone, more)


def _seal(rt: Runtime, due: tuple[Change, ...]) -> bytes:
    """What a confirmation confirms: these changes of these values, and no others that came in between.

    With a secret, or the digits that the page hides could be tried out against it.
    """
    said = repr([(one.what.value, one.before, one.after, one.about) for one in due])
    return digest(rt.settings.session_secret.encode(), f"record\0{said}".encode(), sha256).hex().encode()


def _told(change: Change) -> tuple[str, str, str]:
    """What changes, and from what to what, as the page says it."""
    said = gettext(f"change.{change.what.value}")
    match change.what:
        case What.NAME:
            return said, change.before, change.after
        case What.DIALECT:
            return said, _dialect(change.before), _dialect(change.after)
        case What.HOLDER:
            return f"{said} {shown.masked_telephone(change.about)}", _whose(change.before), _whose(change.after)
        case What.REMOVED:
            return said, shown.masked_telephone(change.before), shown.NOTHING
        case What.ADDED:
            return said, shown.NOTHING, f"{shown.telephone(change.after)} · {_whose(change.about)}"


def _dialect(code: str) -> str:
    return str(gettext(f"dialect.{code}")) if code else shown.NOTHING


def _whose(holder: str) -> str:
    return str(gettext(f"whose.{holder}"))
