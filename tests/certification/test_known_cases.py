"""Known cases: they wait among the others of their region, and go as recordings do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certification import cases, erasure, holding, knowncases
from certification.cases import CaseKind
from certification.knowncases import Clip, Pair
from certification.runtime import Runtime
from certification.store import KnownCase, Person, Recording
from tests.certification.conftest import Clock
from tests.certification.sealed import count
from tests.certification.test_review import spoken
from tests.certification.test_secondlooks import WEI, seeded


def test_a_known_case_waits_among_the_others_of_its_region_alone(rt: Runtime, wu: Person) -> None:
    voice, known = spoken(rt, wu), seeded(rt)
    with rt.sessions() as session:
        found = holding.waiting(session, rt, most=10, region="kunming")
        assert {one.id for one in found} == {voice, known}
        assert {(one.kind, one.region, one.due is None) for one in found} <= {
            (CaseKind.VOICE_DOUBT, "kunming", one) for one in (True, False)
        }
        assert [one.due is None for one in found if one.id == known] == [False]
        assert holding.waiting(session, rt, most=10, region="qingdao") == []


def test_recordings_of_known_cases_go_when_their_days_are_over(rt: Runtime, wu: Person, clock: Clock) -> None:
    seeded(rt)
    assert count(rt, Recording) == 4
    clock.at += timedelta(days=rt.regions["kunming"].recording_days)
    with rt.sessions.begin() as session:
        assert erasure.outdated_recordings(session, rt, "schedule") == 4
    assert (count(rt, Recording), count(rt, KnownCase)) == (0, 1)


def test_too_short_a_recording_is_no_known_case(rt: Runtime) -> None:
    with pytest.raises(knowncases.AudioTooShort), rt.sessions.begin() as session:
        pair = Pair(True, [Clip("a.wav", b"\x7f" * 8000)], [Clip("b.wav", b"\x7f" * 100)])
        knowncases.seed(session, rt, rt.regions["kunming"], pair, by=WEI)
    with rt.sessions() as session:
        assert cases.waiting(session, most=1) == []
