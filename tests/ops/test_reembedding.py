"""A new encoder: templates made again from what is kept, the rest listed, and never a silent mix."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from certification import consent
from certification.runtime import Runtime
from certification.store import Person, Recording, VoiceTemplate
from ops import jobs
from ops.reembedding import Fate, outdated, reembed
from ops.voices import Bench
from tests.ops.voices import ENROLMENT, SAME, Desk


@pytest.fixture
def before(desk: Desk, bench: Bench, rt: Runtime) -> Desk:
    """Mr Wu, enrolled by telephone under an encoder that is not used any more."""
    with rt.sessions.begin() as session:
        consent.record(session, rt, session.get_one(Person, desk.wu.id), text="同意", how="phone", by="line")
    jobs.assess(desk.ask(ENROLMENT, "enrol"))
    with rt.sessions.begin() as session:
        [row] = session.scalars(select(VoiceTemplate))
        row.encoder = "another"
    return desk


def old(rt: Runtime, bench: Bench) -> list[str]:
    with rt.sessions() as session:
        return outdated(session, bench.comparer.encoder.name)


def test_a_template_is_made_again_from_its_recordings_once(before: Desk, bench: Bench, rt: Runtime) -> None:
    [identifier] = old(rt, bench)
    assert [reembed(rt, bench, identifier) for _ in range(2)] == [Fate.REEMBEDDED, Fate.NOT_IN_USE]
    assert old(rt, bench) == []
    with rt.sessions() as session:
        older, newer = session.scalars(select(VoiceTemplate).order_by(VoiceTemplate.retired_at.is_(None)))
    assert newer.confirmed_at == older.confirmed_at is not None
    asked = before.ask(SAME)
    jobs.assess(asked)
    detail = before.assessment(asked).detail
    assert detail["llr"] >= detail["threshold"]


def test_without_its_recordings_the_person_is_enrolled_again(before: Desk, bench: Bench, rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        session.execute(delete(Recording))
    [identifier] = old(rt, bench)
    assert reembed(rt, bench, identifier) is Fate.NO_AUDIO
    assert old(rt, bench) == [identifier]


def test_without_consent_nothing_is_made(before: Desk, bench: Bench, rt: Runtime) -> None:
    before.disagrees()
    assert [reembed(rt, bench, one) for one in old(rt, bench)] == [Fate.NOT_IN_USE]


def test_a_template_from_files_cannot_be_made_again(enrolled: Desk, bench: Bench, rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        [row] = session.scalars(select(VoiceTemplate))
        row.encoder = "another"
    assert [reembed(rt, bench, one) for one in old(rt, bench)] == [Fate.NO_AUDIO]
