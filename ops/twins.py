"""Whether a voice that is being enrolled is already on record under another name: a case, no refusal."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import cases
from certification.cases import CaseKind
from certification.keys import SealBroken
from certification.runtime import Runtime
from certification.store import Person, VoiceTemplate
from ops.voices import Bench, open_template
from voiceprint.calibration import Decision
from voiceprint.comparing import normalised, usual_llrs
from voiceprint.encoder import Embedding
from voiceprint.scoring import Template
from voiceprint.vault import TemplateUnreadable

logger = logging.getLogger(__name__)

SHARE = 0.001  # of enrolments, of people who are on record twice: assumed, nobody has counted them
MISSED = 200.0  # what it costs to miss one, in reviews by a human: a second pension for a year
MOST = 3  # cases of one enrolment: a voice like many others is nobody's in particular
BATCH = 500


@dataclass(frozen=True, slots=True)
class Twin:
    """Somebody else whose template is like the new one. `llr`: natural-log likelihood ratio, same voice : another."""

    person: str
    llr: float
    threshold: float


def seek(session: Session, bench: Bench, person: Person, template: Template) -> tuple[Twin, ...]:
    """The people of the region whose voice this seems to be, the likeliest first, at most MOST.

    The more people are compared with, the surer one of them must be: each is the same person with a probability of
    SHARE over their number. 100,000 templates take some seconds to open.
    """
    others = (
        select(VoiceTemplate)
        .join(Person, Person.id == VoiceTemplate.person_id)
        .where(Person.region == person.region, Person.id != person.id)
        .where(VoiceTemplate.retired_at.is_(None), VoiceTemplate.encoder == template.encoder)
    )
    count = session.scalars(select(func.count()).select_from(others.subquery())).one()
    if not count:
        return ()
    voice, names, scores = Embedding(template.direction, template.encoder), [], []
    for row in session.scalars(others.order_by(VoiceTemplate.id).execution_options(yield_per=BATCH)):
        try:
            other = open_template(bench.rt, row)
        except (SealBroken, TemplateUnreadable) as error:
            logger.error("the template %s cannot be read: %s", row.id, error)
            continue
        names.append(row.person_id)
        scores.append(normalised(bench.comparer.cohort, other, voice))
    llrs = usual_llrs(bench.comparer.calibration, np.array(scores))
    # A missed twin costs MISSED reviews and a needless case one: the inverse of certifying.
    threshold = Decision(impostors=1 - SHARE / count, cost=1 / MISSED).llr
    found = [Twin(name, float(llr), threshold) for name, llr in zip(names, llrs, strict=True) if llr >= threshold]
    return tuple(sorted(found, key=lambda twin: -twin.llr)[:MOST])


def report(session: Session, rt: Runtime, person: Person, template_id: str, twins: tuple[Twin, ...], by: str) -> None:
    """Open a case for each, once for each template."""
    for twin in twins:
        cases.open_case(
            session,
            rt,
            kind=CaseKind.ENROLLED_TWICE,
            cause=f"{CaseKind.ENROLLED_TWICE}:{template_id}:{twin.person}",
            person=person,
            detail={"other": twin.person, "llr": round(twin.llr, 2), "threshold": round(twin.threshold, 2)},
            actor=by,
        )
