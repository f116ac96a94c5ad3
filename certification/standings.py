"""What stands about a telephone number: that whoever has it wants no reminders, or that nothing arrives there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import journal, seals
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.store import NumberStanding, insert_once

TEXT = "text"
"""Who did it, in the journal, when it was written to the text line."""


def opted_out(session: Session, keys: KeyRing, e164: str) -> bool:
    """Whether whoever has this number wants no reminders there. Answers go to it all the same."""
    return any(one.opted_out_at is not None for one in _of(session, keys, e164))


def opt_out(session: Session, rt: Runtime, e164: str, by: str = TEXT) -> bool:
    """Send no reminders to this number from now on; False when that stands already."""
    if opted_out(session, rt.keys, e164):
        return False
    _set(session, rt, e164, opted_out_at=rt.now())
    _journal(session, rt, e164, by, "reminders stopped for a number")
    return True


def opt_in(session: Session, rt: Runtime, e164: str, by: str = TEXT) -> bool:
    """Send reminders to this number again; False when that stands already."""
    here = NumberStanding.number_index.in_(_indexes(rt.keys, e164))
    out = update(NumberStanding).where(here, NumberStanding.opted_out_at.is_not(None))
    if not session.execute(out.values(opted_out_at=None).returning(NumberStanding.number_index)).all():
        return False
    _journal(session, rt, e164, by, "reminders started for a number")
    return True


def mark_fault(session: Session, rt: Runtime, e164: str, code: str, by: str = "carrier") -> bool:
    """Note the carrier's code of an error that stays: nothing arrives at this number. False when that is known."""
    if fault_of(session, rt.keys, e164) == code[:60]:
        return False
    _set(session, rt, e164, fault=code[:60], fault_at=rt.now())
    _journal(session, rt, e164, by, "number found faulty", code=code[:60])
    return True


def fault_of(session: Session, keys: KeyRing, e164: str) -> str | None:
    """The carrier's code for why nothing arrives at this number; None when it is not known to be so."""
    return next((one.fault for one in _of(session, keys, e164) if one.fault is not None), None)


def works(session: Session, rt: Runtime, e164: str, by: str = TEXT, *, but: Collection[str] = ()) -> bool:
    """Forget that nothing arrived at this number: something came from there. False when there was nothing to forget.

    `but`: codes that stand all the same.
    """
    known = {one.fault for one in _of(session, rt.keys, e164) if one.fault is not None} - set(but)
    here = NumberStanding.number_index.in_(_indexes(rt.keys, e164))
    faulty = update(NumberStanding).where(here, NumberStanding.fault.in_(known))
    forgotten = faulty.values(fault=None, fault_at=None).returning(NumberStanding.number_index)
    if not known or not session.execute(forgotten).all():
        return False
    _journal(session, rt, e164, by, "number found to work", code=" ".join(sorted(known)))
    return True


def _of(session: Session, keys: KeyRing, e164: str) -> list[NumberStanding]:
    here = select(NumberStanding).where(NumberStanding.number_index.in_(_indexes(keys, e164)))
    return list(session.scalars(here.execution_options(populate_existing=True)))


def _indexes(keys: KeyRing, e164: str) -> list[str]:
    return keys.indexes(e164, seals.PHONE)


def _set(session: Session, rt: Runtime, e164: str, **values: Any) -> None:
    index = rt.keys.index(e164, seals.PHONE)
    if not insert_once(session, NumberStanding, number_index=index, **values):
        session.execute(update(NumberStanding).where(NumberStanding.number_index == index).values(**values))


def _journal(session: Session, rt: Runtime, e164: str, by: str, action: str, **facts: str) -> None:
    """Journalled under a blind index: the number itself stands in no journal."""
    journal.write(session, rt.now(), by, action, f"caller:{rt.keys.index(e164, seals.PHONE)}", **facts)
