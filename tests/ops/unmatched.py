"""Calls whose voice did not match the person who was named in them, in a small town."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select

from certification import people, sharing
from certification.runtime import Runtime
from certification.store import Assessment, Call, Case, Recording, SpokenTurn, new_id
from ops import unmatched
from ops.voices import Bench
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from voiceprint.encoder import Embedding, unit

TOWN = 6
Vector = NDArray[np.float32]


def number(one: int) -> str:
    return resident_number("530102", 1940 + one, 5, 15)


def phone_of(one: int) -> str:
    return f"1388800{one:04}"


@pytest.fixture
def town(rt: Runtime) -> list[str]:
    """People of Kunming with a telephone each."""
    with rt.sessions.begin() as session:
        return [
            people.add(session, rt, id_number=number(one), name=f"吴{one}", region="kunming", phone=phone_of(one)).id
            for one in range(TOWN)
        ]


@dataclass(frozen=True, slots=True)
class Line:
    """Calls whose voice did not match the person who was named in them."""

    bench: Bench
    clock: Clock
    chance: np.random.Generator

    def somebody(self) -> Vector:
        """A voice like no other."""
        return unit(self.chance.standard_normal(self.bench.comparer.cohort.vectors.shape[1:]))

    def again(self, voice: Vector) -> Vector:
        """The same voice in another call."""
        return unit(voice + np.float32(0.3) * self.somebody())

    def hears(self, person: str, voice: Vector, encoder: str | None = None) -> str:
        """Write such a call down, a minute after the one before; its assessment."""
        self.clock.forward(minutes=1)
        rt, identifier, call = self.bench.rt, new_id(), new_id()
        now = rt.now()
        with rt.sessions.begin() as session:
            session.add(Call(id=call, sid=call, person_id=person, started_at=now, touched_at=now))
            session.flush()
            turn = SpokenTurn(id=new_id(), call_id=call, n=0, token_hash=call, plan={}, state="done", expires_at=now)
            session.add(turn)
            session.flush()
            kept = {
                "id": new_id(),
                "call_id": call,
                "spoken_turn_id": turn.id,
                "seconds": 4.0,
                "asked": [],
                "heard": [],
            }
            until = now + timedelta(days=90)
            session.add(Recording(**kept, sealed=b"sealed", recorded_at=now, erase_after=until))
            asked = {"id": identifier, "call_id": call, "person_id": person, "purpose": "certify", "state": "done"}
            detail = {"llr": -9.0, "threshold": 0.8}
            made = Assessment(**asked, recordings=[kept["id"]], outcome="human", detail=detail, asked_at=now)
            session.add(made)
            session.flush()
            unmatched.keep(session, rt, made, Embedding(voice, encoder or self.bench.comparer.encoder.name))
        return identifier

    def seen_to(self, person: str, voice: Vector) -> str:
        """Write such a call down and compare it; its assessment."""
        identifier = self.hears(person, voice)
        unmatched.see_to(self.bench, identifier)
        return identifier


@pytest.fixture
def calls(bench: Bench, clock: Clock) -> Line:
    """The line of these people."""
    return Line(bench, clock, np.random.default_rng(1))


def found(rt: Runtime) -> list[Case]:
    with rt.sessions() as session:
        shared = select(Case).where(Case.kind == "shared_voice").order_by(Case.opened_at, Case.id)
        return list(session.scalars(shared))


def named(rt: Runtime, case: Case) -> set[str]:
    with rt.sessions() as session:
        return {one.id for one in sharing.speaks_for(session, case)}
