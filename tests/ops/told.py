"""Calls to a line whose messages are sent: what people are told in writing afterwards, and the human between."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import select

from certification import review
from certification.runtime import Runtime
from certification.store import Assessment, Case, JournalEntry, Message, Person
from ops import schedule, texting
from ops.concluding import conclude
from ops.judging import Verdict
from sms.pace import Pace, Tally
from sms.sending import Sender
from tests.ivr.line.telephone import Telephone, line
from tests.ivr.line.walks import tail
from tests.ops.test_commands import stillhere
from tests.ops.test_routes import done
from tests.sms.outbox.carrier import Stub


@dataclass(frozen=True, slots=True)
class Service:
    """The line, the sweep, the sender and the commands over one database."""

    rt: Runtime
    client: FlaskClient
    sender: Sender
    carrier: Stub
    environment: dict[str, str]

    def telephone(self, sid: str = "CA1", number: str = "+8613888000001") -> Telephone:
        """A telephone that has not called yet."""
        return Telephone(self.rt, self.client, sid=sid, number=number)

    def named(self, person: Person, sid: str = "CA1") -> Telephone:
        """A call of somebody who has said who they are, up to the words."""
        phone = self.telephone(sid).dial()
        if phone.heard[-1].startswith("digit."):  # their first
            phone.press("1")
        if phone.heard[-1].startswith("menu."):
            phone.says("认证")
        phone.press(tail(self.rt, person))
        assert phone.heard[-1].startswith("word.")
        return phone

    def dropped(self, person: Person, sid: str = "CA1") -> Telephone:
        """A call that breaks off at the words; the person had said who they are."""
        return self.named(person, sid).hangs_up()

    def doubted(self, person: Person, sid: str = "CA1") -> str:
        """A call whose voice the worker was not sure of; its case."""
        phone = self.named(person, sid).repeats().repeats()
        assert phone.heard == ("assess.wait",)
        with self.rt.sessions.begin() as session:
            asked = session.scalars(select(Assessment).where(Assessment.state == "pending")).one()
            assert conclude(session, self.rt, asked, Verdict("human"))
            asked.detail = {**asked.detail, review.WEIGHED: 1.5}  # not surely theirs
        assert phone.waits().heard[0] == "result.human"
        phone.hangs_up()
        with self.rt.sessions() as session:
            return session.scalars(select(Case.id).where(Case.kind == "voice_doubt", Case.decided_at.is_(None))).one()

    def decides(self, case: str, verdict: str) -> dict[str, object]:
        """What the operator's command prints."""
        arguments = ("cases", "decide", case, "--verdict", verdict, "--by", "operator", "--json")
        found: dict[str, object] = done(stillhere(self.environment, *arguments, now=self.rt.now))
        return found

    def texts(self) -> list[tuple[str, str]]:
        """Number and text of everything sent so far, after a sweep."""
        self.sweep()
        while self.sender.batch():
            pass
        return [(number, text) for number, text, _ in self.carrier.sent]

    def sweep(self) -> None:
        """Every duty but the day's reminders, which would be among what is counted here."""
        for duty in schedule.DUTIES:
            if duty is not texting.remind_today:
                duty(self.rt)

    def messages(self) -> list[tuple[str, str, str | None]]:
        """Sentence, state and reason of every message."""
        with self.rt.sessions() as session:
            rows = session.scalars(select(Message).order_by(Message.reminder))
            return [(one.words, one.state, one.why) for one in rows]

    def cases(self) -> dict[str, str | None]:
        """The verdict on each kind of case."""
        with self.rt.sessions() as session:
            return {one.kind: one.verdict for one in session.scalars(select(Case))}

    def journalled(self, action: str) -> int:
        """How often this is in the journal."""
        with self.rt.sessions() as session:
            return len(session.scalars(select(JournalEntry.seq).where(JournalEntry.action == action)).all())


@pytest.fixture
def service(
    rt: Runtime, database_url: str, redis: Redis, redis_url: str, carrier: Stub, tmp_path: Path, enrolled: Person
) -> Service:
    """A line with Mr Wu on its roll, enrolled and with a PIN, that sends its messages through `carrier`."""
    del enrolled
    rt = replace(rt, settings=replace(rt.settings, sms_providers="console", redis_url=redis_url))
    environment = {
        "PUBLIC_BASE_URL": rt.settings.public_base_url,
        "SESSION_SECRET": "secret",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "token",
        "STILLHERE_KEYS": rt.settings.keys,
        "SECOND_LOOK_PERCENT": "0",  # chance would ask for one now and then
        "STILLHERE_DATA": str(tmp_path),
        "DATABASE_URL": database_url,
    }
    sender = Sender(rt, {"stub": (carrier, 1)}, Pace(redis, 1000), Tally(redis))
    return Service(rt, line(rt).test_client(), sender, carrier, environment)
