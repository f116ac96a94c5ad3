"""A spoken turn is opened by its token alone: once, in time, in its own call, while that call is at it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from certification import seals
from certification.runtime import Runtime
from certification.store import Call, Person, Recording, SpokenTurn
from ivr import spoken
from ivr.spoken import Result
from ivr.steps import Broken, Keyed, NotUnderstood, Silent, Spoke, Unavailable
from tests.certification.conftest import Clock
from tests.ivr.line.telephone import VOICE, Telephone
from tests.ivr.line.walks import certifying_call


@pytest.fixture
def challenged(phone: Telephone, rt: Runtime, enrolled: Person) -> Telephone:
    """A call at its first group of words."""
    return certifying_call(phone, rt, enrolled)


def claimed(phone: Telephone, token: str | None = None, sid: str | None = None) -> bool:
    with phone.rt.sessions.begin() as session:
        return spoken.claim(session, phone.rt, token or phone.token(), sid or phone.sid) is not None


def finished(phone: Telephone, result: Result, audio: bytes | None = VOICE) -> None:
    with phone.rt.sessions.begin() as session:
        found = spoken.claim(session, phone.rt, phone.token(), phone.sid)
        assert found is not None
        spoken.finish(session, phone.rt, found[0], result, audio)


def heard(phone: Telephone) -> object:
    with phone.rt.sessions() as session:
        call = session.scalars(select(Call).where(Call.sid == phone.sid)).one()
        return spoken.result_of(session, call, call.turn)


def recordings(phone: Telephone) -> list[Recording]:
    with phone.rt.sessions() as session:
        return list(session.scalars(select(Recording)))


def test_a_token_opens_its_turn_once(challenged: Telephone) -> None:
    assert not claimed(challenged, token="another")
    assert not claimed(challenged, sid="CA9")
    assert claimed(challenged)
    assert not claimed(challenged)


def test_of_many_sockets_with_one_token_one_opens_it(challenged: Telephone) -> None:
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(lambda _: claimed(challenged), range(6))) == 1


def test_a_token_lasts_five_minutes(challenged: Telephone, clock: Clock) -> None:
    clock.forward(minutes=5)
    assert not claimed(challenged)


def test_a_token_is_worth_nothing_once_the_call_has_gone_on(challenged: Telephone) -> None:
    token = challenged.token()
    challenged.waits()
    assert not claimed(challenged, token)


def test_only_the_hash_of_a_token_is_in_its_row(challenged: Telephone) -> None:
    with challenged.rt.sessions() as session:
        rows = session.scalars(select(SpokenTurn)).all()
    assert challenged.token() not in {row.token_hash for row in rows}


@pytest.mark.parametrize(
    ("result", "event"),
    [
        (Result("no_input"), Silent()),
        (Result("key", key="0"), Keyed("0")),
        (Result("key", key="7"), Keyed(spoken.ANY_KEY)),
        (Result("key", key="#"), Keyed("#")),
    ],
)
def test_silence_and_keys_keep_no_voice(challenged: Telephone, result: Result, event: object) -> None:
    finished(challenged, result)
    assert heard(challenged) == event
    assert not recordings(challenged)


@pytest.mark.parametrize("ended", ["speech", "limit"])
def test_a_voice_is_kept_sealed_with_what_was_asked_and_heard(
    challenged: Telephone, clock: Clock, ended: spoken.Ended
) -> None:
    assert challenged.plan is not None
    finished(challenged, Result(ended, ("北京",), 0.8, understood=True))
    [recording] = recordings(challenged)
    assert heard(challenged) == Spoke(("北京",), 0.8, recording.id)
    assert (recording.asked, recording.heard) == (list(challenged.plan.asked), ["北京"])
    assert recording.seconds == 2.0
    assert recording.erase_after == clock() + timedelta(days=90)
    assert VOICE not in recording.sealed
    assert challenged.rt.keys.open(recording.sealed, seals.recording(recording.id, recording.call_id)) == VOICE


def test_a_voice_that_said_nothing_known_is_kept_too(challenged: Telephone) -> None:
    finished(challenged, Result("speech"))
    [recording] = recordings(challenged)
    assert heard(challenged) == NotUnderstood(recording.id)


def test_commands_keep_no_voice(phone: Telephone) -> None:
    phone.dial().press("1")
    finished(phone, Result("speech", ("认证",), 0.9, understood=True))
    assert heard(phone) == Spoke(("认证",), 0.9, None)
    assert not recordings(phone)


def test_a_result_is_written_once(challenged: Telephone) -> None:
    with challenged.rt.sessions.begin() as session:
        found = spoken.claim(session, challenged.rt, challenged.token(), challenged.sid)
    assert found is not None
    for result in (Result("no_input"), Result("speech", ("北京",), 0.8, understood=True)):
        with challenged.rt.sessions.begin() as session:
            spoken.finish(session, challenged.rt, found[0], result, VOICE)
    assert heard(challenged) == Silent()
    assert not recordings(challenged)


def test_a_socket_that_never_came_and_one_that_broke_are_told_apart(challenged: Telephone) -> None:
    assert heard(challenged) == Unavailable()
    assert claimed(challenged)
    assert heard(challenged) == Broken()


def test_of_a_socket_that_was_lost_nothing_is_concluded(challenged: Telephone) -> None:
    finished(challenged, Result("hangup", ("北京",), 0.8, understood=True), audio=None)
    assert heard(challenged) == Broken()
