"""The studio's pages: who may, what is refused, and a sentence read into Chromium's microphone and published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from certification.runtime import Runtime
from certification.staff import Role
from certification.store import PromptVersion
from ivr import studio
from ivr.published import FRESH_S
from ops.console.language import LANGUAGES
from tests.certification.conftest import Clock
from tests.certification.suspending import journalled
from tests.ivr.studio.test_studio import read_aloud
from tests.ops.console.browser import Account, Browser, Hire
from tests.ops.console.chromium import SIZE, TABLET, Desk, launched, served
from tests.ops.console.enrolling import microphone

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HERE = "/console/prompts/sichuanese/greeting"


@pytest.fixture
def chief(hired: Hire) -> Account:
    """Administrator Zhou."""
    return hired("周管理", Role.ADMINISTRATOR)


def upload(browser: Browser, sent: bytes, to: str = HERE) -> int:
    """Send a file as the form does."""
    browser.open(HERE)
    answer = browser.upload(to, "file", "读.wav", sent)
    return answer.status_code


def test_a_sentence_is_read_cut_published_and_taken_back(
    browser: Browser, chief: Account, rt: Runtime, clock: Clock
) -> None:
    browser.signs_in(chief)
    assert browser.open("/console/prompts?dialect=sichuanese&says=published").status_code == 200
    assert "没有这样的句子" in browser.page
    assert upload(browser, read_aloud(rate=16_000)) == 302
    browser.open(HERE)
    assert "第 1 版，还没有发布" in browser.page
    assert "音量、杂音和快慢都合适" in browser.page
    assert browser.client.get(f"{HERE}/1.wav", base_url="https://line.example").data.startswith(b"RIFF")
    assert browser.client.get(f"{HERE}/1.svg", base_url="https://line.example").data.startswith(b"<svg")
    assert browser.send(f"{HERE}/1/cut", starts="2", ends="1").status_code == 409
    assert browser.send(f"{HERE}/1/cut", starts="nan", ends="x").status_code == 409
    assert browser.send(f"{HERE}/1/cut", starts="1", ends="2.5").status_code == 302
    assert browser.send(f"{HERE}/1/publish").status_code == 302
    clock.forward(seconds=FRESH_S)
    browser.open("/console/prompts?dialect=sichuanese&says=published")
    assert HERE in browser.page
    public = browser.client.get("/voice/prompts/sichuanese/greeting.wav", base_url="https://line.example")
    assert len(public.data) == 44 + 2 * 12_000, "what was published is what carriers fetch"
    browser.open(HERE)
    assert browser.send(f"{HERE}/withdraw").status_code == 302
    assert [len(journalled(rt, f"prompt {done}")) for done in ("published", "withdrawn")] == [1, 1]


def test_what_is_no_recording_leads_back_with_a_reason(browser: Browser, chief: Account) -> None:
    browser.signs_in(chief)
    assert upload(browser, b"no sound") == 409
    heavy = browser.client.post(HERE, data=b"x" * (studio.MOST_BYTES + 1), base_url="https://line.example")
    assert heavy.status_code == 413
    assert upload(browser, read_aloud(rate=16_000), "/console/prompts/sichuanese/nothing") == 404
    assert upload(browser, read_aloud(rate=16_000), "/console/prompts/klingon/greeting") == 404


def test_a_city_and_an_auditor_hear_but_do_not_change(
    browser: Browser, another: Callable[[str], Browser], hired: Hire, chief: Account, rt: Runtime
) -> None:
    browser.signs_in(chief)
    upload(browser, read_aloud(rate=16_000))
    city = another("192.0.2.7")
    city.signs_in(hired("昆明主管", Role.SUPERVISOR, region="kunming"))
    city.open(HERE)
    assert "要由管理员录" in city.page
    assert 'id="record"' not in city.page
    assert city.send(f"{HERE}/1/publish").status_code == 409
    assert upload(city, read_aloud(rate=16_000)) == 409
    auditor = another("192.0.2.8")
    auditor.signs_in(hired("审计", Role.AUDITOR))
    auditor.open(HERE)
    assert "还没有发布" in auditor.page
    assert auditor.send(f"{HERE}/1/publish").status_code == 403
    assert journalled(rt, "prompt published") == []


def test_read_into_the_microphone_heard_and_published_by_keys_alone(
    rt: Runtime, chief: Account, tmp_path: Path
) -> None:
    file = tmp_path / "read.wav"
    file.write_bytes(read_aloud(0.3))
    with served(rt) as url, launched(*microphone(file)) as chromium:
        desk = Desk.at(chromium, rt, url)
        desk.signs_in(chief)
        desk.goes_to("提示音")
        desk.page.goto(f"{url}prompts/sichuanese/greeting")
        desk.page.get_by_role("button", name="开始录音").press("Enter")
        desk.page.get_by_text("音量正好").wait_for()
        desk.page.wait_for_timeout(4000)
        desk.page.get_by_role("button", name="停止，保存").press("Enter")
        desk.page.get_by_text("第 1 版，还没有发布").wait_for()
        desk.goes_to("发布，让来电人听到")
        desk.page.get_by_text("正在使用").wait_for()
        assert desk.faults == []
    with rt.sessions() as session:
        version = session.query(PromptVersion).one()
        assert version.published_at is not None
        assert version.ends_s - version.starts_s > 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing(rt: Runtime, chief: Account, language: str) -> None:
    with served(rt) as url, launched() as chromium:
        desk = Desk.at(chromium, rt, url)
        desk.page.goto(f"{url}sign-in")
        if language != "zh":
            desk.page.get_by_role("button", name=LANGUAGES[language]).click()
        desk.signs_in(chief)
        desk.page.goto(f"{url}prompts/sichuanese/greeting")
        desk.page.set_input_files(
            "input[type=file]", {"name": "a.wav", "mimeType": "audio/wav", "buffer": read_aloud()}
        )
        desk.page.locator("form[enctype] button").click()
        desk.page.locator(".wave").wait_for()
        for path in ("prompts", "prompts?dialect=sichuanese", "prompts/sichuanese/greeting"):
            desk.page.goto(url + path)
            assert desk.violations() == [], path
            desk.page.set_viewport_size(TABLET)
            assert desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
            desk.page.set_viewport_size(SIZE)
