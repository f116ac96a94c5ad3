"""Webhooks that come twice, late, at once, for nobody, or while something is broken."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from certification.runtime import Runtime
from certification.store import Assessment, Call, Evidence, Person, SpokenTurn, open_sessions
from ivr.calls import Line
from tests.certification.conftest import Clock
from tests.ivr.line.conftest import PIN
from tests.ivr.line.telephone import Telephone, line
from tests.ivr.line.walks import NIGHT, certifying_call, tail

AT_ONCE = 6


def count(rt: Runtime, table: type) -> int:
    with rt.sessions() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_a_repeated_webhook_gets_the_same_answer_and_moves_nothing(
    phone: Telephone, rt: Runtime, enrolled: Person
) -> None:
    certifying_call(phone, rt, enrolled).stays_silent()
    url, before = phone.action(), phone.call().turn
    answers = [phone.press(PIN).twiml, phone.post(url, Digits=PIN).twiml, phone.post(url, Digits="111222").twiml]
    assert answers == answers[:1] * 3
    assert phone.call().turn == before + 1
    assert count(rt, Evidence) == 1


def test_a_late_turn_gets_the_latest_answer(phone: Telephone, rt: Runtime, enrolled: Person) -> None:
    certifying_call(phone, rt, enrolled)
    latest, turn = phone.twiml, phone.call().turn
    for url in ("/voice", "/voice/turn/0", "/voice/turn/1", "/voice/turn/99"):
        assert phone.post(url, Digits="2").twiml == latest
    assert phone.call().turn == turn


def test_after_the_end_nothing_moves(phone: Telephone, wu: Person) -> None:
    phone.dial().press("1").presses_while_listened_to("0").operator("completed")
    last, turn = phone.twiml, phone.call().turn
    assert phone.post(f"/voice/turn/{turn}", Digits="1").twiml == last


def test_webhooks_at_the_same_time_are_answered_alike_and_counted_once(
    rt: Runtime, enrolled: Person, clock: Clock
) -> None:
    app = line(rt)
    phone = Telephone(rt, app.test_client())

    def at_once(url: str, **form: str) -> set[str]:
        start = Barrier(AT_ONCE)

        def send(_: int) -> str:
            start.wait()
            data = {"CallSid": phone.sid, "From": phone.number, **form}
            return app.test_client().post(url, data=data).get_data(as_text=True)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return set(pool.map(send, range(AT_ONCE)))

    assert len(at_once("/voice")) == 1
    assert count(rt, Call) == 1
    certifying_call(phone, rt, enrolled).repeats()
    url, turns = phone.action(), count(rt, SpokenTurn)
    phone.repeats()
    assert count(rt, Assessment) == 1
    assert at_once(url) == {phone.twiml}
    assert count(rt, Assessment) == 1 and count(rt, SpokenTurn) == turns

    clock.forward(minutes=11)  # too late to take the first call up again
    other = Telephone(rt, app.test_client(), sid="CA2")
    phone.sid = other.sid
    other.dial().presses_while_listened_to("1").press(tail(rt, enrolled)).stays_silent()
    assert len(at_once(other.action(), Digits=PIN)) == 1
    assert count(rt, Evidence) == 1


def test_an_unknown_call_is_begun_anew(phone: Telephone) -> None:
    phone.post("/voice/turn/4", Digits="1")
    assert phone.heard == ("system.restart",)
    assert phone.action() == "/voice"
    assert phone.post(phone.action()).heard[0] == "greeting"


def test_a_webhook_without_a_call_is_refused(client: FlaskClient) -> None:
    assert client.post("/voice", data={"From": "+8613888000001"}).status_code == 400
    assert client.post("/voice/turn/0", data={"CallSid": "C" * 65}).status_code == 400
    assert client.get("/voice/turn/0").status_code == 405
    assert client.post("/voice/turn/-1", data={"CallSid": "CA1"}).status_code == 404


@pytest.mark.parametrize("status", ["ringing", "in-progress", "completed", "no-such-status"])
def test_status_callbacks_of_unknown_calls_are_taken_quietly(client: FlaskClient, status: str) -> None:
    assert client.post("/voice/status", data={"CallSid": "CA9", "CallStatus": status}).status_code == 204


def test_a_call_ends_once_whatever_statuses_come(phone: Telephone, client: FlaskClient, clock: Clock) -> None:
    phone.dial()
    for status in ("initiated", "in-progress"):
        client.post("/voice/status", data={"CallSid": phone.sid, "CallStatus": status})
    assert phone.call().ended_at is None
    ended = phone.hangs_up().call()
    clock.forward(minutes=1)
    phone.hangs_up()
    assert phone.call().ended_at == ended.ended_at is not None
    assert phone.call().outcome == "dropped"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_status_that_comes_late_overwrites_no_outcome(phone: Telephone, rt: Runtime, wu: Person) -> None:
    phone.dial()
    late = Line.of(rt)
    with rt.sessions.begin() as session:
        before = session.scalars(select(Call)).one()
        with rt.sessions.begin() as verdict:
            verdict.execute(update(Call).values(outcome="certified"))
        assert before.outcome is None
        late.end(session, phone.sid, "completed")
    assert phone.call().outcome == "certified"


@pytest.fixture
def broken(rt: Runtime, tmp_path: Path) -> Flask:
    """A line whose database has no tables."""
    return line(replace(rt, sessions=open_sessions(f"sqlite:///{tmp_path / 'empty.db'}")))


@pytest.mark.parametrize(
    ("at", "last"),
    [(datetime(2026, 3, 10, 2, 0, tzinfo=UTC), "system.human"), (NIGHT, "system.later")],
)
def test_whatever_fails_the_caller_hears_words_and_then_a_human(
    broken: Flask, rt: Runtime, clock: Clock, at: datetime, last: str
) -> None:
    clock.at = at
    phone = Telephone(rt, broken.test_client())
    phone.post("/voice/turn/3", Digits=PIN)
    for attempt in ("1", "2"):
        assert phone.heard == ("system.hold",)
        assert phone.action() == f"/voice/turn/3?tried={attempt}"
        phone.post(phone.action())
    assert phone.heard == (last,)
    dial = phone.root().find("Dial")
    assert (dial is not None and dial.text == rt.regions.default.operator.number) == (last == "system.human")


def test_how_the_dialling_went_is_not_forgotten_by_a_failure(
    broken: Flask, rt: Runtime, phone: Telephone, wu: Person
) -> None:
    phone.dial().press("1").presses_while_listened_to("0")
    failing = Telephone(rt, broken.test_client())
    retry = failing.post(phone.action(), DialCallStatus="completed", Digits=PIN).action()
    retry = failing.post(retry).action()
    assert PIN not in retry
    assert phone.post(retry).heard == ("goodbye",)
    assert phone.call().outcome == "human"


def test_an_answer_that_failed_once_is_given_the_second_time(
    broken: Flask, rt: Runtime, phone: Telephone, wu: Person
) -> None:
    phone.dial().press("1").says("认证")
    failing = Telephone(rt, broken.test_client())
    retry = failing.post(phone.action(), Digits="0000").action()
    assert phone.post(retry).heard == ("line.again", "who.tail"), "no blame: the keys may have been pressed"


def test_a_prompt_is_public_audio(client: FlaskClient) -> None:
    answer = client.get("/voice/prompts/mandarin/pause.long.wav")
    assert answer.status_code == 200
    assert answer.mimetype == "audio/wav" and answer.data[:4] == b"RIFF"
    assert answer.cache_control.public
    for path in ("mandarin/nothing.wav", "mandarin/..%2F..%2Fsettings.wav", "nowhere/greeting.mp3"):
        assert client.get(f"/voice/prompts/{path}").status_code == 404
