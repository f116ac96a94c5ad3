"""Which entries of the journal somebody may see, what they look for, and how entries are shown."""

from __future__ import annotations

import json
from datetime import date

from flask import abort, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from certification import journal, knowncases, secondlooks
from certification.audit import TECHNICAL, Wanted
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Case, JournalEntry, Person
from ops.console import access, listing

READERS = frozenset({Role.AUDITOR, Role.SUPERVISOR, Role.ADMINISTRATOR})
CHECKERS = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
LISTENERS = frozenset({Role.AUDITOR, Role.SUPERVISOR})
_LONGEST = 200
_FIELDS = ("action", "subject", "actor", "since", "until")


def everything() -> bool:
    """Whether they see every entry: auditors whose account is of no region."""
    return access.who().role is Role.AUDITOR and access.who().region is None


def technical() -> bool:
    """Whether they see what happened to accounts, keys and machines, and nothing else."""
    return access.who().role is Role.ADMINISTRATOR


def asked() -> dict[str, str]:
    """What is looked for, as the address says; what is empty is left out."""
    given = {name: request.args.get(name, "").strip() for name in _FIELDS}
    if any(len(one) > _LONGEST for one in given.values()):
        abort(400)
    return {name: value for name, value in given.items() if value}


def day(text: str | None) -> date | None:
    """A day as an address has it."""
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        abort(400)
    return found if listing.reckoned(found) else abort(400)


def wanted(session: Session, given: dict[str, str]) -> Wanted | None:
    """What they may look for; None where they have to name somebody or a case first: the journal has no regions."""
    since, until = day(given.get("since")), day(given.get("until"))
    found = Wanted(given.get("action"), given.get("subject"), given.get("actor"), since, until)
    if everything():
        return found
    if technical():
        return Wanted(found.action, found.subject, found.actor, since, until, kinds=TECHNICAL)
    if found.subject is None:
        return None
    if not _theirs(session, found.subject):
        abort(404)
    return found


def _theirs(session: Session, subject: str) -> bool:
    """Whether an entry's subject is somebody whom they see, or a case of such a person, or of nobody."""
    kind, _, identifier = subject.partition(":")
    if kind == "case":
        case = session.get(Case, identifier)
        if case is None or secondlooks.blind(session, case, access.who().name):
            return False
        if case.person_id is None:
            return knowncases.of(session, case.id) is None
        identifier = case.person_id
    elif kind != "person":
        return False
    person = session.get(Person, identifier)
    return person is not None and access.sees(person.region)


def note(session: Session, rt: Runtime, given: dict[str, str]) -> None:
    """Journal that somebody looked for what was done to, or by, somebody."""
    subject = given.get("subject", "journal")
    journal.write(session, rt.now(), access.who().name, "journal searched", subject, **searched(given))


def searched(given: dict[str, str]) -> dict[str, str]:
    """What was looked for beside the subject, as an entry has it."""
    named = {"action": "what", "actor": "who", "since": "since", "until": "until"}
    return {fact: given[name] for name, fact in named.items() if name in given}


def facts(entry: JournalEntry) -> list[tuple[str, str]]:
    """What an entry says beside who, what and when, each as name and value."""
    try:
        found = json.loads(entry.detail)
    except ValueError:
        return [("?", entry.detail)]
    if not isinstance(found, dict):
        return [("?", entry.detail)]
    return [(str(name), _plain(value)) for name, value in found.items()]


def _plain(value: object) -> str:
    match value:
        case None:
            return "–"
        case str():
            return value
        case list():
            return ", ".join(_plain(one) for one in value)
        case dict():
            return ", ".join(f"{name} {_plain(one)}" for name, one in value.items())
        case _:
            return json.dumps(value)


def link(subject: str) -> str | None:
    """The page of a subject, for those who may open one."""
    kind, _, identifier = subject.partition(":")
    if len(identifier) != 32 or not identifier.isalnum():
        return None
    if kind == "person" and access.who().role in access.PEOPLE:
        return url_for("console.person", person_id=identifier)
    if kind == "case" and access.who().role in access.CASES:
        return url_for("console.case", case_id=identifier)
    return None


def why(fault: str) -> str:
    """What is wrong with the chain, in words."""
    return str(gettext(f"journal_fault.{_FAULTS[fault]}"))


_FAULTS = {
    journal.MISSING: "missing",
    journal.APART: "apart",
    journal.ALTERED: "altered",
    journal.OTHER_END: "other_end",
}
