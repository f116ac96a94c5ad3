"""Cases whose answer is known, among the others: they measure who decides them, and nothing follows from them.

Of nobody on the roll: in the queue and in the room they look like a doubted voice, with a name and numbers made up (see
certification.disguise). The score shown is drawn the same way whoever speaks, so that ears are measured and not trust
in a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from certification import cases, journal, judgements, periods, seals
from certification.cases import PATIENCE, CaseKind, DecidedAlready
from certification.errors import Problem
from certification.judgements import Part
from certification.regions import SHANGHAI, Region
from certification.runtime import Runtime
from certification.store import Call, Case, KnownCase, Recording, SpokenTurn, new_id

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = ("秀英", "桂兰", "玉珍", "凤英", "素芬", "淑华", "建国", "德明", "志强", "国华", "永福", "文清", "金凤", "春梅")
MOST_DAYS = 90  # that a recording is kept, as the notice says of every one; see ivr.spoken
PER_SECOND = 8000  # bytes of mu-law
THRESHOLD = 5.0
"""Natural-log likelihood ratio; of a score that is shown where none was weighed yet."""
UP = range(7, 20)
"""Hours of a day in Shanghai in which people call, and are enrolled."""
_SAYING_S = (4, 12)  # between two recordings: the next words are said to the caller
_WEIGHING_S = (5, 30)  # from the last recording until there is a case
_OTHERS = {(): 12, ("relative",): 5, ("self",): 3}
"""Whose telephones are on record beside the one that called, and how often."""


class AudioTooShort(Problem):
    """A recording in which nobody can be heard."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"录音 {name} 不到一秒，听不出是谁。", f"{name} is shorter than a second: nobody can be heard."
        )


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording: mu-law at 8 kHz, and the words in it as far as they are known."""

    name: str
    audio: bytes = field(repr=False)
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides of a case, and whether one speaker is on both. `dialect`: what they speak, where it is known."""

    same: bool
    enrolled: Sequence[Clip]
    attempt: Sequence[Clip]
    dialect: str | None = None


@dataclass(frozen=True, slots=True)
class Looks:
    """What a case is to look like beside its voices. `surname`: of whom it seems to be; None: any of the commonest.

    `numbers`: llr, threshold and score; None: drawn. `before`, `near`: what the room shows of earlier tries and of
    neighbours (certification.disguise). `first`: whether it goes before others. `left`: days until the period ends,
    where each person has their own.
    """

    surname: str | None = field(default=None, repr=False)
    numbers: Mapping[str, float] | None = None
    before: Sequence[Mapping[str, Any]] = ()
    near: Sequence[Mapping[str, Any]] = ()
    first: bool = False
    left: int | None = None


PLAIN = Looks()
"""As of somebody who never called before, and whose telephone is theirs alone."""


def seed(session: Session, rt: Runtime, region: Region, pair: Pair, *, by: str, looks: Looks = PLAIN) -> Case:
    """Put a case among those that wait in a region. Raises AudioTooShort.

    Its recordings are kept as long as any other of the region's.
    """
    today = rt.now().astimezone(SHANGHAI).date()
    due = _due(rt, region, today, looks.left)
    call = Call(id=new_id(), sid=f"known:{new_id()}", state={}, outcome="known", started_at=rt.now())
    call.touched_at = call.ended_at = call.seen_to_at = rt.now()
    session.add(call)
    session.flush()
    called = _by_day(rt, rt.now())  # seeded together, they do not look so
    most = max(min(region.recording_days, MOST_DAYS) - 2, 1)  # an enrolment of which the recordings are still there
    before = _by_day(rt, called - timedelta(days=rt.random.randint(min(5, most), most)))
    enrolled, _ = _kept(session, rt, region, call, pair.enrolled, before)
    attempt, over = _kept(session, rt, region, call, pair.attempt, called)
    kind = CaseKind.VOICE_DOUBT
    case = cases.open_case(session, rt, kind=kind, cause=f"{kind}:{new_id()}", actor=by)
    case.rank = cases.rank(kind, min(due, today + PATIENCE), first=looks.first)
    case.opened_at = min(over + timedelta(seconds=rt.random.randint(*_WEIGHING_S)), rt.now())
    about = _made_up(rt, region, pair, looks) | {"enrolled": enrolled, "attempt": attempt, "due": due.isoformat()}
    known = {"case_id": case.id, "region": region.code, "same": pair.same, "about": about}
    session.add(KnownCase(**known, seeded_by=by, seeded_at=rt.now()))
    journal.write(session, rt.now(), by, "known case seeded", f"case:{case.id}", region=region.code)
    session.flush()
    return case


def of(session: Session, case_id: str) -> KnownCase | None:
    """What is known of a case; None of every real one."""
    return session.get(KnownCase, case_id)


def real() -> ColumnElement[bool]:
    """In a query of cases: that they are somebody's, for whatever counts them."""
    return ~select(KnownCase.case_id).where(KnownCase.case_id == Case.id).exists()


def due(known: KnownCase) -> date:
    """When the period seems to end that the case seems to be about."""
    return date.fromisoformat(str(known.about["due"]))


def judge(
    session: Session, rt: Runtime, case: Case, known: KnownCase, *, verdict: str, step: str | None, by: str
) -> None:
    """Write down what somebody found; that is all that follows. Raises DecidedAlready."""
    if not cases.decide(session, rt, case, verdict=verdict, by=by):
        raise DecidedAlready(session.get_one(Case, case.id, populate_existing=True))
    judgements.note(session, rt, case, Part.KNOWN, by=by, verdict=verdict, step=step, reason=None, same=known.same)


def _due(rt: Runtime, region: Region, today: date, left: int | None) -> date:
    """The last day of a period: where the calendar has one for everybody, that of everybody."""
    if (span := periods.everybodys(region.interval, today)) is not None:
        return span.due
    return today + timedelta(days=rt.random.randrange(5, 200) if left is None else left)


def _by_day(rt: Runtime, before: datetime) -> datetime:
    """A moment of the day that ends here, at which people are up."""
    while True:
        at = before - timedelta(seconds=rt.random.randrange(60, 24 * 60 * 60))
        if at.astimezone(SHANGHAI).hour in UP:
            return at


def _kept(
    session: Session, rt: Runtime, region: Region, call: Call, clips: Sequence[Clip], at: datetime
) -> tuple[list[str], datetime]:
    """Keep the recordings of a call that began then; their identifiers, and when it was over."""
    kept = []
    for clip in clips:
        kept.append(_keep(session, rt, region, call, clip, at))
        at += timedelta(seconds=len(clip.audio) / PER_SECOND + rt.random.randint(*_SAYING_S))
    return kept, at


def _keep(session: Session, rt: Runtime, region: Region, call: Call, clip: Clip, at: datetime) -> str:
    if len(clip.audio) < PER_SECOND:
        raise AudioTooShort(clip.name)
    turn, identifier = new_id(), new_id()
    n = len(session.scalars(select(SpokenTurn.id).where(SpokenTurn.call_id == call.id)).all())
    turns = {"id": turn, "call_id": call.id, "n": n, "token_hash": new_id(), "plan": {}, "state": "done"}
    session.add(SpokenTurn(**turns, expires_at=rt.now()))
    session.flush()
    kept = Recording(
        id=identifier,
        call_id=call.id,
        spoken_turn_id=turn,
        sealed=rt.keys.seal(clip.audio, seals.recording(identifier, call.id)),
        seconds=len(clip.audio) / PER_SECOND,
        asked=list(clip.words),
        heard=list(clip.words),
        recorded_at=at,
        erase_after=rt.now() + timedelta(days=min(region.recording_days, MOST_DAYS)),
    )
    session.add(kept)
    session.flush()
    return identifier


def _made_up(rt: Runtime, region: Region, pair: Pair, looks: Looks) -> dict[str, Any]:
    """Somebody who is nobody."""
    surname = looks.surname or rt.random.choice(SURNAMES)
    [others] = rt.random.choices(list(_OTHERS), list(_OTHERS.values()))
    return {
        "name": surname + rt.random.choice(GIVEN),
        "dialect": pair.dialect or rt.random.choice(list(region.dialects)),
        "telephone": _number(rt),
        "others": [[_number(rt), whose] for whose in others],
        **(numbers(rt, THRESHOLD) if looks.numbers is None else looks.numbers),
        "before": [dict(one) for one in looks.before],
        "near": [dict(one) for one in looks.near],
    }


def _number(rt: Runtime) -> str:
    """It begins as no mobile does that is in use: it rings nowhere."""
    return f"+86140{rt.random.randrange(10**8):08d}"


def numbers(rt: Runtime, threshold: float) -> dict[str, float]:
    """A score as doubted voices have them."""
    llr = threshold - rt.random.uniform(0.2, 6.0)
    return {"llr": round(llr, 3), "threshold": threshold, "score": round(0.25 + 0.04 * llr, 4)}
