"""A known case and a real one side by side, with all that an operator may open: nothing tells which is which."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from itertools import islice

import pytest
from sqlalchemy import select, update

from certification import cases, disguise, review, seals
from certification.cases import CaseKind
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Assessment, Call, Case, JournalEntry, KnownCase, Person, Recording
from ops import shipped
from tests.certification.test_secondlooks import LI, WEI, share
from tests.ops.console.browser import HERE, Browser, Hire
from tests.ops.console.files import table
from tests.ops.console.heard import told
from tests.ops.console.test_matrix import MATRIX

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Both = tuple[str, str]
_ID = re.compile(r"\b[0-9a-f]{32}\b")
_FACT = re.compile(r"<dt>(.*?)</dt><dd>(.*?)</dd>")


class Shape(HTMLParser):
    """What a page is made of: elements with what they are for, without what is written and drawn in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found = list[tuple[str, ...]]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        there = {name: _ID.sub("ID", value or "") for name, value in attrs}
        told = [there.get(name, "") for name in ("class", "name", "type", "href", "src", "action", "value", "id")]
        if tag not in ("line", "text", "polygon") and there.get("name") != "csrf_token":
            self.found.append((tag, *told, *sorted(there)))


@pytest.fixture
def rt(rt: Runtime) -> Runtime:
    """The console's runtime, without second looks."""
    return share(rt, 0)


@pytest.fixture
def li(browser: Browser, hired: Hire) -> Browser:
    """Operator Li of Kunming, signed in."""
    browser.signs_in(hired(LI, Role.OPERATOR, region="kunming"))
    return browser


@pytest.fixture
def both(rt: Runtime, wu: Person) -> Both:
    """A real case of a voice that was doubted, as the line and the worker leave it; and a known one."""
    real = told(rt, wu)
    made = shipped.pairs(rt.random)
    pair = next(made)
    number = "+8613888000001"
    with rt.sessions.begin() as session:
        session.get_one(Person, wu.id).dialect = "mandarin"
        call = session.get_one(Call, session.get_one(Case, real.case).call_id)
        call.from_sealed = rt.keys.seal(number.encode(), seals.caller(call.id))
        for one, clip in zip((*real.attempt, *real.enrolled), (*pair.attempt, *pair.enrolled), strict=True):
            sealed = rt.keys.seal(clip.audio, seals.recording(one, call.id))
            heard = {"asked": list(clip.words), "heard": list(clip.words), "seconds": len(clip.audio) / 8000}
            session.execute(update(Recording).where(Recording.id == one).values(sealed=sealed, **heard))
    with rt.sessions.begin() as session:
        region = rt.regions["kunming"]
        some = [disguise.seed(session, rt, region, one, by=WEI).id for one in islice(made, 12)]
        alone = [one for one in some if not session.get_one(KnownCase, one).about["others"]]
        for one in {*some} - {alone[0]}:
            session.delete(session.get_one(KnownCase, one))
            session.flush()
            session.delete(session.get_one(Case, one))
    return real.case, alone[0]


def ids(page: str) -> list[str]:
    """The identifiers that a page shows, each once, in its order."""
    return list(dict.fromkeys(_ID.findall(page.partition("<main")[2])))


def did(rt: Runtime, subject: str) -> Counter[str]:
    with rt.sessions() as session:
        rows = session.scalars(select(JournalEntry.action).where(JournalEntry.subject == subject))
        return Counter(rows) - Counter(["known case seeded"])


def test_both_stand_alike_in_the_queue_and_in_its_file(li: Browser, both: Both) -> None:
    li.open("/console/cases")
    rows = [row.partition("</tr>")[0] for row in li.page.split("<tr>") if any(one in row for one in both)]
    assert len(rows) == 2 and Shape(rows[0]).found == Shape(rows[1]).found
    one, another = (row for row in table(li, "cases.csv")[1:] if row[-1] in both)
    assert [cell for cell in one if cell == ""] == [cell for cell in another if cell == ""]


def test_both_pages_are_made_of_the_same_before_while_and_after(li: Browser, rt: Runtime, both: Both) -> None:
    seen = list[list[object]]()
    for case in both:
        there = f"/console/cases/{case}"
        steps = list[object]()
        li.open("/console/cases")
        for deed, form in ((None, {}), ("take", {}), ("decide", {"verdict": "confirmed"}), ("take-back", {})):
            if deed is not None:
                answer = li.send(f"{there}/{deed}", **form)  # type: ignore[arg-type]
                steps.append((deed, answer.status_code, _ID.sub("ID", answer.location or "")))
            answer = li.open(there)
            steps.append((answer.status_code, sorted(answer.headers.keys()), Shape(li.page).found))
            steps.append([_ID.sub("ID", label) for label, _ in _FACT.findall(li.page)])
            steps.append(li.page.count("<polygon"))
        seen.append(steps)
    for real, known in zip(*seen, strict=True):
        assert real == known
    assert did(rt, f"case:{both[0]}") == did(rt, f"case:{both[1]}")


def test_neither_names_anybody_who_could_be_looked_for(li: Browser, rt: Runtime, wu: Person, both: Both) -> None:
    with rt.sessions() as session:
        made_up = session.get_one(KnownCase, both[1]).about
    found = list[list[tuple[int, bool]]]()
    for case, name, number in (
        (both[0], "吴先生", "13888000001"),
        (both[1], made_up["name"], made_up["telephone"].removeprefix("+86")),
    ):
        li.open(f"/console/cases/{case}")
        facts = dict(_FACT.findall(li.page))
        assert (facts["姓名"], facts["来电号码"]) == (f"{name[0]}**", f"…{number[-4:]}")
        assert name not in li.page and number not in li.page
        assert f"<title>{name}" not in li.page and wu.id not in li.page
        answers = []
        for said in facts.values():
            li.open("/console/people")
            answer = li.send("/console/people", wanted=said)
            answers.append((answer.status_code, f"/people/{wu.id}" in li.page + (answer.location or "")))
        found.append(answers)
    assert found[0] == found[1] and not any(seen for _, seen in found[0])


def test_what_a_page_shows_leads_nowhere_else(li: Browser, both: Both) -> None:
    """Every address that an operator may open, with every identifier that a page shows in its place."""
    told = list[list[tuple[str, int, str | None]]]()
    for case in both:
        li.open(f"/console/cases/{case}")
        shown, answers = ids(li.page), list[tuple[str, int, str | None]]()
        assert shown and case in shown
        for method, path in sorted(MATRIX):
            if method != "GET" or "<path:" in path or path.startswith("/console/sign-in"):
                continue
            for n, one in enumerate(shown):
                first, *more = re.findall(r"<(?:int:)?[a-z_]+>", path) or [""]
                if not first.endswith("_id>"):
                    continue
                address = path.replace(first, case if more and first == "<case_id>" else one)
                for part in more:
                    address = address.replace(part, "csv" if part == "<kind>" else one)
                answer = li.client.get(address, base_url=HERE)
                answers.append((f"{path} {n}", answer.status_code, answer.mimetype))
                answer.close()
        told.append(answers)
    assert told[0] == told[1]
    assert Counter(status for _, status, _ in told[0])[200] == 1 + 2 * 5, "the page, and sound and picture of each"


def test_what_comes_of_the_figures_of_a_case_is_alike(li: Browser, rt: Runtime, both: Both) -> None:
    """Where the score lies among others, in which words, and how loud the recordings are."""
    said = []
    for case in both:
        li.open(f"/console/cases/{case}")
        said.append(set(re.findall(r"机器听来：[^。<]*", li.page)) | set(re.findall(r"自动通过线 [\d.-]+", li.page)))
    assert said[0] == said[1] and len(said[0]) == 2
    with rt.sessions() as session:
        known = session.get_one(KnownCase, both[1]).about
        real = session.scalars(select(Assessment).where(Assessment.purpose == "certify")).one()
    assert known["threshold"] == real.detail["threshold"]


@pytest.mark.parametrize("kind", list(CaseKind))
def test_whoever_judges_a_voice_needs_no_name_and_others_do(
    li: Browser, rt: Runtime, wu: Person, kind: CaseKind
) -> None:
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        case = cases.open_case(session, rt, kind=kind, cause="x", person=person, detail={"by": WEI}).id
    li.open(f"/console/cases/{case}")
    by_voice = kind == CaseKind.SECOND_LOOK or kind in review.KINDS
    assert ("吴先生" in li.page, "吴**" in li.page) == (not by_voice, by_voice)
