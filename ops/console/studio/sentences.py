"""Every sentence of a dialect, and what the line says for it today."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification.runtime import Runtime
from certification.store import PromptVersion, only_read
from ivr import studio
from ivr.dialects import HOME, dialects
from ivr.prompts import Prompts
from ivr.rendering.build import wanted
from ops.console import access


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
    """Add the list."""

    @console.get("/prompts")
    @access.for_(access.PROMPTS)
    def prompts_() -> ResponseReturnValue:
        dialect, state = request.args.get("dialect") or _first(rt), request.args.get("says")
        if dialect not in dialects():
            abort(404)
        with rt.sessions() as session:
            only_read(session)
            found = listed(session, rt, prompts, dialect)
        mine = [one for one in found if studio.may(rt, access.who(), dialect, one.name)]
        counted = {one: sum(sentence.says is one for sentence in found) for one in Says}
        shown = [one for one in found if state is None or one.says == state]
        facts = {"dialect": dialect, "spoken": list(dialects()), "counted": counted, "state": state}
        return render_template("prompts.html", **facts, sentences=shown, mine={one.name for one in mine})


def _first(rt: Runtime) -> str:
    mine = access.who().region
    own = [] if mine is None else [one for one in rt.regions[mine].dialects if one != HOME]
    return own[0] if own else HOME
