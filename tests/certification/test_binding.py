"""Voices of a database of before 2026-11-27 are bound to their people once, and nothing is read as before again."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from certification import canary, rotation
from certification.runtime import Runtime
from certification.seals import PLACES
from certification.store import Canary, VoiceFingerprint, VoiceTemplate
from tests.certification.sealed import VOICE, KilledError, everything, killed_after, only_newest, opened, ringed, town


def former(rt: Runtime) -> None:
    """Have everything be as before 2026-11-27: bound to the row alone."""
    with rt.sessions.begin() as session:
        for place in PLACES:
            if place.former is not None:
                for row in session.scalars(select(place.table)):
                    plain = rt.keys.open(getattr(row, place.column), place.of(row))
                    setattr(row, place.column, rt.keys.seal(plain, place.formerly(row)))
        session.execute(update(Canary).values(sealed=rt.keys.seal(b"alive", "canary.sealed")))


def test_voices_of_an_earlier_version_are_bound_once(rt: Runtime) -> None:
    town(rt)
    before = everything(rt)
    former(rt)
    with pytest.raises(canary.VoicesUnbound, match="stillhere db upgrade"):
        canary.check(rt.sessions, rt.keys, rt.now())
    with pytest.raises(KilledError):
        rotation.bind(rt, "cli", killed_after(3), batch=1)
    assert canary.unbound(rt.sessions, rt.keys, rt.now())
    assert not rotation.bind(rt, "cli", batch=1).unreadable
    canary.check(rt.sessions, rt.keys, rt.now())
    assert everything(rt) == before


def test_binding_with_a_newer_key_in_the_ring_does_not_let_the_older_one_go(rt: Runtime) -> None:
    """Names and numbers are still under it: without it people would seem unknown, and be added again."""
    town(rt)
    former(rt)
    newer = ringed(rt, "2027")
    assert not rotation.bind(newer, "cli").unreadable
    for ring in (rt, newer):
        canary.check(ring.sessions, ring.keys, ring.now())
    with pytest.raises(canary.KeysOfAnother):
        canary.check(rt.sessions, only_newest(newer).keys, rt.now())


def test_once_bound_nothing_of_an_earlier_version_is_read(rt: Runtime) -> None:
    """Else who can write to the database could put a former template under another person."""
    wu, _ = town(rt)
    with rt.sessions.begin() as session:
        theirs = session.scalars(select(VoiceTemplate).where(VoiceTemplate.person_id == wu)).one()
        theirs.sealed = rt.keys.seal(VOICE, f"voice_templates:{theirs.id}")
    assert not canary.unbound(rt.sessions, rt.keys, rt.now())
    newer = ringed(rt, "2027")
    assert [one.table for one in rotation.rotate(newer, "admin").unreadable] == ["voice_templates"]


def test_voices_under_a_missing_key_wait_for_it(rt: Runtime) -> None:
    town(rt)
    middle = ringed(rt, "2026")
    with rt.sessions.begin() as session:
        one = session.scalars(select(VoiceTemplate)).first()
        assert one is not None
        one.sealed = middle.keys.seal(VOICE, f"voice_templates:{one.id}")
        session.execute(update(Canary).values(sealed=rt.keys.seal(b"alive", "canary.sealed")))
    assert [one.missing for one in rotation.bind(rt, "cli").unreadable.values()] == [True]
    assert canary.unbound(rt.sessions, rt.keys, rt.now())
    assert not rotation.bind(middle, "cli").unreadable
    assert opened(middle, next(place for place in PLACES if place.table is VoiceTemplate)) == [VOICE, VOICE]
    canary.check(middle.sessions, middle.keys, middle.now())


def test_a_damaged_voice_keeps_no_service_from_starting(rt: Runtime) -> None:
    town(rt)
    former(rt)
    with rt.sessions.begin() as session:
        session.execute(update(VoiceFingerprint).values(sealed=b"damaged"))
    assert len(rotation.bind(rt, "cli").unreadable) == 2
    canary.check(rt.sessions, rt.keys, rt.now())
