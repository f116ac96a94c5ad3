"""The text line at a real port, for carriers that call it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from twilio.request_validator import RequestValidator
from werkzeug.serving import make_server

from certification import seals
from certification.runtime import Runtime
from certification.store import JournalEntry, Message, Text
from ops.app import create_app
from ops.embedded import free_port
from tests.certification.conftest import clock, queue, rt, wu

__all__ = ["clock", "queue", "rt", "wu"]

ZHANG, LINE = "+8613800138000", "+8610690123456"
REMINDER = "【昆明养老】您好，领取养老金的资格认证11月30日到期，请回复您的六位密码，就认证好了。"


@dataclass(frozen=True, slots=True)
class TextLine:
    """A text line that is served, with what is in its tables."""

    rt: Runtime

    def with_settings(self, **settings: Any) -> TextLine:
        """The same line as its worker sees it, with other settings."""
        return TextLine(replace(self.rt, settings=replace(self.rt.settings, **settings)))

    def message(self, provider: str, ref: str | None = None) -> str:
        """A message that is being handed over to a carrier, whose identifier for it is perhaps not known yet."""
        with self.rt.sessions.begin() as session:
            now = self.rt.now()
            message = Message(
                reminder=f"test:{uuid4().hex}",
                purpose="reminder",
                priority=9,
                words="reminder.pin",
                state="sending",
                provider=provider,
                provider_ref=ref,
                to_sealed=None,
                not_before=now,
                claimed_at=now,
                events=[],
            )
            session.add(message)
            session.flush()
            return message.id

    def took(self, message_id: str, ref: str) -> None:
        """The carrier's answer is written down."""
        with self.rt.sessions.begin() as session:
            session.get_one(Message, message_id).provider_ref = ref

    def state(self, message_id: str) -> str:
        """What is known of a message."""
        with self.rt.sessions() as session:
            return session.get_one(Message, message_id).state

    def told(self, message_id: str) -> int:
        """How often a carrier told something of a message."""
        with self.rt.sessions() as session:
            return len(session.get_one(Message, message_id).events)

    def why(self, message_id: str) -> str | None:
        """Why it did not arrive."""
        with self.rt.sessions() as session:
            return session.get_one(Message, message_id).why

    def texts(self) -> list[tuple[str, str, str]]:
        """Carrier, number and words of each text that arrived."""
        keys = self.rt.keys
        with self.rt.sessions() as session:
            rows = session.scalars(select(Text).order_by(Text.received_at)).all()
            return [
                (
                    row.provider,
                    keys.open(row.from_sealed, seals.writer(row.id)).decode(),
                    keys.open(row.body_sealed or b"", seals.body(row.id)).decode(),
                )
                for row in rows
            ]

    def refused(self) -> dict[str, int]:
        """How many requests were turned away at each route, by the journal."""
        with self.rt.sessions() as session:
            entries = session.scalars(select(JournalEntry).where(JournalEntry.action == "unsigned request refused"))
            counts: dict[str, int] = {}
            for entry in entries:
                counts[entry.subject] = counts.get(entry.subject, 0) + json.loads(entry.detail)["times"]
            return counts

    def signature(self, target: str, form: dict[str, str], base_url: str = "") -> dict[str, str]:
        """The header that Twilio would send."""
        validator = RequestValidator(self.rt.settings.twilio_auth_token)
        url = (base_url or self.rt.settings.public_base_url) + target
        return {"X-Twilio-Signature": validator.compute_signature(url, form)}


@pytest.fixture
def line(rt: Runtime) -> Iterator[TextLine]:
    """The text line, served at a port of its own."""
    port = free_port()
    settings = replace(
        rt.settings,
        public_base_url=f"http://127.0.0.1:{port}",
        twilio_auth_token="0123456789abcdef0123456789abcdef",
        sms_from=LINE,
        kannel_token="a-secret-of-kannel",
    )
    served = replace(rt, settings=settings)
    app = create_app(served)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield TextLine(served)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions["refusals"].write()
