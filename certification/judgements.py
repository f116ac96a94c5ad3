"""What humans found of voices, written down once a case: by whom, how fast, why; and what two of them agree on."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification.confirmation import CONFIRMED
from certification.runtime import Runtime
from certification.store import Case, JournalEntry, Judgement

UNSURE = "unsure"
FRAUD = "fraud"
LONGEST_REASON = 200


class Part(StrEnum):
    """What a judgement is."""

    FIRST = "first"
    SECOND = "second"  # of the same recording, by somebody who did not see the first
    KNOWN = "known"  # of a case whose answer is known


class Found(StrEnum):
    """What a judgement comes to, so that two can be compared: what is done next is a matter of taste."""

    PERSON = "person"
    UNKNOWN = "unknown"
    ANOTHER = "another"


def note(
    session: Session,
    rt: Runtime,
    case: Case,
    part: Part,
    *,
    by: str,
    verdict: str,
    step: str | None,
    reason: str | None,
    sampled: bool | None = None,
    same: bool | None = None,
) -> Judgement:
    """Write down what somebody found, in the transaction in which they decided the case."""
    one = Judgement(
        case_id=case.id,
        by=by,
        at=rt.now(),
        part=part.value,
        verdict=verdict,
        step=step,
        reason=reason,
        seconds=_seconds(session, rt, case, by),
        sampled=sampled,
        same=same,
    )
    session.add(one)
    session.flush()
    return one


def found(one: Judgement) -> Found:
    """What a judgement comes to."""
    if one.verdict == CONFIRMED:
        return Found.PERSON
    return Found.ANOTHER if one.step == FRAUD else Found.UNKNOWN


def _seconds(session: Session, rt: Runtime, case: Case, by: str) -> float | None:
    """How long they had the case; None where they never took it, as at the server's commands."""
    mine = (JournalEntry.subject == f"case:{case.id}", JournalEntry.action == "case taken", JournalEntry.actor == by)
    taken = session.scalars(select(JournalEntry.at).where(*mine).order_by(JournalEntry.seq.desc()).limit(1)).first()
    return None if taken is None else round((rt.now() - taken).total_seconds(), 1)
