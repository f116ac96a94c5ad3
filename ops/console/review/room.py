"""One case: whom it is about, what was asked and heard, both voices; and what a human says of it, once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from certification import (
    bereavement,
    cases,
    disguise,
    earlier,
    holding,
    journal,
    judgements,
    knowncases,
    names,
    neighbours,
    reasons,
    receipts,
    review,
    secondlooks,
)
from certification.cases import CaseKind
from certification.earlier import Came, Earlier
from certification.regions import Route
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Call, Case, KnownCase, Person, only_read
from ops import dossiers
from ops.console import access
from ops.console.review import pictures, scores, takings, voices
from ops.console.review.queue import theirs
from ops.dossiers import Dossier, Reached
from voiceprint.audio import wav
from voiceprint.level import level

LONGEST = 200
UNTOLD: dict[str, Any] = {"before": None, "near": None}
_UNSURE = review.Verdict.UNSURE.value


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the page of a case, its recordings, and the verdict."""

    @console.get("/cases/<case_id>")
    @access.for_(access.CASES)
    def case(case_id: str) -> ResponseReturnValue:
        with rt.sessions() as session:
            only_read(session)
            heard = voices.of(session, rt, theirs(session, case_id))  # takes a moment: nobody waits for it to write
        with rt.sessions.begin() as session:
            mine = theirs(session, case_id)
            voices.looked(session, rt, mine, heard, access.who().name)
            return render_template("case.html", **_facts(session, rt, mine, heard))

    @console.get("/cases/<case_id>/recordings/<recording_id>.wav")
    @access.for_(access.CASES)
    def recording(case_id: str, recording_id: str) -> ResponseReturnValue:
        samples = _opened(rt, case_id, recording_id, voices.Access.LISTENED).samples
        if request.args.get("level") != "original":
            samples = level(samples).samples
        found = wav(samples)
        answer = Response(found, mimetype="audio/wav")
        return answer.make_conditional(request.environ, accept_ranges=True, complete_length=len(found))  # to be sought

    @console.get("/cases/<case_id>/recordings/<recording_id>.png")
    @access.for_(access.CASES)
    def recording_picture(case_id: str, recording_id: str) -> ResponseReturnValue:
        found = _opened(rt, case_id, recording_id, voices.Access.LOOKED)
        return Response(pictures.draw(level(found.samples).samples, found.until), mimetype="image/png")

    @console.post("/cases/<case_id>/decide")
    @access.for_(access.DECIDE)
    def decide(case_id: str) -> ResponseReturnValue:
        said = request.form.get("verdict", "").strip()
        if not 0 < len(said) <= LONGEST:
            abort(400)
        by = access.who().name
        with rt.sessions.begin() as session:
            case = theirs(session, case_id)
            holding.hold(session, rt, case.id, by)
            review.may_judge(case, by, supervisor=access.who().role is Role.SUPERVISOR)
            receipt = _decide(session, rt, case, said, by)
        told = gettext("case.decided") if receipt is None else gettext("case.certified", receipt=receipt)
        flash(told)
        return redirect(url_for("console.cases"))


def _opened(rt: Runtime, case_id: str, recording_id: str, what: voices.Access) -> voices.Opened:
    """A recording of a case for whoever is signed in, journalled before it is theirs; there is none of other cases."""
    by = access.who().name
    with rt.sessions() as session:
        only_read(session)
        found = voices.opened(session, rt, theirs(session, case_id), recording_id, by, what)
    if found is None:
        abort(404)
    if not found.noted:
        with rt.sessions.begin() as session:
            voices.note(session, rt, theirs(session, case_id), recording_id, by, what)
    return found


def _facts(session: Session, rt: Runtime, case: Case, heard: voices.Voices) -> dict[str, Any]:
    by, holder = access.who().name, holding.holder(case, rt.now())
    person = None if case.person_id is None else session.get(Person, case.person_id)
    known = knowncases.of(session, case.id)
    place = person.region if person is not None else None if known is None else known.region
    region = None if place is None else rt.regions[place]
    dossier, found = dossiers.of(session, rt, case, by), heard
    dossier = dossier if known is None else _made_up(dossier, known)
    by_voice, blind = review.of_a_voice(session, case), _blind(session, case)
    heard = found.unscored() if blind else found
    return {
        "case": case,
        "dossier": _nameless(dossier) if by_voice else dossier,
        "region": region,
        **listening(heard),
        "place": scores.place(rt, heard.numbers),
        **(UNTOLD if blind else history(session, rt, case, person, heard) if known is None else _as_of(case, known)),
        **takings.of(session, rt, case, blind=blind),
        "blind": blind,
        "confirmable": found.confirmable,
        "looks": secondlooks.both(session, case) if access.who().role in access.AFTERWARDS else [],
        "holder": holder,
        "mine": holder == by and case.decided_at is None,
        "until": None if case.taken_at is None else case.taken_at + holding.HELD,
        "of_a_voice": by_voice,
        "second": case.kind == CaseKind.SECOND_LOOK,
        "longest": LONGEST,
        "found": judgements.found,
        "desks": region is not None and region.opens(Route.DESK),
        "visits": region is not None and region.opens(Route.VISIT),
        "of_a_death": case.person_id is not None and case.kind in bereavement.QUESTIONS,
    }


def listening(heard: voices.Voices) -> dict[str, Any]:
    """What listening.html shows: both sides, without what any machine or human thought of them."""
    return {"voices": heard, "pictures": pictures}


def history(session: Session, rt: Runtime, case: Case, person: Person | None, heard: voices.Voices) -> dict[str, Any]:
    """What history.html shows: how the person certified before, and who lives near their telephone."""
    if person is None or not (heard.there or case.kind == CaseKind.ENROLLED_TWICE):
        return UNTOLD
    call = None if case.call_id is None else session.get(Call, case.call_id)
    near = neighbours.of(session, rt, person, call, heard.named)
    if near.some:
        told = (access.who().name, "neighbours shown", f"case:{case.id}")
        journal.write_once(session, rt.now(), voices.ONE_SITTING, *told, people=len(near.some))
    before = [_covered(session, one) for one in earlier.of(session, person, but=heard.assessment)]
    return {"before": before, "near": near}


def _blind(session: Session, case: Case) -> bool:
    """Whether whoever looks is to judge a recording without knowing what was found; auditors judge nothing."""
    return access.who().role is not Role.AUDITOR and secondlooks.blind(session, case, access.who().name)


def _covered(session: Session, one: Earlier) -> Earlier:
    """An earlier try without what was found, while a second look at it is still to be had."""
    case = None if one.case is None else session.get(Case, one.case)
    if case is None or not _blind(session, case):
        return one
    return replace(one, came=Came.WAITING, by=None, receipt=None)


def _nameless(dossier: Dossier) -> Dossier:
    """Without a name that could be looked for: whoever judges a voice needs none, and a known case's is nobody's."""
    return dossier if dossier.name is None else replace(dossier, name=names.masked(dossier.name))


def _made_up(dossier: Dossier, known: KnownCase) -> Dossier:
    """The dossier of a case whose answer is known: somebody who is nobody."""
    about = known.about
    others = [Reached(str(number), str(whose)) for number, whose in about.get("others", [])]
    telephones = [Reached(str(about["telephone"]), "caller"), *others]
    return replace(dossier, name=str(about["name"]), dialect=str(about["dialect"]), telephones=telephones)


def _as_of(case: Case, known: KnownCase) -> dict[str, Any]:
    """What history.html shows of a case whose answer is known."""
    return {"before": disguise.before(known, case.opened_at), "near": disguise.near(known, case.opened_at)}


def _decide(session: Session, rt: Runtime, case: Case, said: str, by: str) -> str | None:
    """Decide a case; the receipt, where it certified somebody."""
    person = None if case.person_id is None else session.get(Person, case.person_id)
    if person is not None and case.kind in bereavement.QUESTIONS:
        if said not in [*bereavement.Verdict]:
            abort(400)
        bereavement.answer(session, rt, person, bereavement.Verdict(said), by)
        return None
    if review.of_a_voice(session, case):
        return _judge(session, rt, case, said, by)
    kept = reasons.impersonal(said) if person is None else reasons.about(rt.keys, person, said)
    cases.decide(session, rt, case, verdict=kept, by=by)
    return None


def _judge(session: Session, rt: Runtime, case: Case, said: str, by: str) -> str | None:
    """Say whose voice it was; the receipt. One of nobody's stands behind a case whose answer is known."""
    verdict, _, step = said.partition(" ")
    steps = (review.Step.FRAUD,) if case.kind == CaseKind.SECOND_LOOK else tuple(review.Step)
    if verdict not in [*review.Verdict] or step not in ("", *steps) or (step and verdict != _UNSURE):
        abort(400)
    reason = request.form.get("reason", "").strip()
    if len(reason) > LONGEST:
        abort(400)
    then = review.Step(step) if step else None
    recorded = review.decide(session, rt, case.id, review.Verdict(verdict), by, step=then, reason=reason)
    if recorded is not None:
        return recorded.evidence.receipt
    seems = verdict == review.Verdict.CONFIRMED and knowncases.of(session, case.id) is not None
    return receipts.draw(rt.random) if seems else None
