"""What waits for a human: seen with whoever goes first before the others, and decided once."""

from __future__ import annotations

import pytest

from certification import bereavement, cases, contacts
from certification.cases import CaseKind
from certification.contacts import Channel, Outcome
from certification.identity import ResidentNumber
from certification.people import find_by_number
from certification.runtime import Runtime
from certification.store import Person
from ops.commands.cases import SUSPICIONS_ZH
from tests.ops.test_commands import NUMBER, sentence, settings, stillhere, town
from tests.ops.test_reminding import rt
from tests.ops.test_routes import done
from tests.ops.test_suspensions_command import Bureau, bureau
from voiceprint.challenge import Suspicion

__all__ = ["bureau", "rt", "settings", "town"]
BY = ("--by", "operator", "--json")


def opened(rt: Runtime, kind: CaseKind, cause: str, *, first: bool = False, of_nobody: bool = False) -> str:
    """A case about Mr Wang, or about nobody; its name."""
    with rt.sessions.begin() as session:
        person = None if of_nobody else find_by_number(session, rt.keys, ResidentNumber.parse(NUMBER))
        detail = {"first": first} if first else {}
        return cases.open_case(session, rt, kind=kind, cause=cause, person=person, detail=detail).id


def listed(town: dict[str, str], *arguments: str) -> list[str]:
    found = done(stillhere(town, "cases", "list", *arguments, "--json"))["cases"]
    return [one["id"] for one in found]


def test_who_goes_first_is_listed_first_and_what_is_decided_no_more(town: dict[str, str], rt: Runtime) -> None:
    early = opened(rt, CaseKind.CALL_BACK, "1")
    first = opened(rt, CaseKind.UNREACHED, "2", first=True)
    line = opened(rt, CaseKind.SHARED_LINE, "3", of_nobody=True)
    assert listed(town) == [first, early, line]
    assert listed(town, "--region", "昆明") == [first, early, line], "of somebody on no roll, each region sees to it"
    assert listed(town, "--kind", "shared_line") == [line]
    assert listed(town, "--region", "广州") == [line]
    assert listed(town, "--most", "1") == [first]
    assert done(stillhere(town, "cases", "decide", first, "--verdict", "搬家了，已联系上", *BY))["decided"] == first
    assert listed(town) == [early, line]
    again = sentence(stillhere(town, "cases", "decide", first, "--verdict", "x", "--by", "another"))
    assert "was decided by operator before" in again
    assert "There is no case" in sentence(stillhere(town, "cases", "decide", "nothing", "--verdict", "x", *BY[:2]))


def test_the_beginning_of_an_identifier_is_enough_where_no_other_begins_so(town: dict[str, str], rt: Runtime) -> None:
    ids = [opened(rt, CaseKind.CALL_BACK, str(n)) for n in range(17)]  # two of them begin with the same digit
    some = next(one[0] for one in ids if sum(other[0] == one[0] for other in ids) > 1)
    for command in (("show",), ("decide", "--verdict", "rung")):
        assert "More than one case" in sentence(stillhere(town, "cases", *command, some, *BY[:2]))
        assert "There is no case" in sentence(stillhere(town, "cases", *command, " ", *BY[:2]))
    assert done(stillhere(town, "cases", "show", ids[0][:12].upper(), *BY))["id"] == ids[0]
    assert done(stillhere(town, "cases", "decide", ids[0][:12], "--verdict", "rung", *BY))["decided"] == ids[0]


@pytest.mark.parametrize("kind", bereavement.QUESTIONS)
def test_whether_somebody_died_is_answered_and_not_decided(town: dict[str, str], rt: Runtime, kind: str) -> None:
    about = opened(rt, CaseKind(kind), "1")
    decide = ("cases", "decide", about, "--verdict", "alive", "--by", "operator")
    assert "deaths answer" in sentence(stillhere(town, *decide))
    assert listed(town) == [about]
    of_nobody = opened(rt, CaseKind(kind), "2", of_nobody=True)
    assert done(stillhere(town, "cases", "decide", of_nobody, "--verdict", "打不通", *BY))["decided"] == of_nobody


def test_whom_an_operator_could_not_reach_is_suspended_once_that_is_on_record(bureau: Bureau, rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        person = find_by_number(session, rt.keys, ResidentNumber.parse(NUMBER))
        assert isinstance(person, Person)
        contacts.note(session, rt, person, channel=Channel.OPERATOR, ref="9", outcome=Outcome.RUNG)
    unreached = opened(rt, CaseKind.UNREACHED, "ladder:1")
    propose = ("suspensions", "propose", *bureau.of)
    assert done(stillhere(bureau.town, *propose))["reasons"] == {"open_case": 1}
    done(stillhere(bureau.town, "cases", "decide", unreached, "--verdict", "无人接听", *BY))
    assert done(stillhere(bureau.town, *propose))["proposed"] == 1


@pytest.mark.parametrize("kind", CaseKind)
def test_each_kind_says_in_chinese_what_it_asks(town: dict[str, str], rt: Runtime, kind: CaseKind) -> None:
    about = opened(rt, kind, "1", of_nobody=True)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in stillhere(town, "cases", "list").stdout.split(about)[1])


@pytest.mark.parametrize("suspicion", Suspicion)
def test_whoever_decides_about_a_voice_sees_what_it_is_suspected_of(
    town: dict[str, str], rt: Runtime, suspicion: Suspicion
) -> None:
    with rt.sessions.begin() as session:
        detail: dict[str, object] = {"suspicions": {str(suspicion): {}}}
        about = cases.open_case(session, rt, kind=CaseKind.VOICE_DOUBT, cause="1", detail=detail).id
    listed = stillhere(town, "cases", "list", "--json")
    assert [one["suspicions"] for one in done(listed)["cases"]] == [[str(suspicion)]]
    [line] = [line for line in listed.stdout.splitlines() if line.startswith(about)]
    assert line.endswith(f"{SUSPICIONS_ZH[suspicion]} {suspicion}")


def test_of_a_voice_there_are_two_answers_and_no_third(town: dict[str, str], rt: Runtime) -> None:
    about = opened(rt, CaseKind.VOICE_DOUBT, "1")
    refused = stillhere(town, "cases", "decide", about, "--verdict", "不是本人", "--by", "operator")
    assert refused.exit_code != 0
    assert "unsure" in refused.stderr and "Traceback" not in refused.stderr
    assert listed(town) == [about]
