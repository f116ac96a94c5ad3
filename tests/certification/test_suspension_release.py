"""Releases: only what two supervisors signed, everybody checked again, one file; and payment made again, once."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date
from hashlib import sha256
from io import StringIO

import pytest
from sqlalchemy import select, update

from certification import bereavement, cases, certifying, forgetting, journal, outages, people
from certification.cases import CaseKind
from certification.errors import Problem
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import PaymentList, Period, Person, Suspension
from certification.suspension import files, lists, releasing
from certification.suspension.checks import Block
from certification.suspension.files import File, FileGone
from certification.suspension.lists import ListUnknown, NobodyProposed, NotNextMonth
from certification.suspension.releasing import NobodyMaySuspend, NotSigned, Released
from certification.suspension.restoring import NotThisMonth
from tests.certification.conftest import Clock
from tests.certification.suspending import (
    MAY,
    REGION,
    certify,
    journalled,
    overdue,
    restore,
    ruled,
    sign,
    states,
    supervisor,
    suspend,
)
from tests.certification.together import at_once

JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)


def release(rt: Runtime) -> Released | Problem:
    return releasing.release(rt, REGION, MAY, "clerk")


def signed(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        lists.propose(session, rt, REGION, MAY, "clerk")
        assert sign(session, rt, supervisor(session, rt, "李"), supervisor(session, rt, "王")) == [1, 2]


def rows(file: File) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(file.content.decode())))


def number(rt: Runtime, person: Person) -> str:
    return people.reveal(rt.keys, person).number


def test_a_list_without_two_signatures_is_not_released(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    with pytest.raises(ListUnknown):
        release(rt)
    with rt.sessions.begin() as session:
        lists.propose(session, rt, REGION, MAY, "clerk")
    assert isinstance(release(rt), NotSigned)
    with rt.sessions.begin() as session:
        sign(session, rt, supervisor(session, rt, "李"))
    assert "李" in str(release(rt))
    assert len(journalled(rt, "release refused")) == 2
    with rt.sessions() as session:
        assert [state for state, _ in states(session).values()] == ["proposed"]


def test_the_file_is_as_the_agency_needs_it_and_always_the_same(rt: Runtime, clock: Clock) -> None:
    wu, comma = overdue(rt, clock), overdue(rt, clock, 1949, '李, "小"')
    released = suspend(rt)
    with rt.sessions() as session:
        listed = session.scalars(select(PaymentList)).one()
    assert released.file.name == "suspensions-kunming-2026-05.csv"
    assert rows(released.file) == [
        {"id_number": number(rt, one), "name": name, "month": "2026-05", "list": listed.id, "period_due": "2026-03-31"}
        for one, name in ((comma, '李, "小"'), (wu, "吴先生"))
    ]
    assert released.file.sha256 == sha256(released.file.content).hexdigest() == listed.sha256
    assert (listed.people, listed.released_by) == (2, "clerk")
    with rt.sessions.begin() as session:
        people.add(session, rt, id_number=number(rt, wu), name="吴老先生", region=REGION)
    clock.forward(days=60)
    assert release(rt) == released
    [facts] = [json.loads(one) for one in journalled(rt, "suspensions released")]
    assert (facts["people"], facts["sha256"], len(facts["signed_by"])) == (2, released.file.sha256, 2)
    assert len(journalled(rt, "payment suspended")) == 2
    assert "吴" not in str(facts) and "吴" not in str(released), "neither the journal nor a log shows a name"


def test_who_certified_or_got_a_case_or_moved_meanwhile_drops_out(rt: Runtime, clock: Clock) -> None:
    stays, certified, late, case, dead, moved = (overdue(rt, clock, 1950 + n) for n in range(6))
    signed(rt)
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, certified.id))
        certify(session, rt, session.get_one(Person, late.id), Kind.VISIT)
        cases.open_case(session, rt, kind=CaseKind.CALL_BACK, cause="x", person=case)
        bereavement.report(session, rt, dead, source="sms", ref="1", by="line")
        session.get_one(Person, moved.id).region = "default"
    released = release(rt)
    assert isinstance(released, Released)
    assert [row["id_number"] for row in rows(released.file)] == [number(rt, stays)]
    assert released.dropped == 5
    with rt.sessions() as session:
        assert states(session) == {
            stays.id: ("suspended", ()),
            certified.id: ("dropped", (Block.CERTIFIED,)),
            late.id: ("dropped", (Block.CERTIFIED,)),
            case.id: ("dropped", (Block.OPEN_CASE,)),
            dead.id: ("dropped", (Block.OPEN_CASE, Block.DEATH_REPORTED)),
            moved.id: ("dropped", (Block.MOVED,)),
        }
    assert len(journalled(rt, "suspension dropped")) == 5
    with rt.sessions.begin() as session:
        assert session.scalars(select(Suspension.payee_sealed).where(Suspension.state == "dropped")).all() == [None] * 5


def test_nobody_is_suspended_while_the_service_is_out_or_the_region_says_no(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    signed(rt)
    with rt.sessions.begin() as session:
        outage = outages.begin(session, rt, "线路中断", "admin")
    assert isinstance(release(rt), NobodyMaySuspend)
    with rt.sessions.begin() as session:
        outages.end(session, rt, outage, "admin")
    assert isinstance(release(ruled(rt, False, 2)), NobodyMaySuspend)
    assert isinstance(release(rt), Released)


def test_a_list_is_released_before_its_month_and_never_after(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    signed(rt)
    clock.forward(days=30)
    assert isinstance(release(rt), NotNextMonth)


def test_a_list_of_nobody_is_not_released(rt: Runtime, clock: Clock) -> None:
    case = overdue(rt, clock)
    with rt.sessions.begin() as session:
        cases.open_case(session, rt, kind=CaseKind.CALL_BACK, cause="x", person=case)
        lists.propose(session, rt, REGION, MAY, "clerk")
    assert isinstance(release(rt), NobodyProposed)


def test_released_at_the_same_time_it_is_released_once(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    signed(rt)
    files_ = at_once(4, lambda: release(rt))
    assert len({str(one) for one in files_}) == 1
    assert len(journalled(rt, "payment suspended")) == 1
    with rt.sessions() as session:
        assert isinstance(journal.verify(session), journal.Verified)


def test_after_an_erasure_another_file_is_not_passed_off_as_the_same(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    released = suspend(rt)
    with rt.sessions.begin() as session:
        proof = forgetting.person(session, rt, wu.id, "clerk")
        assert proof is not None and proof.rows["suspensions"] == 1 and proof.left["suspensions"] == 0
    with pytest.raises(FileGone, match=released.file.sha256):
        release(rt)


def test_who_certifies_later_is_paid_again_with_what_was_not_paid(rt: Runtime, clock: Clock) -> None:
    wu, _ = overdue(rt, clock), overdue(rt, clock, 1951)
    suspend(rt)
    clock.forward(days=40)
    assert restore(rt, JUNE) == []
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, wu.id))
    [file] = restore(rt, JUNE)
    assert file.name == "restorations-kunming-2026-06-1.csv"
    with rt.sessions() as session:
        listed = session.scalars(select(PaymentList).where(PaymentList.kind == "restoration")).one()
    assert rows(file) == [
        {
            "id_number": number(rt, wu),
            "name": "吴先生",
            "month": "2026-06",
            "list": listed.id,
            "back_pay_from": "2026-05",
            "back_pay_to": "2026-05",
            "back_pay_months": "1",
        }
    ]
    clock.forward(days=90)
    assert restore(rt, JUNE) == [file], "asked again it is the same, and nobody is paid twice"
    assert restore(rt, date(2026, 8, 1)) == []
    assert len(journalled(rt, "payment restored")) == 1


def test_nobody_waits_for_the_next_months_list(rt: Runtime, clock: Clock) -> None:
    first, second = overdue(rt, clock), overdue(rt, clock, 1951)
    suspend(rt)
    parts: list[File] = []
    for n, person in enumerate((first, second), start=1):
        with rt.sessions.begin() as session:
            certify(session, rt, session.get_one(Person, person.id))
        parts = restore(rt, MAY)
        assert [file.name[-5] for file in parts] == [str(part) for part in range(1, n + 1)]
    assert [[row["back_pay_months"], row["back_pay_from"]] for file in parts for row in rows(file)] == [["0", ""]] * 2


def test_who_certifies_before_the_first_month_without_pay_misses_none(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    suspend(rt)
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, wu.id))
    [row] = [row for file in restore(rt, date(2026, 4, 1)) for row in rows(file)]
    assert (row["month"], row["back_pay_months"]) == ("2026-05", "0"), "from the first that would not have been paid"


def test_each_region_restores_its_own(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    suspend(rt)
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, wu.id))
    assert restore(rt, MAY, "nanjing") == []
    assert [file.people for file in restore(rt, MAY)] == [1]


def test_evidence_that_was_late_and_any_later_period_restore(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    suspend(rt)
    with rt.sessions.begin() as session:
        late = {"kind": Kind.PAPER, "strength": Strength.OFFICIAL, "source": "paper", "ref": "1"}
        observed = clock.at.replace(month=3)
        certifying.record(session, rt, wu, **late, observed_at=observed, actor="clerk")  # type: ignore[arg-type]
    assert [file.people for file in restore(rt, MAY)] == [1]


def test_restored_and_not_certified_again_they_may_be_suspended_again(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    suspend(rt)
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, wu.id))
        certifying.current_period(session, rt, wu)
    restore(rt, MAY)
    clock.forward(days=100)
    with rt.sessions.begin() as session:
        period = certifying.current_period(session, rt, wu)
        session.execute(update(Period).where(Period.id == period.id).values(due=date(2026, 7, 2)))
        lists.propose(session, rt, REGION, date(2026, 8, 1), "clerk")
        assert states(session)[wu.id][0] == "held"


@pytest.mark.parametrize("month", [date(2026, 3, 1), date(2026, 6, 1)])
def test_payment_is_made_again_from_this_month_or_the_next(rt: Runtime, clock: Clock, month: date) -> None:
    overdue(rt, clock)
    with pytest.raises(NotThisMonth):
        restore(rt, month)


def test_restored_at_the_same_time_everybody_is_restored_once(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    suspend(rt)
    with rt.sessions.begin() as session:
        certify(session, rt, session.get_one(Person, wu.id))
    at_once(4, lambda: restore(rt, MAY))
    assert len(journalled(rt, "payment restored")) == 1
    assert [file.people for file in restore(rt, MAY)] == [1]


@pytest.mark.parametrize(
    ("suspended_from", "paid_from", "months"),
    [
        (MAY, MAY, ("", "", 0)),
        (MAY, JUNE, ("2026-05", "2026-05", 1)),
        (MAY, JULY, ("2026-05", "2026-06", 2)),
        (date(2026, 11, 1), date(2027, 2, 1), ("2026-11", "2027-01", 3)),
        (JULY, MAY, ("", "", 0)),
    ],
)
def test_back_pay_is_for_the_months_between(
    suspended_from: date, paid_from: date, months: tuple[str, str, int]
) -> None:
    assert files.back_pay(suspended_from, paid_from) == months


def test_a_killed_release_leaves_nothing_and_goes_on(rt: Runtime, clock: Clock) -> None:
    wu = overdue(rt, clock)
    signed(rt)
    unable = replace(rt, keys=None)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        release(unable)
    with rt.sessions() as session:
        assert states(session) == {wu.id: ("proposed", ())}
        assert session.scalars(select(PaymentList.released_at)).one() is None
    assert isinstance(release(rt), Released)
