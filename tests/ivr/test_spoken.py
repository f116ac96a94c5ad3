"""The bridge: what one spoken turn learnt of a caller is known in the next of the same call."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from certification.runtime import Runtime
from certification.store import Call, SpokenTurn
from ivr import spoken
from ivr.spoken import LATELY, Plan, Result
from tests.ivr.mediaserver import runtime

COMMAND = Plan("mandarin", ("menu.main",), "menu", 0.9, keep=False, asked=())


@pytest.fixture
def rt(sessions: sessionmaker[Session], tmp_path: Path) -> Runtime:
    return runtime(sessions, tmp_path)


def call(rt: Runtime, sid: str) -> str:
    with rt.sessions.begin() as session:
        began = Call(sid=sid, turn=0, state={}, started_at=rt.now(), touched_at=rt.now())
        session.add(began)
        session.flush()
        return began.id


def learnt(rt: Runtime, call_id: str, n: int, *, heard: Result | None) -> float:
    """Hold the spoken turn n of the call; returns the pause that its plan knew of."""
    with rt.sessions.begin() as session:
        at = session.get_one(Call, call_id)
        at.turn = n
        token = spoken.open_turn(session, rt, at, n, COMMAND)
        session.flush()
        claimed = spoken.claim(session, rt, token, at.sid)
        assert claimed is not None
        turn, plan = claimed
        if heard is not None:
            spoken.finish(session, rt, turn, heard, None)
        return plan.pause_s


def test_how_a_caller_pauses_is_known_for_some_turns_of_the_call(rt: Runtime) -> None:
    one, other = call(rt, "CA1"), call(rt, "CA2")
    assert learnt(rt, one, 1, heard=Result("speech", pause_s=1.4)) == 0.0
    assert learnt(rt, one, 2, heard=None) == 1.4, "a turn that broke off says nothing"
    for n in range(3, 2 + LATELY):
        assert learnt(rt, one, n, heard=Result("speech", pause_s=0.3)) == 1.4
    assert learnt(rt, one, 8, heard=Result("no_input")) == 1.4
    assert learnt(rt, one, 9, heard=Result("no_input")) == 0.3
    assert learnt(rt, other, 1, heard=None) == 0.0


def test_turns_from_before_pauses_were_measured(rt: Runtime) -> None:
    one = call(rt, "CA1")
    learnt(rt, one, 1, heard=Result("speech", pause_s=1.4))
    with rt.sessions.begin() as session:
        turn = session.scalars(select(SpokenTurn)).one()
        turn.heard = {key: value for key, value in (turn.heard or {}).items() if key != "pause_s"}
    assert learnt(rt, one, 2, heard=None) == 0.0
