"""The worker and a template from files: confirmed by a call that fits, else left as it is, and a human is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from certification import codes, confirmation, consent, journal, templates
from certification.cases import CaseKind
from certification.confirmation import CONFIRM
from certification.journal import Verified
from certification.runtime import Runtime
from certification.store import Case, Person, Recording, VoiceFingerprint, VoiceTemplate
from ops import jobs, schedule
from ops.concluding import conclude
from ops.judging import gather, judge
from ops.voices import Bench
from tests.certification.conftest import Clock
from tests.ivr.line.telephone import Telephone, Worker, line
from tests.ops.voices import ENROLMENT, OTHER, SAME, Desk, Foreign, bench_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # test_jobs.py runs on both


@pytest.fixture
def unconfirmed(desk: Desk, bench: Bench) -> Desk:
    """The desk of Mr Wu, whose voice is the demonstration's caller's, from files alone."""
    desk.enrol(bench, confirmed=False)
    return desk


def is_confirmed(desk: Desk) -> bool:
    """Whether Mr Wu's template in use was seen to fit."""
    with desk.rt.sessions() as session:
        template = templates.current(session, session.get_one(Person, desk.wu.id))
        return template is not None and template.confirmed_at is not None


def test_a_call_that_fits_confirms_once_and_is_no_sign_of_life(unconfirmed: Desk, rt: Runtime) -> None:
    asked = unconfirmed.ask(SAME, CONFIRM)
    for _ in range(3):
        jobs.assess(asked)
    assert (unconfirmed.outcome(asked), is_confirmed(unconfirmed)) == ("confirmed", True)
    assert (unconfirmed.evidence(), unconfirmed.failures(), unconfirmed.cases()) == (0, 0, [])
    with rt.sessions() as session:
        assert isinstance(journal.verify(session), Verified)


def test_another_voice_confirms_nothing_and_refuses_nobody(unconfirmed: Desk) -> None:
    asked = unconfirmed.ask(OTHER, CONFIRM)
    for _ in range(2):
        jobs.assess(asked)
    assert (unconfirmed.outcome(asked), is_confirmed(unconfirmed)) == ("differ", False)
    assert (unconfirmed.failures(), unconfirmed.cases()) == (0, ["confirmation_differs"])
    jobs.assess(again := unconfirmed.ask(SAME, CONFIRM))
    assert (unconfirmed.outcome(again), is_confirmed(unconfirmed)) == ("confirmed", True)


def test_too_poor_a_recording_says_nothing(unconfirmed: Desk) -> None:
    asked = unconfirmed.ask([SAME[0][:4000]], CONFIRM)
    jobs.assess(asked)
    assert (unconfirmed.outcome(asked), is_confirmed(unconfirmed), unconfirmed.cases()) == ("again", False, [])


def test_wrong_words_confirm_nothing(unconfirmed: Desk, rt: Runtime) -> None:
    asked = unconfirmed.ask(SAME, CONFIRM)
    with rt.sessions.begin() as session:
        session.get_one(Recording, unconfirmed.assessment(asked).recordings[0]).heard = ["上海"]
    jobs.assess(asked)
    assert (unconfirmed.outcome(asked), is_confirmed(unconfirmed)) == ("again", False)


def test_a_call_heard_before_confirms_nothing_and_a_confirmation_is_remembered(unconfirmed: Desk, rt: Runtime) -> None:
    first, played = unconfirmed.ask(SAME, CONFIRM), unconfirmed.ask(SAME)
    jobs.assess(first)
    with rt.sessions() as session:
        [kept] = session.scalars(select(VoiceFingerprint))
    assert kept.assessment_id == first
    jobs.assess(played)
    assert unconfirmed.outcome(played) == "human"
    assert unconfirmed.assessment(played).detail["suspicions"]["replay"]["of"] == [first]


def test_a_replay_confirms_nothing(unconfirmed: Desk) -> None:
    jobs.assess(unconfirmed.ask(SAME))
    jobs.assess(asked := unconfirmed.ask(SAME, CONFIRM))
    assert (unconfirmed.outcome(asked), is_confirmed(unconfirmed)) == ("differ", False)
    assert unconfirmed.cases() == ["confirmation_differs", "unconfirmed"]


def test_before_that_a_voice_that_fits_goes_to_a_human_who_confirms_it(unconfirmed: Desk, rt: Runtime) -> None:
    asked = unconfirmed.ask(SAME)
    jobs.assess(asked)
    detail = unconfirmed.assessment(asked).detail
    assert (unconfirmed.outcome(asked), detail["problem"]) == ("human", "unconfirmed")
    assert detail["llr"] >= detail["threshold"], "the voice would have certified"
    assert (unconfirmed.evidence(), unconfirmed.failures(), unconfirmed.cases()) == (0, 0, ["unconfirmed"])
    with rt.sessions.begin() as session:
        [case] = session.scalars(select(Case))
        confirmation.confirm_by_case(session, rt, case.id, "operator")
    assert is_confirmed(unconfirmed)
    with rt.sessions.begin() as session:
        session.query(VoiceFingerprint).delete()
    jobs.assess(again := unconfirmed.ask(SAME))
    assert unconfirmed.outcome(again) == "certified"


def test_before_that_another_voice_is_a_doubt_as_ever(unconfirmed: Desk) -> None:
    jobs.assess(asked := unconfirmed.ask(OTHER))
    assert (unconfirmed.outcome(asked), unconfirmed.failures(), unconfirmed.cases()) == ("human", 1, ["voice_doubt"])


@pytest.mark.parametrize("why", ["consent taken back", "enrolled again"])
def test_what_is_not_in_use_any_more_when_it_was_weighed_is_not_confirmed(
    unconfirmed: Desk, bench: Bench, rt: Runtime, why: str
) -> None:
    asked = unconfirmed.ask(SAME, CONFIRM)
    with rt.sessions() as session:
        material = gather(session, rt, unconfirmed.assessment(asked))
    verdict = judge(bench, material)
    assert verdict.outcome == "confirmed"
    if why == "enrolled again":
        unconfirmed.enrol(bench, confirmed=False)
    else:
        with rt.sessions.begin() as session:
            consent.withdraw(session, rt, session.get_one(Person, unconfirmed.wu.id), by="clerk")
    with rt.sessions.begin() as session:
        conclude(session, rt, unconfirmed.assessment(asked), verdict)
    assert (unconfirmed.outcome(asked), is_confirmed(unconfirmed)) == ("differ", False)
    with rt.sessions() as session:
        [case] = session.scalars(select(Case))
    assert (case.kind, case.detail["problem"]) == (CaseKind.CONFIRMATION_DIFFERS, "template_not_in_use")


def test_a_template_of_another_encoder_is_a_humans(unconfirmed: Desk, bench: Bench, rt: Runtime) -> None:
    asked = unconfirmed.ask(SAME, CONFIRM)
    jobs.use(bench_of(rt, Foreign(bench.comparer.encoder), calibrated=bench.comparer.encoder))
    jobs.assess(asked)
    assert (unconfirmed.outcome(asked), unconfirmed.cases()) == ("differ", ["confirmation_differs"])


def test_a_template_made_in_a_call_is_confirmed_by_being_that(desk: Desk, bench: Bench, rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        consent.record(session, rt, session.get_one(Person, desk.wu.id), text="同意", how="phone", by="line")
    jobs.assess(desk.ask(ENROLMENT, "enrol"))
    assert is_confirmed(desk)


def test_a_refreshed_template_is_confirmed_as_the_one_before(enrolled: Desk, rt: Runtime, clock: Clock) -> None:
    seen = rt.now()
    clock.forward(days=200)
    jobs.assess(enrolled.ask(SAME))
    with rt.sessions() as session:
        rows = session.scalars(select(VoiceTemplate).order_by(VoiceTemplate.created_at)).all()
    assert [(row.source.split()[0], row.confirmed_at) for row in rows] == [("files", seen), ("refresh", seen)]


def test_where_replays_are_only_noted_a_confirmation_notes_them_too(
    unconfirmed: Desk, bench: Bench, rt: Runtime
) -> None:
    jobs.use(replace(bench, rt=replace(rt, settings=replace(rt.settings, only_noted=("replay", "repeats")))))
    jobs.assess(unconfirmed.ask(SAME))
    jobs.assess(asked := unconfirmed.ask(SAME, CONFIRM))
    assert unconfirmed.outcome(asked) == "confirmed"


@pytest.mark.parametrize("since", ["nothing", "confirmed"])
def test_whoever_hangs_up_before_hearing_that_it_was_too_poor_keeps_the_code(
    unconfirmed: Desk, rt: Runtime, clock: Clock, since: str
) -> None:
    client = line(rt).test_client()
    with rt.sessions.begin() as session:
        person = session.get_one(Person, unconfirmed.wu.id)
        waits = confirmation.awaited(session, person)
        assert waits is not None
        code = codes.issue(session, rt, person, "clerk", confirms=waits)
    phone = Telephone(rt, client).dial().press(code).repeats().repeats()
    assert phone.heard == ("assess.wait",)
    phone.hangs_up()
    Worker(rt).weighs("again")
    if since == "confirmed":
        clock.forward(minutes=1)
        with rt.sessions.begin() as session:
            assert confirmation.confirm(session, rt, person, waits.id, by="operator", rests_on="case 1")
    schedule.see_to_ended_calls(rt)
    assert unconfirmed.cases() == (["enrolment_unfinished"] if since == "nothing" else [])
    with rt.sessions.begin() as session:
        assert codes.find(session, rt, code) is not None
