"""Certificates: a number that can be checked by anybody, and says nothing of whose it is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from certification import bereavement, certificates, certifying, forgetting, receipts
from certification.bereavement import Verdict
from certification.certificates import Certificate, NotCertifiedYet, partly_hidden, read
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Evidence, KeptEvidence, Person, new_id
from tests.certification.conftest import Clock

QUARTER = (date(2026, 1, 1), date(2026, 3, 31))


def certify(
    rt: Runtime,
    person: Person,
    kind: Kind = Kind.DESK,
    strength: Strength = Strength.OFFICIAL,
    at: datetime | None = None,
) -> str:
    with rt.sessions.begin() as session:
        recorded = certifying.record(
            session,
            rt,
            person,
            kind=kind,
            strength=strength,
            source="test",
            ref=new_id(),
            observed_at=at or rt.now(),
            actor="clerk",
        )
    return recorded.evidence.receipt


def check(rt: Runtime, number: str) -> Certificate | None:
    with rt.sessions() as session:
        return certificates.check(session, rt, number)


def found(rt: Runtime, number: str) -> Certificate:
    one = check(rt, number)
    assert one is not None
    return one


def test_a_certified_period_has_a_certificate_that_stands_until_its_last_day(
    rt: Runtime, wu: Person, clock: Clock
) -> None:
    number = certify(rt, wu)
    opens, until = QUARTER
    assert found(rt, number) == Certificate(
        number, date(2026, 3, 10), "kunming", "desk", certifies=True, opens=opens, until=until, stands=True
    )
    clock.at = datetime.fromisoformat("2026-03-31T23:59:00+08:00")
    assert found(rt, number).stands
    clock.forward(minutes=2)
    over = found(rt, number)
    assert (over.certifies, over.stands, over.until) == (True, False, until)


def test_it_says_nothing_of_the_person(rt: Runtime, wu: Person) -> None:
    told = str(asdict(found(rt, certify(rt, wu))))
    assert wu.id not in told and "吴" not in told and "1950" not in told


def test_a_weaker_receipt_is_on_record_and_certifies_nothing(rt: Runtime, wu: Person) -> None:
    weak = certify(rt, wu, Kind.PIN, Strength.POSSESSION)
    assert (found(rt, weak).certifies, found(rt, weak).until) == (False, None)
    certify(rt, wu)
    assert not found(rt, weak).certifies, "another closed the period"


def test_a_later_receipt_as_strong_certifies_the_same_period(rt: Runtime, wu: Person, clock: Clock) -> None:
    certify(rt, wu)
    clock.forward(days=1)
    again = found(rt, certify(rt, wu))
    assert (again.certifies, again.stands, again.until) == (True, True, QUARTER[1])


def test_of_the_dead_none_stands(rt: Runtime, wu: Person) -> None:
    number = certify(rt, wu)
    with rt.sessions.begin() as session:
        bereavement.report(session, rt, wu, source="desk", ref="1", by="clerk")
    assert found(rt, number).stands, "a report is only a question"
    with rt.sessions.begin() as session:
        bereavement.answer(session, rt, wu, Verdict.DEAD, "operator")
    assert (found(rt, number).certifies, found(rt, number).stands) == (True, False)


def test_of_an_erased_person_it_says_that_it_was_issued(rt: Runtime, wu: Person) -> None:
    number = certify(rt, wu)
    with rt.sessions.begin() as session:
        forgetting.person(session, rt, wu.id, "clerk")
    assert found(rt, number) == Certificate(number, date(2026, 3, 10), "kunming", "desk", erased=True)


def test_what_was_withdrawn_certifies_nothing(rt: Runtime, wu: Person, clock: Clock) -> None:
    number = certify(rt, wu, Kind.RECORD)
    assert found(rt, number).certifies
    with rt.sessions.begin() as session:
        evidence = session.scalars(select(Evidence).where(Evidence.receipt == number)).one()
        evidence.withdrawn_at = rt.now()
    one = found(rt, number)
    assert (one.certifies, one.stands, one.withdrawn, one.until) == (False, False, True, None)


def test_the_longer_number_of_a_record_is_read(rt: Runtime) -> None:
    number = receipts.draw(rt.random, receipts.DIGITS_OF_RECORDS)
    assert read(number) == number


def test_a_number_drawn_again_is_whose_it_is_now(rt: Runtime, wu: Person) -> None:
    number = certify(rt, wu)
    now = rt.now()
    with rt.sessions.begin() as session:
        old = {"region": "kunming", "kind": "pin", "strength": 2, "observed_at": now, "recorded_at": now}
        session.add(KeptEvidence(receipt=number, kept_at=now, **old))
    assert (found(rt, number).erased, found(rt, number).kind) == (False, "desk")


@pytest.mark.parametrize("written", ["{0} {1} {2}", "{0}-{1}-{2}", " {0}{1}{2} "], ids=["groups", "dashes", "plain"])
def test_a_number_may_be_written_in_groups(rt: Runtime, wu: Person, written: str) -> None:
    number = certify(rt, wu)
    assert found(rt, written.format(number[:3], number[3:6], number[6:])).number == number


def test_full_width_digits_are_read() -> None:
    assert read("１２３４５６７８９７") == "1234567897"


@pytest.mark.parametrize("text", ["", "123", "12345678901", "123456789x", "1234567890", "٣" * 10])
def test_what_is_no_number_is_nobodys(rt: Runtime, text: str) -> None:
    assert read(text) is None
    assert check(rt, text) is None


def test_a_number_that_was_never_given_out_is_nobodys(rt: Runtime, wu: Person) -> None:
    certify(rt, wu)
    assert check(rt, "1234567897") is None


@given(st.integers(0, 10**9 - 1), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(body: int, place: int, off: int) -> None:
    text = f"{body:09d}"
    number = text + receipts.check_digit(text)
    assert read(number) == number
    wrong = str((int(number[place]) + off) % 10)
    assert read(number[:place] + wrong + number[place + 1 :]) is None


def test_the_latest_certified_period_is_printed(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions() as session, pytest.raises(NotCertifiedYet, match="还没有已完成的认证"):
        certificates.issue(session, rt, wu)
    first = certify(rt, wu)
    clock.at = datetime.fromisoformat("2026-05-04T10:00:00+08:00")
    with rt.sessions() as session:
        printed = certificates.issue(session, rt, wu)
    assert (printed.certificate.number, printed.certificate.stands, printed.name) == (first, False, "吴先生")
    second = certify(rt, wu)
    with rt.sessions() as session:
        printed = certificates.issue(session, rt, wu)
    assert (printed.certificate.number, printed.certificate.stands) == (second, True)
    assert printed.number_shown == "530102 1950 **** ****"
    assert "1950" not in repr(printed) and "吴" not in repr(printed)


def test_nothing_that_a_call_asks_for_is_shown() -> None:
    assert partly_hidden("53010219500515001X") == "530102 1950 **** ****"


def test_every_kind_of_evidence_has_a_name() -> None:
    assert set(Kind) <= certificates.WAYS.keys()
    assert Certificate("1", date(2026, 1, 1), "a", "later").way == ("其他途径", "by another route")
