"""A new key: everything is sealed anew under it, however often that is broken off, beside whoever works meanwhile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, update

from certification import canary, codes, guesses, journal, people, pins, rotation, seals, templates
from certification.canary import KeysOfAnother
from certification.identity import ResidentNumber
from certification.keys import KeyRing, SealBroken
from certification.pins import Right
from certification.rotation import Rotated
from certification.runtime import Runtime
from certification.seals import PLACES
from certification.store import (
    JournalEntry,
    LinePreference,
    NumberStanding,
    Person,
    Phone,
    Pin,
    VoiceFingerprint,
    VoiceTemplate,
    only_read,
)
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.sealed import PIN, KilledError, everything, killed_after, only_newest, opened, ringed, town

ROOT = Path(__file__).resolve().parents[2]
NUMBER = ResidentNumber.parse(resident_number("530102", 1950, 5, 15))


def journalled(rt: Runtime) -> int:
    with rt.sessions() as session:
        return len(session.scalars(select(JournalEntry).where(JournalEntry.action == "keys rotated")).all())


def check_pin(rt: Runtime, person_id: str) -> object:
    with rt.sessions.begin() as session:
        return pins.check(session, rt, session.get_one(Person, person_id), PIN)


def rotate(rt: Runtime) -> Rotated:
    return rotation.rotate(rt, "admin", batch=1)


def test_everything_opens_under_the_new_key_alone(rt: Runtime) -> None:
    town(rt)
    before, newer = everything(rt), ringed(rt, "2027")
    assert all(before.values()), "the town has something sealed in every place"
    rotate(newer)
    assert everything(only_newest(newer)) == before


def test_people_are_found_under_the_new_key_alone(rt: Runtime) -> None:
    wu, _ = town(rt)
    newer = ringed(rt, "2027")
    done = rotate(newer)
    assert (done.newest, done.removable, done.needed, done.unreadable) == ("2027", ("first",), {}, ())
    voices = ("recordings", "assessments", "voice_templates", "voice_fingerprints")
    others = ("people", "phones", "calls", "visits", "suspensions", "helpers", "messages", "texts", "safe_words")
    assert done.rows == {**dict.fromkeys((*others, *voices), 2), "pins": 1, "staff": 1}
    alone = only_newest(newer)
    canary.check(alone.sessions, alone.keys, alone.now())
    assert check_pin(alone, wu) == Right()
    with alone.sessions() as session:
        found = people.find_by_number(session, alone.keys, NUMBER)
        assert found is not None and found.id == wu
        assert [one.id for one in people.people_at(session, alone.keys, "+8613888000001")] == [wu]
        assert people.dialect_of(session, alone.keys, "+8613888000001") == "cantonese"
        assert isinstance(journal.verify(session), journal.Verified)
    with pytest.raises(KeysOfAnother):
        canary.check(rt.sessions, rt.keys, rt.now())


def test_a_household_is_one_while_its_telephone_stands_under_two_keys(rt: Runtime) -> None:
    wu, li = town(rt)
    newer = ringed(rt, "2027")
    with newer.sessions.begin() as session:
        number = people.number_of(newer.keys, session.get_one(Person, li)).text
        people.add(session, newer, id_number=number, name="吴1951", region="kunming", phone="13888000001")
    with newer.sessions() as session:
        for one, other in ((wu, li), (li, wu)):
            home = templates.household(session, newer.keys, session.get_one(Person, one))
            assert [template.person_id for template in home] == [other]


def test_a_second_time_there_is_nothing_to_do(rt: Runtime) -> None:
    town(rt)
    newer = ringed(rt, "2027")
    rotate(newer)
    again = rotate(newer)
    assert (again.rows, again.removable) == ({}, ("first",))
    assert journalled(rt) == 2


def test_a_ring_of_one_key_has_nothing_to_do(rt: Runtime) -> None:
    town(rt)
    done = rotate(rt)
    assert (done.rows, done.removable, done.needed, done.unreadable) == ({}, (), {}, ())


@pytest.mark.parametrize("batches", [0, 4, 9])
def test_broken_off_it_goes_on(rt: Runtime, batches: int) -> None:
    town(rt)
    newer = ringed(rt, "2027")
    with pytest.raises(KilledError):
        rotation.rotate(newer, "admin", killed_after(batches), batch=1)
    everything(newer)
    with pytest.raises(SealBroken):
        opened(only_newest(newer), PLACES[-1])
    assert journalled(rt) == 0
    assert rotate(newer).removable == ("first",)
    everything(only_newest(newer))


KILLED = """
import os, signal, sys
from dataclasses import replace
from certification import rotation
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.settings import Settings

def progress(rows, of, seen=[]):
    seen.append(rows)
    if len(seen) == 5:
        os.kill(os.getpid(), signal.SIGKILL)

rotation.rotate(Runtime.of(Settings.read(), lambda job, identifier: None), "admin", progress, batch=1)
"""


def test_a_killed_process_leaves_nothing_half_done(rt: Runtime, database_url: str) -> None:
    town(rt)
    newer = ringed(rt, "2027")
    settings = {
        "PUBLIC_BASE_URL": "https://line.example",
        "SESSION_SECRET": "secret",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "token",
        "STILLHERE_KEYS": newer.settings.keys,
        "DATABASE_URL": database_url,
        "PYTHONPATH": str(ROOT),
    }
    ended = subprocess.run([sys.executable, "-c", KILLED], env=settings, cwd=ROOT, capture_output=True, check=False)
    assert ended.returncode == -9, ended.stderr
    everything(newer)
    assert rotate(newer).removable == ("first",)
    everything(only_newest(newer))


def test_who_works_meanwhile_notices_nothing(rt: Runtime) -> None:
    wu, _ = town(rt)
    newer = ringed(rt, "2027")
    with newer.sessions() as reader:
        only_read(reader)
        before = [(row.id, row.sealed) for row in reader.scalars(select(VoiceTemplate).order_by(VoiceTemplate.id))]

        def works(_rows: int, _of: int) -> None:
            with newer.sessions.begin() as session:
                found = people.find_by_number(session, newer.keys, NUMBER)
                assert found is not None and people.reveal(newer.keys, found).name == "吴1950"
                assert people.dialect_of(session, newer.keys, "+8613888000001") == "cantonese"
                found.dialect = "mandarin"

        assert rotation.rotate(newer, "admin", works, batch=1).removable == ("first",)
        assert [
            (row.id, row.sealed) for row in reader.scalars(select(VoiceTemplate).order_by(VoiceTemplate.id))
        ] == before
    with newer.sessions() as session:
        assert session.get_one(Person, wu).dialect == "mandarin"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_row_that_somebody_holds_is_waited_for_by_nobody(rt: Runtime) -> None:
    wu, _ = town(rt)
    newer = ringed(rt, "2027")
    with rt.sessions.begin() as holder:
        assert people.hold(holder, wu) is not None
        done = rotate(newer)
        assert (done.removable, done.needed) == ((), {"first": 2})
    assert rotate(newer).removable == ("first",)


def test_what_cannot_be_opened_is_named_and_the_rest_goes_on(rt: Runtime) -> None:
    wu, li = town(rt)
    with rt.sessions.begin() as session:
        first, second = session.scalars(select(VoiceFingerprint).order_by(VoiceFingerprint.id))
        first.sealed, second.sealed = second.sealed, first.sealed
        lost = KeyRing.from_text(KeyRing.generate_text("lost"))
        session.execute(update(Phone).where(Phone.person_id == li).values(number_sealed=lost.seal(b"x", "y")))
    newer = ringed(rt, "2027")
    for _ in range(2):
        done = rotate(newer)
        assert sorted((one.table, one.column, one.missing) for one in done.unreadable) == [
            ("phones", "number_sealed", True),
            ("voice_fingerprints", "sealed", False),
            ("voice_fingerprints", "sealed", False),
        ]
        assert {first.id, second.id} <= {one.id for one in done.unreadable}
        assert (done.removable, done.needed) == ((), {"first": 2})
    alone = only_newest(newer)
    assert opened(alone, PLACES[0]) and check_pin(alone, wu) == Right()
    with pytest.raises(KeysOfAnother):
        canary.check(alone.sessions, alone.keys, alone.now())


def test_values_under_a_missing_key_end_no_rotation_before_the_rest_is_done(rt: Runtime) -> None:
    """A process with the ring of before may seal something in a table that was gone through already."""
    wu, li = town(rt)
    lost = KeyRing.from_text(KeyRing.generate_text("lost"))
    with rt.sessions.begin() as session:
        session.execute(update(Phone).where(Phone.person_id == li).values(number_sealed=lost.seal(b"x", "y")))

    def writes(_rows: int, _of: int) -> None:
        with rt.sessions.begin() as session:
            session.get_one(Person, wu).name_sealed = rt.keys.seal("吴先生".encode(), seals.name(wu))

    done = rotation.rotate(ringed(rt, "2027"), "admin", writes)
    assert [one.missing for one in done.unreadable] == [True]
    assert (done.removable, done.needed) == (("first",), {})


def test_an_index_that_is_taken_is_named(rt: Runtime) -> None:
    """Two processes with different rings may have added somebody at the same time."""
    wu, li = town(rt)
    newer = ringed(rt, "2027")
    with newer.sessions.begin() as session:
        twin = session.get_one(Person, li)
        twin.number_sealed = newer.keys.seal(NUMBER.text.encode(), seals.number(li))
        twin.number_index = newer.keys.index(NUMBER.text, seals.NUMBER)
    done = rotate(newer)
    assert [(one.table, one.id, one.column) for one in done.unreadable] == [("people", wu, "number_sealed")]
    assert "another row" in done.unreadable[0].why
    assert (done.removable, done.needed) == ((), {"first": 1})


def test_of_several_older_keys_each_is_removable_by_itself(rt: Runtime) -> None:
    town(rt)
    middle = ringed(rt, "2026")
    with middle.sessions.begin() as session:
        person = session.scalars(select(Person)).first()
        assert person is not None
        person.name_sealed = middle.keys.seal(b"elsewhere", "another context")
    newest = ringed(middle, "2027")
    done = rotate(newest)
    assert (done.removable, done.needed) == (("first",), {"2026": 1})


def test_a_pin_of_an_earlier_version_holds_its_key_until_it_is_used(rt: Runtime) -> None:
    wu, _ = town(rt)
    old = pins._HASHER.hash(rt.keys.index(f"{wu}:{PIN}", "pins"))
    with rt.sessions.begin() as session:
        session.execute(update(Pin).where(Pin.person_id == wu).values(hash=old, pepper_sealed=None))
    newer = ringed(rt, "2027")
    done = rotate(newer)
    assert (done.old_pins, done.removable, done.needed) == (1, (), {})
    with pytest.raises(KeysOfAnother):
        canary.check(rt.sessions, only_newest(newer).keys, rt.now())
    assert check_pin(newer, wu) == Right()
    assert rotate(newer).removable == ("first",)
    assert check_pin(only_newest(newer), wu) == Right()


def test_what_has_no_plain_value_is_counted_with_its_end(rt: Runtime, clock: Clock) -> None:
    town(rt)
    newer = ringed(rt, "2027")
    done = rotate(newer)
    assert (done.codes, done.codes_until) == (2, rt.now() + codes.VALID)
    assert (done.guesses, done.guesses_until) == (2, rt.now() + guesses.WITHIN)
    clock.forward(hours=2)
    done = rotate(newer)
    assert (done.codes, done.codes_until, done.guesses, done.guesses_until) == (0, None, 0, None)


def test_the_last_choice_of_a_dialect_is_kept(rt: Runtime, clock: Clock) -> None:
    town(rt)
    newer = ringed(rt, "2027")
    clock.forward(days=1)
    with newer.sessions.begin() as session:
        people.remember_dialect(session, newer.keys, "+8613888000001", "mandarin", newer.now())
    rotate(newer)
    with newer.sessions() as session:
        assert people.dialect_of(session, only_newest(newer).keys, "+8613888000001") == "mandarin"
        assert len(session.scalars(select(LinePreference)).all()) == 2


def test_a_number_that_wants_no_reminders_goes_on_wanting_none(rt: Runtime) -> None:
    town(rt)
    newer = ringed(rt, "2027")
    rotate(newer)
    alone = only_newest(newer)
    with alone.sessions() as session:
        standings = session.scalars(select(NumberStanding)).all()
    kept = {one.number_index for one in standings if one.opted_out_at is not None}
    assert kept == {alone.keys.index(f"+861388800000{n}", seals.PHONE) for n in (1, 2)}
