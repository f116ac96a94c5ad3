"""Somebody who writes texts, and hears by which sentence they are answered: on the real conversation and outbox."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any, Self

from sqlalchemy import select

from certification import seals
from certification.runtime import Runtime
from certification.store import Helper, Message, Phone, Text
from sms import conversation
from tests.certification.conftest import Clock

_REFS = count(1)


@dataclass(slots=True)
class Texter:
    """A telephone that writes to the line; a minute passes with each text."""

    rt: Runtime
    clock: Clock
    number: str
    ref: str = ""

    def writes(self, body: str) -> Self:
        """Write a text; the carrier brings it once."""
        self.clock.forward(minutes=1)
        self.ref = f"SM{next(_REFS)}"
        assert self._brought(body)
        return self

    def is_brought_again(self, body: str) -> bool:
        """Have the carrier bring the last text again; whether it was taken for a new one."""
        return self._brought(body)

    def hears(self, words: str) -> Message:
        """The one answer to the last text, which goes to this telephone; it must be this sentence."""
        answers = self.answers()
        assert [one.words for one in answers] == [words]
        assert answers[0].purpose == "answer"
        assert self._to(answers[0]) == self.number
        return answers[0]

    def hears_nothing(self) -> None:
        """The last text is not answered."""
        assert self.answers() == []

    def answers(self) -> list[Message]:
        """What the outbox has for the last text."""
        with self.rt.sessions() as session:
            about = select(Text.id).where(Text.provider == "console", Text.provider_ref == self.ref)
            text = session.scalars(about).one()
            return list(session.scalars(select(Message).where(Message.reminder == f"answer:{text}")))

    def _brought(self, body: str) -> bool:
        with self.rt.sessions.begin() as session:
            return conversation.receive(session, self.rt, "console", self.ref, self.number, body)

    def _to(self, message: Message) -> str:
        """Where a message goes."""
        where: dict[Any, str | None] = {Phone: message.phone_id, Helper: message.helper_id}
        with self.rt.sessions() as session:
            if message.to_sealed is not None:
                return self.rt.keys.open(message.to_sealed, seals.recipient(message.id)).decode()
            [(table, key)] = [(table, key) for table, key in where.items() if key is not None]
            row = session.get_one(table, key)
            if isinstance(row, Phone):
                return self.rt.keys.open(row.number_sealed, seals.phone(row.id)).decode()
            return self.rt.keys.open(row.number_sealed, seals.helper_number(row.id, row.person_id)).decode()
