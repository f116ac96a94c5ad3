"""Everything that is kept of a person comes out in the clear, and nothing of anybody else, nor a secret."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from certification import cases, desks, dossier, needs, review, withdrawing
from certification.cases import CaseKind
from certification.certifying import Recorded
from certification.dossier import SOMEBODY_ELSE, Dossier
from certification.keys import KeyRing
from certification.needs import Declared
from certification.runtime import Runtime
from certification.sections import SECTIONS
from certification.store import Assessment, Call, Case, Person, Phone
from tests.certification.sealed import AUDIO, doubt, town


def of(rt: Runtime, person_id: str) -> Dossier:
    with rt.sessions() as session:
        return dossier.of(session, rt, session.get_one(Person, person_id))


def only(found: Dossier, section: str) -> dict[str, Any]:
    [row] = found.rows[section]
    return row


def test_what_is_sealed_of_a_person_comes_out_in_the_clear(rt: Runtime) -> None:
    wu, _ = town(rt)
    doubt(rt, wu)
    found = of(rt, wu)
    person = only(found, "people")
    assert (person["name"], person["number"][:6], person["region"]) == ("吴1950", "530102", "kunming")
    assert only(found, "phones")["number"] == "+8613888000001"
    daughter = only(found, "helpers")
    assert (daughter["name"], daughter["number"], daughter["relation"]) == ("吴女士", "+8613988000009", "relative")
    assert only(found, "calls")["from"] == "+8613888000001"
    assert only(found, "visits")["report"] == "不在家"
    assert found.photos == {only(found, "visits")["photo"]: b"\x89PNG a door"}
    assert found.audio == {only(found, "recordings")["file"]: AUDIO}
    assert only(found, "agent_people")["agent"] == "昆明机床厂"
    assert only(found, "suspensions")["month"] == "2026-04"
    assert person["number"] in only(found, "suspensions")["payee"]
    assert {one["purpose"].partition(":")[0] for one in found.rows["consents"]} == {"voiceprint", "copies"}
    assert only(found, "standing")["certified"] is False
    assert {"person added", "case opened", "consent given"} <= {one["action"] for one in found.rows["journal"]}
    assert found.unreadable == ()
    json.dumps(found.rows)


def test_every_part_may_have_something_in_it(rt: Runtime) -> None:
    """Of what the town lacks, one of each; so that a part that never finds anything would be noticed."""
    wu, _ = town(rt)
    doubt(rt, wu)
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu)
        needs.declare(session, rt, person, Declared.ALONE, "clerk")
        recorded = desks.certify(session, rt, person, "clerk")
        assert isinstance(recorded, Recorded)
        withdrawing.withdraw(session, rt, recorded.evidence.id, by="clerk", why="点错了人")
        case = session.scalars(select(Case.id).where(Case.person_id == wu)).one()
        review.decide(session, rt, case, review.Verdict.UNSURE, "operator")
    empty = {name for name, rows in of(rt, wu).rows.items() if not rows}
    assert empty == {"attempts", "climbs", "comparison_results", "appointments"}


@pytest.mark.parametrize("secret", ["a voice", "a fingerprint", "argon2", "<Response/>", "_index", 'hash"', "pepper"])
def test_secrets_stay_where_they_are(rt: Runtime, secret: str) -> None:
    wu, _ = town(rt)
    found = of(rt, wu)
    text = json.dumps({key: rows for key, rows in found.rows.items() if key != "journal"}, ensure_ascii=False)
    assert secret not in text
    with rt.sessions() as session:
        assert session.scalars(select(Phone.number_index).where(Phone.person_id == wu)).one() not in text


def test_of_other_people_there_is_nothing(rt: Runtime) -> None:
    wu, li = town(rt)
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu)
        detail = {"other": li, "llr": 3.0}
        cases.open_case(
            session, rt, kind=CaseKind.ENROLLED_TWICE, cause=f"enrolled_twice:{li}", person=person, detail=detail
        )
        mine = select(Assessment).where(Assessment.person_id == wu)
        session.scalars(mine).one().detail = {"suspicions": {"household": {"person": li}}}
        call = session.scalars(select(Call).where(Call.person_id == wu)).one()
        cases.open_case(session, rt, kind=CaseKind.SHARED_LINE, cause="shared", call=call, detail={"people": 3})
    found = of(rt, wu)
    text = json.dumps(found.rows, ensure_ascii=False)
    assert li not in text and "13888000002" not in text and "吴1951" not in text
    assert only(found, "assessments")["detail"] == {"suspicions": {"household": {"person": SOMEBODY_ELSE}}}
    case = only(found, "cases")
    assert (case["detail"]["other"], case["cause"]) == (SOMEBODY_ELSE, f"enrolled_twice:{SOMEBODY_ELSE}")


def test_what_does_not_open_is_named_and_keeps_nothing_else_back(rt: Runtime) -> None:
    wu, _ = town(rt)
    with rt.sessions.begin() as session:
        phone = session.scalars(select(Phone).where(Phone.person_id == wu)).one()
        phone.number_sealed = b"broken"
    found = of(rt, wu)
    assert found.unreadable == (f"phones.number_sealed {phone.id}",)
    assert only(found, "phones")["number"] is None
    assert only(found, "people")["name"] == "吴1950"
    nothing = of(replace(rt, keys=KeyRing.from_text(KeyRing.generate_text("other"))), wu)
    assert nothing.audio == nothing.photos == {} and nothing.rows["standing"] == []
    assert len(nothing.unreadable) == 15


def test_each_row_is_the_persons_own(rt: Runtime) -> None:
    wu, li = town(rt)
    for section in SECTIONS:
        for row in of(rt, wu).rows[section.name]:
            assert row.get("person_id", wu) == wu
    assert of(rt, li).rows["pins"] == []
