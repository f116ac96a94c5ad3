"""Planning a campaign by slices of people: a message to each of them, copies to helpers, and what it comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date, datetime, time, timedelta
from threading import Event
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from certification import helpers, journal, standings
from certification.phones import PhoneKind
from certification.regions import SHANGHAI, Region
from certification.runtime import Runtime
from certification.store import Campaign, Message, Person, insert_into, insert_once, new_id
from sms import recipients, texts
from sms.outbox import PRIORITY, Purpose
from sms.recipients import Columns

SLICE = 20_000  # people in a transaction; calls wait for no more
NAME = "reminders"
_TRIES = 5
_LANES = "lanes"
"""Among the counts of a campaign that is being planned: the stretches of its people, each gone through by itself.

Each has the person `after` whom it begins, the last `until` whom it goes (None: to the end), and what is `reached`, as
recipients.next_place() has it.
"""


class _Stopped(Exception):
    """Somebody stopped the campaign while a slice of it was planned."""


class _Overtaken(Exception):
    """Somebody else planned this slice meanwhile."""


def plan(rt: Runtime, region: Region, on: date, by: str, tell: Callable[[int], object] = lambda _: None) -> str:
    """Plan the reminders of a region and day; the campaign's identifier. Asked again, it goes on where it stopped.

    `tell` is told of each slice how many days are left to its people. On PostgreSQL the two halves of a large region
    are planned side by side, each in a thread and a connection of its own.
    """
    identifier = begin(rt, region, on, by)
    with rt.sessions() as session:
        lanes = len(_lanes(session.get_one(Campaign, identifier).counts))
    over = Event()

    def through(lane: int) -> None:
        while not over.is_set() and (days := go_on(rt, identifier, by, lane)) is not None:
            tell(days)

    with ThreadPoolExecutor(lanes) as threads:
        try:
            for done in as_completed([threads.submit(through, lane) for lane in range(lanes)]):
                done.result()
        finally:
            over.set()  # where one fails, or somebody presses Ctrl-C, the other ends with its slice
    return identifier


def begin(rt: Runtime, region: Region, on: date, by: str) -> str:
    """The campaign of a region and day, which is begun where there is none; its identifier.

    One in which there was nobody is planned anew: people may have come on the roll since, or the region's days changed.
    """
    row: dict[str, Any] = {"id": new_id(), "region": region.code, "on": on, "name": NAME, "state": "planning"}
    with rt.sessions.begin() as session:
        row["counts"] = _halved(session, region)
        insert_once(session, Campaign, **row, planned_by=by, planned_at=rt.now())
        mine = (Campaign.region == region.code, Campaign.on == on, Campaign.name == NAME)
        over = (Campaign.state.in_(("released", "done")), nobody())
        anew = {
            "state": "planning",
            "counts": row["counts"],
            "planned_by": by,
            "planned_at": rt.now(),
            "ended_at": None,
        }
        session.execute(update(Campaign).where(*mine, *over).values(**anew))
        return session.scalars(select(Campaign.id).where(*mine)).one()


def nobody() -> ColumnElement[bool]:
    """In a query of campaigns: whether it was found that nobody is to be reminded."""
    return func.coalesce(Campaign.counts["people"].as_integer(), 1) == 0


def go_on(rt: Runtime, identifier: str, by: str, lane: int | None = None) -> int | None:
    """Plan for the next slice of people; how many days are left to them. None: nothing is left to plan.

    Then the campaign is planned, or somebody stopped it meanwhile. How far it is stands in it: each slice is put down
    with its messages, so that none is passed over, and none gone through again after a kill. `lane`: only for people of
    that stretch of it; the last of them to end has planned the campaign.
    """
    left = _TRIES
    while True:
        try:
            with rt.sessions.begin() as session:
                campaign = session.get_one(Campaign, identifier)
                if campaign.state != "planning":
                    return None
                region, lanes = rt.regions[campaign.region], _lanes(campaign.counts)
                places = [recipients.next_place(region, one["reached"], one["after"]) for one in lanes]
                for number, place in enumerate(places):
                    if place is not None and lane in (None, number):
                        _slice(session, rt, campaign, region, number, *place)
                        return place[0]
                if any(places):  # another lane is not at its end
                    return None
            _end(rt, identifier, by)
            return None
        except _Stopped:
            return None
        except _Overtaken:
            continue
        except IntegrityError:  # somebody was erased in between
            left -= 1
            if not left:
                raise


def _lanes(counts: dict[str, Any]) -> list[dict[str, Any]]:
    return list(counts.get(_LANES, [{"after": "", "until": None, "reached": None}]))


def _halved(session: Session, region: Region) -> dict[str, Any]:
    """Two lanes for a large region, with the person in the middle between them, where two can write at once."""
    if session.get_bind().dialect.name != "postgresql":
        return {}
    mine = select(Person.id).where(Person.region == region.code)
    number = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    if number <= 2 * SLICE:
        return {}
    middle = session.scalars(mine.order_by(Person.id).offset(number // 2).limit(1)).one()
    halves = (("", middle), (middle, None))
    return {_LANES: [{"after": after, "until": until, "reached": None} for after, until in halves]}


def _slice(
    session: Session, rt: Runtime, campaign: Campaign, region: Region, number: int, days: int, after: str
) -> None:
    """Plan for the people of a lane after one who have so many days left, at most SLICE; they are looked up once."""
    lane = _lanes(campaign.counts)[number]
    last = recipients.slice_end(session, campaign.on, days, after, SLICE, lane["until"])
    within = recipients.between(campaign.on, days, after, last or lane["until"])
    chosen = recipients.laid_down(session, recipients.own(session, region, campaign.on, *within))
    sums = recipients.summed(session, chosen.c, region)
    if "self" in region.reminders.to:
        _put(session, campaign, region, chosen.c, days, rt.now())
    if "relative" in region.reminders.to:
        sums.update(_copy(session, rt, campaign, chosen.c, days))
    chosen.drop(session.connection())
    _note(session, campaign.id, number, lane, [days, last], sums)


def _note(
    session: Session, identifier: str, number: int, lane: dict[str, Any], reached: list[Any], sums: Counter[str]
) -> None:
    """Write down how far a lane is, and what it came to, beside the others. Raises _Stopped, _Overtaken."""
    mine = select(Campaign.counts).where(Campaign.id == identifier, Campaign.state == "planning")
    counts = session.scalars(mine.with_for_update(key_share=True)).first()  # messages of another lane refer to it
    if counts is None:
        raise _Stopped
    lanes = _lanes(counts)
    if lanes[number] != lane:
        raise _Overtaken
    lanes[number] = {**lane, "reached": reached}
    before = counts if _LANES in counts else {}
    new: dict[str, Any] = {name: before.get(name, 0) + sums[name] for name in recipients.SUMS}
    session.execute(update(Campaign).where(Campaign.id == identifier).values(counts={**new, _LANES: lanes}))


def _put(session: Session, campaign: Campaign, region: Region, chosen: Columns, days: int, at: datetime) -> None:
    """One message to a telephone of each person's own, set-based."""
    postgres = session.get_bind().dialect.name == "postgresql"
    made = func.json_build_object if postgres else func.json_object
    beside = func.substr(chosen.person_id, 1, 8)  # those of a slice lie side by side in the index, and not all over it
    rows = select(
        recipients.fresh_id(session, at),
        literal("reminder:") + beside + ":" + chosen.period_id + f":{days}",
        literal(1),
        literal(Purpose.REMINDER.value),
        literal(PRIORITY[Purpose.REMINDER]),
        literal(campaign.id),
        chosen.person_id,
        chosen.phone,
        chosen.words,
        made("due", cast(chosen.due, String), "period", chosen.period_id),
        literal("planned"),
        literal(0),
        literal(_opens(region, campaign.on), Message.not_before.type),
        literal(_closes(campaign.on), Message.not_before.type),
        cast(literal("[]"), Message.events.type) if postgres else literal("[]", String),
    ).where(chosen.phone.is_not(None))
    names = ["id", "reminder", "attempt", "purpose", "priority", "campaign_id", "person_id", "phone_id", "words"]
    names += ["facts", "state", "tries", "not_before", "expires_at", "events"]
    session.execute(insert_into(session, Message).from_select(names, rows).on_conflict_do_nothing())


def _copy(session: Session, rt: Runtime, campaign: Campaign, chosen: Columns, days: int) -> Counter[str]:
    """A copy for each helper of theirs to whom the person agreed; what that comes to, as summed() says it."""
    region, on = rt.regions[campaign.region], campaign.on
    words = "reminder.copy_last" if days <= recipients.LAST_DAYS else "reminder.copy"
    columns = (chosen.person_id, chosen.period_id, chosen.due, chosen.dialect)
    rows, counts = list[dict[str, Any]](), Counter[str]()
    for person_id, period_id, due, dialect in session.execute(
        select(*columns).where(recipients.agreed(chosen.person_id))
    ).all():
        person = session.get(Person, person_id)
        for one in () if person is None else helpers.copies_for(session, rt, person):  # None: erased in between
            if one.kind is PhoneKind.LANDLINE or _takes_nothing(session, rt, one.number):
                continue
            segments = texts.longest(words, region, dialect, safe_word=False).segments
            counts.update(messages=1, copies=1, segments=segments)
            rows.append(
                {
                    "id": new_id(),
                    "reminder": f"reminder:{period_id}:{days}:{one.helper}",
                    "purpose": Purpose.REMINDER.value,
                    "priority": PRIORITY[Purpose.REMINDER],
                    "campaign_id": campaign.id,
                    "person_id": person_id,
                    "helper_id": one.helper,
                    "words": words,
                    "facts": {"due": due.isoformat(), "period": period_id},
                    "state": "planned",
                    "not_before": _opens(region, on),
                    "expires_at": _closes(on),
                }
            )
    if rows:
        session.execute(insert_into(session, Message).on_conflict_do_nothing(), rows)
    return counts


def _takes_nothing(session: Session, rt: Runtime, number: str) -> bool:
    return standings.opted_out(session, rt.keys, number) or standings.fault_of(session, rt.keys, number) is not None


def _opens(region: Region, on: date) -> datetime:
    return datetime.combine(on, region.reminders.quiet_hours[1], SHANGHAI)


def _closes(on: date) -> datetime:
    """A reminder of a day that could not go out for two more would only confuse: the next one comes."""
    return datetime.combine(on + timedelta(days=3), time.min, SHANGHAI)


def over(on: date, now: datetime) -> bool:
    """Whether reminders of this day would not be sent any more."""
    return now >= _closes(on)


def _end(rt: Runtime, identifier: str, by: str) -> None:
    ready = update(Campaign).where(Campaign.id == identifier, Campaign.state == "planning")
    with rt.sessions.begin() as session:
        campaign = session.get_one(Campaign, identifier)
        counts: dict[str, Any] = {name: campaign.counts.get(name, 0) for name in recipients.SUMS}
        counts["cost"] = recipients.cost(rt, counts["segments"])
        if session.scalar(ready.values(state="planned", counts=counts).returning(Campaign.id)) is not None:
            about = {"region": campaign.region, "day": str(campaign.on)}
            if counts["people"]:  # where there is nobody, nothing was done
                journal.write(session, rt.now(), by, "campaign planned", f"campaign:{campaign.id}", **about, **counts)
