"""The demonstration's voices, handed to the worker as the line would hand them over."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certification import consent, seals
from certification.runtime import Runtime
from certification.store import (
    Assessment,
    Attempt,
    Call,
    Case,
    Consent,
    Evidence,
    Person,
    Recording,
    SpokenTurn,
    new_id,
)
from ivr.speech.vocabulary import challenge_words
from ops.demo.callers import SHIPPED, Caller
from ops.voices import Bench
from voiceprint import audio, calibration, cohort, synthetic
from voiceprint.comparing import Comparer
from voiceprint.encoder import Embedding, Encoder
from voiceprint.scoring import enrol

WORDS = sorted(challenge_words())


class Breaking:
    """An encoder that breaks, under the name of one that works."""

    def __init__(self, name: str) -> None:
        self.name = name

    def embed(self, samples: audio.Samples) -> Embedding:
        raise RuntimeError(f"broken by {len(samples)} samples")


class Foreign:
    """An encoder that works under another name."""

    def __init__(self, encoder: Encoder) -> None:
        self.name = "another"
        self._encoder = encoder

    def embed(self, samples: audio.Samples) -> Embedding:
        return Embedding(self._encoder.embed(samples).vector, self.name)


def bench_of(rt: Runtime, encoder: Encoder, calibrated: Encoder | None = None) -> Bench:
    """A bench with this encoder, and the cohort and calibration of another where it has none of its own."""
    name = (calibrated or encoder).name
    strangers = cohort.load(name)
    return Bench(rt, Comparer(encoder, strangers, calibration.load(name, strangers.name)), synthetic.load())


def says(who: str, words: int, first: int = 0) -> bytes:
    """One turn of the demonstration's `caller` or `impostor`, as mu-law."""
    chosen = [WORDS[(first + offset) % len(WORDS)] for offset in range(words)]
    return audio.encode_mulaw(Caller(SHIPPED / who).repeats(chosen))


ENROLMENT = [says("caller", 4, first) for first in (0, 4, 8)]
SAME = [says("caller", 3, first) for first in (12, 15)]
OTHER = [says("impostor", 3, first) for first in (12, 15)]


@dataclass(frozen=True, slots=True)
class Desk:
    """Mr Wu at the desk, and what the worker made of his calls."""

    rt: Runtime
    wu: Person

    def enrol(self, bench: Bench, confirmed: bool = True) -> None:
        """Mr Wu agrees to a voiceprint; one is made of the caller's voice, and seen to fit in a call."""
        template = enrol(bench.comparer.encoder, [audio.decode_mulaw(turn) for turn in ENROLMENT])
        with self.rt.sessions.begin() as session:
            person = session.get_one(Person, self.wu.id)
            consent.record(session, self.rt, person, text="同意", how="desk", by="clerk")
            bench.keep(session, person, template, "files", self.rt.now() if confirmed else None)

    def disagrees(self) -> None:
        """The person's consent is taken back, and their voice still there: as versions before 2026-11-27 left it."""
        with self.rt.sessions.begin() as session:
            theirs = update(Consent).where(Consent.person_id == self.wu.id)
            session.execute(theirs.values(withdrawn_at=self.rt.now()))

    def call(self, **fields: object) -> str:
        """A call of Mr Wu's that ended a moment ago; its id."""
        now, identifier = self.rt.now(), new_id()
        row: dict[str, object] = {"sid": f"CA{identifier}", "person_id": self.wu.id, "touched_at": now}
        with self.rt.sessions.begin() as session:
            session.add(Call(id=identifier, started_at=now, **(row | fields)))
        return identifier

    def ask(self, turns: list[bytes], purpose: str = "certify", call: str | None = None) -> str:
        """Have these turns weighed; the assessment's id."""
        call = call or self.call()
        with self.rt.sessions.begin() as session:
            recordings = [self._record(session, call, n, turn) for n, turn in enumerate(turns)]
            assessment = Assessment(
                id=new_id(),
                call_id=call,
                person_id=self.wu.id,
                purpose=purpose,
                recordings=recordings,
                asked_at=self.rt.now(),
            )
            session.add(assessment)
        return assessment.id

    def _record(self, session: Session, call: str, n: int, turn: bytes) -> str:
        now, identifier, spoken = self.rt.now(), new_id(), new_id()
        session.add(SpokenTurn(id=spoken, call_id=call, n=n, token_hash=new_id(), plan={}, expires_at=now))
        session.flush()
        recording = Recording(
            id=identifier,
            call_id=call,
            spoken_turn_id=spoken,
            sealed=self.rt.keys.seal(turn, seals.recording(identifier, call)),
            seconds=len(turn) / 8000,
            asked=["苹果"],
            heard=["苹果"],
            recorded_at=now,
            erase_after=now,
        )
        session.add(recording)
        return identifier

    def assessment(self, identifier: str) -> Assessment:
        with self.rt.sessions() as session:
            return session.get_one(Assessment, identifier)

    def outcome(self, identifier: str) -> str | None:
        return self.assessment(identifier).outcome

    def cases(self) -> list[str]:
        """The kinds of Mr Wu's cases."""
        with self.rt.sessions() as session:
            return sorted(session.scalars(select(Case.kind).where(Case.person_id == self.wu.id)))

    def failures(self) -> int:
        with self.rt.sessions() as session:
            return len(session.scalars(select(Attempt.id).where(Attempt.person_id == self.wu.id)).all())

    def evidence(self) -> int:
        with self.rt.sessions() as session:
            return len(session.scalars(select(Evidence.id).where(Evidence.person_id == self.wu.id)).all())
