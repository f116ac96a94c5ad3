"""People found by name: over an index that tells nothing, kept as names and keys change, filled in where it lacks."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from certification import names, people, rotation, seals
from certification.keys import KeyRing
from certification.names import Namesakes
from certification.runtime import Runtime
from certification.store import Person
from tests.certification.numbers import resident_number
from tests.certification.sealed import only_newest, ringed
from tests.certification.suspending import journalled


def put(rt: Runtime, name: str, year: int, *, region: str = "kunming", order: int = 1) -> str:
    with rt.sessions.begin() as session:
        number = resident_number("530102", year, 3, 5, order)
        return people.add(session, rt, id_number=number, name=name, region=region).id


def find(rt: Runtime, name: str, *, region: str | None = "kunming", narrow: str = "") -> list[str]:
    return [one.id for one in look(rt, name, region=region, narrow=narrow).people]


def look(rt: Runtime, name: str, *, region: str | None = "kunming", narrow: str = "") -> Namesakes:
    with rt.sessions() as session:
        return names.find(session, rt.keys, name, region=region, narrow=narrow)


def nobody_watches(_rows: int, _of: int) -> None:
    pass


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("吴 桂 芳", "吴桂芳"),
        ("吴桂芳　", "吴桂芳"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽买买提", "阿依古丽·买买提"),
        ("ｊｏｈｎ smith", "John Smith"),
        ("\uf9db", "\u7387"),  # a compatibility form of one character
    ],
    ids=["spaces", "wide space", "another dot", "no dot", "wide letters", "compatibility"],
)
def test_a_name_is_found_as_it_is_written(rt: Runtime, written: str, kept: str) -> None:
    one = put(rt, kept, 1946)
    put(rt, "吴桂花", 1946, order=2)
    assert find(rt, written) == [one]


def test_namesakes_are_listed_the_oldest_first_and_told_apart(rt: Runtime) -> None:
    young, old = put(rt, "王秀英", 1951), put(rt, "王秀英", 1940)
    elsewhere = put(rt, "王秀英", 1945, region="qingdao")
    assert find(rt, "王秀英") == [old, young]
    assert find(rt, "王秀英", region=None) == [old, elsewhere, young]
    assert find(rt, "王秀英", narrow="1951") == [young]
    assert find(rt, "王秀英", narrow=resident_number("530102", 1940, 3, 5)[-4:].lower()) == [old]
    assert find(rt, "王秀英", narrow="1899") == []


def test_more_than_are_looked_at_is_said(rt: Runtime) -> None:
    for year, more in ((1940, False), (1941, False), (1942, True)):
        put(rt, "王秀英", year)
        with rt.sessions() as session:
            found = names.find(session, rt.keys, "王秀英", region="kunming", most=2)
        assert (len(found.people), found.more) == (min(year - 1939, 2), more)


def test_the_index_does_not_tell_the_name_and_is_none_of_another_key(rt: Runtime) -> None:
    put(rt, "王秀英", 1940)
    with rt.sessions() as session:
        [kept] = session.scalars(select(Person.name_index))
    assert kept == rt.keys.index("王秀英", seals.NAME)
    other = KeyRing.from_text(KeyRing.generate_text())
    assert kept not in (other.index("王秀英", seals.NAME), rt.keys.index("王秀英", seals.NUMBER))


def test_who_gets_another_name_on_the_roll_is_found_by_that_alone(rt: Runtime) -> None:
    one = put(rt, "王秀英", 1940)
    assert put(rt, "王秀莹", 1940) == one
    assert (find(rt, "王秀英"), find(rt, "王秀莹")) == ([], [one])


def test_a_name_is_found_under_a_newer_key_and_an_older(rt: Runtime) -> None:
    old = put(rt, "王秀英", 1940)
    newer = ringed(rt, "2027")
    new = put(newer, "王秀英", 1950)
    assert find(newer, "王秀英") == [old, new]
    rotation.rotate(newer, "admin")
    assert find(only_newest(newer), "王秀英") == [old, new]


def test_names_of_before_are_indexed_in_slices_and_only_once(rt: Runtime) -> None:
    people_ = [put(rt, "王秀英", 1940 + n) for n in range(5)]
    with rt.sessions.begin() as session:
        session.execute(update(Person).values(name_index=None))
        lost = KeyRing.from_text(KeyRing.generate_text("lost")).seal(b"x", seals.name(people_[2]))
        session.execute(update(Person).where(Person.id == people_[2]).values(name_sealed=lost))
    assert find(rt, "王秀英") == []
    [left] = names.index(rt, "cli", nobody_watches, batch=2)
    assert (left.table, left.id) == ("people", people_[2])
    assert find(rt, "王秀英") == [one for one in people_ if one != people_[2]]
    assert len(names.index(rt, "cli", nobody_watches, batch=2)) == 1
    assert len(journalled(rt, "names indexed")) == 1


def test_a_name_given_meanwhile_keeps_its_index(rt: Runtime) -> None:
    two = sorted([put(rt, "王秀英", 1940), put(rt, "李桂兰", 1950)])
    with rt.sessions.begin() as session:
        session.execute(update(Person).values(name_index=None))

    def renames(_rows: int, _of: int) -> None:
        with rt.sessions.begin() as session:
            people.rename(rt.keys, session.get_one(Person, two[1]), "王秀莹")

    names.index(rt, "cli", renames, batch=1)
    assert find(rt, "王秀莹") == [two[1]]


def test_a_number_that_does_not_open_hides_nobody(rt: Runtime) -> None:
    one = put(rt, "王秀英", 1940)
    with rt.sessions.begin() as session:
        session.execute(update(Person).values(number_sealed=b"\x01\x01x"))
    assert find(rt, "王秀英", narrow="1950") == [one]


@pytest.mark.parametrize(
    ("name", "shown"), [("吴先生", "吴**"), ("欧阳小兰", "欧**"), ("王英", "王**"), ("吴", "吴**"), ("", "")]
)
def test_of_a_hidden_name_neither_its_end_nor_its_length_is_seen(name: str, shown: str) -> None:
    assert names.masked(name) == shown
