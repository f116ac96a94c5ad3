"""Finding somebody by identity number, telephone, name or our identifier. What is looked for stands in no address."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from certification import journal, names, people, phones
from certification.errors import Problem
from certification.identity import ResidentNumber
from certification.keys import SealBroken
from certification.names import Namesake
from certification.regions import Region
from certification.runtime import Runtime
from certification.store import Person
from ops.console import access, language, shown

MOST = 20
_OURS = re.compile(r"[0-9a-f]{32}")
_CARD = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9A-Za-z])")
_PARTS = re.compile(r"[\s,\u3001;|]+")
_LETTER = re.compile(r"[^\W\d_]")
_SIGNS = re.compile(r"[\s·-]")
_NARROW = re.compile(r"[0-9]{3}[0-9Xx]")
_NUMBER = 15  # digits of the shortest identity number; a telephone has at most as many less one
_TELEPHONE = 7  # digits of the shortest telephone that stands beside a name


class How(StrEnum):
    """By what somebody is looked for."""

    IDENTIFIER = "identifier"
    NUMBER = "number"
    TELEPHONE = "telephone"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed or read from a card: `narrow` is a year of birth, or the end of an identity number."""

    how: How
    value: str = field(repr=False)
    name: str = field(default="", repr=False)
    narrow: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """Who was found; `more`: there are others, who were not looked at."""

    people: tuple[Namesake, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One of several, as the page shows them."""

    id: str
    name: str
    born: str
    number: str
    region: Region


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the page on which somebody is looked for."""

    @console.route("/people", methods=["GET", "POST"])
    @access.for_(access.PEOPLE)
    def people_() -> ResponseReturnValue:
        typed = {name: request.form.get(name, "").strip() for name in ("wanted", "narrow")}
        said = {"found": None, "wrong": None, "typed": typed, "total": 0, "more": False, "asked": None}
        if request.method == "GET":
            return render_template("people.html", **said)
        asked = read(**typed)
        try:
            with rt.sessions.begin() as session:
                found = look_for(session, rt, asked, access.who().region)
                facts = {"by": asked.how.value, "found": len(found.people)}
                journal.write(session, rt.now(), access.who().name, "people looked for", "people", **facts)
                rows = [_row(session, rt, one) for one in found.people[:MOST]]
        except Problem as problem:
            return render_template("people.html", **said | {"wrong": language.said(problem)}), 400
        if len(rows) == 1 and not found.more:
            return redirect(url_for("console.person", person_id=rows[0].id))
        there = {"found": rows, "total": len(found.people), "more": found.more, "asked": asked}
        return render_template("people.html", **said | there)


def read(wanted: str, narrow: str = "") -> Wanted:
    """Tell what was typed, or came from a card reader: name and number, one behind the other or in both fields."""
    both = unicodedata.normalize("NFKC", f"{wanted} {narrow}").strip()
    plain = unicodedata.normalize("NFKC", wanted).strip()
    if _OURS.fullmatch(plain.lower()):
        return Wanted(How.IDENTIFIER, plain.lower())
    parts = [part for part in _PARTS.split(both) if part]
    name = " ".join(part for part in parts if not any(letter.isdigit() for letter in part))
    if card := _CARD.search(both):
        return Wanted(How.NUMBER, card.group(), name)
    if not _LETTER.search(plain.rstrip("xX")):
        how = How.NUMBER if len(_SIGNS.sub("", plain)) >= _NUMBER else How.TELEPHONE
        return Wanted(how, plain)
    for part in parts:
        digits = sum(letter.isdigit() for letter in part)
        if digits >= _TELEPHONE:
            return Wanted(How.NUMBER if digits >= _NUMBER else How.TELEPHONE, part, name)
    ends = [part for part in parts if _NARROW.fullmatch(part)]
    return Wanted(How.NAME, name, name, ends[-1] if ends else "")


def look_for(session: Session, rt: Runtime, wanted: Wanted, region: str | None) -> Found:
    """Everybody in a region, or anywhere, whom this is of. Raises Problem where it is no number, telephone or name."""
    match wanted.how:
        case How.IDENTIFIER:
            there = [session.get(Person, wanted.value)]
        case How.NUMBER:
            there = [people.find_by_number(session, rt.keys, ResidentNumber.parse(wanted.value))]
        case How.TELEPHONE:
            number, most = phones.parse(wanted.value).e164, names.MOST
            at = people.people_at(session, rt.keys, number, region=region, most=most + 1)
            return Found(tuple(_namesake(rt, one) for one in at[:most]), len(at) > most)
        case How.NAME:
            name = people.plain_name(wanted.value)
            alike = names.find(session, rt.keys, name, region=region, narrow=wanted.narrow)
            return Found(alike.people, alike.more)
    mine = [one for one in there if one is not None and region in (None, one.region)]
    return Found(tuple(_namesake(rt, one) for one in mine))


def _namesake(rt: Runtime, one: Person) -> Namesake:
    return names.namesake(rt.keys, one.id, one.region, one.number_sealed)


def theirs(session: Session, person_id: str) -> Person:
    """Somebody whom whoever is signed in may see; otherwise there is nobody."""
    person = session.get(Person, person_id)
    if person is None:
        abort(404)
    if not access.sees(person.region):
        access.not_theirs(f"person:{person.id}")
    return person


def named(rt: Runtime, person: Person) -> str:
    """Somebody's name, as far as it opens."""
    try:
        return people.reveal(rt.keys, person).name
    except SealBroken:
        return shown.NOTHING


def _row(session: Session, rt: Runtime, one: Namesake) -> Row:
    name = named(rt, session.get_one(Person, one.id))
    born = shown.NOTHING if one.number is None else str(one.number.birth_date.year)
    number = shown.NOTHING if one.number is None else shown.masked(one.number.text)
    return Row(one.id, name, born, number, rt.regions[one.region])
