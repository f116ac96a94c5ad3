"""R12, everywhere: who does not certify is suspended from the following month, and paid back on certifying later."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from io import StringIO
from pathlib import Path

from certification import agents, people
from certification.agents import AgentKind
from certification.certifying import Recorded
from certification.identity import ResidentNumber
from certification.periods import add_months
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.settings import Settings
from certification.suspension import restoring
from ops import compose
from tests.ops.test_commands import NUMBER, sentence, settings, stillhere, town
from tests.ops.test_suspensions_command import Bureau, bureau, done

__all__ = ["bureau", "settings", "town"]


def test_r12_suspended_from_the_following_month_and_paid_back_when_they_certify_later(bureau: Bureau) -> None:
    released = suspended(bureau)
    agency = Path(released["file"])
    [row] = csv.DictReader(agency.read_text(encoding="utf-8").splitlines())
    assert (row["id_number"], row["month"]) == (NUMBER, f"{bureau.following:%Y-%m}"), "from the following month"
    checksum = sha256(agency.read_bytes()).hexdigest()
    assert agency.with_name(f"{agency.name}.sha256").read_text(encoding="utf-8").split() == [checksum, agency.name]

    rt = compose.runtime(Settings.read(bureau.town))
    certified_on = bureau.following + timedelta(days=70)  # in the third month without payment
    later = at(rt, certified_on)
    assert certifies_at_the_employer(later), "by another way than the call, months later"
    with later.sessions.begin() as session:
        [file] = restoring.restore(session, later, "kunming", certified_on.replace(day=1), "clerk")
    [row] = csv.DictReader(StringIO(file.content.decode("utf-8")))
    paid_from = certified_on.replace(day=1)
    assert (row["id_number"], row["month"]) == (NUMBER, f"{paid_from:%Y-%m}")
    assert row["back_pay_months"] == "2"
    last = add_months(paid_from, -1)
    assert (row["back_pay_from"], row["back_pay_to"]) == (f"{bureau.following:%Y-%m}", f"{last:%Y-%m}")
    assert file.sha256 == sha256(file.content).hexdigest()
    rt.sessions.kw["bind"].dispose()
    assert done(stillhere(bureau.town, "journal", "verify", "--json"))["intact"] is True


def suspended(bureau: Bureau) -> dict[str, str]:
    """Proposed, signed by two supervisors with password and one-time code, released; one signature releases nothing."""
    proposed = done(stillhere(bureau.town, "suspensions", "propose", *bureau.of))
    assert proposed["proposed"] == 1
    done(bureau.sign("李"))
    assert "签名" in sentence(stillhere(bureau.town, "suspensions", "release", *bureau.of))
    done(bureau.sign("王"))
    released: dict[str, str] = done(stillhere(bureau.town, "suspensions", "release", *bureau.of))
    return released


def test_r12_who_certifies_before_the_list_is_released_is_not_on_it(bureau: Bureau) -> None:
    done(stillhere(bureau.town, "suspensions", "propose", *bureau.of))
    done(bureau.sign("李"))
    done(bureau.sign("王"))
    assert stillhere(bureau.town, "certify", NUMBER, "--route", "desk", "--by", "clerk").exit_code == 0
    released = done(stillhere(bureau.town, "suspensions", "release", *bureau.of))
    assert (released["people"], released["dropped"]) == (0, 1)
    assert list(csv.DictReader(Path(released["file"]).read_text(encoding="utf-8").splitlines())) == []


def at(rt: Runtime, day: date) -> Runtime:
    """The same service on a later day."""
    noon = datetime.combine(day, time(12), SHANGHAI).astimezone(UTC)
    return replace(rt, now=lambda: noon)


def certifies_at_the_employer(rt: Runtime) -> bool:
    with rt.sessions.begin() as session:
        person = people.find_by_number(session, rt.keys, ResidentNumber.parse(NUMBER))
        assert person is not None
        agent = agents.add(session, rt, name="昆明机床厂", kind=AgentKind.EMPLOYER, region="kunming", by="clerk")
        agents.assign(session, rt, agent, person, "clerk")
        recorded = agents.certify(session, rt, agent, person, by="王会计")
        assert isinstance(recorded, Recorded)
        return recorded.closed
