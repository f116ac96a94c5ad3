"""Every sentence of a dialect, and what the line says for it today."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from certification.runtime import Runtime
from certification.store import PromptVersion, PublishedPrompt, only_read
from ivr import studio
from ivr.dialects import HOME, dialects
from ivr.prompts import Prompts
from ivr.rendering.build import wanted
from ops.console import access, exporting, listing, shown
from ops.console.listing import Asked, Field, Rows


class Says(StrEnum):
    """Whose audio the line plays for a sentence."""

    PUBLISHED = "published"
    FOLDER = "folder"
    BUILT_IN = "built_in"
    MANDARIN = "mandarin"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a dialect: its name, what is read, what the line plays, how many versions were recorded."""

    name: str
    text: str
    says: Says
    versions: int


def says(prompts: Prompts, dialect: str, name: str) -> Says:
    """Whose audio the line plays for a sentence of a dialect."""
    if prompts.live(dialect, name):
        return Says.PUBLISHED
    if prompts.recorded(dialect, name):
        return Says.FOLDER
    if prompts.own(dialect, name):
        return Says.BUILT_IN
    return Says.MANDARIN if dialect != HOME and prompts.audio(dialect, name) else Says.NOTHING


def listed(session: Session, rt: Runtime, prompts: Prompts, dialect: str) -> list[Sentence]:
    """The sentences of a dialect in the order of its file."""
    count = select(PromptVersion.name, func.count()).where(PromptVersion.dialect == dialect)
    versions = dict(session.execute(count.group_by(PromptVersion.name)).all())
    found = wanted(dialect, rt.regions)
    return [Sentence(name, text, says(prompts, dialect, name), versions.get(name, 0)) for name, text in found.items()]


def pages(console: Blueprint, rt: Runtime, prompts: Prompts) -> None:
    """Add the list, and its file."""

    @console.get("/prompts")
    @access.for_(access.PROMPTS)
    def prompts_() -> ResponseReturnValue:
        asked = _asked(rt)
        dialect, state = asked["dialect"] or HOME, asked["says"]
        with rt.sessions() as session:
            only_read(session)
            found = listed(session, rt, prompts, dialect)
        mine = {one.name for one in found if studio.may(rt, access.who(), dialect, one.name)}
        some = [one for one in found if state in (None, one.says)]
        facts = {"asked": _numbered(asked, found), "dialect": dialect, "sentences": some, "mine": mine}
        return render_template("prompts.html", **facts)

    @console.get("/prompts.<kind>")
    @access.for_(access.PROMPTS)
    def prompts_file(kind: str) -> ResponseReturnValue:
        asked = _asked(rt)
        dialect = asked["dialect"] or HOME
        facts: dict[str, Any] = {"filter": {**asked.values, "dialect": dialect}}
        rows = partial(_lines, rt, prompts, asked)
        return exporting.handed(
            rt, kind, f"prompts-{dialect}", _heading(), rows, did="prompts exported", of="prompts", **facts
        )


def _asked(rt: Runtime) -> Asked:
    """The dialect, theirs unless another is named, and which of its sentences."""
    spoken = {one: gettext(f"dialect.{one}") for one in dialects()}
    says_ = {one.value: gettext(f"says.{one.value}") for one in Says}
    return listing.read(
        Field("dialect", gettext("prompts.dialect"), spoken, unless=_first(rt)),
        Field("says", gettext("prompts.says"), says_),
    )


def _numbered(asked: Asked, found: Sequence[Sentence]) -> Asked:
    """The same with how many sentences there are of each."""
    dialect, says_ = asked.fields
    counted = Counter(one.says for one in found)
    choices = {one: f"{said}（{counted[Says(one)]}）" for one, said in says_.choices.items()}
    return replace(asked, fields=[dialect, replace(says_, choices=choices)])


def _heading() -> list[str]:
    what = [gettext("prompts.dialect"), gettext("prompts.name"), gettext("prompts.sentence"), gettext("prompts.says")]
    made = [gettext("prompt.version"), gettext("prompts.read"), gettext("prompts.made_by"), gettext("prompts.made_at")]
    return [*what, *made, gettext("prompt.last"), gettext("prompts.published_by")]


def _lines(rt: Runtime, prompts: Prompts, asked: Asked, session: Session) -> Iterator[exporting.Row]:
    """Every version of each sentence, the newest first; one line of a sentence that nobody read yet."""
    dialect, state = asked["dialect"] or HOME, asked["says"]
    name, versions = gettext(f"dialect.{dialect}"), defaultdict[str, list[exporting.Row]](list)
    for one in session.execute(_versions(dialect)):
        live = one.published_by if one.id == one.version_id else None
        made = (one.number, one.sentence, one.made_by, shown.moment(one.made_at))
        versions[one.name].append([*made, shown.moment(one.published_at), live])
    never: list[exporting.Row] = [[None] * 6]  # as many cells as a version has
    for each in listed(session, rt, prompts, dialect):
        if state in (None, each.says):
            what = (name, each.name, each.text, gettext(f"says.{each.says.value}"))
            for version in versions.get(each.name, never):
                yield [*what, *version]


def _versions(dialect: str) -> Rows:
    """All that were recorded of a dialect without what they sound like, and of each sentence which one is said."""
    one, said = PromptVersion, PublishedPrompt
    columns = (one.id, one.name, one.number, one.sentence, one.made_by, one.made_at, one.published_at)
    live = and_(said.dialect == one.dialect, said.name == one.name)
    found = select(*columns, said.version_id, said.published_by).outerjoin(said, live).where(one.dialect == dialect)
    return found.order_by(one.name, one.number.desc()).limit(exporting.MOST + 1)


def _first(rt: Runtime) -> str:
    mine = access.who().region
    own = [] if mine is None else [one for one in rt.regions[mine].dialects if one != HOME]
    return own[0] if own else HOME
