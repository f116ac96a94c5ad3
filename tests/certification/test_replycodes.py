"""One-time codes: of one message, for one number, once, for a week, and few guesses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from certification import guesses, replycodes
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.store import Message, Person, ReplyCode, new_id
from tests.certification.conftest import Clock
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
        return replycodes.issue(session, rt, session.get_one(Message, of), person, number)


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


def test_each_message_has_its_own_and_another_for_it_ends_the_first(rt: Runtime, wu: Person) -> None:
    first, second = message(rt, wu), message(rt, wu)
    codes = [issue(rt, wu, first), issue(rt, wu, second)]
    again = issue(rt, wu, first)
    assert len({*codes, again}) == 3
    assert [check(rt, one) for one in (codes[0], codes[1], again)] == [None, wu.id, wu.id]


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
