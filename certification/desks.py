"""The desk: a clerk saw the person and their ID."""

from __future__ import annotations

from sqlalchemy.orm import Session

from certification import certifying, routes
from certification.certifying import Recorded
from certification.errors import Problem
from certification.evidence import Kind, Strength
from certification.regions import Route
from certification.routes import NotTakenHere
from certification.runtime import Runtime
from certification.store import Person, new_id


class CardNotSeen(Problem):
    """Nobody is certified at a desk whose card was not looked at."""

    def __init__(self) -> None:
        super().__init__(
            "请先核对本人和身份证，再勾选确认；没有认证。",
            "Look at the person and their card first, and tick that you did; nobody was certified.",
        )


def certify(session: Session, rt: Runtime, person: Person, by: str) -> Recorded | Problem:
    """Record that a clerk saw the person; the refusal, journalled, where the region does not certify at a desk."""
    region = rt.regions[person.region]
    if not region.opens(Route.DESK):
        return routes.refuse(session, rt, person, NotTakenHere(region, Route.DESK), by)
    return certifying.record(
        session,
        rt,
        person,
        kind=Kind.DESK,
        strength=Strength.OFFICIAL,
        source="desk",
        ref=new_id(),
        observed_at=rt.now(),
        detail={"by": by},
        actor=by,
    )
