"""The call that books a time at an office: the earliest free ones; others by office, day and hour; one held already."""

from __future__ import annotations

from datetime import date, datetime

from ivr.scripts.common import LONG, ON_A_PAGE, SHORT, who
from ivr.steps import End, Keys, Saying, Script, State, Tell

PAGED = {str(key): str(key) for key in range(1, ON_A_PAGE + 2)}  # the last leads on
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


def on_offer(state: State, name: str = "times") -> list[object]:
    """What an edge function found for the page that is heard, in the order of the keys."""
    page = state.fact(name, "page")
    return list(page) if isinstance(page, list | tuple) else []


def times_offered(state: State) -> Saying:
    """A page of free times, each with its key; of a chosen day only the hours. The last key leads to others."""
    region, of_day = state.fact("times", "region"), state.fact("times", "of_day")
    said = [_hour_of(time) if of_day else time_said(region, time) for time in on_offer(state)]
    fourth = state.fact("times", "fourth")
    return ("appointment.offer", SHORT, *_keyed(said), *((f"appointment.{fourth}",) if fourth else ()))


def offices_offered(state: State) -> Saying:
    """A page of the offices that have free times, each with its key."""
    region = state.fact("offices", "region")
    return _asked(
        state, "offices", [(f"region.{region}.office.{place}", SHORT) for place in on_offer(state, "offices")]
    )


def days_offered(state: State) -> Saying:
    """A page of the days that have free times, each with its key."""
    days = [date.fromisoformat(str(day)) for day in on_offer(state, "days")]
    return _asked(state, "days", [(f"month.{day.month}", f"day.{day.day}", SHORT) for day in days])


def _asked(state: State, name: str, said: list[Saying]) -> Saying:
    others = ("appointment.others",) if state.fact(name, "more") else ()
    return (f"appointment.which.{name}", SHORT, *_keyed(said), *others)


def _keyed(said: list[Saying]) -> Saying:
    """Each with its key."""
    keyed = enumerate(said, start=1)
    return tuple(part for key, one in keyed for part in (*one, "appointment.press", f"digit.{key}", LONG))


def _hour_of(time: object) -> Saying:
    return _hour_said(datetime.fromisoformat(time[1])) if isinstance(time, list | tuple) else ()


def twice(state: State, found_by: str) -> Saying:
    """The time of an appointment, said twice."""
    said = time_said(state.fact(found_by, "region"), state.fact(found_by, "time"))
    return (SHORT, *said, LONG, "receipt.again", SHORT, *said, LONG)


TIMES = {"free": "appointment.times", "full": "appointment.full"}
OFFICES = {"several": "appointment.offices", "one": "appointment.of_office"}
DAYS = {"free": "appointment.days", "full": "appointment.taken"}

APPOINTMENT: Script = {
    **who("appointment.who", then="appointment"),
    "appointment": Tell(
        prepare="appointment",
        then={"held": "appointment.held", "already": "already", "none": "appointment.none", "free": "appointment.free"},
    ),
    "appointment.none": Tell(says=("appointment.none",), then="menu"),
    "appointment.free": Tell(prepare="times", then=TIMES),
    "appointment.later": Tell(prepare="times", then=TIMES),
    "appointment.taken": Tell(says=("appointment.taken",), prepare="times", then=TIMES),
    "appointment.other": Tell(prepare="offices", then=OFFICES),
    "appointment.other_offices": Tell(prepare="offices", then=OFFICES),
    "appointment.offices": Keys(
        says=offices_offered,
        choices=PAGED,
        act="choose_office",
        then={"chosen": "appointment.of_office", "others": "appointment.other_offices"},
    ),
    "appointment.of_office": Tell(prepare="days", then=DAYS),
    "appointment.other_days": Tell(prepare="days", then=DAYS),
    "appointment.days": Keys(
        says=days_offered,
        choices=PAGED,
        act="choose_day",
        then={"chosen": "appointment.of_day", "others": "appointment.other_days"},
    ),
    "appointment.of_day": Tell(prepare="times", then={"free": "appointment.times", "full": "appointment.taken"}),
    "appointment.full": Tell(says=("appointment.full",), then="human"),
    "appointment.times": Keys(
        says=times_offered,
        again=lambda state: ("appointment.again", *times_offered(state)),
        choices=PAGED,
        act="book",
        then={
            "booked": "appointment.booked",
            "held": "appointment",
            "later": "appointment.later",
            "other": "appointment.other",
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
