"""The pages that are led to from everywhere, in their order, and for whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from flask import request, url_for

from certification.staff import Role
from ops.console import access
from ops.console.audit.scope import READERS

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is led to. `name`: of its words (nav.…); `within`: endpoints of what lies behind it."""

    name: str
    endpoint: str
    roles: frozenset[Role]
    asked: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    within: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Its address."""
        asked: dict[str, Any] = dict(self.asked)
        return url_for(f"console.{self.endpoint}", **asked)

    @property
    def here(self) -> bool:
        """Whether the page that is open is it, or lies behind it."""
        return (request.endpoint or "").removeprefix("console.") in (self.endpoint, *self.within)


_PERSON = ("person", "number", "code", "new_person", "record", "card", "enrol", "enrol_phone", "begin_sitting", "ways")
PAGES = (
    Page("home", "home", access.EVERYBODY),
    Page("people", "people_", access.PEOPLE, within=_PERSON),
    Page("cases", "cases", access.CASES, within=("case",)),
    Page("roll", "roll", access.PEOPLE),
    Page("papers", "papers_", access.PEOPLE, {"state": "received"}, ("paper",)),
    Page("visits", "visits_", access.PEOPLE, {"state": "asked"}, ("visit",)),
    Page("appointments", "appointments_", access.PEOPLE),
    Page("rounds", "rounds", access.VISITORS, within=("round_",)),
    Page("mine", "mine", access.AGENTS, within=("find_mine", "certify_mine")),
    Page("agents", "agents_", access.OVERSEE, within=("agent",)),
    Page("suspensions", "suspensions", access.PAYMENTS, within=("suspension_list",)),
    Page("runs", "runs", access.WORK, within=("run",)),
    Page("campaigns", "campaigns_", access.WORK, within=("campaign",)),
    Page("errands", "errands_", access.WORK, within=("errand",)),
    Page("operators", "operators_", access.WATCH, within=("operator",)),
    Page("reports", "reports", access.REPORTS, within=("equity",)),
    Page("prompts", "prompts_", access.PROMPTS, within=("prompt",)),
    Page("journal", "journal_search", READERS, within=("journal_check", "journal_listened")),
    Page("accounts", "accounts", access.COLLEAGUES, within=("open_account", "reopen_account")),
)


def theirs(role: Role) -> Iterator[Page]:
    """The pages that somebody of this role is led to."""
    return (page for page in PAGES if role in page.roles)
