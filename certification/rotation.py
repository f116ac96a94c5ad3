"""Everything sealed anew: under the newest key, or, once, bound to the person it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, func, inspect, not_, or_, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, load_only

from certification import canary, guesses, journal, replycodes, seals
from certification.keys import KeyMissing, KeyRing, SealBroken
from certification.runtime import Runtime
from certification.seals import PLACES, Place
from certification.store import Canary, EnrolmentCode, Guesses, LinePreference, NumberStanding, Pin, only_read

BATCH = 100
PASSES = 3  # a row that somebody else holds is passed over, and comes with the next
KNOWN = frozenset({*((place.table, place.column) for place in PLACES), (Canary, "sealed")})
Progress = Callable[[int, int], None]  # so many more rows are done, of how many in all


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A sealed value that stays as it is, and why. `missing`: its key is not in the ring."""

    table: str
    id: str
    column: str
    why: str
    missing: bool = False


@dataclass(slots=True)
class Done:
    """Rows sealed anew, by table, and the values that could not be."""

    rows: dict[str, int] = field(default_factory=dict)
    unreadable: dict[tuple[str, str, str], Unreadable] = field(default_factory=dict)

    def fails(self, place: Place, row: Any, error: SealBroken | None) -> None:
        """Note a value that stays as it is."""
        table, identifier = place.table.__tablename__, str(_key(place.table, row))
        why = "another row has this value 另一行已有此值" if error is None else error.en
        self.unreadable[table, identifier, place.column] = Unreadable(
            table, identifier, place.column, why, isinstance(error, KeyMissing)
        )


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation came to. `removable`: older keys that nothing needs. `needed`: values still under each other one.

    `old_pins`: PINs of before 2026-11-27, which hang on an older key until they are used or set again. `codes`,
    `guesses`: still good, but indexed by a value that is kept nowhere; `codes_until`, `guesses_until`: when the last of
    them is over.
    """

    newest: str
    rows: dict[str, int]
    unreadable: tuple[Unreadable, ...]
    removable: tuple[str, ...]
    needed: dict[str, int]
    old_pins: int
    codes: int
    codes_until: datetime | None
    guesses: int
    guesses_until: datetime | None


def _nobody(_rows: int, _of: int) -> None:
    """Nobody watches."""


def rotate(rt: Runtime, by: str, progress: Progress = _nobody, batch: int = BATCH) -> Rotated:
    """Seal everything anew under the newest key of the ring, and index it under that key where the value is kept.

    In batches of a transaction each: a kill loses one batch, and the next run goes on; beside it the service works, if
    every process was started with this ring. What cannot be opened is named and left as it is.
    """
    done = Done()
    for turn in range(PASSES):
        done.unreadable.clear()
        _walk(rt, done, _Work(_behind, _renew, PLACES, _of_an_older_key, batch), progress if turn == 0 else _nobody)
        with rt.sessions() as session:
            only_read(session)
            behind = sum(_behind_by_key(session, rt.keys).values())
            if behind <= sum(not one.missing for one in done.unreadable.values()):
                break
    return _conclude(rt, by, done)


def bind(rt: Runtime, by: str, progress: Progress = _nobody, batch: int = BATCH) -> Done:
    """Bind the voices of a database of before 2026-11-27 to their people: once, by `stillhere db upgrade`.

    Only here are contexts of before that day read. Nothing is read that way again once all is bound, which the canary
    says; not while a key is missing from the ring, since what it sealed would be lost for good.
    """
    done = Done()
    voices = tuple(place for place in PLACES if place.former)
    _walk(rt, done, _Work(_loose, _tie, voices, lambda _keys, _places: true(), batch), progress)
    if not any(one.missing for one in done.unreadable.values()):
        with rt.sessions.begin() as session:
            canary.mark_bound(session, rt.keys, rt.now())
            facts = {"rows": done.rows, "unreadable": len(done.unreadable)}
            journal.write(session, rt.now(), by, "voices bound to their people", "keys", **facts)
    return done


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done to a row at each of its `places` where it is stale; `where` finds rows that may be."""

    stale: Callable[[KeyRing, Place, Any], bool]
    deed: Callable[[Session, KeyRing, Place, Any], bool]  # whether there was anything to do
    places: tuple[Place, ...]
    where: Callable[[KeyRing, tuple[Place, ...]], ColumnElement[bool]]
    batch: int


def _walk(rt: Runtime, done: Done, work: _Work, progress: Progress) -> None:
    """Do the work, table by table. A row that somebody else holds is passed over."""
    tables = {table: tuple(here) for table, here in groupby(work.places, key=lambda place: place.table)}
    with rt.sessions() as session:
        only_read(session)
        among = [select(func.count()).select_from(t).where(work.where(rt.keys, here)) for t, here in tables.items()]
        size = sum(session.scalars(count).one() for count in among)
    for table, here in tables.items():
        for rows in _batches(rt, table, here, work):
            behind = [_key(table, row) for row in rows if any(work.stale(rt.keys, place, row) for place in here)]
            if behind:
                with rt.sessions.begin() as session:
                    key = inspect(table).primary_key[0]
                    held = select(table).where(key.in_(behind)).order_by(key).with_for_update(skip_locked=True)
                    changed = sum(_row(session, rt.keys, done, work, here, row) for row in session.scalars(held).all())
                if changed:
                    done.rows[table.__tablename__] = done.rows.get(table.__tablename__, 0) + changed
            progress(len(rows), size)


def _batches(rt: Runtime, table: Any, places: tuple[Place, ...], work: _Work) -> Iterator[list[Any]]:
    """The rows of a table as they are just then, in the order of their keys, a batch at a time."""
    wanted = {column for place in places for column in (place.column, *place.bound, *(place.index or ())[:1])}
    key, after = inspect(table).primary_key[0], ""
    while True:
        batch = select(table).options(load_only(*(getattr(table, name) for name in sorted(wanted))))
        batch = batch.where(work.where(rt.keys, places), key > after).order_by(key).limit(work.batch)
        with rt.sessions() as session:
            only_read(session)
            rows = list(session.scalars(batch))
        if not rows:
            return
        yield rows
        after = _key(table, rows[-1])


def _key(table: Any, row: Any) -> str:
    value: str = getattr(row, inspect(table).primary_key[0].name)
    return value


def _row(session: Session, keys: KeyRing, done: Done, work: _Work, places: tuple[Place, ...], row: Any) -> bool:
    """Whether something of the row was sealed anew."""
    changed = False
    for place in places:
        if getattr(row, place.column) is None:
            continue
        try:
            with session.begin_nested():
                did = work.deed(session, keys, place, row)
                session.flush()
            changed |= did
        except SealBroken as error:
            done.fails(place, row, error)
        except IntegrityError:
            session.refresh(row)
            done.fails(place, row, None)
    return changed


def _of_an_older_key(keys: KeyRing, places: tuple[Place, ...]) -> ColumnElement[bool]:
    """Rows with a value not under the newest key; all, where an index has to be looked at as well."""
    if any(place.index for place in places):
        return true()
    return or_(*(not_(_begins(place, keys.header(keys.names[0]))) for place in places))


def _begins(place: Place, header: bytes) -> ColumnElement[bool]:
    return func.substr(getattr(place.table, place.column), 1, len(header), type_=LargeBinary) == header


def _behind(keys: KeyRing, place: Place, row: Any) -> bool:
    """Whether a value is not under the newest key, or not indexed under it."""
    sealed = getattr(row, place.column)
    if sealed is None:
        return False
    if not sealed.startswith(keys.header(keys.names[0])):
        return True
    if place.index is None:
        return False
    column, purpose = place.index
    try:
        value = place.indexed(keys.open(sealed, place.of(row)).decode())
        return bool(keys.index(value, purpose) != getattr(row, column))
    except SealBroken:
        return True


def _renew(session: Session, keys: KeyRing, place: Place, row: Any) -> bool:
    sealed = getattr(row, place.column)
    plain = keys.open(sealed, place.of(row))
    if not _behind(keys, place, row):
        return False
    if not sealed.startswith(keys.header(keys.names[0])):
        setattr(row, place.column, keys.seal(plain, place.of(row)))
    if place.index is not None:
        column, purpose = place.index
        index = keys.index(place.indexed(plain.decode()), purpose)
        if getattr(row, column) != index:
            setattr(row, column, index)
        if purpose in (seals.PHONE, seals.CALLING, seals.TEXTING):
            _renew_preference(session, keys, plain.decode())
            _renew_standing(session, keys, plain.decode())
    return True


def _renew_preference(session: Session, keys: KeyRing, e164: str) -> None:
    """Keep the dialect that was last chosen from this number under the newest key."""
    newest, *older = keys.indexes(e164, seals.PHONE)
    chosen = select(LinePreference).where(LinePreference.number_index.in_(older)).order_by(LinePreference.updated_at)
    found = list(session.scalars(chosen))
    for old in found:
        session.delete(old)
    if found and session.get(LinePreference, newest) is None:
        session.flush()
        session.add(LinePreference(number_index=newest, dialect=found[-1].dialect, updated_at=found[-1].updated_at))


def _renew_standing(session: Session, keys: KeyRing, e164: str) -> None:
    """Keep under the newest key that this number wants no reminders, or that nothing arrives there."""
    newest, *older = keys.indexes(e164, seals.PHONE)
    for old in session.scalars(select(NumberStanding).where(NumberStanding.number_index.in_(older))).all():
        session.delete(old)
        session.flush()
        now = session.get(NumberStanding, newest) or NumberStanding(number_index=newest)
        now.opted_out_at = now.opted_out_at or old.opted_out_at
        now.fault, now.fault_at = (now.fault, now.fault_at) if now.fault else (old.fault, old.fault_at)
        session.add(now)


def _loose(keys: KeyRing, place: Place, row: Any) -> bool:
    """Whether a value does not open in its context: it may be of before 2026-11-27."""
    with suppress(SealBroken):
        keys.open(getattr(row, place.column), place.of(row))
        return False
    return True


def _tie(_session: Session, keys: KeyRing, place: Place, row: Any) -> bool:
    if not _loose(keys, place, row):
        return False
    plain = keys.open(getattr(row, place.column), place.formerly(row))
    setattr(row, place.column, keys.seal(plain, place.of(row)))
    return True


def _behind_by_key(session: Session, keys: KeyRing) -> dict[str, int]:
    """How many values are under each older key of the ring."""
    return {name: sum(_under(session, place, keys.header(name)) for place in PLACES) for name in keys.names[1:]}


def _under(session: Session, place: Place, header: bytes) -> int:
    return session.scalars(select(func.count()).select_from(place.table).where(_begins(place, header))).one()


def _conclude(rt: Runtime, by: str, done: Done) -> Rotated:
    """Say what still needs an older key; the canary is renewed when nothing does. Journalled."""
    now = rt.now()
    with rt.sessions() as session:
        only_read(session)  # to count takes a while, and keeps nobody from writing
        rotated = _standing(session, rt.keys, done, now)
    with rt.sessions.begin() as session:
        if len(rotated.removable) == len(rt.keys.names) - 1:
            canary.renew(session, rt.keys, now)
        facts = {"newest": rotated.newest, "rows": done.rows, "unreadable": len(done.unreadable)}
        removable = list(rotated.removable)
        journal.write(session, now, by, "keys rotated", "keys", **facts, removable=removable, needed=rotated.needed)
    return rotated


def _standing(session: Session, keys: KeyRing, done: Done, now: datetime) -> Rotated:
    left = _behind_by_key(session, keys)
    old_pins = session.scalars(select(func.count()).select_from(Pin).where(Pin.pepper_sealed.is_(None))).one()
    unused = EnrolmentCode.used_at.is_(None), EnrolmentCode.superseded_at.is_(None)
    desks = select(EnrolmentCode.expires_at).where(*unused, EnrolmentCode.expires_at > now)
    ends = desks.union_all(replycodes.ends(now)).subquery().c.expires_at
    codes, codes_until = session.execute(select(func.count(), func.max(ends))).one()
    last_guess = select(func.count(), func.max(Guesses.since)).where(Guesses.since > now - guesses.WITHIN)
    counted, guessed = session.execute(last_guess).one()
    return Rotated(
        newest=keys.names[0],
        rows=done.rows,
        unreadable=tuple(done.unreadable.values()),
        removable=tuple(name for name, values in left.items() if not values and not old_pins),
        needed={name: values for name, values in left.items() if values},
        old_pins=old_pins if left else 0,
        codes=codes,
        codes_until=codes_until,
        guesses=counted,
        guesses_until=guessed and guessed + guesses.WITHIN,
    )
