"""Something sealed beside the data, by which a key ring that is not this database's is noticed before any harm."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from certification.errors import Problem
from certification.keys import KeyRing, SealBroken
from certification.store import Canary, insert_once, only_read

_ONE = 1
_CONTEXT = "canary.sealed"


class KeysOfAnother(Problem):
    """The key ring does not open what this database holds: people would seem unknown, and be added again."""

    def __init__(self, broken: SealBroken) -> None:
        super().__init__(
            f"STILLHERE_KEYS 不是这个数据库的密钥环。{broken.zh}请把原来的密钥放回密钥环，新的在前，旧的在后。",
            f"STILLHERE_KEYS is not the key ring of this database. {broken.en} Put the earlier keys back, after newer"
            " ones.",
        )


def check(sessions: sessionmaker[Session], keys: KeyRing, now: datetime) -> None:
    """Open what was sealed when the database was new; where there is nothing yet, seal it. Raises KeysOfAnother.

    It stays under the oldest key, so a ring that lost that key too soon is noticed; whoever seals all data anew under a
    newer key seals this with it.
    """
    sealed = _sealed(sessions)
    if sealed is None:
        with sessions.begin() as session:
            insert_once(session, Canary, id=_ONE, sealed=keys.seal(b"alive", _CONTEXT), sealed_at=now)
        sealed = _sealed(sessions)  # another process may have been first, with a ring of its own
    assert sealed is not None
    try:
        keys.open(sealed, _CONTEXT)
    except SealBroken as broken:
        raise KeysOfAnother(broken) from None


def _sealed(sessions: sessionmaker[Session]) -> bytes | None:
    with sessions() as session:
        only_read(session)
        return session.scalar(select(Canary.sealed).where(Canary.id == _ONE))
