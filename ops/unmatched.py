"""Voices that did not match their person, held against each other: one that speaks for many is a human's question."""

from __future__ import annotations

import logging
from datetime import timedelta

import numpy as np
from sqlalchemy import exists, literal, select
from sqlalchemy.orm import Session

from certification import seals, sharing
from certification.cases import CaseKind
from certification.confirmation import CONFIRMED
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Assessment, Case, Person, Recording, only_read
from certification.templates import MOST
from ops.voices import Bench
from voiceprint import vault
from voiceprint.encoder import Embedding
from voiceprint.scoring import Template
from voiceprint.vault import TemplateUnreadable

logger = logging.getLogger(__name__)

CLEARLY = 7.0
"""Natural-log likelihood ratio, same voice : another, from which on two calls are by one voice (docs/decisions/0025).

A voice is held against MOST others and none of them was ever enrolled, so chance has MOST times as many ways in as at
a person's own template: 1 in 1,000 pairs of strangers may reach this where the calibration holds, and a case needs two.
"""


def keep(session: Session, rt: Runtime, assessment: Assessment, voice: Embedding) -> None:
    """Keep a voice sealed beside its assessment, as long as its recordings; not at all where these are gone already."""
    there = select(Recording.id).where(Recording.id.in_(assessment.recordings)).with_for_update(read=True)
    if len(session.scalars(there).all()) == len(assessment.recordings):
        template = Template(voice.vector, voice.encoder, utterances=len(assessment.recordings))
        assessment.voice_sealed = vault.seal(template, rt.keys, _context(assessment.id, assessment.person_id))


def see_to(bench: Bench, assessment_id: str) -> Case | None:
    """Open a case, or add to it, where the voice of an assessment is clearly that of other people's; safe twice.

    In transactions of its own, after the assessment's: of calls weighed at the same moment the last sees the others.
    """
    rt = bench.rt
    with rt.sessions() as session:
        only_read(session)
        assessment = session.get(Assessment, assessment_id)
        if assessment is None or assessment.voice_sealed is None:
            return None
        others = alike(session, bench, assessment)
    if not others:
        return None
    with rt.sessions.begin() as session:
        return sharing.see_to_voice(session, rt, [assessment_id, *others], actor="worker")


def alike(session: Session, bench: Bench, assessment: Assessment) -> list[str]:
    """The assessments of other people, among the newest MOST of the region's days, of which this clearly is the voice.

    Without those that a human knows to be by the person, or has looked at as one voice's. What cannot be read is
    passed over, and said in the log.
    """
    rt, person = bench.rt, session.get_one(Person, assessment.person_id)
    days = timedelta(days=rt.regions[person.region].household.window_days)
    knew = exists().where(Case.cause == literal(f"{CaseKind.VOICE_DOUBT}:") + Assessment.id, Case.verdict == CONFIRMED)
    others = (
        select(Assessment.id, Assessment.person_id, Assessment.voice_sealed)
        .join(Person, Person.id == Assessment.person_id)
        .where(Person.region == person.region, Person.id != person.id)
        .where(Assessment.asked_at >= rt.now() - days, sharing.UNSEEN, ~knew)
        .order_by(Assessment.asked_at.desc(), Assessment.id)
    )
    voice = _opened(rt, assessment.id, person.id, assessment.voice_sealed)
    opened = {one: _opened(rt, one, whose, sealed) for one, whose, sealed in session.execute(others.limit(MOST))}
    voices = {one: other.vector for one, other in opened.items() if other and voice and other.encoder == voice.encoder}
    if voice is None or not voices:
        return []
    llrs = bench.comparer.alike(np.stack(list(voices.values())), voice)
    clearly = max(CLEARLY, float(assessment.detail["threshold"]))  # never below what certifies
    return [one for one, llr in zip(voices, llrs, strict=True) if llr >= clearly]


def _opened(rt: Runtime, assessment_id: str, person_id: str, sealed: bytes | None) -> Embedding | None:
    try:
        template = vault.open_(sealed or b"", rt.keys, _context(assessment_id, person_id))
    except (SealBroken, TemplateUnreadable) as error:
        logger.error("the voice of assessment %s cannot be read: %s", assessment_id, error)
        return None
    return Embedding(template.vector, template.encoder)


def _context(assessment_id: str, person_id: str) -> bytes:
    return seals.unmatched(assessment_id, person_id).encode()
