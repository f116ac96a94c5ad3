"""The card that somebody takes home: large, printed, in both languages, and without their identity number."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext

from certification import certifying, journal, people, phones
from certification.runtime import Runtime
from ops.console import access
from ops.console.desk.find import theirs
from ops.console.language import LANGUAGES


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the card."""

    @console.get("/people/<person_id>/card")
    @access.for_(access.CARD)
    def card(person_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one = theirs(session, person_id)
            name = people.reveal(rt.keys, one).name
            due = certifying.status(session, rt, one).next_due
            journal.write(session, rt.now(), access.who().name, "card shown", f"person:{one.id}")
        line = rt.settings.voice_from if rt.settings.calls else ""
        said = {"hotline": _dialled(line), "helps": _dialled(rt.regions[one.region].operator.number)}
        both = {code: _said(code, due) for code in LANGUAGES}
        return render_template("card.html", person=one, name=name, both=both, **said)


def _dialled(number: str) -> str:
    return phones.dialled(number) if number else ""


def _said(code: str, due: date) -> dict[str, str]:
    """What the card says in a language, whichever the page is in."""
    with force_locale(code):
        day = {"year": due.year, "month": due.month, "day": due.day}
        return {
            "title": gettext("card.title"),
            "call": gettext("card.call"),
            "by": gettext("card.by"),
            "due": gettext("card.date", **day),
            "how": gettext("card.how"),
            "1": gettext("card.1"),
            "2": gettext("card.2"),
            "3": gettext("card.3"),
            "4": gettext("card.4"),
            "5": gettext("card.5"),
            "otherwise": gettext("card.otherwise"),
            "otherwise_text": gettext("card.otherwise_text"),
            "helps": gettext("card.helps"),
            "helps_text": gettext("card.helps_text"),
            "never": gettext("card.never"),
        }
