"""The challenge: whether it may be tried, the words drawn, how they were repeated, and what the voice came to."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import certifying, codes, confirmation, consent, limits, needs, pins, templates
from certification.evidence import Kind
from certification.needs import Declared
from certification.regions import Route
from certification.runtime import Runtime
from certification.store import Assessment, Call, Evidence, Person, later, new_id
from ivr.acts.at import Act, At, act, found
from ivr.acts.callers import remembered
from ivr.dialects import dialects
from ivr.script import SCRIPT
from ivr.speech.vocabulary import ASIDE, challenge_words, meanings_anywhere
from ivr.steps import PENDING, REPEAT, Challenge, Facts, Json, Keyed, Silent, Speak, Spoke, State, Unavailable

PATIENCE = timedelta(seconds=25)  # how long a caller is kept waiting for a result before it is promised
_ASIDE = meanings_anywhere(ASIDE)


@act("challenge", "choice", "already", "mute", "limit", "no_voice", "elsewhere")
def ready(at: At) -> Facts:
    """Whether the caller must certify at all, and may by voice: not too often before, with a template agreed to.

    Whoever declared that they cannot speak is not asked to; who hears badly may choose. Nor is anybody whose region
    takes a PIN alone; where it takes neither, the caller is told how people certify there.
    """
    if certifying.status(at.session, at.rt, at.person).closed:
        return found("already")
    by_voice, by_pin = (at.region.opens(route) for route in (Route.CALL, Route.PIN))
    if not by_voice and not by_pin:
        return found("elsewhere")
    declared = needs.of(at.session, at.person.id)
    if Declared.CANNOT_SPEAK in declared or not by_voice:
        return found("mute")
    period = certifying.current_period(at.session, at.rt, at.person)
    if not limits.voice_allowed(at.session, at.rt, at.person, period):
        return found("limit")
    enrolled = templates.current(at.session, at.person) is not None and consent.given(at.session, at.person)
    if enrolled and by_pin and Declared.HARD_OF_HEARING in declared and pins.is_set(at.session, at.person):
        return found("choice")
    return found("challenge" if enrolled else "no_voice")


@act("fresh")
def fresh_round(at: At) -> Facts:
    """A challenge begins anew: nothing that was heard before counts."""
    return found("fresh", round=_round(at.state) + 1)


@act("drawn")
def draw(at: At) -> Facts:
    """Different words at random for the next group."""
    names = at.rt.random.sample(sorted(challenge_words()), _challenge(at).words)
    return found("drawn", names=names, words=[challenge_words()[name] for name in names])


@act("next", "again", "done", "failed", "pin", "human", "language", REPEAT, "unavailable")
def hear_group(at: At) -> Facts:
    """One group of a certifying challenge. A key, silence, or "I cannot speak" leads to the PIN."""
    if isinstance(at.event, Keyed | Silent):
        return _progress(at, "hear_group", "pin", tries=_tries(at, "hear_group"))
    facts = _instead(at, "hear_group", mute="pin") or _hear(at, "hear_group")
    if facts["result"] == "failed":
        limits.failed(at.session, at.rt, at.person, reason="words", ref=f"{at.call.id}:{_round(at.state)}")
    return facts


def abandoned(session: Session, rt: Runtime, call: Call, state: State) -> None:
    """Count the attempt of a caller who said wrong words and hung up: else words could be waited for, call by call."""
    tries = state.fact("hear_group", "tries")
    unfinished = state.fact("hear_group") != "done" and state.fact("hear_group", "round") == _round(state)
    if call.person_id is not None and unfinished and isinstance(tries, int) and tries > 0:
        person = session.get_one(Person, call.person_id)
        limits.failed(session, rt, person, reason="abandoned", ref=f"{call.id}:{_round(state)}")


def _instead(at: At, name: str, mute: str) -> Facts | None:
    """What was said instead of the words, in whatever dialect: no try is used up, and the words stay the same."""
    if not isinstance(at.event, Spoke):
        return None
    meant = {_ASIDE.get(word) for word in at.event.words}
    if len(meant) != 1 or (meaning := meant.pop()) is None:
        return None
    facts = _progress(at, name, {"mute": mute}.get(meaning, meaning), tries=_tries(at, name))
    if meaning not in dialects():
        return facts
    return {**facts, "result": REPEAT, **remembered(at, meaning)}


@act("next", "again", "done", "failed", "human", "language", REPEAT, "unavailable")
def hear_enrolment(at: At) -> Facts:
    """One group of an enrolment or its confirmation; after the last the desk's code is used up, for this call alone."""
    facts = _instead(at, "hear_enrolment", mute="human") or _hear(at, "hear_enrolment")
    if facts["result"] == "done" and not codes.use_up(at.session, at.rt, _code(at)):
        return _progress(at, "hear_enrolment", "failed")
    return facts


def _code(at: At) -> str:
    return str(at.state.fact("use_code", "code"))


def _hear(at: At, name: str) -> Facts:
    """Count the group when its words were repeated in order; else ask for others, while there are tries left."""
    challenge, heard, used = _challenge(at), _recordings(at, name), _tries(at, name)
    match at.event:
        case Unavailable():
            return _progress(at, name, "unavailable")
        case Spoke(words, recording=str(recording)) if list(words) == at.state.fact("draw", "words"):
            heard = [*heard, recording]
            return _progress(at, name, "done" if len(heard) == challenge.groups else "next", heard, used)
        case _:
            return _progress(at, name, "again" if used < challenge.retries else "failed", heard, used + 1)


def _progress(at: At, name: str, result: str, heard: list[str] | None = None, tries: int = 0) -> Facts:
    recordings: list[Json] = list(heard if heard is not None else _recordings(at, name))
    return found(result, round=_round(at.state), recordings=recordings, tries=tries)


def _tries(at: At, name: str) -> int:
    """How many groups of this round were not repeated right."""
    tries = at.state.fact(name, "tries")
    return tries if isinstance(tries, int) and at.state.fact(name, "round") == _round(at.state) else 0


def _recordings(at: At, name: str) -> list[str]:
    """The groups that were repeated right in this round."""
    kept = at.state.fact(name, "recordings")
    current = isinstance(kept, list) and at.state.fact(name, "round") == _round(at.state)
    return [str(recording) for recording in kept] if current and isinstance(kept, list) else []


def _challenge(at: At) -> Challenge:
    step = SCRIPT[at.state.step]
    assert isinstance(step, Speak) and step.challenge is not None
    return step.challenge


def _round(state: State) -> int:
    number = state.fact("fresh_round", "round")
    return number if isinstance(number, int) else 0


@act("asked")
def assess(at: At) -> Facts:
    """Have the voice weighed."""
    return _ask(at, "assess", "certify", _recordings(at, "hear_group"))


@act("asked")
def assess_enrolment(at: At) -> Facts:
    """Have a template made of the voice."""
    return _ask(at, "assess_enrolment", "enrol", _recordings(at, "hear_enrolment"))


@act("asked")
def assess_confirmation(at: At) -> Facts:
    """Have the voice held against the template that was made at the desk."""
    return _ask(at, "assess_confirmation", confirmation.CONFIRM, _recordings(at, "hear_enrolment"))


def _ask(at: At, name: str, purpose: str, recordings: list[str]) -> Facts:
    """Once in a round: a caller who has changed the language meanwhile goes on waiting for the same result."""
    if at.state.fact(name) is not None and at.state.fact(name, "round") == _round(at.state):
        return at.state.known[name]
    assessment = Assessment(
        id=new_id(),
        call_id=at.call.id,
        person_id=at.person.id,
        purpose=purpose,
        recordings=recordings,
        state="pending",
        asked_at=at.rt.now(),
    )
    at.session.add(assessment)
    later(at.session, at.rt.enqueue, "ops.jobs.assess", assessment.id)
    return found("asked", assessment=assessment.id, round=_round(at.state))


@act(PENDING, "certified", "recorded", "human", "again", "poor", "late")
def weighed(at: At) -> Facts:
    """What the voice came to, as soon as the worker has said so."""
    return _outcome(at, str(at.state.fact("assess", "assessment")))


@act(PENDING, "enrolled", "differ", "again", "poor", "late")
def weighed_enrolment(at: At) -> Facts:
    """Whether the template was made."""
    return _by_code(at, "assess_enrolment")


@act(PENDING, confirmation.CONFIRMED, "differ", "again", "poor", "late")
def weighed_confirmation(at: At) -> Facts:
    """Whether the voice fits the template."""
    return _by_code(at, "assess_confirmation")


def _by_code(at: At, asked: str) -> Facts:
    """The outcome. The code is good again where the voice was too poor for one."""
    facts = _outcome(at, str(at.state.fact(asked, "assessment")))
    if facts["result"] in ("again", "poor"):
        codes.give_back(at.session, at.rt, _code(at))
    return facts


def _outcome(at: At, identifier: str) -> Facts:
    assessment = at.session.get_one(Assessment, identifier, populate_existing=True)
    outcome = assessment.outcome
    if assessment.state != "done" or outcome is None:
        late = at.rt.now() - assessment.asked_at >= PATIENCE
        return found("late" if late else PENDING, assessment=identifier)
    if outcome == "again" and _round(at.state) > 0:
        outcome = "poor"
    by_voice = select(Evidence.receipt).where(Evidence.kind == Kind.VOICE, Evidence.ref == identifier)
    return found(outcome, assessment=identifier, receipt=at.session.scalars(by_voice).first())


ACTS: tuple[Act, ...] = (
    ready,
    fresh_round,
    draw,
    hear_group,
    hear_enrolment,
    assess,
    assess_enrolment,
    assess_confirmation,
    weighed,
    weighed_enrolment,
    weighed_confirmation,
)
