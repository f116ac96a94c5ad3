"""What the sweep does for the lists of suspensions: those let go from the console, by slices."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from certification.runtime import Runtime
from certification.store import PaymentList, only_read
from certification.suspension import releasing

logger = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=2)  # of the other duties, in each sweep


def go_on_with_lists(rt: Runtime) -> int:
    """Go on with each list that is being released; how many there are.

    A command that is at the same list does no harm: each slice is done once. A list that cannot be gone on with keeps
    no other waiting.
    """
    with rt.sessions() as session:
        only_read(session)
        found = session.scalars(select(PaymentList.id).where(PaymentList.releasing.is_not(None))).all()
    ends = rt.now() + PATIENCE
    for identifier in found:
        try:
            hindered = releasing.go_on(rt, identifier, enough=lambda: rt.now() >= ends)
        except OperationalError:
            raise
        except Exception:
            logger.exception("the release of list %s waits", identifier)
        else:
            if hindered is not None:
                logger.warning("list %s is not released now: %s", identifier, hindered)
    return len(found)
