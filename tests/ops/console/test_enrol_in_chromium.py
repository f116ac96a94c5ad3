"""Enrolment at the counter in a real browser, whose microphone plays a real voice: consent, samples, how they agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from certification import confirmation, consent, templates
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Consent, Person, Recording
from ops import jobs
from ops.console.language import LANGUAGES
from ops.voices import Bench
from tests.conversations.speakers import Speaker
from tests.ops.conftest import bench, encoder
from tests.ops.console.browser import Account, Hire
from tests.ops.console.chromium import SIZE, TABLET, Desk, launched, served
from tests.ops.console.enrolling import code_shown, enrols_at_the_microphone, microphone, played, prompt_worker
from tests.ops.console.test_enrol import weighed

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
__all__ = ["bench", "encoder"]


@pytest.fixture(scope="module")
def chromium(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose microphone hears one tuning speaker."""
    file = played(Speaker(shared, "s24"), tmp_path_factory.mktemp("microphone") / "s24.wav")
    with launched(*microphone(file)) as browser:
        yield browser


@pytest.fixture
def working(rt: Runtime, bench: Bench) -> Runtime:
    """The runtime, with a worker that does at once what is asked of it."""
    prompt = prompt_worker(rt)
    jobs.use(replace(bench, rt=prompt))
    return prompt


@pytest.fixture
def url(working: Runtime) -> Iterator[str]:
    """The console's address."""
    with served(working) as address:
        yield address


@pytest.fixture
def zhao(hired: Hire) -> Account:
    """Clerk Zhao of Kunming."""
    return hired("赵经办", Role.CLERK, region="kunming")


def test_a_voice_is_enrolled_at_the_microphone_and_confirmed_by_a_call(
    chromium: Browser, url: str, working: Runtime, wu: Person, zhao: Account
) -> None:
    desk = Desk.at(chromium, working, url)
    desk.signs_in(zhao)
    enrols_at_the_microphone(desk, wu)
    picture = desk.page.locator(".agreement img")
    assert picture.evaluate("(one) => one.complete && one.naturalWidth > 0")
    assert desk.page.locator("tbody tr").count() == 3
    with working.sessions() as session:
        person = session.get_one(Person, wu.id)
        template = confirmation.awaited(session, person)
        assert template is not None and template.utterances == 3
        [agreed] = session.scalars(select(Consent))
        assert (agreed.how, agreed.recorded_by) == ("desk", zhao.name) and "养老金不受影响" in agreed.text
        kept = session.scalars(select(Recording)).all()
        assert len(kept) == 3 and all(3 < one.seconds < 15 for one in kept)
    code = code_shown(desk)
    assert len(code) == 8
    desk.page.evaluate("window.loaded = 'once'")
    with working.sessions.begin() as session:  # what the line does in the person's own call
        person = session.get_one(Person, wu.id)
        assert confirmation.confirm(session, working, person, template.id, by="worker", rests_on="a call")
    desk.page.get_by_text("电话里听得出是本人了").wait_for()
    assert desk.page.evaluate("window.loaded") == "once"
    desk.goes_to("下一步")
    assert desk.page.get_by_role("heading", name="六位密码").is_visible()
    assert desk.faults == []


def test_the_meter_says_how_the_voice_comes_in_and_a_reload_loses_nothing(
    chromium: Browser, url: str, working: Runtime, wu: Person, zhao: Account
) -> None:
    with working.sessions.begin() as session:
        consent.record(session, working, session.get_one(Person, wu.id), text="同意", how="desk", by=zhao.name)
    desk = Desk.at(chromium, working, url)
    desk.signs_in(zhao)
    page = desk.page
    page.goto(f"{url}people/{wu.id}/enrol?step=voice")
    desk.goes_to("用窗口的话筒")
    page.get_by_role("button", name="开始录音").click()
    page.get_by_role("button", name="停止").click()  # hardly anything was said
    expect(page.locator("[data-said], #said").filter(has_text="都还在")).to_have_count(1, timeout=20_000)
    page.get_by_role("button", name="开始录音").click()
    expect(page.locator("#level-said")).to_have_text("音量正好", timeout=20_000)
    assert page.locator("#level").evaluate("(one) => one.value") > -70
    page.wait_for_timeout(5_000)
    page.get_by_role("button", name="停止").click()
    expect(page.locator("[data-said]")).to_contain_text("第 1 段很好", timeout=20_000)
    words = page.locator(".read").inner_text()
    page.reload()
    assert page.locator(".read").inner_text() == words and "第 2 段，共 3 段" in page.inner_text("#enrol")
    with working.sessions() as session:
        assert templates.current(session, wu) is None
    assert [one for one in desk.faults if "409" not in one] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_and_no_step_is_wider_than_a_tablet(
    chromium: Browser, url: str, working: Runtime, wu: Person, zhao: Account, language: str
) -> None:
    desk = Desk.at(chromium, working, url)
    desk.signs_in(zhao)
    if language != "zh":
        desk.page.get_by_role("button", name=LANGUAGES[language]).click()
    here, found = f"{url}people/{wu.id}/enrol", list[tuple[str, list[str]]]()

    def look(what: str) -> None:
        found.append((what, desk.violations()))
        desk.page.set_viewport_size(TABLET)
        wide = desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{what} is {wide} px too wide"
        desk.page.set_viewport_size(SIZE)

    for step in ("", "?step=pin", "?step=word"):
        desk.page.goto(here + step)
        look(step)
    with working.sessions.begin() as session:
        consent.record(session, working, session.get_one(Person, wu.id), text="同意", how="desk", by=zhao.name)
    desk.page.goto(here)
    look("voice")
    desk.page.locator(".choices form button").nth(1).click()
    desk.page.locator("#record").wait_for()
    look("microphone")
    for each in ((0.9, 0.8, 0.2), (0.9, 0.8, 0.85)):
        weighed(working, wu, each)
        desk.page.goto(f"{here}?step=voice")
        look(f"agreement {each}")
    desk.page.goto(f"{here}?step=confirm")
    desk.page.locator(".choices form button").first.click()
    desk.page.locator(".code").wait_for()
    look("code")
    assert [one for one in found if one[1]] == []
