"""The worker's job: real voices weighed once, however often; and what cannot be weighed is a human's."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from certification import certifying, consent, journal, limits, seals, templates
from certification.journal import Verified
from certification.runtime import Runtime
from certification.store import Person, Recording, VoiceTemplate, new_id
from ops import jobs
from ops.known import Known
from ops.voices import Bench, heard
from tests.certification.conftest import Clock
from tests.certification.together import at_once
from tests.ops.voices import ENROLMENT, OTHER, SAME, Breaking, Desk, Foreign, bench_of


def test_the_same_voice_certifies_once_however_often_it_is_weighed(enrolled: Desk) -> None:
    asked = enrolled.ask(SAME)
    for _ in range(3):
        jobs.assess(asked)
    assert enrolled.outcome(asked) == "certified"
    assert (enrolled.evidence(), enrolled.failures(), enrolled.cases()) == (1, 0, [])


def test_several_workers_at_once_count_once(enrolled: Desk, rt: Runtime) -> None:
    asked = enrolled.ask(OTHER)
    at_once(4, lambda: jobs.assess(asked))
    assert enrolled.outcome(asked) == "human"
    assert (enrolled.evidence(), enrolled.failures(), enrolled.cases()) == (0, 1, ["voice_doubt"])
    with rt.sessions() as session:
        assert isinstance(journal.verify(session), Verified)


def test_a_worker_killed_in_between_leaves_the_voice_to_the_next(enrolled: Desk, bench: Bench, rt: Runtime) -> None:
    asked = enrolled.ask(SAME)
    jobs.use(bench_of(rt, Breaking(bench.comparer.encoder.name)))
    with pytest.raises(RuntimeError, match="broken by"):
        jobs.assess(asked)
    assert enrolled.assessment(asked).state == "pending"
    jobs.use(bench)
    jobs.assess(asked)
    assert enrolled.outcome(asked) == "certified"


def test_too_poor_a_recording_is_asked_for_again_and_fails_nobody(enrolled: Desk) -> None:
    asked = enrolled.ask([SAME[0][:4000]])
    jobs.assess(asked)
    assert enrolled.outcome(asked) == "again"
    assert enrolled.assessment(asked).detail["reasons"]
    assert (enrolled.failures(), enrolled.cases()) == (0, [])


def test_without_a_template_a_human_looks(desk: Desk, bench: Bench) -> None:
    asked = desk.ask(SAME)
    jobs.assess(asked)
    assert (desk.outcome(asked), desk.failures(), desk.cases()) == ("human", 0, ["no_template"])


def test_a_template_without_consent_is_no_template(enrolled: Desk, rt: Runtime) -> None:
    asked = enrolled.ask(SAME)
    enrolled.disagrees()
    jobs.assess(asked)
    assert (enrolled.outcome(asked), enrolled.evidence(), enrolled.cases()) == ("human", 0, ["no_template"])


def test_a_template_of_another_encoder_fails_nobody(enrolled: Desk, bench: Bench, rt: Runtime) -> None:
    asked = enrolled.ask(SAME)
    jobs.use(bench_of(rt, Foreign(bench.comparer.encoder), calibrated=bench.comparer.encoder))
    jobs.assess(asked)
    assert (enrolled.outcome(asked), enrolled.failures(), enrolled.cases()) == ("human", 0, ["no_template"])


@pytest.mark.parametrize("content", [b"altered", None], ids=["seal broken", "no template inside"])
def test_an_unreadable_template_is_a_humans_and_not_tried_for_ever(
    enrolled: Desk, rt: Runtime, content: bytes | None
) -> None:
    asked = enrolled.ask(SAME)
    with rt.sessions.begin() as session:
        template = templates.current(session, session.get_one(Person, enrolled.wu.id))
        assert template is not None
        sealed = content or rt.keys.seal(b"{}", seals.template(template.id, template.person_id))
        session.execute(update(VoiceTemplate).where(VoiceTemplate.id == template.id).values(sealed=sealed))
    jobs.assess(asked)
    assert (enrolled.outcome(asked), enrolled.failures(), enrolled.cases()) == ("human", 0, ["no_template"])


@pytest.mark.parametrize("purpose", ["certify", "enrol"])
@pytest.mark.parametrize("erased", [True, False], ids=["erased", "seal broken"])
def test_a_lost_recording_is_a_humans(enrolled: Desk, rt: Runtime, purpose: str, erased: bool) -> None:
    asked = enrolled.ask(SAME, purpose)
    first = enrolled.assessment(asked).recordings[0]
    lost = Recording.id == first
    with rt.sessions.begin() as session:
        session.execute(delete(Recording).where(lost) if erased else update(Recording).where(lost).values(sealed=b"x"))
    jobs.assess(asked)
    outcome, case = {"certify": ("human", "voice_doubt"), "enrol": ("differ", "enrolment_differs")}[purpose]
    assert (enrolled.outcome(asked), enrolled.failures(), enrolled.cases()) == (outcome, 0, [case])
    assert enrolled.assessment(asked).detail == {"problem": "recording_unreadable"}


def test_an_assessment_nobody_knows_of_is_passed_over(bench: Bench) -> None:
    jobs.assess(new_id())


def test_an_enrolment_makes_a_template_that_is_matched(desk: Desk, bench: Bench, rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        consent.record(session, rt, session.get_one(Person, desk.wu.id), text="同意", how="phone", by="line")
    made, asked = desk.ask(ENROLMENT, "enrol"), desk.ask(SAME)
    jobs.assess(made)
    jobs.assess(made)
    assert desk.outcome(made) == "enrolled"
    jobs.assess(asked)
    detail = desk.assessment(asked).detail
    assert detail["llr"] >= detail["threshold"]
    with rt.sessions() as session:
        assert session.query(VoiceTemplate).count() == 1


def test_an_enrolment_by_two_voices_differs(desk: Desk, bench: Bench) -> None:
    made = desk.ask([ENROLMENT[0], ENROLMENT[1], b"".join(OTHER)], "enrol")
    jobs.assess(made)
    assert (desk.outcome(made), desk.cases()) == ("differ", ["enrolment_differs"])


def test_nothing_is_kept_of_an_enrolment_without_consent(desk: Desk, bench: Bench, rt: Runtime) -> None:
    made = desk.ask(ENROLMENT, "enrol")
    jobs.assess(made)
    assert (desk.outcome(made), desk.cases()) == ("differ", ["enrolment_differs"])
    with rt.sessions() as session:
        assert session.query(VoiceTemplate).count() == 0


def test_calls_at_once_get_no_more_tries_than_calls_in_a_row(enrolled: Desk) -> None:
    others, same = [enrolled.ask(OTHER) for _ in range(3)], enrolled.ask(SAME)
    waiting = iter(others)
    at_once(3, lambda: jobs.assess(next(waiting)))
    jobs.assess(same)
    assert enrolled.outcome(same) == "human", "three had failed before it was weighed"
    assert enrolled.assessment(same).detail["problem"] == "limit_reached"
    assert (enrolled.evidence(), enrolled.failures()) == (0, 3)
    assert enrolled.cases() == ["limit_reached", *["voice_doubt"] * 3]


def test_voices_still_to_be_weighed_count_as_tries(enrolled: Desk, rt: Runtime, clock: Clock) -> None:
    def allowed() -> bool:
        with rt.sessions.begin() as session:
            person = session.get_one(Person, enrolled.wu.id)
            return limits.voice_allowed(session, rt, person, certifying.current_period(session, rt, person))

    enrolled.ask(ENROLMENT, "enrol")
    asked = [enrolled.ask([SAME[0][:4000]]) for _ in range(3)]
    assert not allowed()
    jobs.assess(asked[0])
    assert allowed(), "it came to nothing, and so is no failure"
    enrolled.ask(SAME)
    assert not allowed()
    clock.forward(hours=25)
    assert allowed()


def test_where_an_impostor_costs_more_a_voice_must_be_surer(enrolled: Desk, bench: Bench, rt: Runtime) -> None:
    rules = rt.regions["default"].voice
    with rt.sessions() as session:
        template = templates.current(session, session.get_one(Person, enrolled.wu.id))
    assert template is not None

    def threshold(**stricter: float) -> float:
        return bench.weigh(template, heard(SAME), rules.model_copy(update=stricter), Known()).threshold

    usual = threshold()
    assert threshold(cost=1.0) == threshold(impostors=1e-6) == usual, "the counted rate holds where costs allow more"
    assert threshold(cost=1e6) > usual
    assert threshold(impostors=0.9) > usual
    assert threshold(max_fmr=0.001) > usual
