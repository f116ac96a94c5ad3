"""What is keyed is used and forgotten: it is in no table and no log."""

from __future__ import annotations

import logging
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from certification import codes, people
from certification.runtime import Runtime
from certification.store import Base, Person
from tests.ivr.line.conftest import PIN
from tests.ivr.line.telephone import Telephone, Worker

MOBILE = "+8613888000001"


def kept(rt: Runtime) -> str:
    """Every value of every table, as text."""
    with rt.sessions() as session:
        rows = [row for table in Base.metadata.sorted_tables for row in session.execute(select(table)).all()]
    return "\n".join(repr(value) for row in rows for value in row)


def test_numbers_codes_and_pins_are_kept_nowhere(
    rt: Runtime, client: FlaskClient, enrolled: Person, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    number = people.number_of(rt.keys, enrolled).text
    with rt.sessions.begin() as session:
        code = codes.issue(session, rt, session.get_one(Person, enrolled.id), "clerk")
    whole = number.replace("X", "*")
    Telephone(rt, client, sid="CA1").dial().press(code).press("1").repeats().hangs_up()
    strange = Telephone(rt, client, sid="CA2", number="+862882345678").dial().press("1").says("认证")
    strange.press(whole[:-1]).press(whole).presses_while_listened_to("7").press("739165").press(PIN).hangs_up()
    voice = Telephone(rt, client, sid="CA3").dial().press("1").says("认证").press(whole[-4:]).repeats().repeats()
    worker.weighs("certified")
    voice.waits().hangs_up()

    secrets = (number, number[:-1], number[-4:], code, PIN, "739165", MOBILE, MOBILE[3:])
    for text in (kept(rt), caplog.text):
        found = [
            secret for secret in secrets if re.search(rf"(?<![0-9a-zA-Z+/]){re.escape(secret)}(?![0-9a-zA-Z])", text)
        ]
        assert not found
    assert "吴" not in kept(rt)


def test_a_key_pressed_in_a_challenge_is_not_kept_for_it_may_begin_a_number(
    rt: Runtime, client: FlaskClient, enrolled: Person
) -> None:
    tail = people.number_of(rt.keys, enrolled).tail.replace("X", "*")
    phone = Telephone(rt, client).dial().press("1").says("认证").press(tail)
    phone.presses_while_listened_to("7")
    assert "'key': '7'" not in kept(rt)
