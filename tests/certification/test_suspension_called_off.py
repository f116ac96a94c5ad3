"""A release that was called off says when and why, until it is asked for again or the list is out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from certification import journal, outages
from certification.runtime import Runtime
from certification.store import PaymentList, Person
from certification.suspension import lists, releasing
from certification.suspension.calledoff import CalledOff, called_off
from certification.suspension.releasing import Released
from tests.certification.conftest import Clock
from tests.certification.suspending import MAY, REGION, sign, supervisor
from tests.certification.test_suspension_slices import (
    begun,
    closes_an_account,
    in_order,
    lets_the_month_pass,
    listed,
    switches_off,
)


def said(rt: Runtime, identifier: str) -> CalledOff | None:
    with rt.sessions() as session:
        return called_off(session, session.get_one(PaymentList, identifier))


def erases_everybody(rt: Runtime, _: Clock) -> Runtime:
    with rt.sessions.begin() as session:
        for person in session.scalars(select(Person)):
            session.delete(person)
    return rt


@pytest.mark.parametrize(
    ("what", "zh", "en"),
    [
        (closes_an_account, "有效签名不足两个", "two signatures no longer held"),
        (switches_off, "本地区已停止暂停发放", "switched suspensions off"),
        (lets_the_month_pass, "没能在月底前核对完", "The month ended"),
        (erases_everybody, "已没有拟暂停的人", "Nobody on the list"),
    ],
)
def test_it_is_said_when_and_why(
    rt: Runtime, clock: Clock, what: Callable[[Runtime, Clock], Runtime], zh: str, en: str
) -> None:
    in_order(rt, clock, 2)
    identifier = begun(rt, 1)
    now = what(rt, clock)
    assert said(rt, identifier) is None
    clock.at += timedelta(minutes=1)
    releasing.go_on(now, identifier)
    off = said(rt, identifier)
    assert off is not None and (off.at, off.by) == (clock.at, "陈主管")
    assert zh in off.zh and en in off.en


def test_it_is_said_until_the_release_is_begun_again(rt: Runtime, clock: Clock) -> None:
    in_order(rt, clock, 2)
    identifier = begun(rt, 1)
    closes_an_account(rt, clock)
    releasing.go_on(rt, identifier)
    with rt.sessions.begin() as session:
        journal.write(session, rt.now(), "王", "list shown", lists.subject(listed(rt, identifier)))
        assert sign(session, rt, supervisor(session, rt, "周")) == [2]
    assert said(rt, identifier) is not None
    with rt.sessions.begin() as session:
        assert isinstance(releasing.ask(session, rt, REGION, MAY, "陈主管"), PaymentList)
    assert said(rt, identifier) is None
    assert isinstance(releasing.release(rt, REGION, MAY, "clerk"), Released)
    assert said(rt, identifier) is None


def test_an_outage_calls_nothing_off(rt: Runtime, clock: Clock) -> None:
    in_order(rt, clock, 2)
    identifier = begun(rt, 1)
    with rt.sessions.begin() as session:
        outages.begin(session, rt, "线路中断", "admin")
    assert releasing.go_on(rt, identifier) is not None
    assert said(rt, identifier) is None and listed(rt, identifier).releasing == releasing.CHECKING
