"""A record opened and corrected at the desk; and what somebody lives on counts where their cases wait."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from certification import cases, holding, names, needs, people, records, replycodes
from certification.cases import CaseKind
from certification.errors import Problem
from certification.identity import CheckCharacterWrong
from certification.needs import Declared
from certification.phones import NumberNotRecognised
from certification.records import Change, Holder, HolderUnknown, What
from certification.replycodes import Drawn
from certification.runtime import Runtime
from certification.store import Case, JournalEntry, LinePreference, Message, Person, Phone, new_id
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled

NUMBER = resident_number("530102", 1946, 3, 5, 2)
CARD = {"id_number": NUMBER, "name": "吴桂芳", "region": "kunming", "phone": "0871-63123456", "holder": "relative"}


def opened(rt: Runtime, **fields: str) -> tuple[Person, bool]:
    with rt.sessions.begin() as session:
        return records.open_record(session, rt, records.entry(rt, {**CARD, **fields}), "赵经办")


def corrected(rt: Runtime, person: Person, *, name: str = "吴先生", dialect: str = "", **fields: object) -> list[What]:
    filled: dict[str, object] = {"holders": {}, "gone": (), "more": (), **fields}
    with rt.sessions.begin() as session:
        wanted = records.wanted(rt, name=name, dialect=dialect, **filled)  # type: ignore[arg-type]
        one = session.get_one(Person, person.id)
        return [change.what for change in records.correct(session, rt, one, wanted, "赵经办")]


def telephones(rt: Runtime, person: Person) -> list[tuple[str, str]]:
    with rt.sessions() as session:
        return [(one.holder, number) for one, number in records.telephones(session, rt, person)]


def test_a_record_is_opened_once_and_who_is_there_is_left_as_they_are(rt: Runtime) -> None:
    person, new = opened(rt, dialect="mandarin")
    assert new and telephones(rt, person) == [("relative", "+8687163123456")]
    with rt.sessions() as session:
        [entry] = session.scalars(select(JournalEntry).where(JournalEntry.action == "person added"))
    assert entry.actor == "赵经办"
    again, new = opened(rt, name="别人", phone="13900000001")
    assert (again.id, new) == (person.id, False)
    with rt.sessions() as session:
        assert people.reveal(rt.keys, session.get_one(Person, person.id)).name == "吴桂芳"
    assert len(telephones(rt, person)) == 1


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"id_number": NUMBER[:-1] + ("1" if NUMBER[-1] != "1" else "2")}, CheckCharacterWrong),
        ({"phone": "12333"}, NumberNotRecognised),
        ({"phone": "63123456"}, NumberNotRecognised),
        ({"holder": "neighbour"}, HolderUnknown),
        ({"dialect": "klingon"}, people.DialectUnknown),
        ({"name": " "}, people.NameMissing),
    ],
    ids=["check digit", "hotline", "no area code", "holder", "dialect", "name"],
)
def test_what_is_wrong_is_said(rt: Runtime, fields: dict[str, str], problem: type[Problem]) -> None:
    with pytest.raises(problem):
        records.entry(rt, {**CARD, **fields})


def test_a_correction_changes_what_differs_and_journals_no_word_of_it(rt: Runtime, wu: Person) -> None:
    with rt.sessions() as session:
        [phone] = session.scalars(select(Phone))
    more = (("13900000001", "relative"), (" ", "self"))
    changed = corrected(rt, wu, name="吴 桂芳", dialect="mandarin", holders={phone.id: "relative"}, more=more)
    assert changed == [What.NAME, What.DIALECT, What.HOLDER, What.ADDED]
    assert sorted(telephones(rt, wu)) == [("relative", "+8613888000001"), ("relative", "+8613900000001")]
    with rt.sessions() as session:
        one = session.get_one(Person, wu.id)
        assert (people.reveal(rt.keys, one).name, one.dialect) == ("吴 桂芳", "mandarin")
        assert [found.id for found in names.find(session, rt.keys, "吴桂芳").people] == [wu.id]
    [told] = journalled(rt, "record corrected")
    assert json.loads(told) == {"changes": ["name", "dialect", "holder", "added"]}
    assert corrected(rt, wu, name="吴 桂芳", dialect="mandarin") == []
    assert len(journalled(rt, "record corrected")) == 1


def test_what_replaces_something_is_told_before_anything_is_done(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        [phone] = session.scalars(select(Phone))
        filled = {"holders": {}, "gone": [phone.id], "more": [("13900000001", "self")]}
        wanted = records.wanted(rt, name="吴桂芳", dialect="mandarin", **filled)  # type: ignore[arg-type]
        due = records.changes(session, rt, session.get_one(Person, wu.id), wanted)
    assert due == (
        Change(What.NAME, "吴先生", "吴桂芳"),
        Change(What.DIALECT, "", "mandarin"),
        Change(What.REMOVED, "+8613888000001", ""),
        Change(What.ADDED, "", "+8613900000001", "self"),
    )
    assert [one.replaces for one in due] == [True, False, True, False]
    assert telephones(rt, wu) == [("self", "+8613888000001")]


def test_a_number_that_is_there_gets_another_holder_and_no_second_row(rt: Runtime, wu: Person) -> None:
    assert corrected(rt, wu, more=[("138 8800 0001", "relative")]) == [What.HOLDER]
    assert telephones(rt, wu) == [("relative", "+8613888000001")]


def test_a_telephone_taken_away_and_given_again_is_one(rt: Runtime, wu: Person) -> None:
    with rt.sessions() as session:
        [phone] = session.scalars(select(Phone))
    assert corrected(rt, wu, gone=[phone.id], more=[("13888000001", "relative")]) == [What.REMOVED, What.ADDED]
    assert telephones(rt, wu) == [("relative", "+8613888000001")]


def test_a_telephone_of_somebody_else_is_left_alone(rt: Runtime, wu: Person) -> None:
    other, _ = opened(rt)
    with rt.sessions() as session:
        [theirs] = session.scalars(select(Phone).where(Phone.person_id == other.id))
    assert corrected(rt, wu, gone=[theirs.id], holders={theirs.id: "self"}) == []
    assert telephones(rt, other) == [("relative", "+8687163123456")]


def test_at_a_number_that_went_nothing_is_good_any_more(rt: Runtime, wu: Person) -> None:
    sent = new_id()
    with rt.sessions.begin() as session:
        [phone] = session.scalars(select(Phone))
        about = {"reminder": "r", "purpose": "reminder", "priority": 0, "words": "w", "state": "sent"}
        session.add(Message(id=sent, person_id=wu.id, phone_id=phone.id, not_before=rt.now(), **about))
        session.flush()
        replycodes.keep(session, rt, [Drawn(sent, wu.id, "+8613888000001", "204715")])
        people.remember_dialect(session, rt.keys, "+8613888000001", "cantonese", rt.now())
    assert corrected(rt, wu, gone=[phone.id]) == [What.REMOVED]
    with rt.sessions.begin() as session:
        assert people.people_at(session, rt.keys, "+8613888000001") == []
        assert replycodes.check(session, rt, "+8613888000001", "204715") is None
        assert session.scalars(select(LinePreference)).all() == []


def test_who_shares_the_number_keeps_it_and_its_dialect(rt: Runtime, wu: Person) -> None:
    other, _ = opened(rt, phone="13888000001", holder="self")
    with rt.sessions.begin() as session:
        people.remember_dialect(session, rt.keys, "+8613888000001", "cantonese", rt.now())
        [phone] = session.scalars(select(Phone).where(Phone.person_id == wu.id))
    corrected(rt, wu, gone=[phone.id])
    with rt.sessions() as session:
        assert [one.id for one in people.people_at(session, rt.keys, "+8613888000001")] == [other.id]
        assert people.dialect_of(session, rt.keys, "+8613888000001") == "cantonese"


def opens(rt: Runtime, cause: str, person: Person) -> str:
    with rt.sessions.begin() as session:
        one = session.get_one(Person, person.id)
        return cases.open_case(session, rt, kind=CaseKind.VOICE_DOUBT, cause=cause, person=one).id


def order(rt: Runtime) -> list[tuple[str, bool]]:
    with rt.sessions() as session:
        return [(one.id, one.first) for one in holding.waiting(session, rt, most=9)]


@pytest.mark.parametrize("need", [Declared.SOLE_INCOME, Declared.ALONE, Declared.ILLNESS], ids=str)
def test_a_waiting_case_follows_what_is_declared(rt: Runtime, wu: Person, clock: Clock, need: Declared) -> None:
    other, _ = opened(rt, id_number=resident_number("530102", 1950, 8, 1))
    with rt.sessions.begin() as session:
        session.get_one(Person, other.id).region = "default"  # whose year ends later than Kunming's quarter
    earlier = opens(rt, "1", wu)
    clock.forward(minutes=1)
    later = opens(rt, "2", wu)
    decided = opens(rt, "3", wu)
    with rt.sessions.begin() as session:
        cases.decide(session, rt, session.get_one(Case, decided), verdict="confirmed", by="李")
        before = session.get_one(Case, decided).rank
    others = opens(rt, "4", other)
    with rt.sessions.begin() as session:
        needs.declare(session, rt, session.get_one(Person, other.id), need, "赵经办")
    assert order(rt) == [(others, True), (earlier, False), (later, False)]
    with rt.sessions.begin() as session:
        needs.declare(session, rt, session.get_one(Person, wu.id), need, "赵经办")
        assert session.get_one(Case, decided).rank == before
    assert [first for _, first in order(rt)] == [True] * 3
    with rt.sessions.begin() as session:
        needs.withdraw(session, rt, session.get_one(Person, other.id), need, "赵经办")
    assert order(rt) == [(earlier, True), (later, True), (others, False)]


def test_a_need_that_makes_nobody_first_changes_nothing(rt: Runtime, wu: Person) -> None:
    opens(rt, "1", wu)
    with rt.sessions.begin() as session:
        needs.declare(session, rt, session.get_one(Person, wu.id), Declared.NO_MOBILE, "赵经办")
    assert [first for _, first in order(rt)] == [False]


def test_the_old_go_first_in_every_queue(rt: Runtime) -> None:
    person, _ = opened(rt)  # eighty this March
    opens(rt, "1", person)
    assert [first for _, first in order(rt)] == [True]


def test_holders_are_two() -> None:
    assert [records.holder(one.value) for one in Holder] == list(Holder)
