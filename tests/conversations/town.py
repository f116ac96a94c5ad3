"""A small town on the running service: people, their phones, PINs and voices, and what the database says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from sqlalchemy import func, select

from certification import certifying, codes, consent, people, pins
from certification.evidence import Kind, Strength
from certification.runtime import Runtime
from certification.store import Assessment, Attempt, Case, Evidence, JournalEntry, Person, Recording
from ops.service import Service
from ops.switch import Phone, Switch
from ops.voices import Agreement, Bench
from tests.certification.numbers import resident_number
from tests.conversations.speakers import Speaker, groups


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody of the town, with what they know and hold."""

    id: str
    number: str
    phone: Phone

    @property
    def tail(self) -> str:
        """The last four characters of the identity number, as keyed."""
        return self.number[-4:].replace("X", "*")


@dataclass(slots=True)
class Town:
    """The running service, a switch in front of it, and a way to look into its database."""

    service: Service
    switch: Switch
    bench: Bench
    _serial: count[int] = field(default_factory=lambda: count(1))

    @property
    def rt(self) -> Runtime:
        """The runtime on the service's database."""
        return self.bench.rt

    def resident(
        self,
        *,
        region: str = "open",
        pin: str | None = None,
        voice: Speaker | None = None,
        confirmed: bool = True,
    ) -> Resident:
        """Somebody on the roll; with a PIN, with a voice enrolled at the desk and confirmed, or neither."""
        serial = next(self._serial)
        number, phone = resident_number("530102", 1940 + serial % 20, 1 + serial % 12, 1, serial), f"+86138{serial:08d}"
        with self.rt.sessions.begin() as session:
            person = people.add(session, self.rt, id_number=number, name="测试", region=region, phone=phone)
            people.remember_dialect(session, self.rt.keys, phone, "mandarin", self.rt.now())
            if pin is not None:
                pins.set_pin(session, self.rt, person, pin, "clerk")
            if voice is not None:
                enrolment = self.bench.weigh_enrolment([voice.enrols(words) for words in groups(3, 4)])
                assert enrolment.agreement is Agreement.ENROLLED, enrolment
                assert enrolment.template is not None
                consent.record(session, self.rt, person, text="同意", how="desk", by="clerk")
                seen = self.rt.now() if confirmed else None
                self.bench.keep(session, person, enrolment.template, "files", seen)
        return Resident(person.id, number, self.switch.phone(phone))

    def code(self, resident: Resident) -> str:
        """A one-time enrolment code from the desk."""
        with self.rt.sessions.begin() as session:
            return codes.issue(session, self.rt, session.get_one(Person, resident.id), "clerk")

    def at_the_desk(self, resident: Resident) -> None:
        """A clerk certifies somebody who shows their identity card."""
        with self.rt.sessions.begin() as session:
            certifying.record(
                session,
                self.rt,
                session.get_one(Person, resident.id),
                kind=Kind.DESK,
                strength=Strength.OFFICIAL,
                source="desk",
                ref=f"desk:{resident.id}",
                observed_at=self.rt.now(),
                actor="clerk",
            )

    def certified(self, resident: Resident) -> bool:
        """Whether the present period is closed."""
        with self.rt.sessions.begin() as session:
            return certifying.status(session, self.rt, session.get_one(Person, resident.id)).closed

    def evidence(self, resident: Resident) -> list[Evidence]:
        """The person's signs of life, oldest first."""
        with self.rt.sessions() as session:
            mine = select(Evidence).where(Evidence.person_id == resident.id).order_by(Evidence.recorded_at)
            return list(session.scalars(mine))

    def cases(self, resident: Resident | None) -> dict[str, Case]:
        """Open cases by kind: the person's, or those of nobody known."""
        with self.rt.sessions() as session:
            mine = select(Case).where(Case.person_id == (resident.id if resident else None)).order_by(Case.opened_at)
            return {case.kind: case for case in session.scalars(mine)}

    def assessments(self, resident: Resident) -> list[Assessment]:
        """What became of the person's voice, oldest first."""
        with self.rt.sessions() as session:
            mine = select(Assessment).where(Assessment.person_id == resident.id).order_by(Assessment.asked_at)
            return list(session.scalars(mine))

    def recordings(self, identifiers: list[str]) -> list[Recording]:
        """Recordings by identifier."""
        with self.rt.sessions() as session:
            return [session.get_one(Recording, identifier) for identifier in identifiers]

    def failures(self, resident: Resident) -> int:
        """Failed voice attempts."""
        with self.rt.sessions() as session:
            return session.scalars(select(func.count()).where(Attempt.person_id == resident.id)).one()

    def journalled(self, action: str) -> int:
        """How often something stands in the journal."""
        with self.rt.sessions() as session:
            return session.scalars(select(func.count()).where(JournalEntry.action == action)).one()

    def journal(self, resident: Resident) -> list[str]:
        """What the journal says was done about a person, in order."""
        with self.rt.sessions() as session:
            mine = select(JournalEntry.action).where(JournalEntry.subject == f"person:{resident.id}")
            return list(session.scalars(mine.order_by(JournalEntry.seq)))
