"""A town whose outcomes are known beforehand: what is put on record of each, and a plain recount of all of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import ceil
from random import Random

from sqlalchemy import delete
from sqlalchemy.orm import Session

from certification import bereavement, journal, needs, people, seals
from certification.cases import CaseKind
from certification.needs import Declared
from certification.regions import SHANGHAI
from certification.runtime import Runtime
from certification.store import (
    Attempt,
    Case,
    Evidence,
    PaymentList,
    Period,
    Person,
    Suspension,
    Text,
    new_id,
)
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number

BEGAN = datetime(2025, 11, 1, 2, 0, tzinfo=UTC)
AS_OF = datetime(2026, 3, 20, 2, 0, tzinfo=UTC)
FIRST, LAST, MONTHS = date(2026, 1, 1), date(2026, 3, 1), 3
AGES = {1970: "younger", 1964: "60", 1956: "60", 1950: "70", 1941: "80", 1930: "90"}
PHONES = {
    "mobile": ["13888{:06}"],
    "landline": ["0871632{:05}"],
    "other": ["12333"],
    "none": [],
    "both": ["0871632{:05}", "13888{:06}"],
}
REASONS = {"voice_doubt": "voice", "words": "words", "abandoned": "hung_up"}
KINDS = ("voice", "pin", "code", "desk", "visit", "record")


@dataclass(slots=True)
class Known:
    """What is known of somebody, as the test says it."""

    id: str
    region: str
    dialect: str
    age: str
    sex: str
    phone: str
    need: str
    closed: list[tuple[datetime, str]] = field(default_factory=list)
    stretches: list[tuple[date, date, datetime]] = field(default_factory=list)
    over: list[date] = field(default_factory=list)
    refused: list[tuple[datetime, str]] = field(default_factory=list)
    asked: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    proved: list[datetime] = field(default_factory=list)
    suspended: bool = False
    dead: bool = False

    @property
    def group(self) -> tuple[str, ...]:
        return (self.region, self.dialect, self.age, self.sex, self.phone, self.need)


def month(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date().replace(day=1)


def town(rt: Runtime, clock: Clock, size: int = 60, seed: int = 1) -> list[Known]:
    """So many people, with whatever chance puts on record of them; the clock is left at AS_OF."""
    chance, found = Random(seed), []
    clock.at = BEGAN
    with rt.sessions.begin() as session:
        lists = [listed(session, region, at) for region in ("kunming", "qingdao") for at in (BEGAN, AS_OF)]
        for n in range(size):
            found.append(living(session, rt, chance, n))
        for one in found:
            happen(session, rt, chance, one, lists)
    clock.at = AS_OF
    with rt.sessions.begin() as session:  # came at the moment of the count, and so after it
        number = resident_number("530102", 1950, 1, 1, 999)
        people.add(session, rt, id_number=number, name="后", region="kunming")
    return found


def listed(session: Session, region: str, at: datetime) -> PaymentList:
    """A list of suspensions, released before the months of the report or within them."""
    out = at + timedelta(days=-10 if at == AS_OF else 10)
    row = PaymentList(id=new_id(), kind="suspension", region=region, month=month(at), part=1, proposed_by="x")
    row.proposed_at = row.released_at = out
    session.add(row)
    session.flush()
    return row


def living(session: Session, rt: Runtime, chance: Random, n: int) -> Known:
    """Somebody new on the roll."""
    region, year = chance.choice(["kunming", "qingdao"]), chance.choice(list(AGES))
    dialect, phone = chance.choice(["mandarin", "sichuanese", None]), chance.choice(list(PHONES))
    number = resident_number("530102", year, 6, 15, 1 + n)
    numbers = [form.format(n) for form in PHONES[phone]]
    facts = {"id_number": number, "name": "吴", "region": region, "dialect": dialect}
    person = people.add(session, rt, **facts, relative_phone=f"13999{n:06}")  # type: ignore[arg-type]
    for one in numbers:
        people.add(session, rt, **facts, phone=one)  # type: ignore[arg-type]
    declared = chance.sample(list(Declared), chance.choice([0, 0, 1, 2]))
    for one in declared:
        needs.declare(session, rt, person, one, "clerk")
    weightiest = ["cannot_speak", "hard_of_hearing", "illness", "alone", "no_mobile", "sole_income"]
    session.execute(delete(Period).where(Period.person_id == person.id))
    return Known(
        person.id,
        region,
        dialect or "",
        AGES[year],
        "male" if (1 + n) % 2 else "female",
        "mobile" if phone == "both" else phone,
        next((one for one in weightiest if one in declared), ""),
    )


def happen(session: Session, rt: Runtime, chance: Random, one: Known, lists: list[PaymentList]) -> None:
    """Whatever may happen to somebody between before the report's months and after its count."""

    def some(days: int = 150) -> datetime:
        return BEGAN + timedelta(days=chance.random() * days)

    opens = date(2025, 11, 1) + timedelta(days=chance.randrange(20))
    for _ in range(3):
        due = opens + timedelta(days=chance.randrange(20, 60))
        period = Period(id=new_id(), person_id=one.id, opens=opens, due=due)
        session.add(period)
        session.flush()
        if chance.random() < 0.5:
            at, kind = datetime.combine(due, datetime.min.time(), UTC) + timedelta(days=chance.randrange(-9, 9)), ""
            kind = chance.choice(KINDS)
            period.closed_at, period.closed_by = at, proof(session, one, kind, at)
            if at < AS_OF:
                one.stretches.append((opens, due, at))
                one.closed.append((at, kind))
            else:
                one.over.append(due)
        else:
            one.over.append(due)
        opens = due + timedelta(days=1)
    for _ in range(chance.choice([0, 0, 1, 3])):
        at, reason = some(), chance.choice(list(REASONS))
        session.add(Attempt(id=new_id(), person_id=one.id, method="voice", reason=reason, ref=new_id(), at=at))
        one.refused.append((at, REASONS[reason]))
    if chance.random() < 0.2:
        at = some()
        journal.write(session, at, "line", "PIN locked", f"person:{one.id}", wrong=5)
        one.refused.append((at, "pin"))
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        question(session, chance, one, some())
    if chance.random() < 0.3:
        text(session, rt, chance, one, some())
    if chance.random() < 0.3:
        on = chance.choice(lists)
        state = chance.choice(["suspended", "restored", "dropped"])
        period_id = period.id
        session.add(
            Suspension(id=new_id(), list_id=on.id, person_id=one.id, period_id=period_id, state=state, blocks=[])
        )
        released = on.released_at
        one.suspended = state != "dropped" and released is not None and month(released) >= FIRST
    if chance.random() < 0.1:
        person = session.get_one(Person, one.id)
        bereavement.report(session, rt, person, source="desk", ref=one.id, by="clerk")
        bereavement.answer(session, rt, person, bereavement.Verdict.DEAD, "clerk")
        one.dead = True


def proof(session: Session, one: Known, kind: str, at: datetime, ref: str | None = None) -> str:
    """Evidence; its identifier."""
    row = Evidence(id=new_id(), person_id=one.id, kind=kind, strength=4, source="x", ref=ref or new_id())
    row.receipt, row.observed_at, row.recorded_at = new_id()[:20], at, at
    session.add(row)
    session.flush()
    if kind in ("voice", "pin", "code"):
        one.proved.append(at)
    return row.id


def question(session: Session, chance: Random, one: Known, at: datetime) -> None:
    """A question about somebody for a human."""
    kind = chance.choice([CaseKind.CALL_BACK, CaseKind.LIMIT_REACHED, CaseKind.NO_PIN, CaseKind.NO_TEMPLATE])
    decided = None if chance.random() < 0.3 else at + timedelta(hours=chance.choice([0.01, 5, 71.5, 72.5, 100, 800]))
    row = Case(id=new_id(), cause=new_id(), kind=kind.value, person_id=one.id, rank="11", opened_at=at)
    row.decided_at, row.state = decided, "decided" if decided else "open"
    session.add(row)
    one.asked.append((at, decided))
    if kind is not CaseKind.CALL_BACK:
        one.refused.append((at, "limit" if kind is CaseKind.LIMIT_REACHED else "nothing"))


def text(session: Session, rt: Runtime, chance: Random, one: Known, at: datetime) -> None:
    """Six digits by text, or thanks."""
    read, right = chance.choice([("pin", True), ("pin", False), ("thanks", False)])
    row = Text(id=new_id(), provider="x", provider_ref=new_id(), read=read, person_id=one.id, received_at=at)
    row.from_sealed, row.from_index = rt.keys.seal(b"x", seals.writer(row.id)), "x"
    session.add(row)
    if right:
        proof(session, one, "code", at, row.id)
    day = at.astimezone(SHANGHAI).date()
    open_then = not any(opens <= day <= due and closed <= at for opens, due, closed in one.stretches)
    if read == "pin" and not right and open_then:
        one.refused.append((at, "text"))


def recount(town: list[Known]) -> Counter[tuple[object, ...]]:
    """Every cell, counted plainly: months, measure, month, route, and the group."""
    found = Counter[tuple[object, ...]]()
    begin = datetime(2026, 1, 1, tzinfo=SHANGHAI)
    for one in town:
        closed = sorted((at, kind) for at, kind in one.closed if begin <= at)
        refused = sorted((at, why) for at, why in one.refused if begin <= at < AS_OF)
        for m in (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)):
            end = min(AS_OF, datetime(m.year, m.month + 1, 1, tzinfo=SHANGHAI))
            kinds = [kind for at, kind in closed if month(at) == m]
            whys = [why for at, why in refused if month(at) == m]
            if kinds:
                found[1, "certified", m, kinds[0], *one.group] += 1
            if whys and not kinds:
                route = "pin" if whys[0] in ("pin", "text") else "voice"
                found[1, "failed", m, route, *one.group] += 1
            if not one.dead and any(due.replace(day=1) == m and due < date(2026, 3, 20) for due in one.over):
                found[1, "unresolved", m, "", *one.group] += 1
            if any(opened < end and not (decided and decided < end) for opened, decided in one.asked):
                found[1, "waiting", m, "", *one.group] += 1
            for opened, decided in one.asked:
                if decided and decided < AS_OF and month(decided) == m:
                    hours = max(1, ceil((decided - opened).total_seconds() / 3600))
                    found[1, f"decided:{hours if hours <= 72 else ceil(hours / 24) * 24}", m, "", *one.group] += 1
        whole = {why for _, why in refused} | {"people"}
        if refused:
            whole |= {"rejected"}
            whole |= {"left"} if not any(at >= refused[-1][0] for at, _ in one.closed) else set()
        if refused or any(begin <= shown < AS_OF for shown in one.proved):
            whole |= {"tried"}
        if one.suspended:
            whole |= {"suspended"}
        for measure in whole:
            found[MONTHS, measure, FIRST, "", *one.group] += 1
    return found
