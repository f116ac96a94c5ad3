"""A receipt number keyed on any telephone: whether it certifies and until when, nothing about whom, and few guesses."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from certification.evidence import Kind, Strength
from certification.guesses import RECEIPT
from certification.receipts import DIGITS_OF_RECORDS, draw
from certification.runtime import Runtime
from certification.store import Evidence, Person
from tests.certification.conftest import Clock
from tests.ivr.line.telephone import Telephone
from tests.ivr.line.walks import record

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

BANK = "+862882345678"


def asked(rt: Runtime, client: FlaskClient, sid: str = "CA1", number: str = BANK) -> Telephone:
    """A stranger's call, up to the question for the number."""
    phone = Telephone(rt, client, number=number, sid=sid).dial()
    if phone.heard[-1].startswith("digit."):
        phone.press("1")
    phone.presses_while_listened_to("3").press("2")
    assert phone.heard == ("receipt.ask",)
    return phone


def test_a_receipt_certifies_until_the_end_of_its_period(
    rt: Runtime, client: FlaskClient, wu: Person, clock: Clock
) -> None:
    weak = record(rt, wu, Kind.PIN, Strength.POSSESSION)
    phone = asked(rt, client).press(weak)
    assert phone.heard == ("receipt.recorded", "menu.main"), "it is on record, and its period is open"
    closing = record(rt, wu, Kind.DESK, Strength.OFFICIAL)
    year = ("digit.2", "digit.0", "digit.2", "digit.6", "date.year")
    said = ("receipt.certifies", "pause.short", *year, "month.3", "day.31", "pause.long", "menu.main")
    assert phone.presses_while_listened_to("3").press("2").press(closing).heard == said
    again = phone.presses_while_listened_to("3").press("2").press(weak)
    assert again.heard[0] == "receipt.recorded", "alone it would not have sufficed"
    clock.forward(days=60)
    later = asked(rt, client, "CA2").press(closing)
    assert later.heard[0] == "receipt.recorded", "its period is over"
    assert phone.call().person_id is None, "nobody is named by it"
    assert not {name for name in phone.everything if name.startswith(("who.", "date.next"))}


def test_unknown_numbers_are_few_and_then_a_sentence_says_so(
    rt: Runtime, client: FlaskClient, wu: Person, clock: Clock
) -> None:
    receipt = record(rt, wu, Kind.DESK, Strength.OFFICIAL)
    unknown = draw(rt.random)
    phone = asked(rt, client).press(unknown)
    assert phone.heard == ("receipt.unknown",)
    assert phone.press(receipt[:-1]).heard == ("keys.first", "receipt.ask.again"), "nine digits are no number"
    phone.press(unknown)
    assert phone.press(unknown).heard[0] == "lost.human"
    for sid in ("CA2", "CA3"):
        phone = asked(rt, client, sid)
        heard = [phone.press(unknown).heard[0] for _ in range(3)]
    assert heard == ["receipt.unknown", "receipt.unknown", "receipt.enough"], f"{RECEIPT.most} within the hour"
    last = asked(rt, client, "CA4").press(receipt)
    assert last.heard == ("receipt.enough", "human.offer"), "none is looked at now"
    assert last.stays_silent().hung_up_on()
    assert last.call().outcome == "informed"
    other = asked(rt, client, "CA5", number="+862882345679")
    assert other.press(receipt).heard[0] == "receipt.certifies"
    clock.forward(hours=1, seconds=1)
    assert asked(rt, client, "CA6").press(receipt).heard[0] == "receipt.certifies"


def test_a_receipt_of_a_comparison_is_longer(rt: Runtime, client: FlaskClient, wu: Person) -> None:
    """Nobody knows how long the number will be: it ends with #, or with a pause."""
    receipt = record(rt, wu, Kind.RECORD, Strength.OFFICIAL)
    with rt.sessions.begin() as session:
        longer = draw(rt.random, DIGITS_OF_RECORDS)
        session.execute(update(Evidence).where(Evidence.receipt == receipt).values(receipt=longer))
    phone = asked(rt, client)
    [gather] = phone.root().iter("Gather")
    assert (gather.get("numDigits"), gather.get("finishOnKey")) == (str(DIGITS_OF_RECORDS + 1), "#")
    assert phone.press(longer[:-1]).heard == ("keys.first", "receipt.ask.again")
    assert phone.press(longer).heard[0] == "receipt.certifies"
