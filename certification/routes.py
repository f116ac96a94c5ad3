"""Which routes a region has; where it does not certify by one, every route says so in the same words."""

from __future__ import annotations

from types import MappingProxyType

from sqlalchemy.orm import Session

from certification import journal
from certification.errors import Problem
from certification.regions import Region, Route
from certification.runtime import Runtime
from certification.store import Person

NAMES = MappingProxyType(
    {
        Route.CALL: ("电话语音", "a call"),
        Route.PIN: ("电话密码", "a PIN"),
        Route.SMS: ("短信", "text message"),
        Route.COMPARISON: ("数据比对", "comparison"),
        Route.DESK: ("窗口", "the desk"),
        Route.AGENT: ("代办单位", "certifying agents"),
        Route.PAPER: ("纸质表", "forms"),
        Route.POST: ("邮寄材料", "post"),
        Route.VISIT: ("上门服务", "home visits"),
        Route.APPOINTMENT: ("预约窗口", "appointments"),
    }
)
"""What each route is called, in Chinese and in English."""


class NotTakenHere(Problem):
    """The person's region does not certify by this route, or not by this kind of it (`what`)."""

    def __init__(self, region: Region, route: Route, what: str = "") -> None:
        zh, en = NAMES[route]
        kind_zh, kind_en = (f"（{what}）", f" ({what})") if what else ("", "")
        super().__init__(
            f"{region.name}不用{zh}{kind_zh}认证，可用的途径请看 stillhere regions show {region.code}。",
            f"{region.name} does not certify by {en}{kind_en}: see `stillhere regions show {region.code}`.",
        )


def need(region: Region, route: Route) -> None:
    """Go on only where the region has this route; what was begun before it was closed is finished. Raises NotTakenHere.

    A form is held against this when it is issued, a letter when it comes, a visit when it is asked for, an appointment
    when it is booked; at the desk and at an agent it is the certification itself.
    """
    if not region.opens(route):
        raise NotTakenHere(region, route)


def refuse(session: Session, rt: Runtime, person: Person, refusal: Problem, by: str, **facts: str) -> Problem:
    """Journal that nobody was certified, and why; gives the refusal back, to be raised after the commit."""
    facts["why"] = type(refusal).__name__
    journal.write(session, rt.now(), by, "certification refused", f"person:{person.id}", **facts)
    return refusal
