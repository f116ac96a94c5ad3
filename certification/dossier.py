"""Everything that is kept about one person, as they can read it: rows in the clear, recordings, photographs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from certification import certifying, erasure, forgetting
from certification.cases import CaseKind
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.seals import PLACES, Place
from certification.sections import FILES, SECTIONS, key_of
from certification.store import (
    Agent,
    AgentPerson,
    Call,
    Case,
    JournalEntry,
    Judgement,
    PaymentList,
    Person,
    Recording,
    SpokenTurn,
    Suspension,
    Text,
)

SOMEBODY_ELSE = "（他人 somebody else）"
_IDENTIFIER = re.compile(r"\b[0-9a-f]{32}\b")
_AT_ONCE = 500
PNG = b"\x89PNG"


@dataclass(frozen=True, slots=True)
class Dossier:
    """What is kept of a person. `audio` (mu-law, 8 kHz) and `photos` by the name that `rows` calls them.

    `unreadable`: what does not open, by table, column and identifier.
    """

    person: str
    rows: dict[str, list[dict[str, Any]]] = field(repr=False)
    audio: dict[str, bytes] = field(repr=False)
    photos: dict[str, bytes] = field(repr=False)
    unreadable: tuple[str, ...] = ()


def of(session: Session, rt: Runtime, person: Person) -> Dossier:
    """Gather it; writes nothing. Of other people there is nothing in it but that somebody else was concerned."""
    made = Dossier(person.id, {}, {}, {})
    broken: list[str] = []
    conditions = _conditions(session, rt, person)
    for section in SECTIONS:
        table: Any = section.table
        keys = list(table.__table__.primary_key)
        found = session.scalars(select(table).where(conditions[section.table]).order_by(*keys)).all()
        made.rows[section.name] = [_row(session, rt, made, row, broken) for row in found]
    made.rows["standing"] = _standing(session, rt, person)
    rows = _without_others(session, person, made.rows)
    return Dossier(person.id, rows, made.audio, made.photos, tuple(broken))


def _conditions(session: Session, rt: Runtime, person: Person) -> Mapping[Any, ColumnElement[bool]]:
    """Where the person is in each table."""
    numbers = forgetting.own_numbers(session, rt.keys, person)
    calls = list(session.scalars(select(Call.id).where(forgetting.calls_of(rt.keys, person, numbers))))
    # a case about a telephone is about whoever uses it, and not about who was named in one call
    unnamed = and_(Case.person_id.is_(None), Case.call_id.in_(calls), Case.kind != CaseKind.SHARED_LINE.value)
    mine = or_(Case.person_id == person.id, unnamed)
    cases = session.scalars(select(Case.id).where(mine)).all()
    subjects = [f"person:{person.id}", *(f"call:{one}" for one in calls), *(f"case:{one}" for one in cases)]
    found: dict[Any, ColumnElement[bool]] = {
        Person: Person.id == person.id,
        Call: Call.id.in_(calls),
        SpokenTurn: SpokenTurn.call_id.in_(calls),
        Recording: erasure.of_voice(session, person.id)[Recording],
        Case: mine,
        Judgement: Judgement.case_id.in_(cases),
        JournalEntry: JournalEntry.subject.in_(subjects),
        Text: forgetting.texts_of(rt.keys, person, numbers),
        **forgetting.by_number(rt.keys, numbers),
    }
    for section in SECTIONS:
        table: Any = section.table
        if table not in found:
            found[table] = table.person_id == person.id
    return found


def _row(session: Session, rt: Runtime, made: Dossier, row: Any, broken: list[str]) -> dict[str, Any]:
    places = {place.column: place for place in PLACES if place.table is type(row)}
    shown = {}
    for column in row.__table__.columns:
        if (name := key_of(row.__table__.name, column.name)) is None:
            continue
        value = getattr(row, column.name)
        place = places.get(column.name)
        if place is not None and value is not None:
            try:
                value = _opened(rt, made, place, row)
            except SealBroken:
                broken.append(f"{place.name} {getattr(row, next(iter(row.__table__.primary_key)).name)}")
                value = None
        shown[name] = _plain(value)
    if isinstance(row, JournalEntry):
        shown["detail"] = json.loads(row.detail)
    more = _MORE.get(type(row))
    return shown if more is None else shown | more(session, row)


def _opened(rt: Runtime, made: Dossier, place: Place, row: Any) -> str:
    """What is sealed, as text; a recording or a photograph is put among the files, and named. Raises SealBroken."""
    value = rt.keys.open(getattr(row, place.column), place.of(row))
    match FILES.get(place.name):
        case "recordings":
            name = f"recordings/{row.id}.wav"
            made.audio[name] = value
        case "photos":
            name = f"photos/{row.id}.{'png' if value.startswith(PNG) else 'jpg'}"
            made.photos[name] = value
        case _:
            return value.decode()
    return name


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _standing(session: Session, rt: Runtime, person: Person) -> list[dict[str, Any]]:
    """Where the person stands today; nothing where their identity number does not open."""
    try:
        status = certifying.status(session, rt, person)
    except SealBroken:
        return []
    dates = {"due": status.due.isoformat(), "next_due": status.next_due.isoformat()}
    return [{"certified": status.closed, **dates, "receipt": status.receipt}]


def _without_others(session: Session, person: Person, rows: dict[str, Any]) -> dict[str, Any]:
    """The same with every identifier of other people taken out, wherever it stands."""
    named = sorted({found for text in _texts(rows) for found in _IDENTIFIER.findall(text)} - {person.id})
    others = set[str]()
    for first in range(0, len(named), _AT_ONCE):
        others.update(session.scalars(select(Person.id).where(Person.id.in_(named[first : first + _AT_ONCE]))))

    def hidden(match: re.Match[str]) -> str:
        return SOMEBODY_ELSE if match[0] in others else match[0]

    cleared: dict[str, Any] = _replaced(rows, lambda text: _IDENTIFIER.sub(hidden, text))
    return cleared


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, one in value.items():
                yield from _texts(key)
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)


def _replaced(value: Any, by: Callable[[str], str]) -> Any:
    match value:
        case str():
            return by(value)
        case dict():
            return {by(key): _replaced(one, by) for key, one in value.items()}
        case list():
            return [_replaced(one, by) for one in value]
    return value


def _of_agent(session: Session, row: AgentPerson) -> dict[str, Any]:
    agent = session.get_one(Agent, row.agent_id)
    return {"agent": agent.name, "agent_code": agent.code}


def _of_list(session: Session, row: Suspension) -> dict[str, Any]:
    listed = session.get_one(PaymentList, row.list_id)
    return {"month": f"{listed.month:%Y-%m}", "released_at": _plain(listed.released_at)}


_MORE: Mapping[type, Callable[[Session, Any], dict[str, Any]]] = MappingProxyType(
    {AgentPerson: _of_agent, Suspension: _of_list}
)
