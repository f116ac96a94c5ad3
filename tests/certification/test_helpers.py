"""Who helps a person: declared, with copies of reminders only as long as the person agrees, and no right to certify."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import bereavement, consent, helpers, people, seals
from certification.helpers import Declared, HelperUnknown, NumberDeclared, Recipient, Relation
from certification.keys import KeyRing
from certification.people import NameMissing
from certification.phones import NumberNotRecognised, PhoneKind
from certification.regions import Regions
from certification.runtime import Runtime
from certification.store import Consent, Helper, JournalEntry, Person, Phone
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.sealed import count, ringed
from tests.certification.together import at_once

DAUGHTER, NEIGHBOUR = "13988000009", "0871-65123456"
WORDS = "我同意把提醒短信也发给女儿。"


def declare(rt: Runtime, person: Person, phone: str = DAUGHTER, name: str = "吴女士") -> Helper:
    with rt.sessions.begin() as session:
        relation = Relation.RELATIVE
        return helpers.declare(session, rt, person, name=name, phone=phone, relation=relation, by="clerk")


def agree(rt: Runtime, person: Person, helper: Helper) -> bool:
    with rt.sessions.begin() as session:
        return helpers.agree_to_copies(session, rt, person, helper, text=WORDS, how="desk", by="clerk")


def numbers(rt: Runtime, person: Person) -> list[str]:
    with rt.sessions() as session:
        return [one.number for one in helpers.copies_for(session, rt, session.get_one(Person, person.id))]


def shown(rt: Runtime, person: Person) -> list[Declared]:
    with rt.sessions() as session:
        return helpers.declared(session, rt, person)


def test_a_daughter_is_declared_sealed_and_gets_copies_once_the_person_agrees(rt: Runtime, wu: Person) -> None:
    daughter = declare(rt, wu)
    [one] = shown(rt, wu)
    assert (one.name, one.number, one.copies) == ("吴女士", "+8613988000009", None)
    assert numbers(rt, wu) == []
    assert agree(rt, wu, daughter)
    assert not agree(rt, wu, daughter), "it stands already"
    [one] = shown(rt, wu)
    assert one.copies is not None
    assert (one.copies.text, one.copies.how, one.copies.recorded_by) == (WORDS, "desk", "clerk")
    with rt.sessions() as session:
        found = helpers.copies_for(session, rt, wu)
        assert found == (Recipient(daughter.id, "+8613988000009", PhoneKind.MOBILE),)
        assert "1398800" not in repr(found) + repr(one)
        written = list(session.scalars(select(JournalEntry.action).where(JournalEntry.subject == f"person:{wu.id}")))
        assert written == ["person added", "helper declared", "consent given"]
        assert not any(
            "吴女士" in detail or "1398" in detail for detail in session.scalars(select(JournalEntry.detail))
        )
        assert not consent.given(session, wu), "copies are no consent to a voiceprint"


def test_copies_stop_when_the_person_takes_it_back_or_the_help_ends(rt: Runtime, wu: Person, clock: Clock) -> None:
    daughter = declare(rt, wu)
    agree(rt, wu, daughter)
    with rt.sessions.begin() as session:
        assert helpers.stop_copies(session, rt, wu, daughter, "clerk")
        assert not helpers.stop_copies(session, rt, wu, daughter, "clerk")
    assert numbers(rt, wu) == []
    clock.forward(days=1)
    assert agree(rt, wu, daughter) and numbers(rt, wu) == ["+8613988000009"]
    with rt.sessions.begin() as session:
        assert helpers.end(session, rt, wu, daughter, "clerk")
        assert not helpers.end(session, rt, wu, daughter, "clerk")
        with pytest.raises(HelperUnknown, match="helpers show"):
            helpers.find(session, wu, daughter.id)
    assert numbers(rt, wu) == [] and shown(rt, wu) == []
    with rt.sessions() as session:
        kept = session.get_one(Helper, daughter.id)
        assert (kept.ended_by, kept.ended_at) == ("clerk", rt.now())
        assert all(one.withdrawn_at for one in session.scalars(select(Consent)))
    assert declare(rt, wu).id != daughter.id, "she may be declared again"
    assert numbers(rt, wu) == [], "and is asked for anew"


def test_a_number_is_declared_once_at_a_time(rt: Runtime, wu: Person) -> None:
    first = declare(rt, wu)
    assert declare(rt, wu, phone="+86 139 8800 0009", name=" 吴女士 ").id == first.id
    with pytest.raises(NumberDeclared, match=first.id):
        declare(rt, wu, name="别人")
    newer = ringed(rt, "newer")
    assert declare(newer, wu).id == first.id, "also under another key"
    assert len(set(at_once(3, lambda: declare(rt, wu, phone=NEIGHBOUR, name="邻居").id))) == 1
    assert count(rt, Helper) == 2


@pytest.mark.parametrize(
    ("phone", "name", "error"),
    [("12", "吴女士", NumberNotRecognised), (DAUGHTER, " ", NameMissing)],
    ids=["number", "name"],
)
def test_who_cannot_be_reached_or_named_is_no_helper(
    rt: Runtime, wu: Person, phone: str, name: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        declare(rt, wu, phone=phone, name=name)
    assert count(rt, Helper) == 0


def test_a_relative_on_the_roll_gets_no_copy_without_consent(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1951, 6, 1)
        li = people.add(
            session, rt, id_number=number, name="李", region="kunming", phone="13888000002", relative_phone=DAUGHTER
        )
        assert {phone.holder for phone in session.scalars(select(Phone))} == {"self", "relative"}
    assert numbers(rt, li) == []
    agree(rt, li, declare(rt, li))
    assert numbers(rt, li) == ["+8613988000009"]


def test_a_copy_never_goes_to_the_persons_own_number(rt: Runtime, wu: Person) -> None:
    agree(rt, wu, declare(rt, wu, phone="13888000001"))
    assert numbers(rt, wu) == []


def test_nobody_gets_a_copy_where_the_region_sends_none_or_the_person_is_left_in_peace(
    rt: Runtime, wu: Person, tmp_path: Path
) -> None:
    agree(rt, wu, declare(rt, wu))
    (tmp_path / "kunming.toml").write_text('name = "昆明"\n[reminders]\nto = ["self"]\n', encoding="utf-8")
    assert numbers(replace(rt, regions=Regions.load(tmp_path)), wu) == []
    assert numbers(rt, wu) == ["+8613988000009"]
    with rt.sessions.begin() as session:
        bereavement.report(session, rt, wu, source="desk", ref="1", by="clerk")
    assert numbers(rt, wu) == []


def test_a_number_that_does_not_open_is_passed_over(rt: Runtime, wu: Person) -> None:
    agree(rt, wu, declare(rt, wu))
    broken = declare(rt, wu, phone=NEIGHBOUR, name="邻居")
    agree(rt, wu, broken)
    with rt.sessions.begin() as session:
        session.get_one(Helper, broken.id).number_sealed = b"nothing"
    assert numbers(rt, wu) == ["+8613988000009"]
    assert numbers(replace(rt, keys=KeyRing.from_text(KeyRing.generate_text("other"))), wu) == []


def test_what_is_sealed_of_a_helper_opens_for_that_person_alone(rt: Runtime, wu: Person) -> None:
    helper = declare(rt, wu)
    for of in (helper.number_sealed, helper.name_sealed):
        with pytest.raises(ValueError):
            rt.keys.open(of, seals.helper_number(helper.id, "another"))
    opened = rt.keys.open(helper.number_sealed, seals.helper_number(helper.id, wu.id))
    assert opened.decode() == "+8613988000009"


def test_another_persons_helper_is_not_found(rt: Runtime, wu: Person) -> None:
    helper = declare(rt, wu)
    with rt.sessions.begin() as session:
        other = _other(session, rt)
        with pytest.raises(HelperUnknown):
            helpers.find(session, other, helper.id)
        assert helpers.declared(session, rt, other) == []


def _other(session: Session, rt: Runtime) -> Person:
    return people.add(session, rt, id_number=resident_number("530102", 1952, 6, 1), name="赵", region="kunming")


def test_whom_a_number_helps_and_who_of_them_agreed_to_copies(rt: Runtime, wu: Person) -> None:
    def helped(copies: bool) -> list[str]:
        with rt.sessions() as session:
            return [one.id for one in helpers.helped_from(session, rt.keys, "+8613988000009", copies=copies)]

    assert (helped(False), helped(True)) == ([], [])
    daughter = declare(rt, wu)
    assert (helped(False), helped(True)) == ([wu.id], [])
    agree(rt, wu, daughter)
    assert (helped(False), helped(True)) == ([wu.id], [wu.id])
    with rt.sessions.begin() as session:
        helpers.end(session, rt, session.get_one(Person, wu.id), session.get_one(Helper, daughter.id), "clerk")
    assert (helped(False), helped(True)) == ([], [])
