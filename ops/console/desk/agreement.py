"""How well the samples of an enrolment agree: the numbers, and a picture of them."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification.erasure import ENROL
from certification.store import Assessment, Person

_LEFT, _WIDE, _ROW, _TOP = 130, 490, 46, 30
_FULL = "#0b4f6c"
_ODD = "#8c1c13"


@dataclass(frozen=True, slots=True)
class Agreed:
    """The likeness of each sample with the others, in [-1, 1], and from where on they are taken to be one voice."""

    each: tuple[float, ...]
    enough: float

    @property
    def fit(self) -> bool:
        """Whether all are taken to be one voice."""
        return min(self.each) >= self.enough


def of(session: Session, person: Person) -> Agreed | None:
    """The agreement of the person's last enrolment; None where none was weighed."""
    mine = select(Assessment).where(Assessment.person_id == person.id, Assessment.purpose == ENROL)
    done = mine.where(Assessment.state == "done").order_by(Assessment.asked_at.desc(), Assessment.id)
    last = session.scalars(done.limit(1)).first()
    if last is None or not last.detail.get("each") or "enough" not in last.detail:
        return None
    return Agreed(tuple(float(one) for one in last.detail["each"]), float(last.detail["enough"]))


def picture(agreed: Agreed) -> str:
    """A bar a sample and a line where agreement begins, as SVG; a bar that falls short is hatched, not only red."""
    high = _TOP + _ROW * len(agreed.each) + 34
    line = _LEFT + _WIDE * _share(agreed.enough)
    bottom = _TOP + _ROW * len(agreed.each)
    drawn = [_bar(place, one, agreed) for place, one in enumerate(agreed.each)]
    said = escape(str(gettext("enrol.line")))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {high}" font-family="sans-serif" font-size="24">'
        f'<defs><pattern id="odd" width="10" height="10" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="10" height="10" fill="#fff"/><rect width="5" height="10" fill="{_ODD}"/></pattern></defs>'
        f'<rect width="760" height="{high}" fill="#fff"/>{"".join(drawn)}'
        f'<line x1="{line:.0f}" x2="{line:.0f}" y1="{_TOP - 6}" y2="{bottom + 4}" stroke="#16202a"'
        f' stroke-width="3" stroke-dasharray="8 5"/>'
        f'<text x="{line:.0f}" y="{bottom + 27}" text-anchor="middle" fill="#16202a">{said}</text></svg>'
    )


def _bar(place: int, score: float, agreed: Agreed) -> str:
    top, fits = _TOP + _ROW * place, score >= agreed.enough
    wide = max(_WIDE * _share(score), 2)
    fill = _FULL if fits else "url(#odd)"
    name = escape(str(gettext("enrol.sample", n=place + 1)))
    return (
        f'<text x="{_LEFT - 12}" y="{top + 26}" text-anchor="end" fill="#16202a">{name}</text>'
        f'<rect x="{_LEFT}" y="{top + 4}" width="{wide:.0f}" height="{_ROW - 16}" fill="{fill}"'
        f' stroke="{_FULL if fits else _ODD}" stroke-width="2"/>'
        f'<text x="{_LEFT + _WIDE + 16}" y="{top + 26}" fill="#16202a">{score:.2f} {"✓" if fits else "?"}</text>'
    )


def _share(score: float) -> float:
    return min(max(score, 0.0), 1.0)
