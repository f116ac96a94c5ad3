"""After a change of encoder: templates made again from enrolment recordings still kept; the rest are listed."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import consent, journal, people, seals
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Assessment, Person, Recording, VoiceTemplate
from ops import voices
from ops.voices import Agreement, Bench, heard

CALL = "call "  # what the source of a template begins with that was enrolled by telephone


class Fate(StrEnum):
    """What became of a template of another encoder."""

    REEMBEDDED = "reembedded"
    NO_AUDIO = "no_audio"  # enrolled from files, or erased since: the person must be enrolled again
    DIFFERS = "differs"  # the new encoder does not find one good voice in it: likewise
    NOT_IN_USE = "not_in_use"  # retired meanwhile, or consent was taken back


def outdated(session: Session, encoder: str) -> list[str]:
    """Identifiers of templates in use that another encoder made."""
    others = select(VoiceTemplate.id).where(VoiceTemplate.retired_at.is_(None), VoiceTemplate.encoder != encoder)
    return list(session.scalars(others.order_by(VoiceTemplate.id)))


def reembed(rt: Runtime, bench: Bench, template_id: str) -> Fate:
    """Make one template again, in a transaction of its own; safe twice. Until then, calls against it go to a human."""
    with rt.sessions.begin() as session:
        template = session.get(VoiceTemplate, template_id)
        if template is None or template.retired_at is not None:
            return Fate.NOT_IN_USE
        person = people.hold(session, template.person_id)  # or consent might be taken back meanwhile
        if person is None or not consent.given(session, person):
            return Fate.NOT_IN_USE
        fate = _reembed(session, rt, bench, person, template)
        if fate is not Fate.REEMBEDDED:
            subject = f"person:{person.id}"
            journal.write(session, rt.now(), "cli", "voice not re-embedded", subject, template=template_id, why=fate)
        return fate


def _reembed(session: Session, rt: Runtime, bench: Bench, person: Person, template: VoiceTemplate) -> Fate:
    audio = _audio(session, rt, template)
    if audio is None:
        return Fate.NO_AUDIO
    weighed = bench.weigh_enrolment(heard(audio))
    if weighed.agreement is not Agreement.ENROLLED or weighed.template is None:
        return Fate.DIFFERS
    detail, confirmed_at = {"reembedded": template.id}, template.confirmed_at
    voices.keep(session, rt, person, weighed.template, template.source, detail, confirmed_at)
    return Fate.REEMBEDDED


def _audio(session: Session, rt: Runtime, template: VoiceTemplate) -> list[bytes] | None:
    """The turns of the enrolment that a template was made from, mu-law; None where they are not kept or do not open."""
    if not template.source.startswith(CALL):
        return None
    enrolled = select(Assessment).where(
        Assessment.call_id == template.source.removeprefix(CALL),
        Assessment.purpose == "enrol",
        Assessment.outcome == Agreement.ENROLLED.value,
    )
    assessment = session.scalars(enrolled.order_by(Assessment.asked_at.desc())).first()
    kept = [session.get(Recording, identifier) for identifier in assessment.recordings] if assessment else []
    try:
        audio = [rt.keys.open(one.sealed, seals.recording(one.id, one.call_id)) for one in kept if one is not None]
    except SealBroken:
        return None
    return audio if audio and len(audio) == len(kept) else None
