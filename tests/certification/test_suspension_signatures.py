"""Signatures under a list: two supervisors of the region, under one content; refused ones are journalled."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from certification import rehiring, staff
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import (
    Signature,
    Staff,
)
from certification.suspension import lists
from certification.suspension.lists import (
    ListChanged,
    ListSigned,
    NobodyProposed,
    NotASupervisor,
    NotNextMonth,
    OfAnotherRegion,
    ProposedIt,
)
from tests.certification.conftest import Clock
from tests.certification.suspending import (
    MAY,
    OVER,
    REGION,
    journalled,
    overdue,
    sign,
    supervisor,
)
from tests.certification.test_suspension_lists import proposed

PROPOSED: tuple[str, tuple[str, ...]] = ("proposed", ())


def test_two_different_supervisors_sign_and_a_signed_list_is_not_proposed_anew(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    proposed(rt)
    with rt.sessions.begin() as session:
        li, wang = supervisor(session, rt, "李"), supervisor(session, rt, "王")
        assert sign(session, rt, li, li, wang) == [1, 1, 2]
        listed = lists.find(session, REGION, MAY)
        assert sorted(lists.signatories(session, listed).values()) == ["李", "王"]
        with pytest.raises(ListSigned):
            lists.propose(session, rt, REGION, MAY, "clerk")
    assert len(journalled(rt, "list signed")) == 2


def test_the_signature_of_an_account_opened_again_stays_without_effect(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    proposed(rt)
    with rt.sessions.begin() as session:
        li = supervisor(session, rt, "李")
        assert sign(session, rt, li) == [1]
        staff.close(session, rt, "李", "孙")
        rehiring.reopen(session, rt, "李", "correct horse battery", "孙")
        assert lists.signatories(session, lists.find(session, REGION, MAY)) == {}
        with pytest.raises(rehiring.NotClosed):
            rehiring.reopen(session, rt, "李", "correct horse battery", "孙")
        with pytest.raises(staff.PasswordTooShort):
            rehiring.reopen(session, rt, "李", "short", "孙")
    [entry] = journalled(rt, "staff reopened")
    assert json.loads(entry)["signatures_lapsed"] == 1


def test_refused_signatures_are_journalled(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    with rt.sessions.begin() as session:
        lists.propose(session, rt, REGION, MAY, "Li")
        listed = lists.find(session, REGION, MAY)
        clerk, closed = supervisor(session, rt, "职员", Role.CLERK), supervisor(session, rt, "停用")
        staff.close(session, rt, "停用", "cli")
        refused = [*sign(session, rt, clerk, closed, supervisor(session, rt, "li"))]
        good = supervisor(session, rt, "王")
        refused.append(lists.sign(session, rt, listed, replace(clerk, role=Role.SUPERVISOR), ""))
        refused.append(lists.sign(session, rt, listed, good, "another"))
        clock.forward(days=40)
        refused.extend(sign(session, rt, good))
        kinds = [NotASupervisor, NotASupervisor, ProposedIt, NotASupervisor, ListChanged, NotNextMonth]
        assert [type(one) for one in refused] == kinds
        assert session.scalars(select(Signature)).all() == []
    assert [json.loads(one)["why"] for one in journalled(rt, "signature refused")] == [kind.__name__ for kind in kinds]


def test_a_supervisor_signs_for_their_own_region(rt: Runtime, clock: Clock) -> None:
    overdue(rt, clock)
    proposed(rt)
    with rt.sessions.begin() as session:
        theirs, elsewhere = supervisor(session, rt, "李"), supervisor(session, rt, "王")
        session.get_one(Staff, theirs.staff_id).region = REGION
        session.get_one(Staff, elsewhere.staff_id).region = "xian"
        signed, refused = sign(session, rt, theirs, elsewhere)
    assert signed == 1
    assert isinstance(refused, OfAnotherRegion)


def test_a_list_of_nobody_is_not_signed(rt: Runtime, clock: Clock) -> None:
    clock.at = OVER
    assert proposed(rt) == {}
    with rt.sessions.begin() as session:
        [refused] = sign(session, rt, supervisor(session, rt, "李"))
    assert isinstance(refused, NobodyProposed)
