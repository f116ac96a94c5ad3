"""Whatever is done in whatever order, on a real database: nobody is suspended without two channels, two signatures.

What the acts come to is kept here a second time, in the simplest way, and compared at each release.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import bereavement, cases, certifying, contacts, journal, limits, outages, staff, withdrawing
from certification.bereavement import Verdict
from certification.cases import CaseKind
from certification.contacts import REAL, Channel, Outcome
from certification.errors import Problem
from certification.keys import KeyRing
from certification.regions import Regions
from certification.runtime import Runtime
from certification.settings import Settings
from certification.staff import Proven, Role
from certification.store import Case, Evidence, JournalEntry, Outage, PaymentList, Person, Suspension, open_sessions
from certification.suspension import lists, releasing
from tests.certification.conftest import Clock, Queue
from tests.certification.suspending import MAY, OVER, REGION, certify, pensioner, restore, sign, supervisor

KEYS = KeyRing.generate_text()
JANUARY = OVER.replace(month=1)
who = st.integers(0, 1)
contact = st.tuples(st.just("contact"), who, st.sampled_from(list(Channel)), st.sampled_from(list(Outcome)))
reached = st.tuples(st.just("contact"), who, st.sampled_from(list(Channel)), st.sampled_from(sorted(REAL)))
trouble = st.one_of(
    contact,
    st.tuples(st.just("voice failed"), who),
    st.tuples(st.just("case"), who),
    st.tuples(st.just("case decided"), who, st.booleans()),
    st.tuples(st.just("death"), who),
    st.tuples(st.just("death answered"), who, st.sampled_from(list(Verdict))),
    st.tuples(st.just("certify"), who),
    st.tuples(st.just("taken back"), who),
    st.tuples(st.just("put back"), who),
    st.tuples(st.just("outage")),
    st.tuples(st.just("outage ended")),
    st.tuples(st.just("day")),
    st.tuples(st.just("supervisor closed"), st.integers(0, 3)),
)
office = st.one_of(
    st.tuples(st.just("propose"), st.sampled_from(["主管0", "职员"])),
    st.tuples(st.just("sign"), st.integers(0, 4)),
    st.tuples(st.just("release")),
    st.tuples(st.just("slice")),
    st.tuples(st.just("restore")),
)
"""What the office does; random acts alone hardly ever lead as far as a release, so each round ends as it should."""
ROUND: list[tuple[object, ...]] = [("propose", "职员"), ("sign", 1), ("sign", 2), ("release",)]
slices = st.lists(trouble | st.tuples(st.sampled_from(["slice", "restore"])), max_size=6)
acts = st.tuples(
    st.lists(reached, max_size=4),
    st.lists(trouble | office, max_size=8),
    st.lists(office | trouble, max_size=3),
    slices,
).map(lambda parts: [*parts[0], *parts[1], *ROUND[:3], *parts[2], ("slice",), *parts[3], *ROUND[3:], ("restore",)])


@dataclass(slots=True)
class Model:
    """What was done to each of two people, and who signed, in the simplest words."""

    channels: list[set[Channel]] = field(default_factory=lambda: [set(), set()])
    signs: list[dict[str, bool]] = field(default_factory=lambda: [{}, {}])  # each, and whether it stands
    voice: list[bool] = field(default_factory=lambda: [False, False])  # failed, and nobody has looked
    dead: list[bool] = field(default_factory=lambda: [False, False])
    signed: set[int] = field(default_factory=set)  # since the list last changed
    suspended: int = 0
    restored: int = 0

    def certified(self, n: int) -> bool:
        """Whether a sign of life of theirs stands."""
        return any(self.signs[n].values())

    def asked_again(self, n: int) -> bool:
        """Whether one was taken back: no example lasts as long as they have time then."""
        return not all(self.signs[n].values())


class Office:
    """The acts, done to the real thing and to the model."""

    def __init__(self, rt: Runtime, clock: Clock) -> None:
        self.rt, self.clock, self.model, self.n = rt, clock, Model(), 0
        clock.at = JANUARY
        with rt.sessions.begin() as session:
            self.people = [pensioner(session, rt, 1950 + n) for n in range(2)]
            for person in self.people:
                certifying.current_period(session, rt, person)
            self.staff: list[Proven] = [supervisor(session, rt, f"主管{n}") for n in range(4)]
            self.staff.append(supervisor(session, rt, "职员", Role.CLERK))
        clock.at = OVER

    def do(self, name: str, *given: object) -> None:
        """One act, in a transaction of its own."""
        self.n += 1
        self.clock.forward(seconds=1)
        if name in ("release", "slice", "restore"):
            self._restore() if name == "restore" else self._go_on(name)
            return
        with self.rt.sessions.begin() as session:
            getattr(self, f"_{name.replace(' ', '_')}")(session, *given)

    def _contact(self, session: Session, n: int, channel: Channel, outcome: Outcome) -> None:
        contacts.note(session, self.rt, self.people[n], channel=channel, ref=str(self.n), outcome=outcome)
        if outcome in REAL:
            self.model.channels[n].add(channel)

    def _voice_failed(self, session: Session, n: int) -> None:
        limits.failed(session, self.rt, self.people[n], reason="voice", ref=str(self.n))
        self.model.voice[n] = True

    def _case(self, session: Session, n: int) -> None:
        cases.open_case(session, self.rt, kind=CaseKind.VOICE_DOUBT, cause=str(self.n), person=self.people[n])

    def _case_decided(self, session: Session, n: int, all_of_them: bool) -> None:
        open_ = select(Case).where(Case.person_id == self.people[n].id, Case.decided_at.is_(None))
        voices = session.scalars(open_.where(Case.kind == CaseKind.VOICE_DOUBT.value)).all()
        for case in voices if all_of_them else voices[:1]:
            cases.decide(session, self.rt, case, verdict="seen", by="operator")
            self.model.voice[n] = False

    def _death(self, session: Session, n: int) -> None:
        bereavement.report(session, self.rt, self.people[n], source="sms", ref=str(self.n), by="line")

    def _death_answered(self, session: Session, n: int, verdict: Verdict) -> None:
        if bereavement.answer(session, self.rt, self.people[n], verdict, "clerk"):
            self.model.dead[n] = verdict is Verdict.DEAD

    def _certify(self, session: Session, n: int) -> None:
        certify(session, self.rt, session.get_one(Person, self.people[n].id))
        mine = select(Evidence.id).where(Evidence.person_id == self.people[n].id)
        [new] = set(session.scalars(mine)) - set(self.model.signs[n])
        self.model.signs[n][new] = True

    def _taken_back(self, session: Session, n: int) -> None:
        self._turn(session, n, stands=True)

    def _put_back(self, session: Session, n: int) -> None:
        self._turn(session, n, stands=False)

    def _turn(self, session: Session, n: int, *, stands: bool) -> None:
        known = self.model.signs[n]
        one = next((sign for sign, stood in known.items() if stood is stands), None)
        if one is None:
            return
        if stands:
            assert withdrawing.withdraw(session, self.rt, one, by="主管0", why="点错了", supervisor=True) is not None
        else:
            assert withdrawing.put_back(session, self.rt, one, by="主管0", why="没有点错")
        known[one] = not stands

    def _outage(self, session: Session) -> None:
        outages.begin(session, self.rt, "线路中断", "admin")

    def _outage_ended(self, session: Session) -> None:
        for outage in session.scalars(select(Outage).where(Outage.ended_at.is_(None))):
            outages.end(session, self.rt, outage, "admin")

    def _day(self, _session: Session) -> None:
        self.clock.forward(days=1)

    def _supervisor_closed(self, session: Session, n: int) -> None:
        try:
            staff.close(session, self.rt, f"主管{n}", "cli")
        except staff.NameUnknown:
            return
        self.model.signed.discard(n)

    def _propose(self, session: Session, by: str) -> None:
        try:
            before = lists.find(session, REGION, MAY).version
        except lists.ListUnknown:
            before = 0
        try:
            if lists.propose(session, self.rt, REGION, MAY, by).version != before:
                self.model.signed.clear()
        except Problem:
            return

    def _sign(self, session: Session, n: int) -> None:
        try:
            [outcome] = sign(session, self.rt, self.staff[n])
        except lists.ListUnknown:
            return
        if isinstance(outcome, int):
            self.model.signed.add(n)
            assert n < 4, "a clerk signs nothing"
            assert outcome == len(self.model.signed)

    def _go_on(self, name: str) -> None:
        """Ask for the release and do a slice of one person, or all that is left."""
        with self.rt.sessions() as session:
            before = self._in_file(session)
            out = session.scalars(select(Outage.id).where(Outage.ended_at.is_(None))).first() is not None
        try:
            if name == "release":
                releasing.release(self.rt, REGION, MAY, "clerk")
            else:
                with self.rt.sessions.begin() as session:
                    asked = releasing.ask(session, self.rt, REGION, MAY, "clerk")
                if not isinstance(asked, Problem):
                    releasing.go_on(self.rt, asked.id, 1, lambda: True)
        except lists.ListUnknown:
            return
        with self.rt.sessions() as session:
            self._look(session, before, out)

    def _look(self, session: Session, before: set[str], out: bool) -> None:
        """Hold who was put into the agency's file just now against what was done to them."""
        for person_id in self._in_file(session) - before:
            n = [person.id for person in self.people].index(person_id)
            assert len(self.model.channels[n]) >= 2, "two channels really attempted"
            assert len(self.model.signed) >= 2, "two different signatures"
            assert not (self.model.certified(n) or self.model.voice[n] or self.model.dead[n] or out)
            assert not self.model.asked_again(n), "the time to come again"
            undecided = select(Case).where(Case.person_id == person_id, Case.decided_at.is_(None))
            assert session.scalars(undecided).all() == []
            self.model.suspended += 1

    def _restore(self) -> None:
        """Restore payment: whoever is in a file that is out is paid again, however far its release has come."""
        with self.rt.sessions() as session:
            running = self._running(session)
        files = restore(self.rt)
        certified = {person.id for n, person in enumerate(self.people) if self.model.certified(n)}
        with self.rt.sessions() as session:
            assert self._running(session) == running - certified
        self.model.restored += len(running & certified)
        assert sum(file.people for file in files) == self.model.restored

    def _in_file(self, session: Session) -> set[str]:
        out = select(Suspension.person_id).join(PaymentList, PaymentList.id == Suspension.list_id)
        out = out.where(PaymentList.kind == "suspension", PaymentList.released_at.is_not(None))
        return set(session.scalars(out.where(Suspension.payee_sealed.is_not(None))))

    def _running(self, session: Session) -> set[str]:
        paid_again = select(Suspension.person_id).where(Suspension.state == "restored")
        return self._in_file(session) - set(session.scalars(paid_again))


@contextmanager
def offices(migrated: Path) -> Iterator[Office]:
    """An office on a database of its own."""
    with TemporaryDirectory() as folder:
        shutil.copy(migrated, Path(folder) / "stillhere.db")
        given = {"PUBLIC_BASE_URL": "https://a.example", "SESSION_SECRET": "s", "STILLHERE_DATA": folder}
        twilio = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", "STILLHERE_KEYS": KEYS}
        clock = Clock()
        rt = Runtime(
            settings=Settings.read(given | twilio),
            sessions=open_sessions(f"sqlite:///{folder}/stillhere.db"),
            keys=KeyRing.from_text(KEYS),
            regions=REGIONS,
            enqueue=Queue(),
            now=clock,
            random=Random(1),
        )
        yield Office(rt, clock)
        rt.sessions.kw["bind"].dispose()


REGIONS = Regions.load()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(acts=acts)
def test_no_acts_suspend_anybody_wrongly(migrated_sqlite: Path, acts: list[tuple[str, ...]]) -> None:
    with offices(migrated_sqlite) as office:
        for name, *given in acts:
            office.do(name, *given)
        with office.rt.sessions() as session:
            suspended = session.scalars(select(JournalEntry).where(JournalEntry.action == "payment suspended")).all()
            assert len(suspended) == office.model.suspended
            event(f"{len(suspended)} suspended, {office.model.restored} paid again")
            for entry in session.scalars(select(JournalEntry).where(JournalEntry.action == "suspensions released")):
                assert len(set(json.loads(entry.detail)["signed_by"])) >= 2
            assert isinstance(journal.verify(session), journal.Verified)


def test_the_search_would_find_one(migrated_sqlite: Path) -> None:
    """The acts that should suspend somebody do: the search above is not empty."""
    with offices(migrated_sqlite) as office:
        for name, *given in [
            ("contact", 0, Channel.SMS, Outcome.DELIVERED),
            ("contact", 0, Channel.CALL, Outcome.RUNG),
            ("contact", 1, Channel.CALL, Outcome.RUNG),
            *ROUND,
            ("certify", 0),
            ("restore",),
            ("restore",),
        ]:
            office.do(str(name), *given)
        assert (office.model.suspended, office.model.restored) == (1, 1)
