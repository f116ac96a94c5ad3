"""What a reminder asks to be sent back: a PIN, a code, or nothing where neither would do."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from certification import certifying, pins
from certification.evidence import Kind, Strength
from certification.regions import Region, Reply, Route
from certification.runtime import Runtime
from certification.store import Evidence, Person
from sms import recipients
from tests.conversations.correspondents import put_on_record
from tests.sms.outbox.conftest import MOBILE
from tests.sms.outbox.test_campaigns import Add, add, on, plan, planned

__all__ = ["add", "on"]


def ruled(rt: Runtime, **rules: object) -> Region:
    """Kunming, where these rules of evidence hold, and this kind of reply is asked for."""
    kunming = rt.regions["kunming"]
    reply = rules.pop("reply", kunming.reminders.reply)
    if (counts := rules.pop("counts", None)) is not None:
        assert kunming.evidence.lesser is not None
        rules["lesser"] = kunming.evidence.lesser.model_copy(update={"counts": counts})
    changed = {
        "reminders": kunming.reminders.model_copy(update={"reply": reply}),
        "routes": rules.pop("routes", kunming.routes),
        "evidence": kunming.evidence.model_copy(update=rules),
    }
    return kunming.model_copy(update=changed)


@pytest.mark.parametrize(
    ("rules", "asked"),
    [
        ({}, {"with": "pin", "without": "code", "unseen": "call", "long unseen": "call"}),
        ({"reply": Reply.CODE}, {"with": "code", "without": "code", "unseen": "call", "long unseen": "call"}),
        ({"lesser": None}, dict.fromkeys(("with", "without", "unseen", "long unseen"), "call")),
        (
            {"lesser": None, "needs": Strength.POSSESSION},
            {"with": "pin", "without": "code", "unseen": "code", "long unseen": "code"},
        ),
        ({"counts": Strength.LIVE}, dict.fromkeys(("with", "without", "unseen", "long unseen"), "call")),
        ({"routes": (Route.CALL, Route.DESK)}, dict.fromkeys(("with", "without", "unseen", "long unseen"), "call")),
    ],
    ids=["as shipped", "codes", "a live sign alone", "a PIN alone", "a lesser live sign", "nothing by text"],
)
def test_nobody_is_asked_for_a_pin_or_a_code_that_would_not_do(
    rt: Runtime, on: date, add: Add, rules: dict[str, object], asked: dict[str, str]
) -> None:
    people = {who: add(1950 + n, f"1388800010{n}").id for n, who in enumerate(asked)}
    seen = {"with": timedelta(days=100), "without": timedelta(days=300), "long unseen": timedelta(days=362)}
    with rt.sessions.begin() as session:
        for who, ago in seen.items():
            put_on_record(session, rt, session.get_one(Person, people[who]), who, rt.now() - ago)
        pins.set_pin(session, rt, session.get_one(Person, people["with"]), "295038", "clerk")
    with rt.sessions() as session:
        rows = session.execute(recipients.own(session, ruled(rt, **rules), on)).all()
    assert {str(row[0]): row.words for row in rows} == {people[who]: f"reminder.{what}" for who, what in asked.items()}


def test_withdrawn_evidence_backs_nothing(rt: Runtime, on: date, add: Add) -> None:
    seen = add(1950, MOBILE)
    with rt.sessions.begin() as session:
        put_on_record(session, rt, session.get_one(Person, seen.id), "before", rt.now() - timedelta(days=90))
        session.query(Evidence).update({"withdrawn_at": rt.now()})
    plan(rt, on)
    assert [one.words for one in planned(rt)] == ["reminder.call"]


def test_a_pin_backs_no_pin(rt: Runtime, on: date, add: Add) -> None:
    once = add(1950, MOBILE)
    with rt.sessions.begin() as session:
        person, at = session.get_one(Person, once.id), rt.now() - timedelta(days=90)
        pin = {"kind": Kind.PIN, "strength": Strength.POSSESSION, "source": "call", "actor": "line"}
        certifying.record(session, rt, person, ref="1", observed_at=at, **pin)  # type: ignore[arg-type]
    plan(rt, on)
    assert [one.words for one in planned(rt)] == ["reminder.call"]
