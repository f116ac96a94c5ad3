"""The pure check: no history leads to a suspension without two channels, two signatures and a period that is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from certification.contacts import Channel
from certification.suspension.checks import Block, History, before_signing, blocks

DUE = date(2026, 3, 31)
SUSPENDABLE = History(
    today=DUE + timedelta(days=1),
    due=DUE,
    certified=False,
    enabled=True,
    least_channels=2,
    channels=frozenset({"sms", "call"}),
    outage=timedelta(),
    outage_running=False,
    open_cases=0,
    score_unseen=False,
    death_reported=False,
    suspended=False,
    moved=False,
    signatures=frozenset({"a", "b"}),
)
histories = st.builds(
    History,
    today=st.dates(DUE - timedelta(days=3), DUE + timedelta(days=9)),
    due=st.just(DUE),
    certified=st.booleans(),
    enabled=st.booleans(),
    least_channels=st.integers(-1, 4),
    channels=st.frozensets(st.sampled_from([channel.value for channel in Channel])),
    outage=st.timedeltas(timedelta(), timedelta(days=9)),
    outage_running=st.booleans(),
    open_cases=st.integers(0, 2),
    score_unseen=st.booleans(),
    death_reported=st.booleans(),
    suspended=st.booleans(),
    moved=st.booleans(),
    taken_off=st.booleans(),
    asked_again=st.none() | st.dates(DUE - timedelta(days=60), DUE + timedelta(days=9)),
    again=st.timedeltas(timedelta(), timedelta(days=60)),
    signatures=st.frozensets(st.sampled_from("abc")),
)
near = st.builds(
    lambda wild, names: replace(SUSPENDABLE, **{name: getattr(wild, name) for name in names}),
    histories,
    st.sets(st.sampled_from(sorted(History.__dataclass_fields__)), max_size=4),
)
"""Histories that differ from one that suspends in a few things only: of wholly random ones hardly any suspends."""

ONE_BY_ONE = [
    ({"certified": True}, Block.CERTIFIED),
    ({"today": DUE}, Block.NOT_OVER),
    ({"outage": timedelta(hours=1)}, Block.NOT_OVER),
    ({"asked_again": DUE - timedelta(days=29)}, Block.ASKED_AGAIN),
    ({"asked_again": DUE - timedelta(days=31), "again": timedelta(days=32)}, Block.ASKED_AGAIN),
    ({"asked_again": DUE - timedelta(days=29), "again": timedelta()}, Block.ASKED_AGAIN),
    ({"enabled": False}, Block.SWITCHED_OFF),
    ({"outage_running": True}, Block.OUTAGE),
    ({"channels": frozenset({"sms"})}, Block.TOO_FEW_CHANNELS),
    ({"channels": frozenset(), "least_channels": 0}, Block.TOO_FEW_CHANNELS),
    ({"least_channels": 3}, Block.TOO_FEW_CHANNELS),
    ({"open_cases": 1}, Block.OPEN_CASE),
    ({"death_reported": True}, Block.DEATH_REPORTED),
    ({"score_unseen": True}, Block.ONLY_A_SCORE),
    ({"suspended": True}, Block.SUSPENDED_BEFORE),
    ({"moved": True}, Block.MOVED),
    ({"taken_off": True}, Block.TAKEN_OFF),
    ({"signatures": frozenset({"a"})}, Block.UNSIGNED),
]


@pytest.mark.parametrize(("change", "block"), ONE_BY_ONE)
def test_each_reason_suffices(change: dict[str, object], block: Block) -> None:
    assert blocks(SUSPENDABLE) == ()
    assert blocks(replace(SUSPENDABLE, **change)) == (block,)  # type: ignore[arg-type]


def test_every_reason_is_tested_and_has_its_sentences() -> None:
    assert {block for _, block in ONE_BY_ONE} == set(Block)
    assert len({block.zh for block in Block}) == len({block.en for block in Block}) == len(Block)


@given(histories | near)
@example(SUSPENDABLE)
@example(replace(SUSPENDABLE, least_channels=-1, channels=frozenset({"sms"})))
def test_no_history_suspends_anybody_wrongly(history: History) -> None:
    if blocks(history):
        return
    assert len(history.channels) >= 2
    assert len(history.channels) >= history.least_channels
    assert len(history.signatures) >= 2
    assert history.today > history.due + history.outage
    assert history.enabled and not history.outage_running
    assert not (history.certified or history.open_cases or history.death_reported or history.score_unseen)
    assert not (history.suspended or history.moved or history.taken_off)
    assert history.asked_again is None or history.today > history.asked_again + timedelta(days=30) + history.outage


@given(histories | near, st.frozensets(st.sampled_from([channel.value for channel in Channel])))
def test_a_proposal_waits_for_nothing_but_signatures(history: History, more: frozenset[str]) -> None:
    left = set(blocks(history)) - set(before_signing(history))
    assert left <= {Block.UNSIGNED}
    assert set(before_signing(replace(history, channels=history.channels | more))) <= set(before_signing(history))


@pytest.mark.parametrize(
    ("outage", "days"),
    [
        (timedelta(), 0),
        (timedelta(minutes=1), 1),
        (timedelta(days=1), 1),
        (timedelta(days=1, seconds=1), 2),
        (timedelta(days=3), 3),
    ],
)
def test_a_day_is_added_for_each_day_of_outage_begun(outage: timedelta, days: int) -> None:
    assert replace(SUSPENDABLE, outage=outage).over_after == DUE + timedelta(days=days)
