"""The machine that walks a script: an event at a step gives what is said, and the step that waits then. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from ivr.steps import (
    BACK,
    PENDING,
    REPEAT,
    AnyStep,
    Began,
    Broken,
    Challenge,
    Dialled,
    End,
    Event,
    Facts,
    Keyed,
    Keys,
    Saying,
    Script,
    Silent,
    Speak,
    Spoke,
    State,
    Step,
    Tell,
    Unavailable,
    Wait,
    spell_out,
)

Perform: TypeAlias = Callable[[str, State, Event], Facts]  # runs an edge function by name

ASKED_AGAIN = 2  # so often a question is asked again, before a human is
LISTENED_AGAIN = 2  # so often in a call the listening may break off, before it goes on by keys
SAY_STILL_WAITING = 5  # every so many looks
BETWEEN = "pause.long"  # a question and the same once more


@dataclass(frozen=True, slots=True)
class Turn:
    """What the call does now: say this, then wait at `state.step`."""

    state: State
    saying: Saying


def begin(script: Script, dialect: str, perform: Perform) -> Turn:
    """The first turn of a call."""
    return _enter(script, State("begin", dialect), "begin", perform)


def answer(script: Script, state: State, event: Event, perform: Perform) -> Turn:
    """The turn that follows this event. An End stays where it is."""
    step = script[state.step]
    if isinstance(event, Broken):
        if state.broken < LISTENED_AGAIN:
            return _enter(script, replace(state, broken=state.broken + 1), state.step, perform, ("line.again",))
        event = Unavailable()
    match step, event:
        case End(), _:
            return Turn(state, step.saying(state))
        case _, Keyed("0"):
            return _enter(script, state, "human", perform)
        case (_, Keyed("*")):
            return Turn(state, state.told + step.saying(state))
        case (Speak() | Keys(length=1), Keyed("#")):  # late: it ended the number before
            return Turn(state, step.saying(state))
        case _, Keyed("9") if state.step != "language.page":
            return _enter(script, _to_come_back(state, "language"), "language", perform)
        case Wait(), _:
            return _look(script, step, state, event, perform)
        case Keys(skip=str(elsewhere)), Silent() | Keyed("#" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8") if (
            not _was_wrong(step, state)
        ):
            return _enter(script, state, elsewhere, perform)
        case Speak(challenge=None), Unavailable():
            return Turn(replace(state, keys_only=True), ("keys.only", *_again(step, state)))
    result = _result(step, event)
    if result is None:
        assert isinstance(step, Keys | Speak)  # nothing else asks
        return _ask_again(script, step, state, event, perform)
    if result == REPEAT:
        return Turn(state, step.saying(state))
    return _go_on(script, step, state, event, result, perform)


def _result(step: AnyStep, event: Event) -> str | None:
    """What the event means at this step, as far as the step itself can say; None when it is no answer."""
    match step, event:
        case Speak(challenge=None, choices=dict(choices)), Spoke(words):
            meant = {choices[word] for word in words if word in choices}
            return meant.pop() if len(meant) == 1 else None
        case ((Speak(choices=dict(choices)) | Keys(choices=dict(choices))), Keyed(digits)):
            return choices.get(digits)
        case ((Speak(choices=dict(choices)) | Keys(choices=dict(choices))), Silent()):
            return choices.get("")
        case Keys(), Keyed(digits):
            return "keyed" if _is_number(step, digits) else None
        case Keys(), _:
            return None
        case Speak(challenge=None), _:
            return None
        case Speak(challenge=Challenge(by_voice_alone=True)), Silent() | Keyed():
            return None
        case _, Dialled(completed):
            return "completed" if completed else "failed"
        case _:
            return "heard"  # a challenge: its act hears everything


def _is_number(step: Keys, digits: str) -> bool:
    """Whether these keys are the number asked for; * stands for X, and only where X may stand: at the end."""
    body = digits[:-1] if step.last_may_be_x and digits.endswith("*") else digits
    return len(digits) in (step.length, step.or_length) and body.isascii() and body.isdigit()


def _go_on(script: Script, step: AnyStep, state: State, event: Event, result: str, perform: Perform) -> Turn:
    if isinstance(event, Unavailable):
        state = replace(state, keys_only=True)
    if step.act is None:
        state = _know(state, state.step, {"result": result})
        following = _next(step, state, state.step)
        return _enter(script, _to_come_back(state, following), following, perform)
    facts = perform(step.act, state, event)
    state = _know(state, step.act, facts)
    if facts["result"] == REPEAT:
        return Turn(state, step.saying(state))
    following = _next(step, state, step.act)
    return _enter(script, _to_come_back(state, following), following, perform)


def _to_come_back(state: State, following: str) -> State:
    """Whoever goes to choose another language comes back."""
    return replace(state, back=state.step) if following == "language" else state


def _enter(script: Script, state: State, name: str, perform: Perform, said: Saying = ()) -> Turn:
    """Go to a step, say what is to be told on the way, and stop where the caller is waited for.

    Whoever comes back to a step finds it as it was: the same words, not others that may suit better.
    """
    told: Saying = ()
    while True:
        returning, name = name == BACK, state.back if name == BACK else name
        step = script[name]
        state = replace(state, step=name, tries=0)
        if step.prepare is not None and not returning:
            state = _know(state, step.prepare, perform(step.prepare, state, Began()))
        if isinstance(step, Speak) and step.challenge and state.keys_only:
            turn = answer(script, state, Unavailable(), perform)
            return replace(turn, saying=said + told + turn.saying)
        if not isinstance(step, Tell):
            return Turn(replace(state, told=told), said + told + _asking(step, state))
        told += step.saying(state)
        name = _next(step, state, step.prepare or "")


def _asking(step: AnyStep, state: State) -> Saying:
    """What is said on coming to a step: for whoever hears badly a question twice, but not a text to be heard out.

    Nor a challenge: somebody might answer the first time, when nobody listens yet. It says its words twice itself.
    """
    match step:
        case Keys(hear_out=False) | Speak(challenge=None) if state.slowly:
            return (*step.saying(state), BETWEEN, *step.saying(state))
        case _:
            return step.saying(state)


def _ask_again(script: Script, step: Keys | Speak, state: State, event: Event, perform: Perform) -> Turn:
    """Ask kindly and in other words; when that has not helped twice, go where the step says lost callers go."""
    if state.tries >= ASKED_AGAIN:
        return _enter(script, state, step.lost, perform)
    match event:
        case Silent() if state.tries == 0 and _was_wrong(step, state):
            return Turn(replace(state, tries=1), step.saying(state))  # a late # may have cut the sentence that said so
        case Silent():
            trouble = "silent"
        case Keyed() if not (isinstance(step, Speak) and step.challenge):
            trouble = "keys"
        case _:
            trouble = "unclear"
    which = "first" if state.tries == 0 else "second"
    return Turn(replace(state, tries=state.tries + 1), (f"{trouble}.{which}", *_again(step, state)))


def _was_wrong(step: Keys | Speak, state: State) -> bool:
    """Whether a number that was keyed a moment ago is being asked for again."""
    return isinstance(step, Keys) and step.act is not None and state.fact(step.act) in ("again", "full")


def _again(step: Keys | Speak, state: State) -> Saying:
    return step.saying(state) if step.again is None else spell_out(step.again, state)


def _look(script: Script, step: Wait, state: State, event: Event, perform: Perform) -> Turn:
    assert step.act is not None
    facts = perform(step.act, state, event)
    if facts["result"] == PENDING:
        looks = state.tries + 1
        return Turn(replace(state, tries=looks), () if looks % SAY_STILL_WAITING else spell_out(step.again, state))
    state = _know(state, step.act, facts)
    return _enter(script, state, _next(step, state, step.act), perform)


def _know(state: State, name: str, facts: Facts) -> State:
    """Remember what was found out; how somebody is to be spoken to holds from now on."""
    dialect, slowly = str(facts.get("dialect") or state.dialect), state.slowly or bool(facts.get("slowly"))
    return replace(state, known={**state.known, name: facts}, dialect=dialect, slowly=slowly)


def _next(step: Step, state: State, found_by: str) -> str:
    return step.then if isinstance(step.then, str) else step.then[str(state.fact(found_by))]
