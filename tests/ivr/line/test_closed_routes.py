"""Where a region does not certify by voice, or by PIN, the line does not either."""

from __future__ import annotations

from pathlib import Path

import pytest

from certification.regions import Route
from certification.runtime import Runtime
from certification.store import Person
from tests.certification.test_routes import only
from tests.ivr.line.conftest import PIN
from tests.ivr.line.telephone import Telephone, line
from tests.ivr.line.walks import certifying_call

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def called(rt: Runtime, folder: Path, person: Person, *routes: Route) -> Telephone:
    """A call to certify where these routes alone are open."""
    here = only(rt, folder, *routes)
    return certifying_call(Telephone(here, line(here).test_client()), here, person)


def test_by_pin_alone(rt: Runtime, enrolled: Person, tmp_path: Path) -> None:
    phone = called(rt, tmp_path, enrolled, Route.PIN)
    assert phone.heard == ("pin.ask",)
    assert phone.press(PIN).heard[0] == "result.pin_recorded"


def test_by_voice_alone_nobody_is_asked_for_a_pin(rt: Runtime, enrolled: Person, tmp_path: Path) -> None:
    phone = called(rt, tmp_path, enrolled, Route.CALL, Route.DESK)
    assert phone.heard[0] == "challenge.repeat"
    assert "pin.ask" not in phone.stays_silent().heard


def test_where_the_telephone_certifies_nobody_the_caller_hears_what_does(
    rt: Runtime, enrolled: Person, tmp_path: Path
) -> None:
    phone = called(rt, tmp_path, enrolled, Route.DESK)
    assert phone.heard[0] == "region.kunming.how"
