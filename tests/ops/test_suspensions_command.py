"""Suspensions from outside: proposed, signed by two supervisors with password and code, released, paid again."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyotp
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from certification import certifying, contacts
from certification.contacts import Channel, Outcome
from certification.identity import ResidentNumber
from certification.people import find_by_number
from certification.periods import add_months
from certification.regions import SHANGHAI
from certification.runtime import utc_now
from certification.settings import Settings
from certification.store import Contact, PaymentList, Period
from certification.suspension import releasing
from ops import compose
from ops.cli import main
from tests.ops.test_commands import NUMBER, json_of, sentence, settings, stillhere, town

__all__ = ["settings", "town"]
PASSWORD = "correct horse battery"
ROUTE = ("certify", NUMBER, "--route", "desk", "--by", "clerk")


def typed(
    environment: dict[str, str], lines: list[str], *arguments: str, now: Callable[[], datetime] | None = None
) -> Result:
    """Run a command that asks, on another day where a clock is handed in."""
    typed_in = "".join(f"{line}\n" for line in lines)
    return CliRunner().invoke(main, arguments, env=environment, input=typed_in, obj=now)


def done(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json_of(result)


@dataclass(slots=True)
class Bureau:
    """A region with one overdue person, and two supervisors with their apps."""

    town: dict[str, str]
    apps: dict[str, pyotp.TOTP]
    region: str = "昆明"

    @property
    def following(self) -> date:
        return add_months(today().replace(day=1), 1)

    @property
    def of(self) -> tuple[str, ...]:
        return ("--region", self.region, "--month", f"{self.following:%Y-%m}", "--json")

    def sign(self, name: str, password: str = PASSWORD) -> Result:
        code = self.apps[name].at(datetime.now(UTC))
        return typed(self.town, [password, code], "suspensions", "sign", *self.of, "--by", name)


def today() -> date:
    return utc_now().astimezone(SHANGHAI).date()


def supervisors(town: dict[str, str]) -> dict[str, pyotp.TOTP]:
    """Two supervisors, and the apps that show their codes."""
    apps = {}
    for name in ("李", "王"):
        added = typed(town, [PASSWORD, PASSWORD], "staff", "add", name, "--role", "supervisor", "--json")
        found = pyotp.parse_uri(done(added)["otpauth"])
        assert isinstance(found, pyotp.TOTP)
        apps[name] = found
    return apps


@pytest.fixture
def bureau(town: dict[str, str]) -> Bureau:
    """Mr Wang's period, in which he was rung and written to, ended yesterday."""
    apps = supervisors(town)
    rt = compose.runtime(Settings.read(town))
    with rt.sessions.begin() as session:
        person = find_by_number(session, rt.keys, ResidentNumber.parse(NUMBER))
        assert person is not None
        period = certifying.current_period(session, rt, person)
        past = {"opens": today() - timedelta(days=99), "due": today() - timedelta(days=1)}
        session.execute(update(Period).where(Period.id == period.id).values(**past))
        for channel, outcome in ((Channel.SMS, Outcome.DELIVERED), (Channel.CALL, Outcome.RUNG)):
            contacts.note(session, rt, person, channel=channel, ref="1", outcome=outcome)
        session.execute(update(Contact).values(begun_at=rt.now() - timedelta(days=9)))
    rt.sessions.kw["bind"].dispose()
    return Bureau(town, apps)


def test_a_list_goes_its_way_and_who_certifies_later_is_paid_again(bureau: Bureau, tmp_path: Path) -> None:
    town, of = bureau.town, bureau.of
    proposed = done(stillhere(town, "suspensions", "propose", *of))
    assert (proposed["proposed"], proposed["held"], proposed["signed_by"]) == (1, 0, [])
    assert "签名" in sentence(stillhere(town, "suspensions", "release", *of))
    first, second = bureau.sign("李"), bureau.sign("王")
    assert done(first)["signatures"] == 1
    assert "还需要另一位主管签名。 Another supervisor" in first.output
    assert done(second) == {"signatures": 2, "digest": proposed["digest"]}
    assert "Another supervisor" not in second.output
    shown = done(stillhere(town, "suspensions", "show", *of))
    assert (shown["signed_by"], [one["state"] for one in shown["people"]]) == (["李", "王"], ["proposed"])
    assert " · 拟暂停 proposed\n" in stillhere(town, "suspensions", "show", *of).stdout
    released = done(stillhere(town, "suspensions", "release", *of))
    path = Path(released["file"])
    assert path == tmp_path / "lists" / f"suspensions-kunming-{bureau.following:%Y-%m}.csv"
    assert path.stat().st_mode & 0o777 == 0o600
    [row] = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    assert (row["id_number"], row["name"], row["month"]) == (NUMBER, "王", f"{bureau.following:%Y-%m}")
    digest = sha256(path.read_bytes()).hexdigest()
    assert path.with_name(f"{path.name}.sha256").read_text(encoding="utf-8") == f"{digest}  {path.name}\n"
    assert (released["sha256"], released["people"], released["dropped"]) == (digest, 1, 0)
    assert " · 已暂停 suspended\n" in stillhere(town, "suspensions", "show", *of).stdout
    path.unlink()
    assert done(stillhere(town, "suspensions", "release", *of)) == released
    assert path.exists(), "a release that was killed before its file was there goes on"

    assert done(stillhere(town, "suspensions", "restore", *of)) == {"files": []}
    assert stillhere(town, *ROUTE).exit_code == 0
    [file] = done(stillhere(town, "suspensions", "restore", *of, "--out", str(tmp_path / "out")))["files"]
    [row] = csv.DictReader(Path(file["file"]).read_text(encoding="utf-8").splitlines())
    assert (row["id_number"], row["back_pay_months"]) == (NUMBER, "0")
    assert done(stillhere(town, "suspensions", "restore", *of, "--out", str(tmp_path / "out")))["files"] == [file]
    assert done(stillhere(town, "journal", "verify", "--json"))["intact"] is True


def test_a_file_that_is_gone_keeps_no_other_from_being_written(bureau: Bureau, tmp_path: Path) -> None:
    town, of = bureau.town, bureau.of
    stillhere(town, "suspensions", "propose", *of)
    assert [done(bureau.sign(name))["signatures"] for name in bureau.apps] == [1, 2]
    assert done(stillhere(town, "suspensions", "release", *of))["people"] == 1
    assert stillhere(town, *ROUTE).exit_code == 0
    rt = compose.runtime(Settings.read(town))
    with rt.sessions.begin() as session:  # a part of which everybody was erased since
        row = {"kind": "restoration", "region": "kunming", "month": bureau.following, "part": 1, "people": 1}
        by = {"proposed_by": "李", "proposed_at": rt.now(), "released_by": "李", "released_at": rt.now()}
        session.add(PaymentList(**row, **by, sha256="0" * 64))
    rt.sessions.kw["bind"].dispose()
    told = stillhere(town, "suspensions", "restore", *of, "--out", str(tmp_path / "out"))
    assert "People on the list were erased" in sentence(told) and "0" * 64 in told.output
    [file] = (tmp_path / "out").glob("*.csv")
    assert file.name == f"restorations-kunming-{bureau.following:%Y-%m}-2.csv"
    assert NUMBER in file.read_text(encoding="utf-8")


def test_a_release_that_was_called_off_says_so(bureau: Bureau) -> None:
    town, of = bureau.town, bureau.of
    assert done(stillhere(town, "suspensions", "propose", *of))["called_off"] is None
    assert [done(bureau.sign(name))["signatures"] for name in bureau.apps] == [1, 2]
    rt = compose.runtime(Settings.read(town))
    with rt.sessions.begin() as session:
        assert isinstance(releasing.ask(session, rt, "kunming", bureau.following, "李"), PaymentList)
    rt.sessions.kw["bind"].dispose()
    assert stillhere(town, "staff", "close", "王").exit_code == 0
    assert "签名" in sentence(stillhere(town, "suspensions", "release", *of))
    shown = stillhere(town, "suspensions", "show", *of)
    off = done(shown)["called_off"]
    assert off["by"] == "李" and "有效签名不足两个" in off["why"] and "two signatures no longer held" in off["why"]
    assert f"the release was called off · {off['at']} · " in shown.stdout


def test_a_wrong_password_signs_nothing_and_stays_in_the_journal(bureau: Bureau) -> None:
    town, of = bureau.town, bureau.of
    stillhere(town, "suspensions", "propose", *of)
    before = done(stillhere(town, "journal", "verify", "--json"))["entries"]
    refused = bureau.sign("李", "incorrect horse battery")
    assert "密码或动态码不对" in sentence(refused)
    assert "incorrect horse" not in refused.output, "nothing that is typed is shown"
    assert done(stillhere(town, "journal", "verify", "--json"))["entries"] == before + 1
    assert done(bureau.sign("李"))["signatures"] == 1
    assert "signature" in sentence(stillhere(town, "suspensions", "propose", *of))


def test_a_clerk_and_who_proposed_do_not_sign(bureau: Bureau) -> None:
    town, of = bureau.town, bureau.of
    stillhere(town, "suspensions", "propose", *of, "--by", "李")
    assert "two other supervisors" in sentence(bureau.sign("李"))
    assert stillhere(town, "staff", "close", "王").exit_code == 0
    assert "wrong" in sentence(bureau.sign("王"))
    added = typed(town, [PASSWORD, PASSWORD], "staff", "add", "钱", "--role", "clerk", "--json")
    app = pyotp.parse_uri(done(added)["otpauth"])
    assert isinstance(app, pyotp.TOTP)
    bureau.apps["钱"] = app
    assert "Only a supervisor" in sentence(bureau.sign("钱"))


def test_what_is_asked_for_wrongly_is_said(bureau: Bureau) -> None:
    town = bureau.town
    late = ("--region", "kunming", "--month", "2020-01")
    assert "in the month before" in sentence(stillhere(town, "suspensions", "propose", *late))
    assert "propose it first" in sentence(stillhere(town, "suspensions", "release", *late))
    assert "propose it first" in sentence(stillhere(town, "suspensions", "show", *late))
    assert "from this month or the next" in sentence(stillhere(town, "suspensions", "restore", *late))
    assert "没有“nowhere”" in sentence(
        stillhere(town, "suspensions", "propose", "--region", "nowhere", "--month", "2020-01")
    )


def test_a_reported_death_is_answered(bureau: Bureau) -> None:
    town, of = bureau.town, bureau.of
    assert done(stillhere(town, "deaths", "report", NUMBER, "--source", "relative", "--by", "clerk", "--json"))["case"]
    held = done(stillhere(town, "suspensions", "propose", *of))
    assert (held["proposed"], held["reasons"]) == (0, {"open_case": 1, "death_reported": 1})
    assert "death was reported" in stillhere(town, "suspensions", "show", *of).stdout
    answer = ("deaths", "answer", NUMBER, "--verdict", "alive", "--by", "clerk", "--json")
    assert done(stillhere(town, *answer)) == {"answered": 1}
    again = sentence(stillhere(town, *answer))  # nobody is to believe that it was written down
    assert "没有待核实" in again
    assert "`deaths report`" in again
    assert done(stillhere(town, "suspensions", "propose", *of))["proposed"] == 1
