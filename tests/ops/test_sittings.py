"""The desk's microphone: samples taken one by one, made into a template that the person's own phone must confirm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select

from certification import confirmation, consent, journal, seals, templates
from certification.confirmation import CONFIRM
from certification.erasure import outdated_recordings
from certification.journal import Verified
from certification.runtime import Runtime
from certification.store import Assessment, Case, Consent, Person, Recording, SpokenTurn
from ops import jobs, recorded, schedule, sittings
from ops.console.desk.microphone import CLIPPED, NOISY_DB, QUIET_DBFS
from ops.recorded import RecordingTooLong, RecordingUnreadable
from ops.reembedding import Fate, reembed
from ops.sittings import NotAgreed, Sitting
from ops.voices import Bench
from tests.certification.conftest import Clock, Queue
from tests.certification.suspending import journalled
from tests.ops.sitting import wav, wav_of, works
from tests.ops.voices import ENROLMENT, OTHER, SAME, Desk, says
from voiceprint import audio, quality
from voiceprint.quality import Reason, Use

HISS = np.random.default_rng(7).normal(0, 0.05, 16_000).astype(np.float32)


@pytest.fixture
def agreed(desk: Desk, bench: Bench) -> Desk:
    """Mr Wu at the desk, who agreed to a voiceprint. A machine says its words alike each time: that is only noted."""
    jobs.use(replace(bench, rt=replace(desk.rt, settings=replace(desk.rt.settings, only_noted=("replay",)))))
    with desk.rt.sessions.begin() as session:
        consent.record(session, desk.rt, session.get_one(Person, desk.wu.id), text="同意", how="desk", by="赵经办")
    return desk


def begin(desk: Desk) -> Sitting:
    with desk.rt.sessions.begin() as session:
        return sittings.begin(session, desk.rt, session.get_one(Person, desk.wu.id), "赵经办")


def afresh(desk: Desk) -> Sitting:
    with desk.rt.sessions.begin() as session:
        return sittings.afresh(session, desk.rt, session.get_one(Person, desk.wu.id), "赵经办")


def send(desk: Desk, file: bytes, n: int | None = None) -> Sitting:
    """Say the sample that is asked for, or the nth."""
    mulaw = recorded.read(file)
    at = begin(desk).n if n is None else n
    with desk.rt.sessions.begin() as session:
        return sittings.hear(session, desk.rt, session.get_one(Person, desk.wu.id), at, mulaw, "赵经办")


def now(desk: Desk) -> Sitting:
    with desk.rt.sessions() as session:
        found = sittings.latest(session, desk.rt, session.get_one(Person, desk.wu.id))
    assert found is not None
    return found


def say(desk: Desk, queue: Queue, turns: list[bytes]) -> Sitting:
    for turn in turns:
        send(desk, wav_of(turn))
        works(queue)
    return now(desk)


def recordings(desk: Desk) -> list[Recording]:
    with desk.rt.sessions() as session:
        return list(session.scalars(select(Recording).order_by(Recording.recorded_at, Recording.id)))


def test_three_samples_become_a_template_that_a_call_must_confirm(agreed: Desk, rt: Runtime, queue: Queue) -> None:
    asked = begin(agreed)
    assert (len(asked.words), asked.heard, asked.wanted) == (4, (), 3)
    for place, turn in enumerate(ENROLMENT, start=1):
        before = now(agreed)
        assert send(agreed, wav_of(turn)).waiting is not None
        assert works(queue)[0] == "ops.jobs.listen"
        assert (len(now(agreed).heard), now(agreed).said) == (place, ())
        assert now(agreed).words != before.words
    assessment = now(agreed).assessment
    assert assessment is not None and assessment.outcome == "enrolled"
    assert len(assessment.detail["each"]) == 3 and min(assessment.detail["each"]) >= assessment.detail["enough"]
    with rt.sessions() as session:
        person = session.get_one(Person, agreed.wu.id)
        template = confirmation.awaited(session, person)
        assert template is not None and template.utterances == 3
        assert isinstance(journal.verify(session), Verified)
    assert all(one.asked == one.heard and len(one.asked) == 4 for one in recordings(agreed))
    jobs.assess(agreed.ask(OTHER, CONFIRM))
    with rt.sessions() as session:
        assert confirmation.awaited(session, session.get_one(Person, agreed.wu.id)) is not None
    jobs.assess(agreed.ask(SAME, CONFIRM))
    with rt.sessions() as session:
        assert confirmation.awaited(session, session.get_one(Person, agreed.wu.id)) is None
    assert agreed.cases() == ["confirmation_differs"]
    assert (agreed.evidence(), agreed.failures()) == (0, 0)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (wav(HISS), "too_noisy"),
        (wav(audio.decode_mulaw(says("caller", 1))[:6000]), "too_short"),
        (wav(np.clip(audio.decode_mulaw(ENROLMENT[0]) * 60, -0.9, 0.9)), "clipped"),
        (wav(audio.decode_mulaw(ENROLMENT[0]) * 0.02), "too_quiet"),
    ],
    ids=["noise", "one_word", "loud", "far_away"],
)
def test_a_poor_sample_is_asked_for_again_and_nothing_is_lost(
    agreed: Desk, queue: Queue, file: bytes, reason: str
) -> None:
    say(agreed, queue, ENROLMENT[:1])
    before = now(agreed)
    send(agreed, file)
    works(queue)
    after = now(agreed)
    assert reason in after.said
    assert (after.words, after.heard) == (before.words, before.heard)
    assert [one.id for one in recordings(agreed)] == list(before.heard)
    with agreed.rt.sessions() as session:
        assert len(session.scalars(select(SpokenTurn)).all()) == 1  # no try of the line is used up
    assert say(agreed, queue, ENROLMENT[1:]).complete
    assert agreed.failures() == 0


def test_samples_of_two_voices_make_no_template_and_refuse_nobody(agreed: Desk, rt: Runtime, queue: Queue) -> None:
    over = say(agreed, queue, [*ENROLMENT[:2], says("impostor", 4)])
    assert over.assessment is not None and over.assessment.outcome == "differ"
    each = over.assessment.detail["each"]
    assert each.index(min(each)) == 2 and min(each) < over.assessment.detail["enough"]
    with rt.sessions() as session:
        assert templates.current(session, session.get_one(Person, agreed.wu.id)) is None
        [case] = session.scalars(select(Case))
        assert (case.kind, case.detail["recordings"]) == ("enrolment_differs", list(over.heard))
    assert (agreed.failures(), begin(agreed).heard) == (0, ())
    assert say(agreed, queue, ENROLMENT).assessment is not None
    assert now(agreed).call != over.call
    with rt.sessions() as session:
        assert templates.current(session, session.get_one(Person, agreed.wu.id)) is not None


def test_nobody_is_recorded_who_has_not_agreed(desk: Desk, bench: Bench, queue: Queue) -> None:
    with pytest.raises(NotAgreed):
        begin(desk)
    with pytest.raises(NotAgreed):
        afresh(desk)
    with pytest.raises(NotAgreed):
        send(desk, wav_of(ENROLMENT[0]), 0)
    assert recordings(desk) == [] and queue.jobs == []


def test_a_sample_sent_twice_or_late_counts_once(agreed: Desk, queue: Queue) -> None:
    at = begin(agreed).n
    first = send(agreed, wav_of(ENROLMENT[0]), at)
    assert send(agreed, wav_of(ENROLMENT[1]), at) == first
    works(queue)
    assert len(now(agreed).heard) == 1
    jobs.listen(now(agreed).heard[0])
    assert len(now(agreed).heard) == 1


def test_one_that_waits_is_replaced_by_the_next_and_asked_for_again(agreed: Desk, queue: Queue, clock: Clock) -> None:
    first = send(agreed, wav(HISS)).waiting
    assert first is not None
    second = send(agreed, wav_of(ENROLMENT[0])).waiting
    assert [one.id for one in recordings(agreed)] == [second]
    queue.jobs.clear()  # the queue lost them
    for late, asked in ((0, []), (11, [("ops.jobs.listen", second)])):
        clock.forward(seconds=late)
        with agreed.rt.sessions.begin() as session:
            sittings.remind(session, agreed.rt, now(agreed))
        assert queue.jobs == asked
    works(queue)
    jobs.listen(first)
    assert now(agreed).heard == (second,)


def test_what_is_begun_afresh_is_erased_and_an_hour_ends_a_sitting(agreed: Desk, queue: Queue, clock: Clock) -> None:
    first = say(agreed, queue, ENROLMENT[:2])
    assert begin(agreed).call == first.call
    again = afresh(agreed)
    assert again.call != first.call and again.heard == () and recordings(agreed) == []
    assert begin(agreed).call == again.call
    clock.forward(hours=2)
    assert begin(agreed).call != again.call
    assert len(journalled(agreed.rt, "sitting given up")) == 1


def test_recordings_go_with_the_consent_and_with_their_days(agreed: Desk, rt: Runtime, queue: Queue) -> None:
    over = say(agreed, queue, ENROLMENT)
    days = rt.regions["kunming"].recording_days
    assert {one.erase_after - one.recorded_at for one in recordings(agreed)} == {timedelta(days=days)}
    with rt.sessions.begin() as session:
        proof = consent.withdraw(session, rt, session.get_one(Person, agreed.wu.id), by="赵经办")
    assert proof is not None and set(proof.erased["recordings.sealed"]) == set(over.heard)
    assert recordings(agreed) == []
    with pytest.raises(NotAgreed):
        send(agreed, wav_of(ENROLMENT[0]))


def test_whoever_agrees_again_begins_anew(agreed: Desk, rt: Runtime, queue: Queue) -> None:
    before = say(agreed, queue, ENROLMENT[:1])
    with rt.sessions.begin() as session:
        person = session.get_one(Person, agreed.wu.id)
        consent.withdraw(session, rt, person, by="赵经办")
        consent.record(session, rt, person, text="同意", how="desk", by="赵经办")
    assert begin(agreed).heard == ()
    assert now(agreed).call != before.call


def test_an_unfinished_sitting_is_forgotten_after_its_days(
    agreed: Desk, rt: Runtime, queue: Queue, clock: Clock
) -> None:
    say(agreed, queue, ENROLMENT[:1])
    clock.forward(days=91)
    with rt.sessions.begin() as session:
        assert outdated_recordings(session, rt, "sweep") == 1
    assert recordings(agreed) == []


def test_recordings_are_sealed_as_the_line_has_them(agreed: Desk, rt: Runtime, queue: Queue) -> None:
    say(agreed, queue, ENROLMENT[:1])
    [kept] = recordings(agreed)
    opened = rt.keys.open(kept.sealed, seals.recording(kept.id, kept.call_id))
    assert len(opened) == pytest.approx(len(ENROLMENT[0]), abs=8)
    assert kept.seconds == pytest.approx(len(ENROLMENT[0]) / 8000, abs=0.01)
    power = np.abs(np.fft.rfft(audio.decode_mulaw(opened))) ** 2
    low = power[: round(len(power) * 100 / 4000)].sum()
    assert low < power.sum() / 100  # the telephone's band begins at 300 Hz


def test_no_sweep_goes_on_with_a_sitting(agreed: Desk, rt: Runtime, queue: Queue, clock: Clock) -> None:
    say(agreed, queue, ENROLMENT)
    clock.forward(hours=1)
    schedule.sweep(rt)
    assert agreed.cases() == []
    with rt.sessions() as session:
        assert session.scalars(select(Assessment.state)).all() == ["done"]
        assert set(session.scalars(select(SpokenTurn.state))) == {"done"}


def test_a_new_encoder_makes_the_template_again_from_them(
    agreed: Desk, rt: Runtime, bench: Bench, queue: Queue
) -> None:
    say(agreed, queue, ENROLMENT)
    with rt.sessions() as session:
        template = templates.current(session, session.get_one(Person, agreed.wu.id))
        assert template is not None
    assert reembed(rt, bench, template.id) is Fate.REEMBEDDED
    with rt.sessions() as session:
        assert confirmation.awaited(session, session.get_one(Person, agreed.wu.id)) is not None


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16_000, 1), (44_100, 2), (48_000, 1), (96_000, 2)])
def test_a_recording_of_any_rate_is_read(rate: int, channels: int) -> None:
    read = audio.decode_mulaw(recorded.read(wav(audio.decode_mulaw(ENROLMENT[0]), rate, channels)))
    assert len(read) == pytest.approx(len(ENROLMENT[0]), abs=8)
    given = audio.decode_mulaw(ENROLMENT[0])[: len(read)]
    assert np.corrcoef(read[: len(given)], given)[0, 1] > 0.95


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (b"", RecordingUnreadable),
        (b"RIFF nothing of the kind", RecordingUnreadable),
        (wav(HISS)[:60], RecordingUnreadable),
        (wav(HISS[:800]), RecordingUnreadable),
        (wav(np.zeros(8000 * 31, np.float32), 8000), RecordingTooLong),
    ],
    ids=["nothing", "text", "cut_off", "a_click", "half_a_minute"],
)
def test_what_is_no_recording_is_said_in_both_languages(file: bytes, problem: type[Exception]) -> None:
    with pytest.raises(problem) as said:
        recorded.read(file)
    zh, _, en = str(said.value).partition("。 ")
    assert "都还在" in zh and "still there" in en


def test_consent_is_recorded_once_for_all_samples(agreed: Desk, rt: Runtime, queue: Queue) -> None:
    say(agreed, queue, ENROLMENT)
    with rt.sessions() as session:
        assert len(session.scalars(select(Consent)).all()) == 1


def test_the_meter_has_the_limits_by_which_the_worker_judges() -> None:
    limits = [quality.limit(one, Use.ENROLMENT) for one in (Reason.TOO_QUIET, Reason.TOO_NOISY, Reason.CLIPPED)]
    assert limits == [QUIET_DBFS, NOISY_DB, CLIPPED]
