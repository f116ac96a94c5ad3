"""Campaigns: what was planned, how far each is, one let go, paused, stopped, resumed. No text, no number is shown."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification.runtime import Runtime
from certification.store import Campaign, only_read
from ops.console import access, exporting, listing, shown
from ops.console import asked as form
from ops.console.audit.actions import key
from ops.console.listing import Asked, Field, Rows
from ops.console.work import events
from ops.console.work.events import Progress
from sms import campaigns, counting, planning
from sms.outbox import FAULTY
from sms.providers.codes import PERMANENT
from sms.providers.configured import carriers

STATES = ("planning", "planned", "released", "paused", "stopped", "resuming", "done")
COUNTS = ("people", "messages", "copies", "segments", "cost", "calls", "silent")
MESSAGES = ("planned", "queued", "sending", "sent", "delivered", "failed", "unknown", "dropped")
UNSENT = (
    "bereavement",
    "called first",
    "called off",
    "cannot be made",
    "certified",
    "late",
    "no number",
    "nobody",
    "nobody knows",
    "opted out",
    "stopped",
    "the same again",
)
"""Why a message was not sent or is not known to have come, where that is our word and no carrier's code."""
GOING = ("planning", "released", "resuming")
MAY = {
    "planned": ("release", "stop"),
    "planning": ("stop",),
    "released": ("pause", "stop"),
    "paused": ("release", "stop"),
    "stopped": ("resume",),
    "resuming": ("stop",),
}
"""What may be done with a campaign, by its state."""
_BY = (Campaign.planned_at, Campaign.id)
DEEDS = {"release": campaigns.let_go, "pause": campaigns.hold, "stop": campaigns.call_off, "resume": campaigns.take_up}


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the list of campaigns, the page of one, its numbers as a file, and what may be done with it."""

    @console.get("/campaigns")
    @access.for_(access.WORK)
    def campaigns_() -> ResponseReturnValue:
        asked = _asked(rt)
        with rt.sessions() as session:
            only_read(session)
            page = listing.page(session, _found(asked), _BY, asked, down=True, size=25)
        return render_template("campaigns.html", asked=asked, page=page, region=partial(shown.place, rt.regions))

    @console.get("/campaigns.<kind>")
    @access.for_(access.WORK)
    def campaigns_file(kind: str) -> ResponseReturnValue:
        asked = _asked(rt)
        entry: dict[str, Any] = {"did": "campaigns exported", "of": "campaigns", "filter": asked.values}
        return exporting.handed(rt, kind, "campaigns", _headings(), partial(_lines, rt, asked), **entry)

    _one(console, rt)


def _one(console: Blueprint, rt: Runtime) -> None:
    """Add the page of one campaign, its numbers, and its deeds."""

    @console.get("/campaigns/<campaign_id>")
    @access.for_(access.WORK)
    def campaign(campaign_id: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            found = theirs(session, campaign_id)
            facts = _facts(session, rt, found)
        return render_template(
            "campaign.html",
            campaign=found,
            region=partial(shown.place, rt.regions),
            carried=bool(carriers(rt.settings)),
            **facts,
        )

    @console.get("/campaigns/<campaign_id>/events")
    @access.for_(access.WORK)
    def campaign_events(campaign_id: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            return events.event(_progress(session, theirs(session, campaign_id)))

    @console.get("/campaigns/<campaign_id>/counts.<kind>")
    @access.for_(access.WORK)
    def campaign_counts(campaign_id: str, kind: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            found = theirs(session, campaign_id)
        heading = [gettext("batch.hour"), gettext("message.sent")]
        heading += [gettext("message.delivered"), gettext("message.failed")]
        name = f"campaign-{found.region}-{found.on}"
        entry: dict[str, Any] = {"did": "campaign exported", "of": f"campaign:{found.id}"}
        return exporting.handed(rt, kind, name, heading, partial(_hours, found.id), **entry)

    @console.post("/campaigns/<campaign_id>/<deed>")
    @access.for_(access.SIGN)
    def campaign_deed(campaign_id: str, deed: str) -> ResponseReturnValue:
        if deed not in DEEDS:
            abort(404)
        with rt.sessions() as session:
            only_read(session)
            found = theirs(session, campaign_id)
        if deed != "pause":
            form.sure()
        DEEDS[deed](rt, found.id, access.who().name)
        flash(gettext(f"batch_done.{deed}"))
        return redirect(url_for("console.campaign", campaign_id=campaign_id))


def theirs(session: Session, campaign_id: str) -> Campaign:
    """A campaign that whoever is signed in may see; otherwise there is none."""
    found = session.get(Campaign, campaign_id)
    if found is None:
        abort(404)
    if not access.sees(found.region):
        access.not_theirs(f"campaign:{found.id}")
    return found


def _facts(session: Session, rt: Runtime, found: Campaign) -> dict[str, Any]:
    progress = campaigns.progress(session, found.id)
    over = found.state == "stopped" and planning.over(found.on, rt.now())
    return {
        "counts": [(name, found.counts[name]) for name in COUNTS if found.counts.get(name) is not None],
        "states": [(name, progress.states[name]) for name in MESSAGES if name in progress.states],
        "reasons": [(_why(why), number) for why, number in sorted(progress.reasons.items(), key=lambda one: -one[1])],
        "hours": counting.by_hour(session, found.id),
        "answered": counting.answered(session, found),
        "may": () if over else MAY.get(found.state, ()),
        "over": over,
        "dropped": campaigns.dropped(session, found.id) if found.state == "stopped" else 0,
        "to": campaigns.came_from(found),
        "going": _progress(session, found),
    }


def _why(why: str) -> str:
    """Why a message came to nothing, in words; a carrier's code stays beside them, for whoever asks the carrier."""
    if why in UNSENT:
        return str(gettext(f"unsent.{key(why)}"))
    code = why.removeprefix(FAULTY)
    if code != why or any(code in some for some in PERMANENT.values()):
        return str(gettext("batch.faulty", code=code))
    return str(gettext("batch.refused", code=code))


def _progress(session: Session, found: Campaign) -> Progress:
    messages = found.counts.get("messages") or 0
    going = found.state in GOING
    if found.state == "planning" or not messages:
        return Progress(found.state, 0.0 if going else 1.0, going)
    return Progress(found.state, 1 - counting.left(session, found.id) / messages, going)


def _asked(rt: Runtime) -> Asked:
    state = Field("state", gettext("run.state"), {one: gettext(f"campaign_state.{one}") for one in STATES})
    return listing.read(*listing.region_field(rt), state)


def _headings() -> list[str]:
    what = [gettext("batch.on"), gettext("list.region"), gettext("run.state")]
    by = [gettext("batch.planned_by"), gettext("batch.planned")]
    return [*what, *(gettext(f"count.{one}") for one in COUNTS), *by]


def _lines(rt: Runtime, asked: Asked, session: Session) -> Iterator[exporting.Row]:
    """What a file says of each campaign."""
    name = partial(shown.place, rt.regions)
    for one in listing.everything(session, _found(asked), _BY, down=True):
        what = (shown.day(one.on), name(one.region), gettext(f"campaign_state.{one.state}"))
        counts = [one.counts.get(count) for count in COUNTS]
        yield [*what, *counts, one.planned_by, shown.moment(one.planned_at)]


def _hours(campaign_id: str, session: Session) -> Iterator[exporting.Row]:
    for one in counting.by_hour(session, campaign_id):
        yield [shown.moment(one.begins), one.sent, one.delivered, one.failed]


def _found(asked: Asked) -> Rows:
    one = Campaign
    found = select(one.id, one.region, one.on, one.state, one.counts, one.planned_by, one.planned_at)
    if asked.region is not None:
        found = found.where(one.region == asked.region)
    return found if asked["state"] is None else found.where(one.state == asked["state"])
