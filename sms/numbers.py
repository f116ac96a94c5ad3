"""Where a message goes: to a telephone of the roll, a declared helper, or a number that is on no roll."""

from __future__ import annotations

import logging

from sqlalchemy.orm import Session

from certification import seals
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Helper, Message, Phone

logger = logging.getLogger(__name__)


def number_of(session: Session, rt: Runtime, message: Message) -> str | None:
    """The number (E.164) of a message; None where it has none any more, or one that cannot be read."""
    phone = session.get(Phone, message.phone_id) if message.phone_id else None
    helper = session.get(Helper, message.helper_id) if message.helper_id else None
    try:
        return number(rt, message, phone, helper)
    except SealBroken as error:
        logger.error("the number of message %s cannot be read: %s", message.id, error)
        return None


def number(rt: Runtime, message: Message, phone: Phone | None, helper: Helper | None) -> str | None:
    """The number (E.164) of a message to this telephone or helper. Raises SealBroken."""
    if phone is not None:
        return rt.keys.open(phone.number_sealed, seals.phone(phone.id)).decode()
    if helper is not None:
        if helper.ended_at is not None:
            return None
        return rt.keys.open(helper.number_sealed, seals.helper_number(helper.id, helper.person_id)).decode()
    if message.to_sealed is not None:
        return rt.keys.open(message.to_sealed, seals.recipient(message.id)).decode()
    return None
