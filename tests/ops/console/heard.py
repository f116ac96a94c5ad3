"""A case with voices that can be told apart: a call and an enrolment of the demonstration's callers, sealed as kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from sqlalchemy.orm import Session

from certification import review, seals
from certification.runtime import Runtime
from certification.store import Assessment, Call, Case, Person, Recording, SpokenTurn, new_id
from tests.certification.test_review import spoken
from tests.ops.voices import ENROLMENT, OTHER
from voiceprint.audio import decode_mulaw, encode_mulaw

ASKED = ["语音", "数字", "北京"]
HEARD = [["语音", "数字", "背景"], ["语音", "北京"]]
SOFTER = 0.1
WEIGHED = {review.WEIGHED: -2.5, "threshold": 0.83, "score": 2.1}


@dataclass(frozen=True, slots=True)
class Told:
    """The case, and its recordings: of the call (far softer) and of the enrolment."""

    case: str
    attempt: list[str]
    enrolled: list[str]


def told(rt: Runtime, wu: Person, *, suspicions: dict[str, dict[str, str]] | None = None) -> Told:
    """Somebody else calls for Mr Wu, who was enrolled a month before."""
    case_id = spoken(rt, wu)
    soft = [encode_mulaw((decode_mulaw(one) * np.float32(SOFTER)).astype(np.float32)) for one in OTHER]
    with rt.sessions.begin() as session:
        case = session.get_one(Case, case_id)
        asked = session.get_one(Assessment, case.detail["assessment"])
        call = session.get_one(Call, asked.call_id)
        attempt = _keep(session, rt, call, soft, HEARD)
        asked.recordings = attempt
        asked.detail = {**WEIGHED, "reasons": [], "suspicions": suspicions or {}}
        enrolled = _keep(session, rt, call, ENROLMENT, [ASKED] * 3)
        before = {"call_id": call.id, "person_id": asked.person_id, "purpose": "enrol", "recordings": enrolled}
        at = asked.asked_at - timedelta(days=30)
        session.add(Assessment(**before, state="done", outcome="enrolled", asked_at=at))
    return Told(case_id, attempt, enrolled)


def _keep(session: Session, rt: Runtime, call: Call, turns: Sequence[bytes], heard: Sequence[list[str]]) -> list[str]:
    found = []
    for turn, words in zip(turns, heard, strict=True):
        identifier, spoken_turn = new_id(), new_id()
        n = session.query(SpokenTurn).where(SpokenTurn.call_id == call.id).count()
        row = {"id": spoken_turn, "call_id": call.id, "n": n, "token_hash": new_id(), "plan": {}, "state": "done"}
        session.add(SpokenTurn(**row, expires_at=rt.now()))
        session.flush()
        kept = {"id": identifier, "call_id": call.id, "spoken_turn_id": spoken_turn, "seconds": len(turn) / 8000}
        sealed = rt.keys.seal(turn, seals.recording(identifier, call.id))
        until = rt.now() + timedelta(days=90)
        session.add(Recording(**kept, sealed=sealed, asked=ASKED, heard=words, recorded_at=rt.now(), erase_after=until))
        session.flush()
        found.append(identifier)
    return found
