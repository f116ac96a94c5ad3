"""What forms ask for everywhere."""

from __future__ import annotations

from datetime import date

from flask import abort, request

LONGEST = 200
"""Characters of a reason: it stays in the journal."""


def reason() -> str:
    """Why something is done, as the form's field `why` has it."""
    why = request.form.get("why", "")
    return why if len(why) <= LONGEST else abort(400)


def month() -> date:
    """The first day of the month that the form's field `month` names."""
    try:
        return date.fromisoformat(request.form.get("month", "") + "-01")
    except ValueError:
        abort(400)


def sure() -> None:
    """What cannot be taken back is done only where the form's tick was set; without it, it is no request of ours."""
    if request.form.get("sure") != "yes":
        abort(400)
