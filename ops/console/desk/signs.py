"""Somebody's signs of life on their page: each with its receipt, day, way and by whom; taken back, and put back."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import earlier, review, withdrawing
from certification.evidence import Kind
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Evidence, Person, TakenBack
from ops.console import access, asked, shown
from ops.console.desk.find import theirs

LATEST = 20


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign of life as the page shows it. `by`: who put it on record; None where a machine did, or nobody knows.

    `case`: the case on whose verdict it rests. `taken`: how it was taken back. `may`: a supervisor may take it back, or
    put it back; `mine`: the clerk who looks may, because they have just certified the person.
    """

    evidence: Evidence
    by: str | None
    case: str | None
    taken: TakenBack | None
    may: bool
    mine: bool


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add what is done about a sign of life that was entered by mistake."""

    @console.post("/people/<person_id>/signs/<evidence_id>/withdraw")
    @access.for_(access.TAKE_BACK)
    def withdraw_sign(person_id: str, evidence_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one, who = _theirs(session, person_id, evidence_id), access.who()
            asked.sure()
            supervisor, why = who.role is Role.SUPERVISOR, asked.reason()
            row = withdrawing.withdraw(session, rt, one.id, by=who.name, why=why, supervisor=supervisor)
        flash(said(row))
        return redirect(url_for("console.person", person_id=person_id))

    @console.post("/people/<person_id>/signs/<evidence_id>/put-back")
    @access.for_(access.SIGN)
    def put_sign_back(person_id: str, evidence_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one = _theirs(session, person_id, evidence_id)
            asked.sure()
            done = withdrawing.put_back(session, rt, one.id, by=access.who().name, why=asked.reason())
        flash(gettext("sign.put_back") if done else gettext("sign.stands"))
        return redirect(url_for("console.person", person_id=person_id))


def said(row: TakenBack | None) -> str:
    """What whoever took a sign of life back is told; None: it was taken back before."""
    opened = gettext("sign.taken_back_open") if row is not None and row.period_id else gettext("sign.taken_back")
    told: str = gettext("sign.taken_before") if row is None else opened
    return told


def of(session: Session, rt: Runtime, person: Person) -> list[Sign]:
    """The latest signs of life, whether or not they count, newest first."""
    mine = select(Evidence).where(Evidence.person_id == person.id)
    found = session.scalars(mine.order_by(Evidence.observed_at.desc(), Evidence.id).limit(LATEST)).all()
    by, who, now = earlier.recorded(session, person), access.who(), rt.now()
    return [
        Sign(
            one,
            None if by.get(one.id) in shown.MACHINES else by.get(one.id),
            str(one.detail.get("case", "")) or None if one.source == review.SOURCE else None,
            None if one.withdrawn_at is None else withdrawing.last(session, one),
            who.role is Role.SUPERVISOR and one.kind != Kind.RECORD and one.source != review.SOURCE,
            who.role is Role.CLERK and withdrawing.by_them_just_now(one, who.name, now),
        )
        for one in found
    ]


def _theirs(session: Session, person_id: str, evidence_id: str) -> Evidence:
    """A sign of life of somebody whom whoever is signed in may see; otherwise there is none."""
    person, evidence = theirs(session, person_id), session.get(Evidence, evidence_id)
    if evidence is None or evidence.person_id != person.id:
        abort(404)
    return evidence
