"""Enrolment at the counter: each step is shown in its turn, nobody is refused, and nobody else's is seen."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from certification import codes, consent, people, pins, safewords
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Assessment, Call, Consent, EnrolmentCode, Person, Recording, new_id
from ops import sittings
from ops.app import create_app
from ops.recorded import MOST_BYTES
from tests.certification.conftest import Clock, Queue
from tests.certification.numbers import resident_number
from tests.certification.suspending import journalled
from tests.certification.test_confirmation import keep
from tests.ops.console.browser import HERE, Browser, Hire
from tests.ops.sitting import wav

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
VOICE = wav(np.random.default_rng(3).normal(0, 0.1, 24_000).astype(np.float32))
ENOUGH = 0.55


@pytest.fixture
def clerk(browser: Browser, hired: Hire) -> Browser:
    """Clerk Zhao of Kunming, signed in."""
    browser.signs_in(hired("赵经办", Role.CLERK, region="kunming"))
    return browser


def here(person: Person, more: str = "") -> str:
    return f"/console/people/{person.id}/enrol{more}"


def agrees(clerk: Browser, person: Person) -> None:
    clerk.open(here(person))
    assert clerk.send(here(person, "/consent"), answer="yes", heard="yes").status_code == 302


def weighed(rt: Runtime, person: Person, each: tuple[float, ...], outcome: str | None = None) -> None:
    """An enrolment whose samples agree like this; with a template where they do enough."""
    now, call = rt.now(), new_id()
    with rt.sessions.begin() as session:
        session.add(Call(id=call, sid=f"CA{call}", person_id=person.id, started_at=now, touched_at=now))
        session.flush()
        came = outcome or ("enrolled" if min(each) >= ENOUGH else "differ")
        detail = {"each": list(each), "enough": ENOUGH}
        asked = {"call_id": call, "person_id": person.id, "purpose": "enrol", "recordings": [], "asked_at": now}
        session.add(Assessment(**asked, state="done", outcome=came, detail=detail))
        if came == "enrolled":
            keep(session, rt, session.get_one(Person, person.id))


def posts(clerk: Browser, path: str, body: bytes, token: str | None = None) -> TestResponse:
    """Send a recording as the page's script does."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', clerk.page)
    given = token if token is not None else found.group(1) if found else ""
    headers = {"X-CSRFToken": given, "Referer": HERE + clerk.at}
    return clerk.client.post(path, data=body, content_type="audio/wav", headers=headers, base_url=HERE)


def test_the_text_is_read_aloud_in_their_dialect_and_recorded_as_they_heard_it(
    clerk: Browser, rt: Runtime, wu: Person, app: Flask
) -> None:
    with rt.sessions.begin() as session:
        session.get_one(Person, wu.id).dialect = "cantonese"
    clerk.open(here(wu))
    assert "我哋想请你登记把声" in clerk.page
    [source] = re.findall(r'src="(/voice/prompts/[^"]+)"', clerk.page)
    assert "cantonese" in source
    spoken = app.test_client().get(source)
    assert spoken.status_code == 200 and spoken.data.startswith(b"RIFF")
    agrees(clerk, wu)
    with rt.sessions() as session:
        [given] = session.scalars(select(Consent))
    assert given.text.startswith("我哋想请你登记把声")
    assert (given.how, given.recorded_by) == ("desk", "赵经办")


def test_nobody_agrees_to_what_they_have_not_heard_and_both_answers_are_alike(
    clerk: Browser, rt: Runtime, wu: Person
) -> None:
    clerk.open(here(wu))
    yes, no = re.findall(r'<button name="answer" value="(?:yes|no)"([^>]*)>', clerk.page)
    assert "class" not in yes + no
    assert clerk.send(here(wu, "/consent"), answer="yes").status_code == 409
    assert "念给本人听完" in clerk.page
    assert clerk.send(here(wu, "/consent"), answer="maybe").status_code == 400
    with rt.sessions() as session:
        assert session.scalars(select(Consent)).all() == []


def test_whoever_declines_is_led_to_a_pin_and_all_of_it_is_done_without_a_voice(
    clerk: Browser, rt: Runtime, wu: Person
) -> None:
    clerk.open(here(wu))
    declined = clerk.send(here(wu, "/consent"), answer="no")
    assert declined.location.endswith("/enrol?step=pin")
    clerk.open(declined.location)
    assert "六位密码" in clerk.page and "来窗口" in clerk.page
    chosen = clerk.send(f"/console/people/{wu.id}/pin", pin="482913", again="482913", step="word")
    assert chosen.location.endswith("/enrol?step=word")
    clerk.open(chosen.location)
    clerk.send(f"/console/people/{wu.id}/word", word="喜鹊", step="word", follow=True)
    assert "已经选好" in clerk.page
    with rt.sessions() as session:
        assert pins.is_set(session, wu) and safewords.of(session, rt.keys, wu) == "喜鹊"
        assert not consent.given(session, wu)
    assert len(journalled(rt, "consent declined")) == 1


def test_a_code_is_shown_large_and_the_page_sees_what_the_call_came_to(
    clerk: Browser, rt: Runtime, wu: Person, clock: Clock
) -> None:
    agrees(clerk, wu)
    clerk.open(here(wu))
    assert clerk.send(here(wu, "/phone"), afresh="yes").status_code == 200
    code = clerk.page.split('class="code">')[1].split("<")[0].replace(" ", "")
    assert len(code) == 8 and "10:30" in clerk.page
    waits = clerk.open(here(wu, "/events"))
    assert waits.mimetype == "text/event-stream" and "retry: 3000" in waits.get_data(as_text=True)
    clerk.open(here(wu, "?step=voice"))
    assert code[:4] not in clerk.page and "已经发了一个码" in clerk.page
    with rt.sessions.begin() as session:
        found = codes.find(session, rt, code)
        assert found is not None and found.template_id is None and codes.use_up(session, rt, found.id)
    weighed(rt, wu, (0.9, 0.8, 0.85))
    assert clerk.open(here(wu, "/events")).get_data() != waits.get_data()
    clerk.open(here(wu, "?step=voice"))
    assert "声音登记好了" in clerk.page and "0.85" in clerk.page


@pytest.mark.parametrize(("number", "by_phone"), [("12333", True), ("none", False)])
def test_the_number_to_call_is_said_and_no_call_where_the_line_takes_none(
    rt: Runtime, hired: Hire, wu: Person, number: str, by_phone: bool
) -> None:
    line = replace(rt, settings=replace(rt.settings, voice_from=number))
    clerk = Browser(create_app(line), line)
    clerk.signs_in(hired("赵经办", Role.CLERK, region="kunming"))
    agrees(clerk, wu)
    clerk.open(here(wu))
    assert ("用本人的电话</button>" in clerk.page) == by_phone
    assert "用窗口的话筒" in clerk.page and "不用声音，用密码" in clerk.page
    clerk.send(here(wu, "/phone"), afresh="yes")
    assert ("<strong>12333</strong>" in clerk.page) == by_phone


def test_a_template_of_the_desk_is_confirmed_by_a_code_that_says_so_or_enrolled_anew(
    clerk: Browser, rt: Runtime, wu: Person
) -> None:
    agrees(clerk, wu)
    weighed(rt, wu, (0.9, 0.8, 0.85))
    clerk.open(here(wu))
    assert "用本人的电话核对一次" in clerk.page and "不会被拒绝" in clerk.page
    for afresh, confirms in (("no", True), ("yes", False)):
        clerk.open(here(wu))
        clerk.send(here(wu, "/phone"), afresh=afresh)
        with rt.sessions() as session:
            [waiting] = session.scalars(select(EnrolmentCode).where(EnrolmentCode.superseded_at.is_(None)))
            assert (waiting.template_id is not None) == confirms


@pytest.mark.parametrize(
    ("purpose", "outcome", "said"),
    [
        ("enrol", None, "正在比对声音"),
        ("enrol", "again", "改用密码"),
        ("enrol", "differ", "这不怪谁"),
        ("confirm", "differ", "这不怪谁"),
        ("confirm", "again", "改用密码"),
    ],
)
def test_no_voice_is_ever_refused(
    clerk: Browser, rt: Runtime, wu: Person, purpose: str, outcome: str | None, said: str
) -> None:
    agrees(clerk, wu)
    weighed(rt, wu, (0.9, 0.8, 0.3), outcome="enrolled" if purpose == "confirm" else "differ")
    with rt.sessions.begin() as session:
        last = session.scalars(select(Assessment)).one()
        last.purpose, last.outcome, last.state = purpose, outcome, "done" if outcome else "pending"
    clerk.open(here(wu, "?step=confirm" if purpose == "confirm" else "?step=voice"))
    assert said in clerk.page
    assert "失败" not in clerk.page and "拒绝您" not in clerk.page
    if outcome:
        assert "密码" in clerk.page and "用本人的电话" in clerk.page


def test_the_picture_has_a_bar_a_sample_and_the_table_its_numbers(clerk: Browser, rt: Runtime, wu: Person) -> None:
    assert clerk.open(here(wu, "/agreement.svg")).status_code == 404
    agrees(clerk, wu)
    weighed(rt, wu, (0.91, 0.83, 0.22))
    drawn = clerk.open(here(wu, "/agreement.svg"))
    assert drawn.mimetype == "image/svg+xml"
    root = ElementTree.parse(io.BytesIO(drawn.get_data())).getroot()
    bars = [one for one in root if one.tag.endswith("rect")][1:]
    assert [one.get("fill") == "url(#odd)" for one in bars] == [False, False, True]
    assert float(bars[0].get("width", 0)) > float(bars[2].get("width", 0))
    clerk.open(here(wu, "?step=voice"))
    for number in ("0.91", "0.83", "0.22", "0.55"):
        assert number in clerk.page
    assert "不太像" in clerk.page and 'alt="有的录音和其他几段不太像。"' in clerk.page


def test_a_sample_is_posted_kept_and_answered_by_the_page(
    clerk: Browser, rt: Runtime, wu: Person, queue: Queue
) -> None:
    assert clerk.open(here(wu, "/microphone")).location.endswith("/enrol?step=voice")
    agrees(clerk, wu)
    clerk.open(here(wu))
    assert clerk.send(here(wu, "/microphone")).location.endswith("/enrol/microphone")
    clerk.open(here(wu, "/microphone"))
    assert "第 1 段，共 3 段" in clerk.page
    [there] = re.findall(r'data-samples="([^"]+)"', clerk.page)
    assert posts(clerk, there, VOICE, token="").status_code == 400
    sent = posts(clerk, there, VOICE)
    assert (sent.status_code, sent.location) == (303, here(wu, "/microphone"))
    clerk.open(here(wu, "/microphone"))
    assert "正在听这一段" in clerk.page
    assert "retry: 700" in clerk.open(here(wu, "/events")).get_data(as_text=True)
    with rt.sessions() as session:
        [kept] = session.scalars(select(Recording))
    assert queue.jobs == [("ops.jobs.listen", kept.id)]
    with rt.sessions.begin() as session:
        sittings.listened(session, rt, kept.id, b"", ["too_quiet"])
    clerk.open(here(wu, "/microphone"))
    assert "请再近一点" in clerk.page and "前面录好的都还在" in clerk.page


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [(b"no sound", 409, "读不出来"), (b"", 409, "读不出来"), (b"\0" * (MOST_BYTES + 1), 413, "太大")],
    ids=["text", "nothing", "too_large"],
)
def test_what_is_no_recording_is_said_and_nothing_is_lost(
    clerk: Browser, rt: Runtime, wu: Person, body: bytes, status: int, said: str
) -> None:
    agrees(clerk, wu)
    clerk.open(here(wu))
    clerk.send(here(wu, "/microphone"))
    clerk.open(here(wu, "/microphone"))
    answer = posts(clerk, here(wu, "/samples/0"), body)
    assert answer.status_code == status and said in answer.get_data(as_text=True)
    with rt.sessions() as session:
        assert session.scalars(select(Recording)).all() == []
    clerk.open(here(wu, "/microphone"))
    assert "第 1 段，共 3 段" in clerk.page


def test_other_pages_have_no_more_room_than_before(clerk: Browser, wu: Person) -> None:
    clerk.open(here(wu))
    assert posts(clerk, here(wu, "/microphone"), b"\0" * 100_000).status_code == 413


def test_nobody_of_another_region_is_enrolled_or_seen(
    another: Another, hired: Hire, clerk: Browser, rt: Runtime, wu: Person
) -> None:
    agrees(clerk, wu)
    weighed(rt, wu, (0.9, 0.8, 0.85))
    elsewhere = another("192.0.2.9")
    elsewhere.signs_in(hired("钱经办", Role.CLERK, region="qingdao"))
    elsewhere.open("/console/people")
    page = elsewhere.page
    for path in ("", "/events", "/agreement.svg", "/microphone"):
        assert elsewhere.open(here(wu, path)).status_code == 404
    for path in ("/consent", "/phone", "/microphone"):
        elsewhere.page = page
        assert elsewhere.send(here(wu, path), answer="yes", heard="yes").status_code == 404
    elsewhere.page = page
    assert posts(elsewhere, here(wu, "/samples/0"), VOICE).status_code == 404
    with rt.sessions() as session:
        assert session.scalars(select(EnrolmentCode)).all() == []
        assert session.scalars(select(Recording)).all() == []


def test_a_name_is_shown_as_it_is_written(clerk: Browser, rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1951, 6, 16)
        name = "<script>alert(1)</script>\"'"
        person = people.add(session, rt, id_number=number, name=name, region="kunming", phone="13888000009")
    answer = clerk.open(here(person))
    assert "<script>alert" not in answer.get_data(as_text=True) and name in clerk.page


def test_what_a_page_asks_for_by_itself_keeps_nobody_signed_in(clerk: Browser, wu: Person, clock: Clock) -> None:
    for _ in range(4):
        clock.forward(minutes=10)
        clerk.open(here(wu, "/events"))
    assert not clerk.inside
