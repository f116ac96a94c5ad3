"""People: added, found, and kept so that the database alone tells nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from certification import cases, certifying, codes, consent, limits, people, pins
from certification.errors import Problem
from certification.evidence import Kind, Strength
from certification.identity import ResidentNumber
from certification.keys import KeyRing, SealBroken
from certification.regions import BUILT_IN, Regions
from certification.runtime import Runtime
from certification.store import Base, JournalEntry, Person, Phone
from ops import compose
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number

WU = resident_number("530102", 1950, 5, 15)
LI = resident_number("530102", 1952, 8, 1)
HOME = "087163165432"


def add(session: Session, rt: Runtime, number: str = WU, **more: str) -> Person:
    return people.add(session, rt, **{"id_number": number, "name": "吴先生", "region": "kunming"} | more)


def test_a_person_is_found_by_number_and_shown_on_request(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        added = add(session, rt)
    with rt.sessions() as session:
        found = people.find_by_number(session, rt.keys, ResidentNumber.parse(WU.lower()))
        assert found is not None
        assert found.id == added.id
        assert people.reveal(rt.keys, found) == people.Revealed("吴先生", WU)
        assert people.number_of(rt.keys, found).text == WU
        assert people.find_by_number(session, rt.keys, ResidentNumber.parse(LI)) is None


def test_the_database_holds_neither_name_nor_numbers(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        add(session, rt, phone="13888000001")
    with rt.sessions() as session:
        rows = [
            row for table in ("people", "phones", "journal") for row in session.execute(text(f"SELECT * FROM {table}"))
        ]
    kept = repr(rows).encode("utf-8")
    for secret in ("吴先生", WU, "13888000001"):
        assert secret.encode("utf-8") not in kept
        assert repr(secret.encode("utf-8"))[2:-1].encode() not in kept


def test_sealed_bytes_moved_to_another_row_do_not_open(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        wu, li = add(session, rt), add(session, rt, LI, name="李女士")
        wu.number_sealed = li.number_sealed
        with pytest.raises(SealBroken):
            people.reveal(rt.keys, wu)


def test_a_family_shares_a_telephone(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        wu = add(session, rt, phone=HOME)
        li = add(session, rt, LI, name="李女士", phone=HOME, relative_phone="13888000001")
        assert {person.id for person in people.people_at(session, rt.keys, "+8687163165432")} == {wu.id, li.id}
        assert people.people_at(session, rt.keys, "+8613888000001") == [li]
        assert people.people_at(session, rt.keys, "+8613888000009") == []
        at_home = people.people_at(session, rt.keys, "+8687163165432")
        assert people.with_tail(rt.keys, at_home, LI[-4:].lower()) == [li]
        assert people.with_tail(rt.keys, at_home, "0000") == []


def test_a_tail_that_ends_with_x_may_be_keyed_small(rt: Runtime) -> None:
    number = next(n for order in range(99) if (n := resident_number("530102", 1950, 5, 15, order)).endswith("X"))
    with rt.sessions.begin() as session:
        person = add(session, rt, number)
        assert people.with_tail(rt.keys, [person], number[-4:].lower()) == [person]


def test_adding_again_brings_up_to_date_and_takes_nothing_away(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        first = add(session, rt, phone=HOME, dialect="sichuanese")
    with rt.sessions.begin() as session:
        again = add(session, rt, name="吴老先生", region="", phone="13888000001")
        assert again.id == first.id
        assert people.reveal(rt.keys, again).name == "吴老先生"
        assert (again.region, again.dialect) == ("kunming", "sichuanese")
        assert len(again.phones) == 2
    with rt.sessions.begin() as session:
        add(session, rt, name="吴老先生", phone=HOME)
    with rt.sessions() as session:
        actions = session.scalars(select(JournalEntry.action).order_by(JournalEntry.seq)).all()
        assert actions == ["person added", "person updated"]
        assert session.scalar(select(func.count()).select_from(Phone)) == 2


def test_what_an_older_key_sealed_and_indexed_is_found_under_a_newer_one(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        wu = add(session, rt, phone=HOME)
        people.remember_dialect(session, rt.keys, "+8687163165432", "cantonese", rt.now())
    rotated = replace(rt, keys=KeyRing.from_text(f"{KeyRing.generate_text('newer')},{rt.settings.keys}"))
    with rotated.sessions.begin() as session:
        again = add(session, rotated, phone=HOME)
        assert again.id == wu.id
        assert people.people_at(session, rotated.keys, "+8687163165432") == [again]
        assert people.dialect_of(session, rotated.keys, "+8687163165432") == "cantonese"
        assert session.scalar(select(func.count()).select_from(Phone)) == 1


def test_the_dialect_last_chosen_from_a_number(rt: Runtime, clock: Clock) -> None:
    with rt.sessions.begin() as session:
        assert people.dialect_of(session, rt.keys, "+8613888000001") is None
        people.remember_dialect(session, rt.keys, "+8613888000001", "mandarin", rt.now())
        clock.forward(days=1)
        people.remember_dialect(session, rt.keys, "+8613888000001", "cantonese", rt.now())
        assert people.dialect_of(session, rt.keys, "+8613888000001") == "cantonese"
        assert people.dialect_of(session, rt.keys, "+8613888000002") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"id_number": WU[:-1]},
        {"id_number": resident_number("530102", 2026, 3, 11)},
        {"name": "  "},
        {"name": "吴" * 61},
        {"name": "吴\x07"},
        {"region": "nowhere"},
        {"dialect": "klingon"},
        {"phone": "1388800000"},
        {"relative_phone": "none"},
    ],
)
def test_what_is_wrong_is_refused_by_name_and_leaves_nothing(rt: Runtime, wrong: dict[str, str]) -> None:
    with rt.sessions.begin() as session:
        with pytest.raises(Problem):
            people.add(session, rt, **{"id_number": WU, "name": "吴先生", "region": "kunming"} | wrong)
        assert session.scalar(select(func.count()).select_from(Person)) == 0


@pytest.mark.parametrize("name", ["吴　伟", "买买提·艾力", "\ue863某", "𰻞某"])
def test_names_as_they_are(rt: Runtime, name: str) -> None:
    with rt.sessions.begin() as session:
        assert people.reveal(rt.keys, add(session, rt, name=name)).name == name.replace("\u3000", " ")


def test_a_dialect_that_an_operators_region_file_brings(rt: Runtime, tmp_path: Path) -> None:
    kunming = (BUILT_IN / "kunming.toml").read_text("utf-8").replace('"昆明"', '"厦门"')
    (tmp_path / "xiamen.toml").write_text(kunming.replace('"sichuanese"]', '"hokkien"]'), "utf-8")
    with rt.sessions.begin() as session:
        assert add(session, replace(rt, regions=Regions.load(tmp_path)), dialect="hokkien").dialect == "hokkien"


def test_a_dialect_is_written_by_its_name_or_its_code_whichever_region_begins_with_it(rt: Runtime) -> None:
    spoken = replace(rt, dialects=compose.spoken())
    with rt.sessions.begin() as session:
        for written, code in (
            ("上海话", "shanghainese"),
            ("客家话", "hakka"),
            ("HAKKA", "hakka"),
            ("粤语", "cantonese"),
        ):
            assert add(session, spoken, dialect=written).dialect == code
        with pytest.raises(people.DialectUnknown, match=r"火星话.*普通话.*上海话"):
            add(session, spoken, dialect="火星话")


def test_deleting_a_person_takes_everything_of_theirs_along(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        wu = add(session, rt, phone=HOME)
        consent.record(session, rt, wu, text="我同意。", how="desk", by="clerk")
        codes.issue(session, rt, wu, "clerk")
        pins.set_pin(session, rt, wu, "295038", "clerk")
        limits.failed(session, rt, wu, reason="words", ref="1")
        cases.open_case(session, rt, kind=cases.CaseKind.CALL_BACK, cause="1", person=wu)
        certifying.record(
            session,
            rt,
            wu,
            kind=Kind.DESK,
            strength=Strength.OFFICIAL,
            source="desk",
            ref="1",
            observed_at=rt.now(),
            actor="clerk",
        )
    with rt.sessions.begin() as session:
        session.execute(delete(Person).where(Person.id == wu.id))
    with rt.sessions() as session:
        left = {t.name for t in Base.metadata.sorted_tables if session.scalar(select(func.count()).select_from(t))}
    assert left == {"journal", "journal_head"}


def test_somebody_born_today_there_is_possible(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        assert add(session, rt, resident_number("530102", 2026, 3, 10))
