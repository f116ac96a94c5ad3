"""Somebody who is erased while a slice is planned is passed over, and nobody else loses their message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from sqlalchemy import select

from certification import forgetting, helpers
from certification.helpers import Relation
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.store import Campaign, Message, Person
from sms import planning
from tests.sms.outbox.test_campaigns import Add, add, on

__all__ = ["add", "on"]


class Watched(KeyRing):
    """A ring that says of which context it is asked to open something."""

    def __init__(self, ring: KeyRing, told: Callable[[str], None]) -> None:
        self.__dict__.update(ring.__dict__)
        self.told = told

    def open(self, sealed: bytes, context: str) -> bytes:
        self.told(context)
        return super().open(sealed, context)


def test_who_is_erased_meanwhile_is_passed_over_and_nobody_else(rt: Runtime, on: date, add: Add) -> None:
    both = {add(1950 + n).id for n in range(2)}
    with rt.sessions.begin() as session:
        for n, identifier in enumerate(sorted(both)):
            person = session.get_one(Person, identifier)
            facts = {"name": "吴女士", "phone": f"1398800000{n}", "relation": Relation.RELATIVE, "by": "clerk"}
            one = helpers.declare(session, rt, person, **facts)  # type: ignore[arg-type]
            helpers.agree_to_copies(session, rt, person, one, text="同意", how="desk", by="clerk")
    left = set[str]()
    region = rt.regions["kunming"]
    identifier = planning.begin(rt, region, on, "clerk")
    with rt.sessions.begin() as session:

        def erase_the_other(context: str) -> None:
            _, _, whose = context.partition(" person:")
            if context.startswith("helpers.number:") and not left:
                left.add(whose)
                for other in both - left:
                    assert forgetting.person(session, rt, other, "clerk") is not None

        watched = replace(rt, keys=Watched(rt.keys, erase_the_other))
        campaign = session.get_one(Campaign, identifier)
        planning._slice(session, watched, campaign, region, 0, max(region.reminders.days_before), "")
    with rt.sessions() as session:
        assert set(session.scalars(select(Message.person_id))) == left
        assert len(left) == 1
