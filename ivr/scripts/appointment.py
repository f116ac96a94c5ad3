"""The call that books a time at an office: the earliest free ones a page at a time, and one that is held already."""

from __future__ import annotations

from datetime import datetime

from ivr.scripts.common import LONG, ON_A_PAGE, SHORT, who
from ivr.steps import End, Keys, Saying, Script, State, Tell

MINUTES = (10, 15, 20, 30, 40, 45, 50)  # said as one; others digit by digit


def time_said(region: object, time: object) -> Saying:
    """The office, the day and the hour of a time that an edge function found: [the office's place in the file, ISO]."""
    if not isinstance(time, list | tuple):
        return ()
    place, at = time
    when = datetime.fromisoformat(at)
    office = (f"region.{region}.office.{place}", SHORT) if place else ()
    return (*office, f"month.{when.month}", f"day.{when.day}", *_hour_said(when))


def _hour_said(when: datetime) -> Saying:
    part = "morning" if when.hour < 12 else "noon" if when.hour == 12 else "afternoon"
    hour = (f"time.{part}", f"hour.{(when.hour - 1) % 12 + 1}")
    if when.minute == 0:
        return hour
    if when.minute in MINUTES:
        return (*hour, f"minute.{when.minute}")
    return (*hour, *(f"digit.{digit}" for digit in f"{when.minute:02d}"), "time.minute")


def on_offer(state: State) -> list[object]:
    """The times of the page that is heard, in the order of their keys."""
    times = state.fact("times", "page")
    return list(times) if isinstance(times, list | tuple) else []


def times_offered(state: State) -> Saying:
    """A page of free times, each with its key; the last key leads to later ones, from the last page to the first."""
    region = state.fact("times", "region")
    keyed = enumerate(on_offer(state), start=1)
    offers = [(*time_said(region, time), "appointment.press", f"digit.{key}", LONG) for key, time in keyed]
    said = ("appointment.offer", SHORT, *(part for offer in offers for part in offer))
    if state.fact("times", "more"):
        return (*said, "appointment.later")
    return (*said, "appointment.from_start") if state.fact("times", "before") else said


def twice(state: State, found_by: str) -> Saying:
    """The time of an appointment, said twice."""
    said = time_said(state.fact(found_by, "region"), state.fact(found_by, "time"))
    return (SHORT, *said, LONG, "receipt.again", SHORT, *said, LONG)


APPOINTMENT: Script = {
    **who("appointment.who", then="appointment"),
    "appointment": Tell(
        prepare="appointment",
        then={"held": "appointment.held", "already": "already", "none": "appointment.none", "free": "appointment.free"},
    ),
    "appointment.none": Tell(says=("appointment.none",), then="menu"),
    "appointment.free": Tell(
        prepare="times",
        then={"free": "appointment.times", "full": "appointment.full"},
    ),
    "appointment.later": Tell(prepare="times", then={"free": "appointment.times", "full": "appointment.full"}),
    "appointment.taken": Tell(
        says=("appointment.taken",),
        prepare="times",
        then={"free": "appointment.times", "full": "appointment.full"},
    ),
    "appointment.full": Tell(says=("appointment.full",), then="human"),
    "appointment.times": Keys(
        says=times_offered,
        again=lambda state: ("appointment.again", *times_offered(state)),
        choices={str(key): str(key) for key in range(1, ON_A_PAGE + 2)},
        act="book",
        then={
            "booked": "appointment.booked",
            "held": "appointment",
            "later": "appointment.later",
            "taken": "appointment.taken",
        },
    ),
    "appointment.booked": End(
        says=lambda state: ("appointment.booked", *twice(state, "book"), "appointment.bring", "goodbye"),
        outcome="booked",
    ),
    "appointment.held": Keys(
        says=lambda state: ("appointment.held", *twice(state, "appointment"), "appointment.keep"),
        again=("appointment.keep",),
        choices={"1": "keep", "2": "give_up", "": "keep"},
        then={"keep": "appointment.kept", "give_up": "appointment.give_up"},
        left="booked",
    ),
    "appointment.kept": End(says=("appointment.bring", "goodbye"), outcome="booked"),
    "appointment.give_up": Tell(says=("appointment.given_up",), prepare="give_up", then="appointment.given_up"),
    "appointment.given_up": Keys(
        says=("appointment.another",),
        choices={"1": "another", "": "leave"},
        then={"another": "appointment.free", "leave": "appointment.end"},
        left="informed",
    ),
    "appointment.end": End(says=("goodbye",), outcome="informed"),
}
