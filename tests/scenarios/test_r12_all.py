"""R12, everywhere: who does not certify is suspended from the following month, and paid back on certifying later."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyotp
import pytest

from certification.periods import add_months
from ops import schedule
from tests.ops.test_suspensions_command import PASSWORD
from tests.scenarios.place import BY, Pensioner, Place

PIN = "739164"
SUPERVISORS = ("李", "王")


@dataclass(slots=True)
class Missed:
    """The day after the end of a period in which Mr Wu did not certify, and the supervisors with their apps.

    He was rung and written to meanwhile; `of` names the list of the following month.
    """

    place: Place
    mr_wu: Pensioner
    apps: dict[str, pyotp.TOTP]
    city: str = "昆明"

    @property
    def following(self) -> date:
        return add_months(self.place.rt.now().date().replace(day=1), 1)

    @property
    def of(self) -> tuple[str, ...]:
        return ("--region", self.city, "--month", f"{self.following:%Y-%m}")

    def signs(self, name: str) -> Any:
        """A supervisor signs the list with password and one-time code."""
        code = self.apps[name].at(self.place.rt.now())
        return self.place.does("suspensions", "sign", *self.of, "--by", name, typing=(PASSWORD, code))


@pytest.fixture
def missed(place: Place) -> Missed:
    """From the roll to the end of a quarter of Kunming's that was missed after one that was not, each on its day."""
    [mr_wu] = place.pensioners("昆明")
    place.does("pin", "set", mr_wu.number, *BY, typing=(PIN, PIN))
    place.does("certify", mr_wu.number, "--route", "desk", *BY)
    due = date.fromisoformat(place.stands(mr_wu)["next_due"])
    reached = place.on(due - timedelta(days=21))
    schedule.open_periods(reached.rt)  # as it does on every day
    assert reached.stands(mr_wu)["certified"] is False, "the next quarter is asked for anew"
    for channel, outcome in (("sms", "delivered"), ("call", "rung")):
        noted = ("contacts", "note", mr_wu.number, "--channel", channel, "--outcome", outcome)
        assert reached.does(*noted, *BY)["counts"]
    over = place.on(due + timedelta(days=1))
    assert over.does("due", "--region", "昆明")["overdue"] == 1
    return Missed(over, mr_wu, supervised(over))


def supervised(place: Place) -> dict[str, pyotp.TOTP]:
    """The supervisors of a place, and the apps that show their codes."""
    apps = {}
    for name in SUPERVISORS:
        added = place.does("staff", "add", name, "--role", "supervisor", typing=(PASSWORD, PASSWORD))
        app = pyotp.parse_uri(added["otpauth"])
        assert isinstance(app, pyotp.TOTP)
        apps[name] = app
    return apps


def rows(file: dict[str, Any]) -> list[dict[str, str]]:
    """The rows of a file for the paying agency, which is what its checksum says."""
    path = Path(file["file"])
    checksum = sha256(path.read_bytes()).hexdigest()
    assert file["sha256"] == checksum
    assert path.with_name(f"{path.name}.sha256").read_text(encoding="utf-8").split() == [checksum, path.name]
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def released(missed: Missed) -> dict[str, Any]:
    """Proposed, signed by two supervisors, released; one signature releases nothing."""
    assert missed.place.does("suspensions", "propose", *missed.of)["proposed"] == 1
    missed.signs("李")
    assert "签名" in missed.place.cannot("suspensions", "release", *missed.of)
    missed.signs("王")
    return missed.place.does("suspensions", "release", *missed.of)


def certifies_by_keys(place: Place, who: Pensioner) -> None:
    """A call from the own telephone: the end of the identity number and the PIN, no voice."""
    phone = place.dials(who.phone).presses_while_listened_to("1").press(who.tail)
    assert phone.press(PIN).heard[0] == "result.pin_certified"


def test_r12_suspended_from_the_following_month_and_paid_back_when_they_certify_later(missed: Missed) -> None:
    [row] = rows(released(missed))
    first = f"{missed.following:%Y-%m}"
    assert (row["id_number"], row["month"]) == (missed.mr_wu.number, first), "from the following month"

    certified_on = missed.following + timedelta(days=70)  # in the third month without payment
    later = missed.place.on(certified_on)
    restore = ("suspensions", "restore", "--region", "昆明", "--month", f"{certified_on:%Y-%m}")
    assert later.does(*restore) == {"files": []}, "nobody certified yet"
    certifies_by_keys(later, missed.mr_wu)

    [file] = later.does(*restore)["files"]
    [row] = rows(file)
    last = add_months(certified_on, -1)
    assert (row["id_number"], row["month"]) == (missed.mr_wu.number, f"{certified_on:%Y-%m}"), "paid from this month on"
    assert (row["back_pay_months"], row["back_pay_from"], row["back_pay_to"]) == ("2", first, f"{last:%Y-%m}")
    assert later.does(*restore)["files"] == [file], "paid back once, however often it is asked for"
    said = [action for _, action, _ in later.journal(missed.mr_wu)]
    assert said.index("payment suspended") < said.index("payment restored")


def test_r12_who_certifies_before_the_list_is_released_is_not_on_it(missed: Missed) -> None:
    missed.place.does("suspensions", "propose", *missed.of)
    for name in SUPERVISORS:
        missed.signs(name)
    certifies_by_keys(missed.place, missed.mr_wu)
    list_of_nobody = missed.place.does("suspensions", "release", *missed.of)
    assert (list_of_nobody["people"], list_of_nobody["dropped"], rows(list_of_nobody)) == (0, 1, [])
