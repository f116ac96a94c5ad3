"""Campaigns: what was planned, how far each is, and one let go, paused or stopped. No text and no number is shown."""

from __future__ import annotations

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
from ops.console.listing import Field, Rows
from ops.console.work import events
from ops.console.work.events import Progress
from sms import campaigns, counting
from sms.outbox import FAULTY
from sms.providers.codes import PERMANENT
from sms.providers.configured import carriers

STATES = ("planning", "planned", "released", "paused", "stopped", "done")
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
GOING = ("planning", "released")
MAY = {
    "planned": ("release", "stop"),
    "planning": ("stop",),
    "released": ("pause", "stop"),
    "paused": ("release", "stop"),
}
"""What may be done with a campaign, by its state."""
DEEDS = {"release": campaigns.let_go, "pause": campaigns.hold, "stop": campaigns.call_off}


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the list of campaigns, the page of one, its numbers as a file, and what may be done with it."""

    @console.get("/campaigns")
    @access.for_(access.WORK)
    def campaigns_() -> ResponseReturnValue:
        state = Field("state", gettext("run.state"), {one: gettext(f"campaign_state.{one}") for one in STATES})
        asked = listing.read(*listing.region_field(rt), state)
        with rt.sessions() as session:
            only_read(session)
            page = listing.page(session, _found(asked), (Campaign.planned_at, Campaign.id), asked, down=True, size=25)
        return render_template("campaigns.html", asked=asked, page=page, region=_named(rt))

    @console.get("/campaigns/<campaign_id>")
    @access.for_(access.WORK)
    def campaign(campaign_id: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            found = theirs(session, campaign_id)
            facts = _facts(session, found)
        return render_template(
            "campaign.html", campaign=found, region=_named(rt), carried=bool(carriers(rt.settings)), **facts
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
            hours = counting.by_hour(session, found.id)
        heading = [
            gettext("batch.hour"),
            gettext("message.sent"),
            gettext("message.delivered"),
            gettext("message.failed"),
        ]
        rows = [(shown.moment(one.begins), one.sent, one.delivered, one.failed) for one in hours]
        return exporting.sent(f"campaign-{found.region}-{found.on}", kind, heading, rows)

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


def _facts(session: Session, found: Campaign) -> dict[str, Any]:
    progress = campaigns.progress(session, found.id)
    return {
        "counts": [(name, found.counts[name]) for name in COUNTS if found.counts.get(name) is not None],
        "states": [(name, progress.states[name]) for name in MESSAGES if name in progress.states],
        "reasons": [(_why(why), number) for why, number in sorted(progress.reasons.items(), key=lambda one: -one[1])],
        "hours": counting.by_hour(session, found.id),
        "answered": counting.answered(session, found),
        "may": MAY.get(found.state, ()),
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


def _found(asked: listing.Asked) -> Rows:
    one = Campaign
    found = select(one.id, one.region, one.on, one.state, one.counts, one.planned_by, one.planned_at)
    if asked.region is not None:
        found = found.where(one.region == asked.region)
    return found if asked["state"] is None else found.where(one.state == asked["state"])


def _named(rt: Runtime) -> Any:
    known = {one.code: one for one in rt.regions}
    return lambda code: shown.region(known[code]) if code in known else code
