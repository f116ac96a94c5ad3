"""A machine's voice, and a turn said by somebody else: a human listens, whatever the whole sounds like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from certification import consent, templates
from certification.known_settings import SUSPICIONS
from certification.runtime import Runtime
from certification.store import Person
from ops import jobs
from ops.voices import Bench
from tests.certification.conftest import Clock
from tests.conversations.speakers import Speaker
from tests.ops.voices import ENROLMENT, SAME, WORDS, Desk
from voiceprint import audio, synthetic
from voiceprint.challenge import Suspicion
from voiceprint.scoring import enrol


def test_every_suspicion_can_be_only_noted() -> None:
    assert {*SUSPICIONS} == {*Suspicion}


@pytest.fixture
def listening(bench: Bench) -> Bench:
    """The bench with the shipped countermeasure."""
    return replace(bench, countermeasure=synthetic.load())


def test_a_machine_goes_to_a_human_though_its_voice_would_do(enrolled: Desk, listening: Bench) -> None:
    jobs.use(listening)
    asked = enrolled.ask(SAME)
    jobs.assess(asked)
    detail = enrolled.assessment(asked).detail
    assert detail["llr"] >= detail["threshold"]
    assert enrolled.outcome(asked) == "human"
    assert [*detail["suspicions"]] == ["synthetic"]
    assert detail["suspicions"]["synthetic"]["llr"] >= listening.countermeasure.operation.threshold
    assert (enrolled.evidence(), enrolled.cases()) == (0, ["voice_doubt"])


def test_where_machines_are_only_noted_they_are_written_down(enrolled: Desk, listening: Bench, rt: Runtime) -> None:
    noting = replace(rt, settings=replace(rt.settings, only_noted=("synthetic",)))
    jobs.use(replace(listening, rt=noting))
    asked = enrolled.ask(SAME)
    jobs.assess(asked)
    assert enrolled.outcome(asked) == "certified"
    assert [*enrolled.assessment(asked).detail["suspicions"]] == ["synthetic"]


@pytest.mark.parametrize("noted", [False, True])
def test_a_machine_that_enrols_by_telephone_waits_for_a_human(
    desk: Desk, listening: Bench, rt: Runtime, noted: bool
) -> None:
    settings = replace(rt.settings, only_noted=("synthetic",) if noted else ())
    jobs.use(replace(listening, rt=replace(rt, settings=settings)))
    with rt.sessions.begin() as session:
        consent.record(session, rt, session.get_one(Person, desk.wu.id), text="同意", how="phone", by="line")
    asked = desk.ask(ENROLMENT, "enrol")
    jobs.assess(asked)
    assert desk.outcome(asked) == "enrolled", "a score refuses nobody"
    assert [*desk.assessment(asked).detail["suspicions"]] == ["synthetic"]
    with rt.sessions() as session:
        template = templates.current(session, session.get_one(Person, desk.wu.id))
        assert template is not None
        assert (template.confirmed_at is not None) is noted


@pytest.fixture
def real(desk: Desk, bench: Bench, rt: Runtime, shared: Path) -> Speaker:
    """A person, enrolled as Mr Wu."""
    speaker = Speaker(shared, "s25")
    template = enrol(bench.comparer.encoder, [audio.telephone(speaker.enrols(WORDS[:4])) for _ in range(3)])
    with rt.sessions.begin() as session:
        person = session.get_one(Person, desk.wu.id)
        consent.record(session, rt, person, text="同意", how="desk", by="clerk")
        bench.keep(session, person, template, "files", confirmed_at=rt.now())
    return speaker


@pytest.mark.parametrize(("second", "outcome"), [("s25", "certified"), ("s23", "human")])
def test_a_turn_said_by_somebody_else_goes_to_a_human(
    real: Speaker, desk: Desk, shared: Path, second: str, outcome: str
) -> None:
    other = real if second == real.name else Speaker(shared, second)
    turns = [real.repeats(WORDS[:3]), other.repeats(WORDS[3:6])]
    asked = desk.ask([audio.encode_mulaw(turn) for turn in turns])
    jobs.assess(asked)
    detail = desk.assessment(asked).detail
    assert detail["llr"] >= detail["threshold"], "the whole would do"
    assert desk.outcome(asked) == outcome
    assert ("several_voices" in detail["suspicions"]) == (outcome == "human")


def test_such_a_turn_goes_into_no_template(
    real: Speaker, desk: Desk, shared: Path, bench: Bench, rt: Runtime, clock: Clock
) -> None:
    jobs.use(replace(bench, rt=replace(rt, settings=replace(rt.settings, only_noted=("several_voices",)))))
    clock.forward(days=400)
    turns = [real.repeats(WORDS[:3]), Speaker(shared, "s23").repeats(WORDS[3:6])]
    mixed = desk.ask([audio.encode_mulaw(turn) for turn in turns])
    jobs.assess(mixed)
    assert desk.outcome(mixed) == "certified"
    with rt.sessions() as session:
        template = templates.current(session, session.get_one(Person, desk.wu.id))
        assert template is not None
        assert template.source == "files"
