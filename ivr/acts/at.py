"""What an edge function is given, and how one is declared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from certification import people, seals
from certification.regions import Region
from certification.runtime import Runtime
from certification.store import Call, Person
from ivr.prompts import Prompts
from ivr.steps import Event, Facts, Json, State


@dataclass(frozen=True, slots=True)
class At:
    """A call at a step: what happened, what is known, and the means to find out more."""

    session: Session
    rt: Runtime
    prompts: Prompts
    call: Call
    state: State
    event: Event

    @property
    def number(self) -> str | None:
        """The calling number (E.164): a convenience, never evidence."""
        if self.call.from_sealed is None:
            return None
        return self.rt.keys.open(self.call.from_sealed, seals.caller(self.call.id)).decode()

    @property
    def household(self) -> list[Person]:
        """Everybody who is reached at the calling number."""
        number = self.number
        return people.people_at(self.session, self.rt.keys, number) if number else []

    @property
    def caller(self) -> Person | None:
        """Who the caller said they are."""
        return self.session.get(Person, self.call.person_id) if self.call.person_id else None

    @property
    def person(self) -> Person:
        """Who the caller said they are, at a step that comes after saying so."""
        return self.session.get_one(Person, self.call.person_id)

    @property
    def region(self) -> Region:
        """The caller's region; before they have said who they are, their household's, else the default."""
        caller = self.caller
        codes = {person.region for person in ([caller] if caller else self.household)}
        return self.rt.regions[codes.pop()] if len(codes) == 1 else self.rt.regions.default

    def counted(self, act: str) -> int:
        """How often in a row that edge function has asked for another try."""
        times = self.state.fact(act, "times")
        return times if isinstance(times, int) else 0


@dataclass(frozen=True, slots=True)
class Act:
    """An edge function: its name in the script, every result it may have, and what it does."""

    name: str
    results: frozenset[str]
    run: Callable[[At], Facts]


def act(*results: str) -> Callable[[Callable[[At], Facts]], Act]:
    """Declare an edge function by its name, with all its results."""
    return lambda function: Act(function.__name__, frozenset(results), function)


def found(result: str, **facts: Json) -> Facts:
    """The facts of an edge function: a result, by which the script goes on, and what the prompts need."""
    return {"result": result, **facts}
