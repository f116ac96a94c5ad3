"""Whoever writes that they want to live no longer: a human at once, a kind answer, and no reminders until then."""

from __future__ import annotations

import logging

from certification.cases import CaseKind
from certification.regions.hours import operator_answers_today
from sms.writers import MOST, Said, Writer

logger = logging.getLogger(__name__)


def comfort(writer: Writer) -> Said:
    """Have them called before anybody else; it is promised for today only where somebody still works today.

    On a shared telephone the text does not say who wrote it: there is a case for each who is reached there, for nobody
    is to be reminded until a human knows. What was written stands in no log.
    """
    reached, region = writer.reached, writer.region(writer.person)
    for one in reached if 1 <= len(reached) <= MOST else [None]:
        case = writer.ask_at_once(CaseKind.URGENT, one)
        logger.warning("case %s is urgent: somebody is to be called at once", case.id)
    words = "answer.urgent" if operator_answers_today(region, writer.rt.now()) else "answer.urgent_later"
    return Said(words, person=writer.person)
