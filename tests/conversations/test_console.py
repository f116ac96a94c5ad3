"""From the counter to the pension, in a real browser on the running service: enrolled, certified, doubted, decided."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route
from sqlalchemy import select

from certification.evidence import Kind
from certification.staff import Role
from certification.store import Case, Message
from ops.demo.telling import listen
from tests.conversations.speakers import Speaker
from tests.conversations.test_confirm import confirms
from tests.conversations.town import Resident, Town
from tests.conversations.walks import talks, understood
from tests.ops.console.browser import Account, hire
from tests.ops.console.chromium import Desk, launched
from tests.ops.console.enrolling import code_shown, enrols_at_the_microphone, microphone, played

ENROLLED, OTHER = "s24", "s26"


@pytest.fixture(scope="module")
def chromium(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose microphone hears one tuning speaker."""
    file = played(Speaker(shared, ENROLLED), tmp_path_factory.mktemp("microphone") / "voice.wav")
    with launched(*microphone(file)) as browser:
        yield browser


@pytest.fixture
def url(town: Town) -> str:
    """The console's address."""
    return f"{town.service.environment['PUBLIC_BASE_URL']}/console/"


def seated(town: Town, chromium: Browser, url: str, name: str, role: Role) -> tuple[Desk, Account]:
    """Somebody of the region who signed in."""
    account = hire(town.rt, name, role, region="open")
    desk = Desk.at(chromium, town.rt, url)
    desk.signs_in(account)
    return desk, account


def test_enrolled_at_the_microphone_and_certified_by_a_call(
    town: Town, chromium: Browser, url: str, shared: Path
) -> None:
    mary, voice = town.resident(), Speaker(shared, ENROLLED)
    desk, _ = seated(town, chromium, url, "赵经办", Role.CLERK)
    enrols_at_the_microphone(desk, mary)
    assert confirms(mary, code_shown(desk), voice.repeats) == "confirm.done"
    desk.page.get_by_text("电话里听得出是本人了").wait_for()
    understood(mary, voice.repeats).hears("result.certified").ended()
    assert town.certified(mary)
    assert [one.kind for one in town.evidence(mary)] == [Kind.VOICE]
    assert desk.faults == []


def test_enrolled_by_telephone_doubted_and_certified_by_one_of_two_operators(
    town: Town, chromium: Browser, url: str, shared: Path
) -> None:
    mary, voice, other = town.resident(), Speaker(shared, OTHER), Speaker(shared, ENROLLED)
    clerk, _ = seated(town, chromium, url, "钱经办", Role.CLERK)
    _enrols_by_telephone(clerk, mary, voice)
    (li, first), (sun, second) = (seated(town, chromium, url, name, Role.OPERATOR) for name in ("李审核", "孙审核"))
    for desk in (li, sun):
        desk.goes_to("待办事项")
        desk.page.evaluate("window.loaded = 'once'")
    understood(mary, other.repeats).hears("result.human").hears("human.connecting").ended()
    case = town.cases(mary)["voice_doubt"].id
    for desk in (li, sun):
        desk.page.locator(f"#take-{case}").wait_for()
        assert desk.page.evaluate("window.loaded") == "once", "it appears by itself"
    _race(li, sun, case)
    with town.rt.sessions() as session:
        holder = session.get_one(Case, case).taken_by
    won, lost = (li, sun) if holder == first.name else (sun, li)
    assert holder in (first.name, second.name)
    assert won.page.url == f"{url}cases/{case}"
    assert f"{holder} 正在办这件事" in lost.page.inner_text("[role=alert]:focus")
    lost.page.goto(f"{url}cases/{case}")
    assert str(holder) in lost.page.inner_text("main")
    assert lost.page.get_by_role("button", name="是本人，认证通过").count() == 0
    playing = "side => [...document.querySelectorAll(`audio[data-side=${side}]`)].some((one) => one.currentTime > 0)"
    for side in ("A", "B"):
        won.page.keyboard.press(side)
        won.page.wait_for_function(playing, arg=side)
    won.goes_to("是本人，认证通过")
    won.page.wait_for_url("**/cases")
    assert town.certified(mary)
    [evidence] = town.evidence(mary)
    assert evidence.receipt in won.page.get_by_role("status").first.inner_text()
    assert _told(town, mary) == ["verdict.certified"]
    assert won.faults == clerk.faults == []
    assert ["409" in one for one in lost.faults] == [True], "told that a colleague has it, and of nothing else"


def _enrols_by_telephone(clerk: Desk, mary: Resident, voice: Speaker) -> None:
    clerk.page.goto(f"{clerk.url}people/{mary.id}/enrol?step=voice")
    clerk.page.goto(f"{clerk.url}people/{mary.id}")
    clerk.goes_to("一步一步登记")
    clerk.ticks("本人已经听完")
    clerk.goes_to("1 同意")
    clerk.goes_to("用本人的电话")
    code = clerk.page.locator(".code").inner_text().replace(" ", "")
    call = mary.phone.dial().hears("enrol.code").press(code)
    if call.hears_first("enrol.consent", "word.*") == "enrol.consent":
        listen(call).press("1")
    assert talks(call, voice.enrols, words=4) == "enrol.wait"
    call.hears("enrol.done").ended()


def _race(li: Desk, sun: Desk, case: str) -> None:
    """Both take the case by a key; neither press goes on to the server before both were made, and then both do."""
    held = list[Route]()

    def hold(route: Route) -> None:
        held.append(route)
        if len(held) == 2:
            for one in held:
                one.continue_()

    for desk in (li, sun):
        desk.page.route(f"**/cases/{case}/take", hold)
        desk.reaches("领取", f"#take-{case}")
    for desk in (li, sun):
        desk.page.keyboard.press("Enter")
    for desk in (li, sun):
        desk.page.wait_for_url(re.compile(f"/cases/{case}(/take)?$"))
    assert len(held) == 2


def _told(town: Town, mary: Resident) -> list[str]:
    """What was written to somebody after a verdict; the sweep sees to it within a minute."""
    for _ in range(90):
        with town.rt.sessions() as session:
            if told := session.scalars(select(Message.words).where(Message.person_id == mary.id)).all():
                return list(told)
        time.sleep(1)
    return []
