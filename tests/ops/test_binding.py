"""What is sealed of one person or call opens for no other, however the rows are changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import people
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Assessment, Person, Recording, VoiceFingerprint, VoiceTemplate
from ops import judging, known, voices
from tests.certification.numbers import resident_number
from tests.ops.voices import SAME, Desk
from voiceprint import audio
from voiceprint.fingerprint import listen
from voiceprint.scoring import Template

Change = Callable[[Session, Any, str], None]


def swap(session: Session, table: Any, owner: str) -> None:
    """Exchange the sealed bytes of the first two rows."""
    first, second = session.scalars(select(table).order_by(table.id)).all()[:2]
    first.sealed, second.sealed = second.sealed, first.sealed


def give(session: Session, table: Any, owner: str) -> None:
    """Give each row to the other's owner, bytes and identifiers as they are."""
    first, second = session.scalars(select(table).order_by(table.id)).all()[:2]
    owners = getattr(second, owner), getattr(first, owner)
    if table is VoiceTemplate:  # one in use a person: the first is out of use while they change places
        session.execute(update(VoiceTemplate).where(VoiceTemplate.id == first.id).values(retired_at=first.created_at))
    for row, new in zip((first, second), owners, strict=True):
        setattr(row, owner, new)
    session.flush()
    session.execute(update(VoiceTemplate).values(retired_at=None))


@pytest.fixture
def desks(desk: Desk, rt: Runtime) -> tuple[Desk, Desk]:
    """Mr Wu and his sister, each with a template, a call, and a fingerprint of it."""
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1948, 1, 1)
        sister = people.add(session, rt, id_number=number, name="吴姐", region="kunming", phone="13888000009")
    both = desk, Desk(rt, sister)
    for seed, one in enumerate(both):
        vector = np.random.default_rng(seed).normal(size=8).astype(np.float32)
        asked = one.ask([SAME[0]])
        with rt.sessions.begin() as session:
            person = session.get_one(Person, one.wu.id)
            voices.keep(session, rt, person, Template(vector, "e", 3), "files")
            known.keep(session, rt, session.get_one(Assessment, asked), listen(audio.decode_mulaw(SAME[0])).fingerprint)
    return both


def templates_open(rt: Runtime, _desk: Desk) -> bool:
    with rt.sessions() as session:
        try:
            return bool([voices.open_template(rt, row) for row in session.scalars(select(VoiceTemplate))])
        except SealBroken:
            return False


def fingerprints_open(rt: Runtime, desk: Desk) -> bool:
    with rt.sessions() as session:
        return bool(known.of(session, rt, session.get_one(Person, desk.wu.id)).earlier)


def recordings_open(rt: Runtime, desk: Desk) -> bool:
    with rt.sessions() as session:
        asked = session.scalars(select(Assessment).where(Assessment.person_id == desk.wu.id)).one()
        return judging.gather(session, rt, asked).audio is not None


KINDS: dict[str, tuple[Any, str, Callable[[Runtime, Desk], bool]]] = {
    "templates": (VoiceTemplate, "person_id", templates_open),
    "fingerprints": (VoiceFingerprint, "person_id", fingerprints_open),
    "recordings": (Recording, "call_id", recordings_open),
}


@pytest.mark.parametrize("change", [swap, give])
@pytest.mark.parametrize("kind", KINDS)
def test_it_opens_for_its_owner_alone(desks: tuple[Desk, Desk], rt: Runtime, kind: str, change: Change) -> None:
    table, owner, opens = KINDS[kind]
    assert [opens(rt, desk) for desk in desks] == [True, True]
    with rt.sessions.begin() as session:
        change(session, table, owner)
    assert [opens(rt, desk) for desk in desks] == [False, False]
    with rt.sessions.begin() as session:
        change(session, table, owner)
    assert [opens(rt, desk) for desk in desks] == [True, True], "nothing else was changed"


def test_nothing_is_of_use_for_another_purpose(desks: tuple[Desk, Desk], rt: Runtime) -> None:
    """A fingerprint put in the place of a template, its identifier and all."""
    with rt.sessions.begin() as session:
        one = session.scalars(select(VoiceFingerprint)).first()
        assert one is not None
        theirs = VoiceTemplate.person_id == one.person_id
        session.execute(update(VoiceTemplate).where(theirs).values(id=one.id, sealed=one.sealed))
    assert not templates_open(rt, desks[0])
