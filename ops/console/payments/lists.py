"""The lists of suspensions: by month and region, and who is on one and why; as files for a spreadsheet, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from itertools import islice
from typing import Any

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import contacts, journal, people
from certification.contacts import Channel
from certification.keys import SealBroken
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import PaymentList, Period, Person, Suspension, new_id, only_read
from certification.suspension import calledoff, lists, releasing, restoring
from certification.suspension.checks import SIGNATURES, Block
from ops.console import access, exporting, language, listing, shown
from ops.console.listing import Asked, Field, Line, Rows
from ops.console.work import events
from ops.console.work.events import Progress

CHECKED = 0.75
"""The share of a release that the checks take."""
STATES = ("proposed", "held", "dropped", "cleared", "suspended", "lifted", "restored")
STAGES = ("open", "released", "restoration")
_AT_ONCE = 500
_BY = (PaymentList.month, PaymentList.id)


@dataclass(frozen=True, slots=True)
class OnList:
    """Somebody on a list. `tried`: the channels on which they were really tried since the period opened, with when."""

    entry: Line
    name: str
    number: str
    reasons: Sequence[str]
    tried: Sequence[tuple[Channel, datetime]]


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the lists, the page of one, and both as files."""

    @console.get("/suspensions")
    @access.for_(access.PAYMENTS)
    def suspensions() -> ResponseReturnValue:
        asked = _asked(rt)
        with rt.sessions() as session:
            only_read(session)
            page = listing.page(session, _found(asked), _BY, asked, down=True)
            waiting = {code: one for code, one in restoring.waiting(session).items() if access.sees(code)}
        following = lists.following_month(rt)
        facts = {"waiting": waiting, "following": following, "present": _present(rt), "fresh": new_id}
        return render_template(
            "suspensions.html", asked=asked, page=page, region=partial(shown.place, rt.regions), stages=_stage, **facts
        )

    @console.get("/suspensions.<kind>")
    @access.for_(access.PAYMENTS)
    def suspensions_file(kind: str) -> ResponseReturnValue:
        asked = _asked(rt)
        entry: dict[str, Any] = {"did": "payment lists exported", "of": "payment lists", "filter": asked.values}
        return exporting.handed(rt, kind, "payment-lists", _headings(), partial(_lines, rt, asked), **entry)

    _one(console, rt)


def _one(console: Blueprint, rt: Runtime) -> None:
    """Add the page of one list, and its people as a file."""

    @console.get("/suspensions/<list_id>")
    @access.for_(access.PAYMENTS)
    def suspension_list(list_id: str) -> ResponseReturnValue:
        asked = listing.read(_state_field())
        with rt.sessions.begin() as session:
            listed = theirs(session, list_id)
            journal.write(session, rt.now(), access.who().name, "list shown", lists.subject(listed))
            page = listing.page(session, entries(listed, asked["state"]), (Suspension.person_id,), asked)
            on_list = list(known(session, rt, page.rows))
            facts = _facts(session, rt, listed)
        return render_template("suspension.html", asked=asked, page=page, on_list=on_list, **facts)

    @console.get("/suspensions/<list_id>/events")
    @access.for_(access.PAYMENTS)
    def suspension_events(list_id: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            return events.event(progress(theirs(session, list_id)))

    @console.get("/suspensions/<list_id>/people.<kind>")
    @access.for_(access.PAYMENTS)
    def suspension_people(list_id: str, kind: str) -> ResponseReturnValue:
        asked = listing.read(_state_field())
        with rt.sessions() as session:
            only_read(session)
            listed = theirs(session, list_id)
        entry: dict[str, Any] = {"did": "list exported", "of": lists.subject(listed), "state": asked["state"]}
        rows = partial(_people, rt, listed, asked["state"])
        return exporting.handed(rt, kind, _name(listed), _heading(), rows, **entry)


def theirs(session: Session, list_id: str) -> PaymentList:
    """A list that whoever is signed in may see; otherwise there is none."""
    listed = session.get(PaymentList, list_id)
    if listed is None:
        abort(404)
    if not access.sees(listed.region):
        access.not_theirs(lists.subject(listed))
    return listed


def entries(listed: PaymentList, state: str | None = None) -> Rows:
    """Everybody on a list, or those in a state, each with the period that it is about."""
    columns = (Suspension.id, Suspension.person_id, Suspension.state, Suspension.blocks, Period.opens, Period.due)
    mine = Suspension.list_id if listed.kind == lists.SUSPENSION else Suspension.restoration_id
    found = select(*columns).join(Period, Period.id == Suspension.period_id).where(mine == listed.id)
    return found if state is None else found.where(Suspension.state == state)


def known(session: Session, rt: Runtime, rows: Iterable[Line]) -> Iterator[OnList]:
    """Who some of the entries are of, and how they were tried."""
    some = list(rows)
    ids = [row.person_id for row in some]
    them = {one.id: one for one in session.scalars(select(Person).where(Person.id.in_(ids)))}
    tried = contacts.last_tried(session, select(Person.id).where(Person.id.in_(ids)))
    for row in some:
        try:
            revealed = people.reveal(rt.keys, them[row.person_id])
            name, number = revealed.name, shown.masked(revealed.number)
        except SealBroken:
            name = number = shown.NOTHING
        opened = datetime.combine(row.opens, time.min, SHANGHAI)
        since = sorted((at, channel) for channel, at in tried.get(row.person_id, {}).items() if at >= opened)
        yield OnList(row, name, number, [reason(one) for one in row.blocks], [(channel, at) for at, channel in since])


def reason(block: str) -> str:
    """Why somebody is not suspended, as a sentence."""
    one = Block(block)
    return one.zh if language.chosen() == language.FIRST else one.en


def progress(listed: PaymentList) -> Progress:
    """How far a release is: everybody is checked first, which takes longest."""
    share = events.share(listed.released_to)
    match listed.releasing:
        case releasing.CHECKING:
            return Progress(releasing.CHECKING, CHECKED * share, going=True)
        case releasing.SUSPENDING:
            return Progress(releasing.SUSPENDING, CHECKED + (1 - CHECKED) * share, going=True)
    return Progress(_stage(listed), 1.0, going=False)


def days_left(rt: Runtime, listed: PaymentList) -> int | None:
    """Days in which a list can still be signed and released, this one with them; None where it cannot any more."""
    if listed.released_at is not None or listed.releasing is not None or listed.month != lists.following_month(rt):
        return None
    return (listed.month - rt.now().astimezone(SHANGHAI).date()).days


def _facts(session: Session, rt: Runtime, listed: PaymentList) -> dict[str, Any]:
    digest = lists.digest(session, listed)
    signed = lists.signatories(session, listed, digest)
    me = access.who()
    may = me.role is Role.SUPERVISOR and me.name.casefold() != listed.proposed_by.casefold()
    mine = Suspension.list_id if listed.kind == lists.SUSPENSION else Suspension.restoration_id
    counts = select(Suspension.state, func.count()).where(mine == listed.id).group_by(Suspension.state)
    counted: dict[str, int] = dict(session.execute(counts).all())
    return {
        "listed": listed,
        "region": rt.regions[listed.region],
        "counted": {state: counted[state] for state in STATES if state in counted},
        "to_sign": sum(number for state, number in counted.items() if state != "held"),
        "digest": digest,
        "signed": sorted(signed.values()),
        "needed": SIGNATURES,
        "may_sign": may and me.staff_id not in signed and not lists.changed_it(listed, me.name),
        "changed_it": lists.changed_it(listed, me.name),
        "going": progress(listed),
        "days_left": days_left(rt, listed),
        "taken_off": Block.TAKEN_OFF.value,
        "called_off": calledoff.called_off(session, listed),
    }


def _asked(rt: Runtime) -> Asked:
    stage = Field("stage", gettext("pay.stage"), {one: gettext(f"stage.{one}") for one in STAGES})
    return listing.read(Field("month", gettext("pay.month"), kind="month"), *listing.region_field(rt), stage)


def _found(asked: Asked) -> Rows:
    one = PaymentList
    columns = (one.id, one.kind, one.region, one.month, one.part, one.proposed_by, one.proposed_at)
    found = select(*columns, one.released_at, one.released_by, one.people)
    if asked.region is not None:
        found = found.where(one.region == asked.region)
    if asked.month is not None:
        found = found.where(one.month == asked.month)
    match asked["stage"]:
        case "open":
            return found.where(one.released_at.is_(None))
        case "released":
            return found.where(one.released_at.is_not(None), one.kind == lists.SUSPENSION)
        case "restoration":
            return found.where(one.kind != lists.SUSPENSION)
    return found


def _stage(row: Line | PaymentList) -> str:
    return "restoration" if row.kind != lists.SUSPENSION else "open" if row.released_at is None else "released"


def _state_field() -> Field:
    return Field("state", gettext("pay.state"), {one: gettext(f"listed.{one}") for one in STATES})


def _present(rt: Runtime) -> date:
    return rt.now().astimezone(SHANGHAI).date().replace(day=1)


def _name(listed: PaymentList) -> str:
    return f"{listed.kind}-{listed.region}-{listed.month:%Y-%m}-{listed.part}"


def _headings() -> list[str]:
    what = [gettext("pay.month"), gettext("list.region"), gettext("pay.stage"), gettext("pay.part")]
    by = [gettext("pay.proposed_by"), gettext("pay.proposed"), gettext("pay.released_by"), gettext("pay.released_at")]
    return [*what, *by, gettext("pay.people")]


def _lines(rt: Runtime, asked: Asked, session: Session) -> Iterator[exporting.Row]:
    """What a file says of each list."""
    name = partial(shown.place, rt.regions)
    for one in listing.everything(session, _found(asked), _BY, down=True):
        what = (shown.month(one.month), name(one.region), gettext(f"stage.{_stage(one)}"), one.part)
        proposed = (one.proposed_by, shown.moment(one.proposed_at))
        yield [*what, *proposed, one.released_by, shown.moment(one.released_at), one.people]


def _people(rt: Runtime, listed: PaymentList, state: str | None, session: Session) -> Iterator[exporting.Row]:
    """What a file says of each on a list."""
    rows = listing.everything(session, entries(listed, state), (Suspension.person_id,))
    parts = iter(lambda: list(islice(rows, _AT_ONCE)), [])
    return (_row(one) for some in parts for one in known(session, rt, some))


def _heading() -> list[str]:
    return [
        gettext("person.number"),
        gettext("pay.name"),
        gettext("pay.state"),
        gettext("pay.why"),
        gettext("pay.due"),
        gettext("pay.tried"),
    ]


def _row(one: OnList) -> list[str]:
    tried = "; ".join(f"{gettext(f'channel.{channel.value}')} {shown.moment(at)}" for channel, at in one.tried)
    state = str(gettext(f"listed.{one.entry.state}"))
    return [one.number, one.name, state, " ".join(one.reasons), shown.day(one.entry.due), tried]
