"""Files of the queue and of figures tell whoever takes them nothing that its page keeps from them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from certification.cases import CaseKind
from certification.judgements import Part
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import KnownCase, Person, Staff
from tests.certification.test_operators import judged
from tests.certification.test_review import spoken
from tests.certification.test_secondlooks import LI, WANG, WEI, seeded, share
from tests.ops.console.browser import Browser, Hire
from tests.ops.console.files import content, entries, table
from tests.ops.console.test_operators import decided, second
from tests.ops.console.test_review_room import heard

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Arrive = Callable[..., Browser]
REASON = "后半段换了人"


@pytest.fixture
def rt(rt: Runtime) -> Runtime:
    """The console's runtime, where every voice is heard twice."""
    return share(rt, 100)


@pytest.fixture
def arrive(another: Callable[[str], Browser], hired: Hire) -> Arrive:
    """Somebody signs in."""

    def arrived(name: str, role: Role = Role.OPERATOR, region: str | None = "kunming") -> Browser:
        browser = another(f"192.0.2.{len(name) + len(role)}")
        browser.signs_in(hired(name, role, region=region))
        return browser

    return arrived


def staff_id(rt: Runtime, name: str) -> str:
    with rt.sessions() as session:
        return session.scalars(select(Staff.id).where(Staff.name == name)).one()


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR])
def test_a_known_case_looks_like_any_other_in_the_file(arrive: Arrive, rt: Runtime, wu: Person, role: Role) -> None:
    real, made_up = spoken(rt, wu), seeded(rt, same=False)
    heard(rt, real)
    browser = arrive(LI, role)
    rows = {row[-1]: row for row in table(browser, "cases.csv?kind=voice_doubt")[1:]}
    assert set(rows) == {real, made_up}
    assert all(rows[real][3:6]) and all(rows[made_up][3:6]), "a day, a moment and a place"
    for one in (rows[real], rows[made_up]):
        assert (one[0], one[2], one[5], one[6]) == ("声音有疑问", "", "昆明", "")
    with rt.sessions() as session:
        about = session.get_one(KnownCase, made_up).about
    said = content(browser, "cases.csv").decode()
    for secret in (about["name"], about["telephone"][-4:], wu.id, "1.5", "known", "已知"):
        assert secret not in said, secret


def test_the_second_finds_neither_verdict_nor_score_and_the_first_not_the_second_look(
    arrive: Arrive, rt: Runtime, wu: Person
) -> None:
    case, li, wang = spoken(rt, wu), arrive(LI), arrive(WANG)
    heard(rt, case)
    assert decided(li, case, "unsure fraud", REASON) == 302
    other = second(rt, case)
    for kind in ("csv", "xlsx"):
        [row] = table(wang, f"cases.{kind}?kind={CaseKind.SECOND_LOOK}")[1:]
        assert row[-1] == other and row[-2] == "", "nobody's hands"
        assert not [one for one in (LI, REASON, "1.5", "冒充", "fraud") if one in str(row)]
        assert table(li, f"cases.{kind}?kind={CaseKind.SECOND_LOOK}")[1:] == []
    assert other not in content(li, "cases.csv").decode()
    assert {one["rows"] for one in entries(rt, "cases exported")} >= {0, 1}


def test_whose_figures_they_are_finds_no_known_case_in_their_file(arrive: Arrive, rt: Runtime) -> None:
    li, chief = arrive(LI), arrive(WEI, Role.SUPERVISOR)
    judged(rt, LI, yes=False)
    judged(rt, LI, part=Part.KNOWN, yes=True, same=False)
    mine = f"operators/{staff_id(rt, LI)}"
    heading, row = table(li, "operators.csv?days=90")
    assert len(heading) == len(row) == 15 and row[:2] == [LI, "2"], "a known case counts as any other"
    assert not [one for one in heading if "把别人" in one]
    rows = table(li, f"{mine}/table.csv")
    assert rows[0][:3] == ["分组", "时段", "办结"]
    assert {row[0] for row in rows[1:]} == {"按周", "按当天工作的第几小时", "按连续第几件（停十五分钟以上重新数）"}
    assert sum(int(row[2]) for row in rows[1:] if row[0] == "按周") == 2
    content(li, f"{mine}/known.csv", 403)
    assert sum(int(row[2]) for row in table(chief, f"{mine}/table.csv")[1:] if row[0] == "按周") == 1
    heading, row = table(chief, f"{mine}/known.xlsx")
    assert row[1:4] == ["不是同一个人", "是本人", "判错"]
    judged(rt, WEI, part=Part.KNOWN, yes=True, same=False)
    assert table(chief, f"operators/{staff_id(rt, WEI)}/known.csv")[1:] == [], "nor of their own"
    assert [one["rows"] for one in entries(rt, "operators exported")][-2:] == [1, 0]


def test_another_regions_figures_are_no_file(arrive: Arrive, rt: Runtime) -> None:
    arrive(LI)
    judged(rt, LI)
    elsewhere, wang = arrive("青岛主管", Role.SUPERVISOR, "qingdao"), arrive(WANG)
    for browser in (elsewhere, wang):
        assert table(browser, "operators.csv")[1:] == []
        content(browser, f"operators/{staff_id(rt, LI)}/table.csv", 404)
    content(elsewhere, f"operators/{staff_id(rt, LI)}/known.csv", 404)
