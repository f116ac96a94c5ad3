"""Why the release of a list was called off, as the journal has it, until it is asked for again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification.store import JournalEntry, PaymentList
from certification.suspension.lists import NobodyProposed, NotNextMonth, subject
from certification.suspension.releasing import NobodyMaySuspend, NotSigned

_SENTENCES = {
    NotNextMonth.__name__: (
        "没能在月底前核对完，名单已过期。",
        "The month ended before everybody was checked, and the list is out of date.",
    ),
    NobodyProposed.__name__: (
        "名单上已没有拟暂停的人。",
        "Nobody on the list was to be suspended any more.",
    ),
    NotSigned.__name__: (
        "有签名的主管已停用账号或不再担任主管，有效签名不足两个；补签后可以再发出。",
        "A supervisor who had signed has no account any more, or is no supervisor: two signatures no longer held."
        " Once another supervisor has signed, it can be released again.",
    ),
    NobodyMaySuspend.__name__: (
        "本地区已停止暂停发放；重新开放后可以再发出。",
        "The region had switched suspensions off. Once they are on again, it can be released.",
    ),
}
"""By the name of the refusal, as releasing writes it down; an outage calls nothing off."""
_STEPS = ("release begun", "release called off", "suspensions released")


@dataclass(frozen=True, slots=True)
class CalledOff:
    """When a release was called off, by whom it had been asked for, and why."""

    at: datetime
    by: str
    zh: str
    en: str


def called_off(session: Session, listed: PaymentList) -> CalledOff | None:
    """The release that was called off, unless the list has been released or is being released again."""
    if listed.released_at is not None or listed.releasing is not None:
        return None
    mine = select(JournalEntry).where(JournalEntry.subject == subject(listed), JournalEntry.action.in_(_STEPS))
    last = session.scalars(mine.order_by(JournalEntry.seq.desc()).limit(1)).first()
    if last is None or last.action != "release called off":
        return None
    zh, en = _SENTENCES[str(json.loads(last.detail)["why"])]
    return CalledOff(last.at, last.actor, zh, en)
