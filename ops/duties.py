"""What the sweep finds to do, row by row: each for itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from certification.runtime import Runtime

logger = logging.getLogger(__name__)


def one_by_one(rt: Runtime, identifiers: Iterable[str], deed: Callable[[Session, Runtime, str], bool]) -> int:
    """Do the deed for each row, in a transaction of its own: one that cannot be read keeps nobody else waiting.

    How often it was done. Raises OperationalError when the database is away.
    """
    done = 0
    for identifier in identifiers:
        try:
            with rt.sessions.begin() as session:
                done += deed(session, rt, identifier)
        except OperationalError:
            raise
        except Exception:
            logger.exception("%s(%s) failed, and is passed over", deed.__name__, identifier)
    return done
