"""Lists of suspensions released by the sweep, slice by slice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from certification.runtime import Runtime
from certification.store import PaymentList
from certification.suspension import releasing
from ops import releases
from tests.certification.conftest import Clock, clock, queue
from tests.certification.conftest import rt as domain
from tests.certification.test_suspension_slices import begun, found, in_order, listed

__all__ = ["clock", "domain", "queue"]


@pytest.fixture
def rt(domain: Runtime) -> Runtime:
    """The runtime of the domain's tests."""
    return domain


def test_a_list_that_cannot_be_gone_on_with_keeps_no_other_waiting(rt: Runtime, clock: Clock) -> None:
    in_order(rt, clock, 1)
    identifier = begun(rt, 0)
    with rt.sessions.begin() as session:
        stuck = {"kind": "suspension", "region": "atlantis", "month": date(2026, 5, 1), "part": 1}
        more = {"proposed_by": "x", "proposed_at": rt.now(), "releasing": releasing.CHECKING}
        session.add(PaymentList(id="0" * 32, **stuck, **more))
    assert releases.go_on_with_lists(rt) == 2
    assert listed(rt, identifier).released_at is not None


def test_a_sweep_does_some_slices_and_the_next_goes_on(rt: Runtime, clock: Clock) -> None:
    in_order(rt, clock, 2)
    identifier, sweeps = begun(rt, 0), 0

    def later() -> object:
        clock.at += timedelta(seconds=1)
        return clock.at

    slow = replace(rt, now=later)  # type: ignore[arg-type]
    while listed(rt, identifier).releasing is not None:
        releases.go_on_with_lists(slow)
        sweeps += 1
    assert sweeps > 1 and found(rt) == ["suspended"] * 2
