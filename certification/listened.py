"""Who listened to which recording: counted from the journal, what is unusual first."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification.audit import Wanted, every
from certification.errors import Problem
from certification.store import Case, JournalEntry, KnownCase, Person

LISTENED = "recording listened to"
MOST = 100_000  # entries that are counted at once
MANY = 300  # different recordings in one hour; one case has about ten
_HELD, _LEFT = "case taken", ("case given back", "case decided")
_GONE = (None, "")
"""Of a case that is no more: it cannot be said whose it was, so no region sees it."""
_CHUNK = 500


class By(StrEnum):
    """By what it is counted."""

    OPERATOR = "operator"
    PERSON = "person"
    RECORDING = "recording"


class ListenedTooOften(Problem):
    """Not every time that somebody listened can be counted for one file."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"这些天里听了不止 {most} 次，没有生成文件：请少选几天再下载。",
            f"Somebody listened more than {most} times in these days, and no file was made: choose fewer days.",
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """Somebody listened once. `held`: whether they had the case then; `person_id`: whom the case is about, if known."""

    seq: int
    at: datetime
    by: str
    recording: str
    case: str
    person_id: str | None
    held: bool


@dataclass(slots=True)
class Counted:
    """What was listened to by one operator, or of one person or recording.

    `busiest`: different recordings that one operator listened to in one hour.
    """

    key: str
    times: int = 0
    unheld: int = 0
    busiest: int = 0
    recordings: set[str] = field(default_factory=set)
    listeners: set[str] = field(default_factory=set)
    last: datetime | None = None

    @property
    def unusual(self) -> bool:
        """Whether somebody should look at it."""
        return self.unheld > 0 or self.busiest >= MANY


def heard(
    session: Session, since: date, until: date, region: str | None = None, most: int = MOST
) -> tuple[list[Heard], bool]:
    """What was listened to on these days, the newest first, and whether there was more than the `most` gone through.

    Of what a region sees to, where it is named: cases of its people, those that it has with a known answer, and those
    of somebody on no roll. Somebody has a case from when they took it until they or somebody else took it, gave it
    back, or decided it.
    """
    wanted = Wanted(action=LISTENED, since=since, until=until)
    entries = every(session, wanted, most + 1)
    found = [(one.seq, one.at, one.actor, one.subject, _case(one.detail)) for one in entries]
    cut, found = len(found) > most, found[:most]
    cases = sorted({case for *_, case in found})
    people, hands = _people(session, cases), _hands(session, cases)
    theirs = [
        Heard(seq, at, by, subject.partition(":")[2], case, people.get(case, _GONE)[0], held)
        for seq, at, by, subject, case in found
        if region is None or people.get(case, _GONE)[1] in (None, region)
        for held in (_had(hands.get(case, []), seq, by),)
    ]
    return theirs, cut


def counted(found: Iterable[Heard], by: By) -> list[Counted]:
    """Counts by operator, person or recording: what is unusual first, then what was listened to most."""
    rows, hours = dict[str, Counted](), defaultdict[tuple[str, str, datetime], set[str]](set)
    for one in found:
        key = {By.OPERATOR: one.by, By.PERSON: one.person_id or "", By.RECORDING: one.recording}[by]
        row = rows.setdefault(key, Counted(key))
        row.times += 1
        row.unheld += not one.held
        row.recordings.add(one.recording)
        row.listeners.add(one.by)
        row.last = max(one.at, row.last or one.at)
        hours[key, one.by, one.at.replace(minute=0, second=0, microsecond=0)].add(one.recording)
    for (key, _, _), recordings in hours.items():
        rows[key].busiest = max(rows[key].busiest, len(recordings))
    return sorted(rows.values(), key=lambda row: (not row.unusual, -row.unheld, -row.busiest, -row.times, row.key))


def _case(detail: str) -> str:
    return str(json.loads(detail).get("case", ""))


def _chunks(cases: list[str]) -> Iterator[list[str]]:
    return (cases[start : start + _CHUNK] for start in range(0, len(cases), _CHUNK))


def _people(session: Session, cases: list[str]) -> dict[str, tuple[str | None, str | None]]:
    """Whom cases are about, and of which region they are; None: of every one."""
    found = dict[str, tuple[str | None, str | None]]()
    for some in _chunks(cases):
        region = func.coalesce(Person.region, KnownCase.region)
        rows = select(Case.id, Case.person_id, region).outerjoin(Person, Person.id == Case.person_id)
        rows = rows.outerjoin(KnownCase, KnownCase.case_id == Case.id)
        found |= {case: (person, region) for case, person, region in session.execute(rows.where(Case.id.in_(some)))}
    return found


def _hands(session: Session, cases: list[str]) -> dict[str, list[tuple[int, str | None]]]:
    """In whose hands cases were from which entry on."""
    found = defaultdict[str, list[tuple[int, str | None]]](list)
    for some in _chunks(cases):
        about = JournalEntry.subject.in_([f"case:{one}" for one in some])
        rows = select(JournalEntry.seq, JournalEntry.action, JournalEntry.actor, JournalEntry.subject)
        passed = rows.where(about, JournalEntry.action.in_((_HELD, *_LEFT))).order_by(JournalEntry.seq)
        for seq, action, actor, subject in session.execute(passed):
            found[subject.removeprefix("case:")].append((seq, actor if action == _HELD else None))
    return found


def _had(hands: list[tuple[int, str | None]], seq: int, by: str) -> bool:
    before = bisect_left(hands, seq, key=lambda one: one[0])
    return before > 0 and hands[before - 1][1] == by
