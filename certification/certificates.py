"""Certificates: whether a receipt's number certifies, for whoever asks, with nothing personal; and who may have one."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import bereavement, certifying, people
from certification.errors import Problem
from certification.evidence import Kind
from certification.receipts import DIGITS, DIGITS_OF_RECORDS, check_digit
from certification.runtime import Runtime
from certification.store import ComparisonRun, Evidence, KeptEvidence, Period, Person

WAYS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        Kind.VOICE: ("电话语音", "by voice on the telephone"),
        Kind.PIN: ("电话密码", "by PIN on the telephone"),
        Kind.CODE: ("短信回复码", "by a one-time code in a text message"),
        Kind.DESK: ("社保窗口", "at a desk"),
        Kind.AGENT: ("代办单位", "by a certifying agent"),
        Kind.PAPER: ("纸质表", "by a form"),
        Kind.POST: ("邮寄材料", "by post"),
        Kind.VISIT: ("上门服务", "by a home visit"),
        Kind.RECORD: ("数据比对", "by records of other offices"),
    }
)
"""By what kind of route, in Chinese and in English."""
_OTHERWISE = ("其他途径", "by another route")
_SEPARATORS = frozenset(" -·\t")


class NotCertifiedYet(Problem):
    """No period of the person is certified: there is nothing to print."""

    def __init__(self) -> None:
        super().__init__(
            "此人还没有已完成的认证，不能出具证明：请先认证（stillhere people show 可查截止日期）。",
            "No period of this person is certified, so there is no certificate: certify them first.",
        )


@dataclass(frozen=True, slots=True)
class Certificate:
    """What may be told of a receipt to whoever has its number.

    `certifies`: whether it certifies the period from `opens` to `until`. `stands`: whether it does so today.
    `withdrawn`: it was, and the comparison that it rests on was undone. `erased`: it was issued, and the person's data
    were erased since; no more is known of it, but that it was withdrawn.
    """

    number: str
    on: date
    region: str
    kind: str
    certifies: bool = False
    opens: date | None = None
    until: date | None = None
    stands: bool = False
    withdrawn: bool = False
    erased: bool = False

    @property
    def way(self) -> tuple[str, str]:
        """By what kind of route, in Chinese and in English."""
        return WAYS.get(self.kind, _OTHERWISE)


@dataclass(frozen=True, slots=True)
class Printed:
    """A certificate for its holder: name, and what may be shown of the identity number."""

    certificate: Certificate
    name: str = field(repr=False)
    number_shown: str = field(repr=False)


def read(text: str) -> str | None:
    """A number as it was keyed or written; None where a digit is missing, too many, or does not check. Pure."""
    plain = "".join(one for one in unicodedata.normalize("NFKC", text) if one not in _SEPARATORS)
    if len(plain) not in (DIGITS, DIGITS_OF_RECORDS) or not (plain.isascii() and plain.isdigit()):
        return None
    return plain if check_digit(plain[:-1]) == plain[-1] else None


def check(session: Session, rt: Runtime, number: str) -> Certificate | None:
    """What became of a receipt; None for a number that was never given out. It says nothing of the person.

    Whoever lets strangers ask limits how often: of a billion numbers, ten million may be somebody's in a few years.
    """
    plain = read(number)
    if plain is None:
        return None
    evidence = session.scalars(select(Evidence).where(Evidence.receipt == plain)).first()
    if evidence is not None:
        return _of(session, rt, evidence)
    kept = session.scalars(
        select(KeptEvidence).where(KeptEvidence.receipt == plain).order_by(KeptEvidence.kept_at.desc())
    ).first()
    if kept is None:
        return None
    day = certifying.day_of(kept.observed_at)
    return Certificate(plain, day, kept.region, kept.kind, withdrawn=_undone(session, kept), erased=True)


def issue(session: Session, rt: Runtime, person: Person) -> Printed:
    """The certificate of the person's latest certified period, to be printed. Raises NotCertifiedYet, SealBroken."""
    closing = select(Evidence).join(Period, Period.closed_by == Evidence.id).where(Period.person_id == person.id)
    evidence = session.scalars(closing.order_by(Period.opens.desc()).limit(1)).first()
    if evidence is None:
        raise NotCertifiedYet
    number = people.number_of(rt.keys, person).text
    return Printed(_of(session, rt, evidence), people.reveal(rt.keys, person).name, partly_hidden(number))


def partly_hidden(number: str) -> str:
    """An identity number with place and year alone: a call asks for the last four, and a PIN may be the birthday."""
    return f"{number[:6]} {number[6:10]} **** ****"


def _of(session: Session, rt: Runtime, evidence: Evidence) -> Certificate:
    day = certifying.day_of(evidence.observed_at)
    person = session.get_one(Person, evidence.person_id)
    its_own = select(Period).where(Period.person_id == person.id, Period.opens <= day, Period.due >= day)
    period = session.scalars(its_own.order_by(Period.opens.desc()).limit(1)).first()
    withdrawn = evidence.withdrawn_at is not None
    if withdrawn or period is None or not _certifies(session, evidence, period):
        return Certificate(evidence.receipt, day, person.region, evidence.kind, withdrawn=withdrawn)
    stands = certifying.day_of(rt.now()) <= period.due and not bereavement.deceased(session, person.id)
    return Certificate(
        evidence.receipt,
        day,
        person.region,
        evidence.kind,
        certifies=True,
        opens=period.opens,
        until=period.due,
        stands=stands,
    )


def _undone(session: Session, kept: KeptEvidence) -> bool:
    """Whether a kept receipt was taken back: its comparison is asked, whichever of the two came first."""
    run = session.get(ComparisonRun, kept.run_id) if kept.run_id is not None else None
    return kept.withdrawn_at is not None or (run is not None and run.state in ("undoing", "undone"))


def _certifies(session: Session, evidence: Evidence, period: Period) -> bool:
    """Whether this closed the period, or would have if another that is no stronger had not been the first."""
    if period.closed_by is None:
        return False
    return evidence.strength >= session.get_one(Evidence, period.closed_by).strength
