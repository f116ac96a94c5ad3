"""What is keyed: the PIN, the code from the desk, and the answer to the consent text."""

from __future__ import annotations

from certification import certifying, codes, confirmation, guesses, pins
from certification import consent as consents
from certification.evidence import Kind, Strength
from certification.regions import Route
from ivr.acts.at import Act, At, act, found
from ivr.steps import Facts, Keyed

TRIES = 3  # wrong PINs or codes in one call before a human is asked


@act("pin", "voice", "none")
def pin_ready(at: At) -> Facts:
    """Whether there is a PIN to ask for, where the region takes one.

    Without one, who did not speak is asked to, once; nobody is asked in vain.
    """
    if pins.is_set(at.session, at.person) and at.region.opens(Route.PIN):
        return found("pin")
    did_not_speak = at.state.fact("hear_group") == "pin"
    return found("voice" if did_not_speak and at.state.fact("pin_ready") is None else "none")


@act("certified", "recorded", "again", "lost", "locked", "none")
def check_pin(at: At) -> Facts:
    """Put a right PIN on record at its strength; count a wrong one."""
    assert isinstance(at.event, Keyed)
    match pins.check(at.session, at.rt, at.person, at.event.digits):
        case pins.Right():
            recorded = certifying.record(
                at.session,
                at.rt,
                at.person,
                kind=Kind.PIN,
                strength=Strength.POSSESSION,
                source="call",
                ref=at.call.id,
                observed_at=at.rt.now(),
                actor="line",
            )
            return found("certified" if recorded.closed else "recorded", receipt=recorded.evidence.receipt)
        case pins.Wrong():
            times = at.counted("check_pin") + 1
            return found("again" if times < TRIES else "lost", times=times)
        case pins.Locked():
            return found("locked")
        case pins.NotSet():
            return found("none")


@act("found", "confirm", "again", "lost")
def use_code(at: At) -> Facts:
    """Look up the code from the desk: it says who is being enrolled, or whose template this call may confirm.

    It is used up when the words have been said.
    """
    assert isinstance(at.event, Keyed)
    code = codes.find(at.session, at.rt, at.event.digits, at.number)
    if code is not None:
        at.call.person_id = code.person_id
        waits = confirmation.awaited(at.session, at.person)
        return found("confirm" if waits is not None and waits.id == code.template_id else "found", code=code.id)
    times = at.counted("use_code") + 1
    more = times < TRIES and guesses.left(at.session, at.rt, guesses.CODE, at.number)
    return found("again" if more else "lost", times=times)


@act("given", "declined")
def consent(at: At) -> Facts:
    """Record an agreement, in the words that were heard."""
    if at.event != Keyed("1"):
        return found("declined")
    heard = at.prompts.text(at.state.dialect, "enrol.consent")
    consents.record(at.session, at.rt, at.person, text=heard, how="phone", by=f"call:{at.call.id}")
    return found("given")


ACTS: tuple[Act, ...] = (pin_ready, check_pin, use_code, consent)
