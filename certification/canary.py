"""Something sealed beside the data, by which a key ring that is not this database's is noticed before any harm."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from certification.errors import Problem
from certification.keys import KeyRing, SealBroken
from certification.store import Canary, insert_once, only_read

_ONE = 1
_ALIVE = b"alive"
_CONTEXT = "canary.sealed, voices bound to their people"
_FORMER = "canary.sealed"


class KeysOfAnother(Problem):
    """The key ring does not open what this database holds: people would seem unknown, and be added again."""

    def __init__(self, broken: SealBroken) -> None:
        super().__init__(
            f"STILLHERE_KEYS 不是这个数据库的密钥环。{broken.zh}请把原来的密钥放回密钥环，新的在前，旧的在后。",
            f"STILLHERE_KEYS is not the key ring of this database. {broken.en} Put the earlier keys back, after newer"
            " ones.",
        )


class VoicesUnbound(Problem):
    """The voices of this database were sealed before 2026-11-27, when they were not yet bound to their people."""

    def __init__(self) -> None:
        super().__init__(
            "这个数据库里的声纹还没有与本人绑定。请停止全部服务，运行 stillhere db upgrade，再启动。",
            "The voices in this database are not bound to their people yet: stop every process, run"
            " `stillhere db upgrade`, and start again.",
        )


def check(sessions: sessionmaker[Session], keys: KeyRing, now: datetime) -> None:
    """Open what was sealed when the database was new; where there is nothing yet, seal it.

    Raises KeysOfAnother, and VoicesUnbound for a database made before 2026-11-27. It stays under the oldest key, so a
    ring that lost that key too soon is noticed; rotation seals it anew once nothing needs an older key.
    """
    if unbound(sessions, keys, now):
        raise VoicesUnbound


def unbound(sessions: sessionmaker[Session], keys: KeyRing, now: datetime) -> bool:
    """Whether the voices of this database are still to be bound to their people. Raises KeysOfAnother.

    That they are is sealed, so that who can write to the database cannot have bytes of an earlier form taken again.
    """
    sealed = _sealed(sessions)
    if sealed is None:
        with sessions.begin() as session:
            insert_once(session, Canary, id=_ONE, sealed=keys.seal(_ALIVE, _CONTEXT), sealed_at=now)
        sealed = _sealed(sessions)  # another process may have been first, with a ring of its own
    assert sealed is not None
    try:
        keys.open(sealed, _CONTEXT)
    except SealBroken:
        try:
            keys.open(sealed, _FORMER)
        except SealBroken as broken:
            raise KeysOfAnother(broken) from None
        return True
    return False


def renew(session: Session, keys: KeyRing, now: datetime) -> None:
    """Seal it anew under the newest key, once nothing needs an older one."""
    _seal(session, keys, keys.names[0], now)


def mark_bound(session: Session, keys: KeyRing, now: datetime) -> None:
    """Say with it that every voice is bound to its person; other data may still need the key that it is under."""
    sealed = session.scalars(select(Canary.sealed).where(Canary.id == _ONE)).one()
    _seal(session, keys, next(name for name in keys.names if sealed.startswith(keys.header(name))), now)


def _seal(session: Session, keys: KeyRing, name: str, now: datetime) -> None:
    one = update(Canary).where(Canary.id == _ONE)
    session.execute(one.values(sealed=keys.seal(_ALIVE, _CONTEXT, name), sealed_at=now))


def _sealed(sessions: sessionmaker[Session]) -> bytes | None:
    with sessions() as session:
        only_read(session)
        return session.scalar(select(Canary.sealed).where(Canary.id == _ONE))
