"""What a call is held against besides the person's template: their earlier calls, and the voices of their household."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import seals, templates
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Assessment, Person, VoiceFingerprint, VoiceTemplate, insert_once, new_id
from ops import personal
from voiceprint.ageing import Call
from voiceprint.fingerprint import Fingerprint, FingerprintDamaged

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """`earlier`: fingerprints of earlier calls, by assessment. `household`: sealed templates of others.

    `anchor`: the sealed template that the person was enrolled with, from which a refreshed one never strays.
    `remembered`: the assessments of which there was a fingerprint, those that cannot be read too. `calls`: the person's
    own, where the region gives them a threshold of their own.
    """

    earlier: tuple[tuple[str, Fingerprint], ...] = ()
    household: tuple[VoiceTemplate, ...] = ()
    anchor: VoiceTemplate | None = None
    remembered: frozenset[str] = frozenset()
    calls: tuple[Call, ...] = ()


def of(session: Session, rt: Runtime, person: Person) -> Known:
    """Gather it. A fingerprint that cannot be read is passed over, and said in the log."""
    rows = select(VoiceFingerprint).where(VoiceFingerprint.person_id == person.id).order_by(VoiceFingerprint.made_at)
    kept, earlier = session.scalars(rows).all(), []
    for row in kept:
        try:
            opened = Fingerprint.from_bytes(rt.keys.open(row.sealed, seals.fingerprint(row.id, row.person_id)))
        except (SealBroken, FingerprintDamaged) as error:
            logger.error("the fingerprint of assessment %s cannot be read: %s", row.assessment_id, error)
        else:
            earlier.append((row.assessment_id, opened))
    template = templates.current(session, person) if rt.regions[person.region].voice.personal else None
    return Known(
        tuple(earlier),
        tuple(templates.household(session, rt.keys, person)),
        templates.anchor(session, person),
        frozenset(row.assessment_id for row in kept),
        () if template is None else personal.calls(session, template),
    )


def newer(session: Session, assessment: Assessment, remembered: frozenset[str]) -> bool:
    """Whether the person's voice was remembered from another call since these were all that were."""
    mine = select(VoiceFingerprint.assessment_id).where(VoiceFingerprint.person_id == assessment.person_id)
    return not remembered.issuperset(session.scalars(mine.where(VoiceFingerprint.assessment_id != assessment.id)))


def keep(session: Session, rt: Runtime, assessment: Assessment, fingerprint: Fingerprint) -> None:
    """Remember the audio of an assessment, once."""
    identifier = new_id()
    insert_once(
        session,
        VoiceFingerprint,
        id=identifier,
        person_id=assessment.person_id,
        assessment_id=assessment.id,
        sealed=rt.keys.seal(fingerprint.to_bytes(), seals.fingerprint(identifier, assessment.person_id)),
        made_at=rt.now(),
    )
