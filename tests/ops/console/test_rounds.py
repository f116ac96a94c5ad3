"""The visitor's round: their own visits alone, an address only while it is needed, and one report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO

import pytest
from sqlalchemy import select

from certification import certifying, needs, people, visits
from certification.needs import Declared
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Case, Evidence, Person, Visit
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled
from tests.ops.console.browser import Browser, Hire
from tests.ops.console.test_roll import SCRIPT, fetched

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
ADDRESS = "翠湖北路 1 号"
PHOTO = b"\xff\xd8\xff" + b"a face" * 30_000  # larger than a form may be elsewhere


def given(rt: Runtime, person: Person, visitor: str = "李上门", days: int = 0, address: str | None = ADDRESS) -> str:
    """A visit that a visitor is to make in so many days."""
    on = certifying.day_of(rt.now()) + timedelta(days=days)
    with rt.sessions.begin() as session:
        one = session.get_one(Person, person.id)
        visit = visits.ask(session, rt, one, cause=f"{visitor} {on} {person.id}", by="clerk")
        visits.assign(session, rt, visit, visitor=visitor, on=on, by="supervisor", address=address)
        return visit.id


@pytest.fixture
def li(browser: Browser, hired: Hire) -> Browser:
    """Visitor Li of Kunming, signed in."""
    browser.signs_in(hired("李上门", Role.VISITOR, region="kunming"))
    return browser


def report(li: Browser, visit: str, **form: object) -> int:
    """Fill in the form of a visit; the status of what follows."""
    li.open(f"/console/rounds/{visit}")
    answer = li.send(f"/console/rounds/{visit}", follow=True, **form)  # type: ignore[arg-type]
    return answer.status_code


def evidence(rt: Runtime) -> list[Evidence]:
    with rt.sessions() as session:
        return list(session.scalars(select(Evidence)))


def test_a_round_is_todays_and_what_was_left_before_in_order(li: Browser, rt: Runtime, wu: Person) -> None:
    li.open("/console/")
    assert "/console/rounds" in li.page
    li.open("/console/rounds")
    assert "今天没有上门任务" in li.page
    others = []
    for number, name in enumerate(("郑女士", "王先生", "钱女士")):
        with rt.sessions.begin() as session:
            id_number = resident_number("530102", 1940 + number, 5, 15)
            others.append(people.add(session, rt, id_number=id_number, name=name, region="kunming"))
    given(rt, wu, days=0)
    given(rt, others[0], days=-1)
    given(rt, others[1], days=2)
    given(rt, others[2], visitor="王上门")
    li.open("/console/rounds")
    assert li.page.index("郑女士") < li.page.index("吴先生") < li.page.index("以后的") < li.page.index("王先生")
    assert "原定 2026-03-09" in li.page and "钱女士" not in li.page
    assert ADDRESS not in li.page and journalled(rt, "address shown") == []


def test_address_and_telephone_are_shown_to_the_visitor_and_journalled(li: Browser, rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        needs.declare(session, rt, session.get_one(Person, wu.id), Declared.HARD_OF_HEARING, "clerk")
    visit = given(rt, wu)
    assert li.open(f"/console/rounds/{visit}").status_code == 200
    assert ADDRESS in li.page and 'href="tel:13888000001"' in li.page and "听力不好" in li.page
    assert resident_number("530102", 1950, 5, 15) not in li.page
    assert len(journalled(rt, "address shown")) == 1


def test_who_was_met_is_certified_with_a_photograph(li: Browser, rt: Runtime, wu: Person) -> None:
    visit = given(rt, wu)
    met = {"outcome": "met", "text": SCRIPT, "sure": "yes"}
    assert report(li, visit, **met) == 409 and "核对本人和身份证" in li.page
    assert report(li, visit, outcome="met", seen="yes") == 409 and "勾选确认" in li.page
    assert evidence(rt) == []
    assert report(li, visit, **met, seen="yes", photo=(BytesIO(b"GIF"), "a.gif")) == 409
    assert report(li, visit, **met, seen="yes", photo=(BytesIO(PHOTO), "a.jpg")) == 200
    [seen] = evidence(rt)
    assert (seen.kind, seen.person_id) == ("visit", wu.id) and seen.receipt in li.page and "今天已登记" in li.page
    assert report(li, visit, **met, seen="yes") == 409
    assert li.open(f"/console/rounds/{visit}").status_code == 200
    assert ADDRESS not in li.page and "13888000001" not in li.page and "见到本人" in li.page
    assert len(evidence(rt)) == 1


@pytest.mark.parametrize("outcome", ["absent", "moved", "refused", "dead"])
def test_who_was_not_met_is_not_certified(li: Browser, rt: Runtime, wu: Person, outcome: str) -> None:
    visit = given(rt, wu)
    assert report(li, visit, outcome=outcome, text="", sure="yes", photo=(BytesIO(b""), "")) == 200
    assert "已登记" in li.page and evidence(rt) == []
    with rt.sessions() as session:
        assert session.get_one(Visit, visit).photo_sealed is None
        assert [one.kind for one in session.scalars(select(Case))] == (["death_reported"] if outcome == "dead" else [])


@pytest.mark.parametrize("form", [{"outcome": "x"}, {}, {"outcome": "absent", "text": "长" * 1001}], ids=str)
def test_what_the_form_does_not_offer_is_refused(li: Browser, rt: Runtime, wu: Person, form: dict[str, str]) -> None:
    assert report(li, given(rt, wu), sure="yes", **form) == 400


def test_no_larger_photograph_than_may_be_kept_is_read(li: Browser, rt: Runtime, wu: Person) -> None:
    huge = (BytesIO(b"\xff\xd8\xff" + bytes(visits.PHOTO_BYTES + 2**17)), "a.jpg")
    visit = given(rt, wu)
    assert report(li, visit, outcome="absent", sure="yes", photo=huge) == 413
    assert li.send("/console/language/zh", next="x" * 70_000).status_code == 413  # elsewhere, a form is a form


@pytest.mark.parametrize("whose", ["another's", "nobody's", "dropped", "another region's", "none"])
def test_another_visitors_visit_is_none(
    li: Browser, rt: Runtime, wu: Person, hired: Hire, another: Another, whose: str
) -> None:
    browser, person = li, wu
    match whose:
        case "another's":
            visit = given(rt, wu, visitor="王上门")
        case "nobody's":
            with rt.sessions.begin() as session:
                visit = visits.ask(session, rt, wu, cause="x", by="clerk").id
        case "dropped":
            visit = given(rt, wu)
            with rt.sessions.begin() as session:
                visits.drop(session, rt, session.get_one(Visit, visit).cause, "clerk")
        case "another region's":
            with rt.sessions.begin() as session:
                number = resident_number("530102", 1949, 5, 15)
                person = people.add(session, rt, id_number=number, name="外地", region="nanjing")
            visit = given(rt, person)
        case _:
            visit = "0" * 32
    assert browser.open(f"/console/rounds/{visit}").status_code == 404
    browser.open("/console/rounds")
    assert "外地" not in browser.page and "吴先生" not in browser.page
    sent = browser.send(f"/console/rounds/{visit}", outcome="met", seen="yes", sure="yes")
    assert sent.status_code == 404 and evidence(rt) == []


def test_one_that_was_given_to_another_is_gone(li: Browser, rt: Runtime, wu: Person, clock: Clock) -> None:
    visit = given(rt, wu)
    assert li.open(f"/console/rounds/{visit}").status_code == 200
    with rt.sessions.begin() as session:
        one = session.get_one(Visit, visit)
        visits.assign(session, rt, one, visitor="王上门", on=date(2026, 3, 11), by="supervisor")
    assert li.send(f"/console/rounds/{visit}", outcome="absent", sure="yes").status_code == 404


def test_a_name_and_an_address_are_text(li: Browser, rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1948, 5, 15)
        person = people.add(session, rt, id_number=number, name=SCRIPT, region="kunming")
    visit = given(rt, person, address=SCRIPT)
    for path in ("rounds", f"rounds/{visit}"):
        said = fetched(li, path).decode()
        assert "<script>alert" not in said and "&lt;script&gt;" in said


def test_what_was_written_is_given_back_where_a_tick_was_missing(li: Browser, rt: Runtime, wu: Person) -> None:
    visit = given(rt, wu)
    li.open(f"/console/rounds/{visit}")
    answer = li.send(f"/console/rounds/{visit}", outcome="met", sure="yes", text="住在三楼，<b>很好</b>")
    assert answer.status_code == 409 and evidence(rt) == []
    assert "住在三楼，&lt;b&gt;很好&lt;/b&gt;</textarea>" in answer.text
