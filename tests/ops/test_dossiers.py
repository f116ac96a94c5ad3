"""`cases show`: whoever sees to a case reads what was written and whom to call; the journal says who looked."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from certification import helpers
from certification.cases import CaseKind
from certification.helpers import Relation
from certification.identity import ResidentNumber
from certification.people import find_by_number
from certification.runtime import Runtime
from certification.store import Case, JournalEntry, Phone, Text
from ops.dossiers import ERASED
from sms import conversation
from sms.digits import hidden
from tests.ops.test_cases_command import opened
from tests.ops.test_commands import NUMBER, sentence, settings, stillhere, town
from tests.ops.test_reminding import rt
from tests.ops.test_routes import done

__all__ = ["rt", "settings", "town"]
BY = ("--by", "operator", "--json")
STRANGER = "+8613911112222"


def write(rt: Runtime, *texts: str, sender: str = STRANGER) -> str:
    """Somebody writes these; the case that came of it last."""
    for text in texts:
        with rt.sessions.begin() as session:
            conversation.receive(session, rt, "twilio", f"{sender}{text}", sender, text)
    with rt.sessions() as session:
        return session.scalars(select(Case.id).order_by(Case.opened_at.desc())).first() or ""


def test_a_stranger_who_asked_to_be_called_can_be(town: dict[str, str], rt: Runtime) -> None:
    case = write(rt, "六四零二七五", "打给我 13900000000")
    shown = done(stillhere(town, "cases", "show", case, *BY))
    assert (shown["kind"], shown["name"]) == (CaseKind.CALL_BACK, None)
    assert shown["telephones"] == [{"number": STRANGER, "whose": "writer"}]
    assert [(one["body"], one["read"]) for one in shown["texts"]] == [
        ("******", "pin"),
        ("打给我 13900000000", "call_me"),
    ]


def test_whom_a_case_is_about_and_who_helps_them_is_shown_and_journalled(town: dict[str, str], rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        person = find_by_number(session, rt.keys, ResidentNumber.parse(NUMBER))
        assert person is not None
        facts = {"relation": Relation.CARER, "by": "clerk"}
        helpers.declare(session, rt, person, name="吴女士", phone="13988000009", **facts)  # type: ignore[arg-type]
        holders = list(session.scalars(select(Phone.holder).where(Phone.person_id == person.id)))
    case = opened(rt, CaseKind.TO_CALL, "1")
    shown = done(stillhere(town, "cases", "show", case, *BY))
    assert sorted(one["whose"] for one in shown["telephones"]) == sorted([*holders, "carer"])
    assert (shown["name"] is not None, shown["texts"]) == (True, [])
    assert "护工 carer: +8613988000009" in stillhere(town, "cases", "show", case, *BY[:2]).stdout
    with rt.sessions() as session:
        looks = (JournalEntry.action == "case shown", JournalEntry.subject == f"case:{case}")
        seen = list(session.scalars(select(JournalEntry.actor).where(*looks)))
    assert seen == ["operator"] * 2


def test_what_was_written_too_long_ago_is_said_to_be_erased(town: dict[str, str], rt: Runtime) -> None:
    case = write(rt, "打给我")
    with rt.sessions.begin() as session:
        session.execute(update(Text).values(body_sealed=None))
    assert [one["body"] for one in done(stillhere(town, "cases", "show", case, *BY))["texts"]] == [ERASED]


def test_a_case_that_is_none_is_named(town: dict[str, str]) -> None:
    assert "There is no case" in sentence(stillhere(town, "cases", "show", "nothing", "--by", "operator"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("密码６４ ０２７５谢谢", "密码******谢谢"),
        ("幺二三四五陆", "******"),
        ("打13912345678", "打13912345678"),
        ("3楼", "3楼"),
    ],
    ids=["wide", "spelled", "telephone", "storey"],
)
def test_a_pin_is_hidden_and_a_telephone_is_not(text: str, shown: str) -> None:
    assert hidden(text) == shown
