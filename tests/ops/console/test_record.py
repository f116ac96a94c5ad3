"""Records at the desk: found by name or card, opened, corrected after a second look, and the card to take home."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from html import unescape

import pytest
from sqlalchemy import select

from certification import needs, people, records
from certification.needs import Declared
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import JournalEntry, Person, Phone
from ops.app import create_app
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled
from tests.ops.console.browser import Account, Browser, Hire

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
NUMBER = resident_number("530102", 1946, 3, 5, 2)
XSS = "<script>alert(1)</script>\"'"


@pytest.fixture
def zhao(hired: Hire) -> Account:
    """Clerk Zhao of Kunming."""
    return hired("赵经办", Role.CLERK, region="kunming")


@pytest.fixture
def clerk(browser: Browser, zhao: Account) -> Browser:
    """Their browser, signed in."""
    browser.signs_in(zhao)
    return browser


def put(rt: Runtime, name: str, year: int, *, region: str = "kunming", order: int = 1) -> str:
    with rt.sessions.begin() as session:
        number = resident_number("530102", year, 6, 16, order)
        return people.add(session, rt, id_number=number, name=name, region=region).id


def looks(clerk: Browser, wanted: str, narrow: str = "") -> tuple[int, str | None]:
    clerk.open("/console/people")
    answer = clerk.send("/console/people", wanted=wanted, narrow=narrow)
    return answer.status_code, answer.location


def telephones(rt: Runtime, person_id: str) -> list[tuple[str, str]]:
    with rt.sessions() as session:
        kept = records.telephones(session, rt, session.get_one(Person, person_id))
    return [(one.holder, number) for one, number in kept]


def test_somebody_is_found_by_name_and_the_journal_has_no_name(clerk: Browser, rt: Runtime, wu: Person) -> None:
    assert looks(clerk, "吴 先 生") == (302, f"/console/people/{wu.id}")
    [told] = journalled(rt, "people looked for")
    assert json.loads(told) == {"by": "name", "found": 1}
    assert looks(clerk, "吴先生", "1950") == (302, f"/console/people/{wu.id}")
    assert looks(clerk, "吴先生", "1951")[0] == 200 and "名册里没有" in clerk.page
    assert looks(clerk, f"吴先生,{resident_number('530102', 1950, 5, 15)}") == (302, f"/console/people/{wu.id}")


def test_namesakes_are_told_apart_bounded_and_narrowed(clerk: Browser, rt: Runtime) -> None:
    ids = [put(rt, "王秀英", 1930 + n) for n in range(23)]
    elsewhere = put(rt, "王秀英", 1929, region="qingdao")
    assert looks(clerk, "王秀英") == (200, None)
    listed = re.findall(r'/console/people/([0-9a-f]{32})"', clerk.page)
    assert listed == ids[:20] and elsewhere not in clerk.page
    assert "共 23 位" in clerk.page and "1930" in clerk.page
    assert resident_number("530102", 1930, 6, 16) not in clerk.page
    assert looks(clerk, "王秀英", "1951") == (302, f"/console/people/{ids[21]}")


def test_a_name_that_is_a_script_is_shown_as_it_is(clerk: Browser, rt: Runtime) -> None:
    one, _ = put(rt, XSS, 1940), put(rt, XSS, 1941)
    looks(clerk, XSS)
    for path in ("", f"/{one}/record", f"/{one}/card"):
        if path:
            raw = clerk.client.get(f"/console/people{path}", base_url="https://line.example").get_data(as_text=True)
        else:
            form = {"wanted": XSS, "csrf_token": re.findall(r'csrf_token" value="([^"]+)', clerk.page)[0]}
            headers = {"Referer": "https://line.example/console/people"}
            answer = clerk.client.post("/console/people", data=form, base_url="https://line.example", headers=headers)
            raw = answer.get_data(as_text=True)
        assert "<script>alert" not in raw and XSS in unescape(raw), path


def test_whoever_is_not_on_the_roll_is_added_with_what_the_card_said(clerk: Browser, rt: Runtime) -> None:
    assert looks(clerk, f"吴桂芳,{NUMBER}")[0] == 200
    form = dict(re.findall(r'<input type="hidden" name="(begin|name|id_number)" value="([^"]*)"', clerk.page))
    assert clerk.send("/console/people/new", **form).status_code == 200
    assert 'value="吴桂芳"' in clerk.page and f'value="{NUMBER}"' in clerk.page
    answer = clerk.send("/console/people/new", name="吴桂芳", id_number=NUMBER, phone="13900000001", holder="relative")
    assert answer.status_code == 302
    person_id = answer.location.rsplit("/", 1)[1]
    assert telephones(rt, person_id) == [("relative", "+8613900000001")]
    with rt.sessions() as session:
        assert session.get_one(Person, person_id).region == "kunming"
    clerk.open(answer.location)
    assert "已加入名册" in clerk.page


def test_what_was_typed_stays_in_the_form(clerk: Browser, rt: Runtime) -> None:
    clerk.open("/console/people/new")
    typed = {"name": "吴桂芳", "id_number": NUMBER[:-1] + ("1" if NUMBER[-1] != "1" else "2"), "phone": "0871-63123456"}
    answer = clerk.send("/console/people/new", **typed, holder="relative", dialect="mandarin")  # type: ignore[arg-type]
    assert answer.status_code == 400 and "校验码" in clerk.page
    assert all(f'value="{one}"' in clerk.page for one in typed.values())
    assert '"relative" selected' in clerk.page and '"mandarin" selected' in clerk.page
    with rt.sessions() as session:
        assert session.scalars(select(Person)).all() == []


def test_who_is_there_is_changed_by_nobody_who_adds_them(clerk: Browser, rt: Runtime, wu: Person) -> None:
    clerk.open("/console/people/new")
    number = resident_number("530102", 1950, 5, 15)
    answer = clerk.send("/console/people/new", name="别人", id_number=number, phone="13900000001", holder="self")
    assert (answer.status_code, answer.location) == (302, f"/console/people/{wu.id}/record")
    assert telephones(rt, wu.id) == [("self", "+8613888000001")]
    assert len(journalled(rt, "people looked for")) == 1


def test_who_is_on_another_regions_roll_is_not_shown(another: Another, hired: Hire, rt: Runtime, wu: Person) -> None:
    elsewhere = another("192.0.2.9")
    elsewhere.signs_in(hired("钱经办", Role.CLERK, region="qingdao"))
    elsewhere.open("/console/people/new")
    number = resident_number("530102", 1950, 5, 15)
    answer = elsewhere.send("/console/people/new", name="某人", id_number=number, holder="self")
    assert answer.status_code == 409 and "其他地区" in elsewhere.page and wu.id not in elsewhere.page
    assert len(journalled(rt, "people looked for")) == 1
    page = elsewhere.page
    for path in ("record", "card"):
        assert elsewhere.open(f"/console/people/{wu.id}/{path}").status_code == 404
    elsewhere.page = page
    assert elsewhere.send(f"/console/people/{wu.id}/record", name="别人").status_code == 404
    assert looks(elsewhere, "吴先生")[0] == 200 and "名册里没有" in elsewhere.page


def test_a_clerk_of_every_region_says_which(another: Another, hired: Hire, rt: Runtime) -> None:
    everywhere = another("192.0.2.9")
    everywhere.signs_in(hired("孙经办", Role.CLERK))
    everywhere.open("/console/people/new")
    answer = everywhere.send("/console/people/new", name="吴桂芳", id_number=NUMBER, holder="self", region="qingdao")
    with rt.sessions() as session:
        assert session.get_one(Person, answer.location.rsplit("/", 1)[1]).region == "qingdao"


def test_what_replaces_something_is_done_after_a_second_look(clerk: Browser, rt: Runtime, wu: Person) -> None:
    path = f"/console/people/{wu.id}/record"
    clerk.open(path)
    assert "13888000001" not in clerk.page and 'value="吴先生"' in clerk.page
    [phone] = re.findall(r'name="holder-([0-9a-f]{32})"', clerk.page)
    form = {"name": "吴桂芳", "phone-0": "13900000001", "whose-0": "self", f"gone-{phone}": "yes"}
    assert clerk.send(path, **form).status_code == 200  # type: ignore[arg-type]
    assert "吴先生" in clerk.page and "确认" in clerk.page
    assert telephones(rt, wu.id) == [("self", "+8613888000001")]
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', clerk.page))
    hidden.pop("csrf_token")
    assert {**form, **hidden} == hidden, "what was typed goes along"
    with rt.sessions.begin() as session:  # a colleague corrects the name meanwhile
        people.rename(rt.keys, session.get_one(Person, wu.id), "吴贵芳")
    assert clerk.send(path, **hidden).status_code == 200
    assert "吴贵芳" in clerk.page, "and is not overwritten unseen"
    hidden["confirmed"] = dict(re.findall(r'name="(confirmed)" value="([^"]*)"', clerk.page))["confirmed"]
    answer = clerk.send(path, **hidden)
    assert (answer.status_code, answer.location) == (302, f"/console/people/{wu.id}")
    assert telephones(rt, wu.id) == [("self", "+8613900000001")]
    assert len(journalled(rt, "record corrected")) == 1


def test_the_hidden_digits_of_a_telephone_cannot_be_tried_out_against_the_page(
    clerk: Browser, rt: Runtime, wu: Person
) -> None:
    path = f"/console/people/{wu.id}/record"
    clerk.open(path)
    [phone] = re.findall(r'name="holder-([0-9a-f]{32})"', clerk.page)
    form = {"name": "吴先生", f"gone-{phone}": "yes"}
    assert clerk.send(path, **form).status_code == 200  # type: ignore[arg-type]
    [seal] = re.findall(r'name="confirmed" value="([^"]+)"', clerk.page)
    guessed = repr([("removed", "+8613888000001", "", "")])
    assert seal != sha256(guessed.encode()).hexdigest()
    with rt.sessions() as session:
        wanted = records.Wanted("吴先生", None, {}, frozenset({phone}), ())
        due = records.changes(session, rt, session.get_one(Person, wu.id), wanted)
    said = [(one.what.value, one.before, one.after, one.about) for one in due]
    assert repr(said) == guessed, "else the guess says nothing"


def test_a_correction_that_only_adds_is_done_at_once(clerk: Browser, rt: Runtime, wu: Person) -> None:
    path = f"/console/people/{wu.id}/record"
    clerk.open(path)
    more = {"phone-1": "0871-63123456", "whose-1": "relative"}
    assert clerk.send(path, name="吴先生", dialect="mandarin", **more).status_code == 302  # type: ignore[arg-type]
    assert sorted(telephones(rt, wu.id)) == [("relative", "+8687163123456"), ("self", "+8613888000001")]


def test_a_wrong_telephone_loses_nothing_that_was_typed(clerk: Browser, rt: Runtime, wu: Person) -> None:
    path = f"/console/people/{wu.id}/record"
    clerk.open(path)
    answer = clerk.send(path, name="吴桂芳", dialect="mandarin", **{"phone-0": "6312", "whose-0": "relative"})  # type: ignore[arg-type]
    assert answer.status_code == 400 and "无法识别电话号码" in clerk.page
    assert 'value="吴桂芳"' in clerk.page and 'value="6312"' in clerk.page and '"mandarin" selected' in clerk.page
    with rt.sessions() as session:
        assert people.reveal(rt.keys, session.get_one(Person, wu.id)).name == "吴先生"


def test_a_telephone_of_others_is_not_reached_through_somebody(clerk: Browser, rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        facts = {"id_number": NUMBER, "name": "吴桂芳", "region": "kunming", "phone": "13900000001"}
        other = people.add(session, rt, **facts).id
        [theirs] = session.scalars(select(Phone.id).where(Phone.person_id == other))
    path = f"/console/people/{wu.id}/record"
    clerk.open(path)
    clerk.send(path, name="吴先生", **{f"gone-{theirs}": "yes", f"holder-{theirs}": "relative"})  # type: ignore[arg-type]
    assert telephones(rt, other) == [("self", "+8613900000001")]


def test_nothing_else_to_live_on_is_noted_with_the_other_needs(clerk: Browser, rt: Runtime, wu: Person) -> None:
    clerk.open(f"/console/people/{wu.id}")
    assert clerk.send(f"/console/people/{wu.id}/needs", need="sole_income").status_code == 302
    with rt.sessions() as session:
        assert needs.of(session, wu.id) == {Declared.SOLE_INCOME}


def test_the_card_has_no_number_of_theirs_and_both_languages(rt: Runtime, wu: Person, zhao: Account) -> None:
    line = replace(rt, settings=replace(rt.settings, voice_from="+8687112333"))
    clerk = Browser(create_app(line), line)
    clerk.signs_in(zhao)
    raw = clerk.client.get(f"/console/people/{wu.id}/card", base_url="https://line.example").get_data(as_text=True)
    number = resident_number("530102", 1950, 5, 15)
    assert number not in raw and number[-4:] not in raw and "13888000001" not in raw
    assert "吴先生" in raw and "2026年3月31日" in raw and raw.count("087112333") == 1
    assert "先听几个词" in raw and "Listen to a few words" in raw
    with rt.sessions() as session:
        shown = session.scalars(select(JournalEntry).where(JournalEntry.action == "card shown")).all()
    assert [(one.actor, one.subject) for one in shown] == [("赵经办", f"person:{wu.id}")]
