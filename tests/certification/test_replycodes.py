"""One-time codes: of one message, for one number, once, for a week, and few guesses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from certification import canary, guesses, people, replycodes, rotation
from certification.keys import KeyRing
from certification.replycodes import Drawn
from certification.runtime import Runtime
from certification.store import Message, Person, ReplyCode, new_id
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.together import at_once

NUMBER, OTHER = "+8613888000001", "+8613888000002"


def message(rt: Runtime, person: Person) -> str:
    """A reminder in the outbox."""
    about = {"purpose": "reminder", "priority": 9, "words": "reminder.code", "state": "queued"}
    with rt.sessions.begin() as session:
        row = Message(id=new_id(), reminder=new_id(), person_id=person.id, not_before=rt.now(), **about)
        session.add(row)
        return row.id


def issue(rt: Runtime, person: Person, of: str, number: str = NUMBER) -> str:
    with rt.sessions.begin() as session:
        drawn = replycodes.draw(session, rt, [(session.get_one(Message, of), number)])[of]
        assert drawn.person_id == person.id
        replycodes.keep(session, rt, [drawn])
        return drawn.code


def check(rt: Runtime, digits: str, number: str = NUMBER) -> str | None:
    with rt.sessions.begin() as session:
        found = replycodes.check(session, rt, number, digits)
        return found.id if found else None


def over(rt: Runtime, digits: str, number: str = NUMBER) -> str | None:
    with rt.sessions.begin() as session:
        found = replycodes.over(session, rt, number, digits)
        return found.id if found else None


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_a_code_is_good_once_and_from_its_number_alone(rt: Runtime, wu: Person) -> None:
    code = issue(rt, wu, message(rt, wu))
    assert (len(code), code.isdigit()) == (6, True)
    assert check(rt, code, OTHER) is None
    assert over(rt, code) is None
    assert [check(rt, code) for _ in range(2)] == [wu.id, None]
    assert (over(rt, code), over(rt, code, OTHER), over(rt, wrong(code))) == (wu.id, None, None)


def test_a_code_ends_after_a_week(rt: Runtime, wu: Person, clock: Clock) -> None:
    code, last = issue(rt, wu, message(rt, wu)), clock.at + replycodes.VALID
    clock.at = last
    assert (check(rt, code), over(rt, code)) == (None, wu.id)
    clock.at = last - timedelta(seconds=1)
    assert (over(rt, code), check(rt, code)) == (None, wu.id)
    clock.at = last + replycodes.KNOWN
    assert over(rt, code) is None


def sent(rt: Runtime, of: str) -> None:
    """A carrier took the message."""
    with rt.sessions.begin() as session:
        session.get_one(Message, of).sent_at = rt.now()


def test_each_message_has_its_own_and_the_same_however_often_it_is_made(rt: Runtime, wu: Person) -> None:
    first, second = message(rt, wu), message(rt, wu)
    codes = [issue(rt, wu, first), issue(rt, wu, second)]
    assert [issue(rt, wu, first), issue(rt, wu, second)] == codes
    assert [check(rt, one) for one in codes] == [wu.id, wu.id]


def test_a_code_comes_out_the_same_though_another_key_is_the_newest(rt: Runtime, wu: Person) -> None:
    of = message(rt, wu)
    code = issue(rt, wu, of)
    newer = replace(rt, keys=KeyRing.from_text(f"{KeyRing.generate_text('newer')},{rt.settings.keys}"))
    assert issue(newer, wu, of) == code
    assert check(newer, code) == wu.id


def test_as_long_as_a_code_is_good_its_key_is_to_stay(rt: Runtime, wu: Person, clock: Clock) -> None:
    code, ends = issue(rt, wu, message(rt, wu)), clock.at + replycodes.VALID
    newer = replace(rt, keys=KeyRing.from_text(f"{KeyRing.generate_text('newer')},{rt.settings.keys}"))
    canary.check(rt.sessions, rt.keys, rt.now())

    def kept() -> tuple[int, datetime | None]:
        done = rotation.rotate(newer, "operator")
        return done.codes, done.codes_until

    assert kept() == (1, ends)
    assert check(newer, code) == wu.id
    assert kept() == (0, None)
    issue(newer, wu, message(rt, wu))
    clock.at = ends
    assert kept() == (0, None)


def test_a_later_code_replaces_the_earlier_once_a_carrier_has_it(rt: Runtime, wu: Person, clock: Clock) -> None:
    early, late = message(rt, wu), message(rt, wu)
    first = issue(rt, wu, early)
    sent(rt, early)
    clock.forward(days=2)
    second = issue(rt, wu, late)
    assert over(rt, first) is None, "nobody knows yet whether the second arrives"
    sent(rt, late)
    assert (over(rt, first), check(rt, first)) == (wu.id, None)
    assert check(rt, second) == wu.id


def test_somebody_elses_later_code_replaces_none(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1951, 5, 15)
        wife = people.add(session, rt, id_number=number, name="李", region="kunming", phone=NUMBER)
    his = issue(rt, wu, message(rt, wu))
    clock.forward(hours=1)
    later = message(rt, wife)
    hers = issue(rt, wife, later)
    sent(rt, later)
    assert (over(rt, his), check(rt, his), check(rt, hers)) == (None, wu.id, wife.id)


def test_a_message_that_goes_out_again_later_has_the_good_code(rt: Runtime, wu: Person, clock: Clock) -> None:
    early, late = message(rt, wu), message(rt, wu)
    first = issue(rt, wu, early)
    clock.forward(hours=1)
    issue(rt, wu, late)
    sent(rt, late)
    clock.forward(hours=1)
    assert issue(rt, wu, early) == first
    assert check(rt, first) == wu.id


def test_two_at_one_number_never_have_the_same_code(rt: Runtime, wu: Person) -> None:
    def draw(*of: tuple[Message, str]) -> dict[str, Drawn]:
        with rt.sessions() as session:
            return replycodes.draw(session, rt, of)

    elsewhere = [(Message(id=new_id(), person_id=wu.id), f"+8613900{number:06d}") for number in range(6000)]
    by_code = dict[str, list[Message]]()
    for (one, _), drawn in zip(elsewhere, draw(*elsewhere).values(), strict=True):
        by_code.setdefault(drawn.code, []).append(one)
    first, second = next(alike for alike in by_code.values() if len(alike) > 1)[:2]
    together = draw((first, NUMBER), (second, NUMBER))
    assert together[first.id].code != together[second.id].code
    with rt.sessions.begin() as session:
        row = {"reminder": new_id(), "purpose": "reminder", "priority": 9, "words": "-", "state": "queued"}
        session.add(Message(id=first.id, person_id=wu.id, not_before=rt.now(), **row))
        session.flush()
        replycodes.keep(session, rt, [together[first.id]])
    assert draw((second, NUMBER))[second.id].code == together[second.id].code
    assert {code for code, alike in by_code.items() if first in alike} == {together[first.id].code}


def test_a_code_shows_in_no_log(rt: Runtime, wu: Person) -> None:
    with rt.sessions() as session:
        [drawn] = replycodes.draw(session, rt, [(Message(id=new_id(), person_id=wu.id), NUMBER)]).values()
    assert drawn.code not in repr(drawn) and NUMBER not in repr(drawn)


def test_guesses_are_counted_only_where_a_code_waits(rt: Runtime, wu: Person, clock: Clock) -> None:
    for _ in range(9):
        assert check(rt, "204715") is None
    code = issue(rt, wu, message(rt, wu))
    for _ in range(guesses.REPLY.most):
        assert check(rt, wrong(code)) is None
    assert check(rt, code) is None  # not looked at any more
    clock.forward(hours=1)
    assert check(rt, code) == wu.id


def test_a_code_is_used_once_by_however_many_at_a_time(rt: Runtime, wu: Person) -> None:
    code = issue(rt, wu, message(rt, wu))
    assert sorted(at_once(4, lambda: check(rt, code) or "")) == ["", "", "", wu.id]


def test_a_code_is_kept_under_a_key_and_bound_to_its_message(rt: Runtime, wu: Person) -> None:
    first, second = message(rt, wu), message(rt, wu)
    code = issue(rt, wu, first)
    issue(rt, wu, second)
    with rt.sessions.begin() as session:
        mine, other = session.get_one(ReplyCode, first), session.get_one(ReplyCode, second)
        assert code not in mine.code_index
        mine.code_index, other.code_index = other.code_index, mine.code_index
    assert check(rt, code) is None
    with rt.sessions.begin() as session:
        session.get_one(ReplyCode, first).code_index = session.get_one(ReplyCode, second).code_index
    newer = replace(rt, keys=KeyRing.from_text(f"{KeyRing.generate_text('newer')},{rt.settings.keys}"))
    third = issue(rt, wu, message(rt, wu))
    assert check(newer, third) == wu.id
    with rt.sessions() as session:
        assert len(session.scalars(select(ReplyCode).where(ReplyCode.used_at.is_not(None))).all()) == 1
