"""Where messages go: the number of each, opened only when it is needed."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import seals
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Helper, Message, Period, Person, Phone

logger = logging.getLogger(__name__)


def of(session: Session, rt: Runtime, messages: Sequence[Message]) -> dict[str, str]:
    """The number (E.164) of each message that has one, whatever it goes to; everything about them is loaded at once."""
    for table, ids in (
        (Person, {one.person_id for one in messages}),
        (Phone, {one.phone_id for one in messages}),
        (Helper, {one.helper_id for one in messages}),
        (Period, {one.facts.get("period") for one in messages}),
    ):
        session.scalars(select(table).where(table.id.in_(ids - {None}))).all()
    found = dict[str, str]()
    for message in messages:
        try:
            number = _number(session, rt, message)
        except SealBroken as error:
            logger.error("the number of message %s cannot be read: %s", message.id, error)
            continue
        if number is not None:
            found[message.id] = number
    return found


def _number(session: Session, rt: Runtime, message: Message) -> str | None:
    if message.phone_id and (phone := session.get(Phone, message.phone_id)) is not None:
        return rt.keys.open(phone.number_sealed, seals.phone(phone.id)).decode()
    if message.helper_id and (helper := session.get(Helper, message.helper_id)) is not None:
        if helper.ended_at is not None:
            return None
        return rt.keys.open(helper.number_sealed, seals.helper_number(helper.id, helper.person_id)).decode()
    if message.to_sealed is not None:
        return rt.keys.open(message.to_sealed, seals.recipient(message.id)).decode()
    return None
