"""The desk: somebody is found, where they stand is shown, and a clerk does at the counter what only a clerk may."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from certification import consent, helpers, names, needs, people, pins, safewords
from certification.needs import Declared
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import EnrolmentCode, Evidence, Person
from ops.console.desk import find
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled
from tests.certification.test_confirmation import keep
from tests.ops.console.browser import Browser, Hire

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
NUMBER = resident_number("530102", 1950, 5, 15)


@pytest.fixture
def clerk(browser: Browser, hired: Hire) -> Browser:
    """Clerk Zhao of Kunming, signed in."""
    browser.signs_in(hired("赵经办", Role.CLERK, region="kunming"))
    return browser


def at(clerk: Browser, person: Person, deed: str = "", **form: str) -> int:
    """Do something on somebody's page; the status of the page that follows."""
    path = f"/console/people/{person.id}"
    clerk.open(path)
    return clerk.send(f"{path}/{deed}", follow=True, **form).status_code if deed else 200


@pytest.mark.parametrize(
    "wanted",
    [
        NUMBER,
        f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
        NUMBER.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
        "13888000001",
        "+86 138 8800 0001",
        " 138-8800-0001 ",
    ],
)
def test_somebody_is_found_as_their_number_is_written(clerk: Browser, rt: Runtime, wu: Person, wanted: str) -> None:
    clerk.open("/console/people")
    found = clerk.send("/console/people", wanted=wanted)
    assert (found.status_code, found.location) == (302, f"/console/people/{wu.id}")
    clerk.open(found.location)
    assert "吴先生" in clerk.page and "本期还没有认证" in clerk.page
    assert NUMBER not in clerk.page and f"{NUMBER[:4]}**********{NUMBER[-4:]}" in clerk.page
    assert "13888000001" not in clerk.page and "138****0001" in clerk.page
    assert "/console/journal" not in clerk.page
    assert len(journalled(rt, "people looked for")) == len(journalled(rt, "person shown")) == 1


def test_of_many_at_one_telephone_not_all_are_gone_through(
    clerk: Browser, rt: Runtime, wu: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rt.sessions.begin() as session:
        for n, region in enumerate(("kunming", "qingdao")):
            number = resident_number("530102", 1949 - n, 3, 4)
            people.add(session, rt, id_number=number, name="郑女士", region=region, phone="13888000001")
    tried: list[tuple[int, str | None, int, bool]] = [
        (2, "kunming", 2, False),
        (1, "kunming", 1, True),
        (2, None, 2, True),
    ]
    for most, whose, found, more in tried:
        monkeypatch.setattr(names, "MOST", most)
        with rt.sessions() as session:
            at_it = find.look_for(session, rt, find.read("13888000001"), whose)
        assert (len(at_it.people), at_it.more) == (found, more)


def test_a_shared_telephone_finds_several(clerk: Browser, rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1951, 6, 16)
        people.add(session, rt, id_number=number, name="郑女士", region="kunming", phone="13888000001")
    clerk.open("/console/people")
    assert clerk.send("/console/people", wanted="13888000001").status_code == 200
    assert "吴先生" in clerk.page and "郑女士" in clerk.page


def test_what_is_no_number_or_nobodys_is_said(clerk: Browser, wu: Person) -> None:
    clerk.open("/console/people")
    assert clerk.send("/console/people", wanted="12").status_code == 400
    assert "看不懂" in clerk.page or "号码" in clerk.page
    assert clerk.send("/console/people", wanted="13900000009").status_code == 200
    assert "名册里没有" in clerk.page


def test_nobody_of_another_region_is_found_or_served(another: Another, hired: Hire, rt: Runtime, wu: Person) -> None:
    elsewhere = another("192.0.2.9")
    elsewhere.signs_in(hired("钱经办", Role.CLERK, region="qingdao"))
    elsewhere.open("/console/people")
    for wanted in (NUMBER, "13888000001", wu.id):
        elsewhere.send("/console/people", wanted=wanted)
        assert "名册里没有" in elsewhere.page
    assert elsewhere.open(f"/console/people/{wu.id}").status_code == 404
    elsewhere.open("/console/people")
    for deed in ("number", "certify", "pin", "word", "needs", "code"):
        page = elsewhere.page
        sent = elsewhere.send(f"/console/people/{wu.id}/{deed}", seen="yes", pin="482913", again="482913")
        assert sent.status_code == 404
        elsewhere.page = page
    with rt.sessions() as session:
        assert session.scalars(select(Evidence)).all() == [] and not pins.is_set(session, wu)


def test_the_whole_number_is_shown_on_a_click_that_is_journalled(clerk: Browser, rt: Runtime, wu: Person) -> None:
    assert at(clerk, wu, "number") == 200
    assert NUMBER in clerk.page
    assert len(journalled(rt, "identity number shown")) == 1


def test_who_is_here_with_their_card_is_certified(clerk: Browser, rt: Runtime, wu: Person) -> None:
    assert at(clerk, wu, "certify") == 409
    assert "勾选确认" in clerk.page and f"/console/people/{wu.id}" in clerk.page
    assert at(clerk, wu, "certify", seen="yes") == 200
    with rt.sessions() as session:
        [evidence] = session.scalars(select(Evidence))
    assert evidence.receipt in clerk.page and "本期已认证" in clerk.page
    assert "窗口" in clerk.page and "官方见过" in clerk.page


def test_a_pin_is_typed_twice_and_not_too_easy(clerk: Browser, rt: Runtime, wu: Person) -> None:
    assert at(clerk, wu, "pin", pin="482913", again="482914") == 409
    assert at(clerk, wu, "pin", pin="123456", again="123456") == 409
    with rt.sessions() as session:
        assert not pins.is_set(session, wu)
    assert at(clerk, wu, "pin", pin="482913", again="482913") == 200
    assert "密码已设置" in clerk.page and "482913" not in clerk.page
    with rt.sessions.begin() as session:
        assert isinstance(pins.check(session, rt, session.get_one(Person, wu.id), "482913"), pins.Right)


def test_a_word_is_chosen_and_taken_back_and_never_shown(clerk: Browser, rt: Runtime, wu: Person) -> None:
    assert at(clerk, wu, "word", word="喜鹊") == 200
    assert "喜鹊" not in clerk.page
    with rt.sessions() as session:
        assert safewords.of(session, rt.keys, wu) == "喜鹊"
    assert at(clerk, wu, "word", word="吴先生") == 409
    assert at(clerk, wu, "word", word="") == 200
    with rt.sessions() as session:
        assert safewords.of(session, rt.keys, wu) is None


def test_needs_are_as_they_are_ticked(clerk: Browser, rt: Runtime, wu: Person) -> None:
    assert at(clerk, wu, "needs", need="hard_of_hearing") == 200
    with rt.sessions() as session:
        assert needs.of(session, wu.id) == {Declared.HARD_OF_HEARING}
    assert "听力不好" in clerk.page
    assert at(clerk, wu, "needs", need="rich") == 400
    assert at(clerk, wu, "needs") == 200
    with rt.sessions() as session:
        assert needs.of(session, wu.id) == frozenset()


def test_a_code_is_shown_once_and_says_what_it_is_for(clerk: Browser, rt: Runtime, wu: Person) -> None:
    assert at(clerk, wu, "code") == 200
    code = clerk.page.split('class="code">')[1].split("<")[0]
    assert len(code.replace(" ", "")) == 8 and "登记码" in clerk.page
    clerk.open(f"/console/people/{wu.id}")
    assert code not in clerk.page
    with rt.sessions.begin() as session:
        template = keep(session, rt, session.get_one(Person, wu.id))
        assert consent.given(session, wu)
    assert at(clerk, wu, "code") == 200
    assert "确认码" in clerk.page
    with rt.sessions() as session:
        assert [one.template_id for one in session.scalars(select(EnrolmentCode).order_by(EnrolmentCode.issued_at))][
            -1:
        ] == [template.id]


def test_nobody_goes_through_the_roll_by_trying_numbers(
    clerk: Browser, another: Another, hired: Hire, wu: Person
) -> None:
    clerk.open("/console/people")
    tries = [clerk.send("/console/people", wanted=NUMBER).status_code for _ in range(61)]
    assert tries[:60] == [302] * 60 and tries[60] == 429
    other = another("192.0.2.1")
    other.signs_in(hired("钱经办", Role.CLERK, region="kunming"))
    other.open("/console/people")
    assert other.send("/console/people", wanted=NUMBER).status_code == 302, "a colleague at the same address"


def test_a_helper_is_declared_with_copies_or_without_and_ended(clerk: Browser, rt: Runtime, wu: Person) -> None:
    given = {"name": "<b>儿子</b>", "phone": "13900000007", "relation": "relative"}
    assert at(clerk, wu, "helpers", **given, copies="yes") == 200
    with rt.sessions() as session:
        [one] = helpers.declared(session, rt, session.get_one(Person, wu.id))
    assert one.number == "+8613900000007" and one.copies is not None and "随时可以取消" in one.copies.text
    clerk.open(f"/console/people/{wu.id}")
    raw = clerk.client.get(f"/console/people/{wu.id}", base_url="https://line.example").get_data(as_text=True)
    assert "&lt;b&gt;儿子&lt;/b&gt; · 亲属 · 139" in raw and "抄送提醒" in raw
    assert "<b>儿子" not in raw and "13900000007" not in raw
    assert at(clerk, wu, "helpers", **given | {"relation": "friend"}) == 400
    assert at(clerk, wu, "helpers", **given | {"phone": "12"}) == 409
    assert at(clerk, wu, f"helpers/{'0' * 32}/end") == 409
    assert at(clerk, wu, f"helpers/{one.helper.id}/end") == 200
    with rt.sessions() as session:
        assert helpers.declared(session, rt, session.get_one(Person, wu.id)) == []
