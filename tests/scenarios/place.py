"""A region's office seen from outside: its clerks' commands, and its line as the carrier calls it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from itertools import count
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from certification import people, pins
from certification.identity import ResidentNumber
from certification.regions import SHANGHAI
from certification.runtime import Runtime, utc_now
from certification.store import Evidence, JournalEntry, Person
from ops import text_jobs
from ops.app import create_app
from sms.providers.console import FILE
from tests.certification.numbers import resident_number
from tests.ivr.line.telephone import Telephone
from tests.ops.test_commands import json_of, sentence, stillhere
from tests.ops.test_suspensions_command import typed

BY = ("--by", "clerk")


def today() -> date:
    return utc_now().astimezone(SHANGHAI).date()


class Carrier(FlaskClient):
    """Posts as the carrier does: signed."""

    rt: Runtime

    def post(self, *args: Any, **kwargs: Any) -> TestResponse:
        [path] = args
        signer = RequestValidator(self.rt.settings.twilio_auth_token)
        signature = signer.compute_signature(self.rt.settings.public_base_url + path, kwargs["data"])
        return super().post(path, headers={"X-Twilio-Signature": signature}, **kwargs)


@dataclass(frozen=True, slots=True)
class Pensioner:
    """Somebody on the roll, as they know themselves."""

    number: str
    phone: str

    @property
    def tail(self) -> str:
        return self.number[-4:].replace("X", "*")


@dataclass(slots=True)
class Place:
    """A service with its own database, at the time of `rt`.

    `does` runs a command that must succeed, with what it asks for typed in; `cannot` one that must not.
    """

    environment: dict[str, str]
    rt: Runtime
    _serial: count[int] = field(default_factory=lambda: count(1))

    @property
    def today(self) -> date:
        """The day it is here."""
        return self.rt.now().astimezone(SHANGHAI).date()

    def on(self, day: date) -> Place:
        """The same place at noon of another day: for its commands, its line and its sweep."""
        noon = datetime.combine(day, time(12), SHANGHAI).astimezone(UTC)
        return replace(self, rt=replace(self.rt, now=lambda: noon))

    def does(self, *arguments: str, typing: Sequence[str] = ()) -> dict[str, Any]:
        """The object that a command prints."""
        result = typed(self.environment, list(typing), *arguments, "--json", now=self.rt.now)
        assert result.exit_code == 0, result.output
        return json_of(result)

    def cannot(self, *arguments: str) -> str:
        """The sentence of a command that is refused."""
        return sentence(stillhere(self.environment, *arguments, now=self.rt.now))

    def pensioners(self, region: str, many: int = 1, dialect: str = "mandarin") -> list[Pensioner]:
        """People of a region, put on the roll from a file; half a year from their birthday, where a year turns."""
        serials = [next(self._serial) for _ in range(many)]
        month = (self.today.month + 5) % 12 + 1
        found = [Pensioner(resident_number("110101", 1950, month, 15, one), f"138{one:08d}") for one in serials]
        rows = [f"{one.number},某某,{region},{one.phone},{dialect}" for one in found]
        file = Path(self.environment["STILLHERE_DATA"]) / f"roll-{serials[0]}.csv"
        file.write_text("\n".join(["身份证号,姓名,地区,电话,方言", *rows]), encoding="utf-8")
        assert self.does("people", "import", str(file))["added"] == many
        return found

    def set_pin(self, who: Pensioner, pin: str) -> None:
        """A PIN, chosen at the desk."""
        with self.rt.sessions.begin() as session:
            pins.set_pin(session, self.rt, self._person(who), pin, "clerk")

    def stands(self, who: Pensioner) -> dict[str, Any]:
        """Where somebody stands, as anybody who asks for them is told."""
        return self.does("people", "show", who.number)

    def evidence(self, who: Pensioner) -> Sequence[Evidence]:
        """The record that stands: somebody's signs of life, in order."""
        with self.rt.sessions() as session:
            mine = select(Evidence).where(Evidence.person_id == self._person(who).id)
            return session.scalars(mine.order_by(Evidence.recorded_at)).all()

    def journal(self, who: Pensioner) -> list[tuple[str, str, dict[str, Any]]]:
        """Who did what about somebody, with which facts; the chain holds."""
        assert self.does("journal", "verify")["intact"] is True
        with self.rt.sessions() as session:
            mine = select(JournalEntry).where(JournalEntry.subject == f"person:{self._person(who).id}")
            entries = session.scalars(mine.order_by(JournalEntry.seq)).all()
            return [(one.actor, one.action, json.loads(one.detail)) for one in entries]

    def dials(self, number: str) -> Telephone:
        """A call to the line from this telephone."""
        return Telephone(self.rt, self._line(), number=f"+86{number}", sid=f"CA{next(self._serial)}").dial()

    def writes(self, number: str, text: str) -> None:
        """A text to the line from this telephone, as the carrier brings it."""
        form = {"MessageSid": f"SM{next(self._serial)}", "From": f"+86{number}", "Body": text}
        assert self._line().post("/sms", data=form).status_code == 200

    def texts(self) -> dict[str, list[str]]:
        """What the line has written so far, by number, once all that waits is sent; at a place `in_writing`."""
        sender = text_jobs.sender(self.rt)
        while sender.batch():
            pass
        found, file = defaultdict[str, list[str]](list), Path(self.environment["STILLHERE_DATA"]) / FILE
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            text = json.loads(line)
            found[text["to"].removeprefix("+86")].append(text["text"])
        return dict(found)

    def _line(self) -> Carrier:
        app = create_app(self.rt)
        app.test_client_class = Carrier
        client = app.test_client()
        assert isinstance(client, Carrier)
        client.rt = self.rt
        return client

    def _person(self, who: Pensioner) -> Person:
        with self.rt.sessions() as session:
            person = people.find_by_number(session, self.rt.keys, ResidentNumber.parse(who.number))
            assert person is not None
            return person
