"""One sentence in the studio: read it, cut it, hear it as on the telephone, publish it."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification.runtime import Runtime
from certification.store import PromptVersion, PublishedPrompt, only_read
from ivr import studio
from ivr.dialects import dialects
from ivr.levels import Samples
from ivr.prompts import Prompts, wav
from ivr.published import Published
from ivr.rendering.build import wanted
from ivr.speech.g711 import encode_mulaw
from ivr.studio import Cut, WrongCut
from ops.console import access
from ops.console.studio import sentences

COLUMNS = 600
MOST = 30  # versions on a page


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the studio: the list of sentences, and the page of each with its deeds."""
    prompts = Prompts(rt.settings.prompts, rt.regions, Published(rt))
    sentences.pages(console, rt, prompts)
    _look(console, rt, prompts)
    _do(console, rt, prompts)


def _look(console: Blueprint, rt: Runtime, prompts: Prompts) -> None:

    @console.get("/prompts/<dialect>/<name>")
    @access.for_(access.PROMPTS)
    def prompt(dialect: str, name: str) -> ResponseReturnValue:
        names = _names(rt, dialect, name)
        at = names.index(name)
        with rt.sessions() as session:
            only_read(session)
            versions = _versions(session, dialect, name)
            published = session.get(PublishedPrompt, (dialect, name))
            draft = next((one for one in versions if one.published_at is None), None)
            facts = {
                "dialect": dialect,
                "name": name,
                "text": prompts.text(dialect, name),
                "says": sentences.says(prompts, dialect, name),
                "versions": versions,
                "published": published,
                "draft": draft,
                "doubts": studio.doubts(draft) if draft else [],
                "seconds": _seconds(draft) if draft else 0,
                "mine": studio.may(rt, access.who(), dialect, name),
                "before": names[at - 1] if at else None,
                "after": names[at + 1] if at + 1 < len(names) else None,
                "longest": studio.LONGEST_S,
            }
            return render_template("prompt.html", **facts)

    @console.get("/prompts/<dialect>/<name>/<int:number>.wav")
    @access.for_(access.PROMPTS)
    def prompt_wav(dialect: str, name: str, number: int) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            version = _version(session, dialect, name, number)
            audio = version.audio
        return Response(wav(encode_mulaw(studio.heard(audio))), mimetype="audio/wav")

    @console.get("/prompts/<dialect>/<name>/<int:number>.svg")
    @access.for_(access.PROMPTS)
    def prompt_picture(dialect: str, name: str, number: int) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            version = _version(session, dialect, name, number)
            speech, cut = studio.source(version), Cut(version.starts_s, version.ends_s)
        return Response(_drawn(speech, cut), mimetype="image/svg+xml")


def _do(console: Blueprint, rt: Runtime, prompts: Prompts) -> None:
    @console.post("/prompts/<dialect>/<name>")
    @access.for_(access.STUDIO)
    @access.weighs(studio.MOST_BYTES)
    def record_prompt(dialect: str, name: str) -> ResponseReturnValue:
        _names(rt, dialect, name)
        sent = request.files["file"].read() if "file" in request.files else request.get_data()
        with rt.sessions.begin() as session:
            version = studio.take(session, rt, prompts, dialect=dialect, name=name, sent=sent, by=access.who())
            flash(gettext("prompt.taken", number=version.number))
        return redirect(url_for("console.prompt", dialect=dialect, name=name))

    @console.post("/prompts/<dialect>/<name>/<int:number>/cut")
    @access.for_(access.STUDIO)
    def cut_prompt(dialect: str, name: str, number: int) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            version = _version(session, dialect, name, number)
            studio.recut(session, rt, version, _cut(version), access.who())
        flash(gettext("prompt.was_cut"))
        return redirect(url_for("console.prompt", dialect=dialect, name=name))

    @console.post("/prompts/<dialect>/<name>/<int:number>/publish")
    @access.for_(access.STUDIO)
    def publish_prompt(dialect: str, name: str, number: int) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            studio.publish(session, rt, prompts, _version(session, dialect, name, number), access.who())
        flash(gettext("prompt.was_published", number=number))
        return redirect(url_for("console.prompt", dialect=dialect, name=name))

    @console.post("/prompts/<dialect>/<name>/withdraw")
    @access.for_(access.STUDIO)
    def withdraw_prompt(dialect: str, name: str) -> ResponseReturnValue:
        _names(rt, dialect, name)
        with rt.sessions.begin() as session:
            if studio.withdraw(session, rt, dialect, name, access.who()):
                flash(gettext("prompt.was_withdrawn"))
        return redirect(url_for("console.prompt", dialect=dialect, name=name))


def _names(rt: Runtime, dialect: str, name: str) -> list[str]:
    """The names of all sentences of a dialect; no such page where this is none of them."""
    names = list(wanted(dialect, rt.regions)) if dialect in dialects() else []
    if name not in names:
        abort(404)
    return names


def _versions(session: Session, dialect: str, name: str) -> list[PromptVersion]:
    found = select(PromptVersion).where(PromptVersion.dialect == dialect, PromptVersion.name == name)
    return list(session.scalars(found.order_by(PromptVersion.number.desc()).limit(MOST)))


def _version(session: Session, dialect: str, name: str, number: int) -> PromptVersion:
    found = select(PromptVersion).where(
        PromptVersion.dialect == dialect, PromptVersion.name == name, PromptVersion.number == number
    )
    if (version := session.scalar(found)) is None:
        abort(404)
    return version


def _seconds(version: PromptVersion) -> float:
    return len(studio.source(version)) / studio.KEPT_RATE


def _cut(version: PromptVersion) -> Cut:
    try:
        return Cut(float(request.form["starts"]), float(request.form["ends"]))
    except ValueError:
        raise WrongCut(_seconds(version)) from None


def _drawn(speech: Samples, cut: Cut) -> str:
    """The recording as SVG: its envelope, what is left away in grey."""
    width = max(len(speech) // COLUMNS, 1)
    pieces = speech[: len(speech) // width * width].reshape(-1, width)
    most = max(float(abs(speech).max(initial=0)), 1e-6)
    heights = abs(pieces).max(axis=1) / most * 48
    seconds = len(speech) / studio.KEPT_RATE
    first, last = (at / seconds * len(heights) for at in (cut.starts_s, cut.ends_s))
    lines = "".join(
        f'<path d="M{at} {50 - high:.1f}V{50 + high:.1f}" stroke="{"#005a9c" if first <= at <= last else "#9a9a9a"}"/>'
        for at, high in enumerate(heights)
    )
    view = f"0 0 {len(heights)} 100"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" preserveAspectRatio="none">{lines}</svg>'
