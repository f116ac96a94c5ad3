"""Hearing and judging: both sides equally loud and on one scale, word by word, with what is known beside them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile
from flask import Flask, render_template
from sqlalchemy import delete, select, update

from certification import erasure, people, seals
from certification.holding import HELD
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Assessment, Call, Case, JournalEntry, Person, Recording
from ops.app import create_app
from ops.console import language, shown
from ops.console.review import pictures, voices
from ops.console.review.room import listening
from tests.certification import sealed
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.test_review import spoken as case_of
from tests.certification.test_secondlooks import seeded
from tests.ops.console.browser import Browser, Hire
from tests.ops.console.heard import Told, told
from voiceprint.audio import Samples
from voiceprint.calibration import SHIPPED
from voiceprint.level import TARGET_DBOV, speech_level

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Another = Callable[[str], Browser]
LISTENED, LOOKED = "recording listened to", "recording looked at"


@pytest.fixture
def li(browser: Browser, hired: Hire) -> Browser:
    """Operator Li of Kunming, signed in."""
    browser.signs_in(hired("李审核", Role.OPERATOR, region="kunming"))
    return browser


def noted(rt: Runtime, action: str) -> list[tuple[str, str]]:
    """Who did it, and to what, in order."""
    with rt.sessions() as session:
        found = select(JournalEntry.actor, JournalEntry.subject).where(JournalEntry.action == action)
        return [(actor, subject) for actor, subject in session.execute(found.order_by(JournalEntry.seq))]


def path(of: Told, recording: str, kind: str = "wav", more: str = "") -> str:
    return f"/console/cases/{of.case}/recordings/{recording}.{kind}{more}"


def heard(browser: Browser, url: str) -> Samples:
    answer = browser.client.get(url, base_url="https://line.example")
    assert (answer.status_code, answer.mimetype) == (200, "audio/wav")
    samples, rate = soundfile.read(io.BytesIO(answer.data), dtype="float32")
    assert rate == 8000
    found: Samples = samples
    return found


def test_both_sides_are_equally_loud_and_the_original_is_kept(li: Browser, rt: Runtime, wu: Person) -> None:
    of = told(rt, wu)
    every = [*of.attempt, *of.enrolled]
    levelled = [heard(li, path(of, one)) for one in every]
    original = [heard(li, path(of, one, more="?level=original")) for one in every]
    for one in levelled:
        assert speech_level(one) == pytest.approx(TARGET_DBOV, abs=0.5)
        assert np.abs(one).max() < 1
    came = [speech_level(one) or 0.0 for one in original]
    assert max(came) - min(came) > 10, "as they came, the call is far softer"
    assert [len(one) for one in levelled] == [len(one) for one in original]


def test_a_part_of_a_recording_is_sent_to_whoever_goes_to_its_middle(li: Browser, rt: Runtime, wu: Person) -> None:
    of = told(rt, wu)
    whole = li.client.get(path(of, of.attempt[0]), base_url="https://line.example").data
    part = li.client.get(path(of, of.attempt[0]), base_url="https://line.example", headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.data) == (206, whole[1000:2000])


def test_one_sitting_is_one_listening_and_one_look(li: Browser, rt: Runtime, wu: Person, clock: Clock) -> None:
    of = told(rt, wu)
    for _ in range(3):
        li.open(f"/console/cases/{of.case}")
        for more in ("", "?level=original"):
            heard(li, path(of, of.attempt[0], more=more))
        li.open(path(of, of.attempt[0], "png"))
    assert noted(rt, LISTENED) == [("李审核", f"recording:{of.attempt[0]}")]
    looks = [("李审核", f"recording:{one}") for one in (*of.attempt, *of.enrolled)]
    assert noted(rt, LOOKED) == looks
    clock.forward(seconds=HELD.total_seconds())
    heard(li, path(of, of.attempt[0]))
    assert len(noted(rt, LISTENED)) == 2


def test_a_picture_is_of_one_scale_with_the_others(li: Browser, rt: Runtime, wu: Person) -> None:
    of = told(rt, wu)
    li.open(f"/console/cases/{of.case}")
    assert len(set(re.findall(r'data-longest="([\d.]+)"', li.page))) == 1
    for one in (*of.attempt, *of.enrolled):
        answer = li.open(path(of, one, "png"))
        assert (answer.status_code, answer.mimetype) == (200, "image/png")
        assert answer.headers["Cache-Control"] == "no-store"
        size = f'width="{pictures.WIDTH}" height="{pictures.HEIGHT}"'
        assert f'{path(of, one, "png")}" {size}' in li.page


def test_pictures_and_sounds_are_of_this_case_and_this_region(
    li: Browser, another: Another, hired: Hire, rt: Runtime, wu: Person
) -> None:
    of = told(rt, wu)
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1951, 6, 16)
        other = people.add(session, rt, id_number=number, name="郑女士", region="kunming", phone="13888000009")
    mine = told(rt, other)
    elsewhere, clerk = another("192.0.2.2"), another("192.0.2.3")
    elsewhere.signs_in(hired("王审核", Role.OPERATOR, region="qingdao"))
    clerk.signs_in(hired("赵经办", Role.CLERK, region="kunming"))
    for kind in ("png", "wav"):
        assert elsewhere.open(path(of, of.attempt[0], kind)).status_code == 404
        assert clerk.open(path(of, of.attempt[0], kind)).status_code == 403
        assert li.open(path(mine, of.attempt[0], kind)).status_code == 404
        assert li.open(path(mine, "0" * 32, kind)).status_code == 404
        assert li.open(path(mine, mine.attempt[0], kind)).status_code == 200
    assert {subject for _, subject in noted(rt, LISTENED) + noted(rt, LOOKED)} == {f"recording:{mine.attempt[0]}"}


def test_words_are_right_or_not_one_by_one_in_words(li: Browser, rt: Runtime, wu: Person) -> None:
    li.open(f"/console/cases/{told(rt, wu).case}")
    said = re.sub(r"<[^>]*>", "", li.page)
    assert said.count("北京 ✗ 听成 背景") == 1
    assert said.count("数字 – 没有听到") == 1
    assert said.count("语音 ✓ 对") == 5


def test_a_score_is_seen_among_those_of_known_calls_and_decides_nothing(li: Browser, rt: Runtime, wu: Person) -> None:
    li.open(f"/console/cases/{told(rt, wu).case}")
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", li.page))
    own = re.search(r"100 个本人来电里，分数比这更低的：(不到 1|超过 99|\d+) 个", said)
    others = re.search(r"100 个别人的来电里，分数有这么高的：(不到 1|超过 99|\d+) 个", said)
    assert own is not None and own[1] == "不到 1"
    assert others is not None and 0 < int(others[1]) < 15
    assert "分数不作结论" in said and "6 个年轻人" in said
    assert "自动通过线 0.8" in said
    assert li.page.count("<polygon") == 2


def test_without_a_threshold_of_then_the_call_alone_is_placed(li: Browser, rt: Runtime, wu: Person) -> None:
    of = told(rt, wu)
    with rt.sessions.begin() as session:
        asked = session.get_one(Case, of.case).detail["assessment"]
        session.execute(update(Assessment).where(Assessment.id == asked).values(detail={"llr": 1.5}))
    li.open(f"/console/cases/{of.case}")
    assert "自动通过线" not in li.page and li.page.count("<polygon") == 2


def test_of_a_calibration_of_ones_own_no_place_is_made_up(rt: Runtime, wu: Person, hired: Hire, tmp_path: Path) -> None:
    fields = json.loads(SHIPPED.read_text("utf-8")) | {"slope": [1.0, 0.0, 0.0]}
    (tmp_path / SHIPPED.name).write_text(json.dumps(fields), encoding="utf-8")
    own = replace(rt, settings=replace(rt.settings, voiceprint_models=tmp_path))
    browser = Browser(create_app(own), own)
    browser.signs_in(hired("李审核", Role.OPERATOR, region="kunming"))
    browser.open(f"/console/cases/{told(own, wu).case}")
    assert "还没有可以比照的来电" in browser.page and "<polygon" not in browser.page
    assert "分数不作结论" in browser.page


def test_what_was_erased_is_said_with_what_to_do(li: Browser, rt: Runtime, wu: Person, clock: Clock) -> None:
    of = told(rt, wu)
    with rt.sessions.begin() as session:
        old = Recording.id.in_([*of.attempt, of.enrolled[0]])
        session.execute(update(Recording).where(old).values(erase_after=clock() - timedelta(days=1)))
        erasure.outdated_recordings(session, rt, "sweep")
    li.open(f"/console/cases/{of.case}")
    assert "2 段录音已到保存期限，已经删除" in li.page and "请打电话给本人" in li.page
    assert "1 段录音已到保存期限，已经删除" in li.page and "请本人到窗口" in li.page
    assert li.page.count("<audio") == 2
    assert li.open(path(of, of.attempt[0], "png")).status_code == 404


def test_of_somebody_enrolled_from_files_there_is_nothing_to_hear(li: Browser, rt: Runtime, wu: Person) -> None:
    of = told(rt, wu)
    with rt.sessions.begin() as session:
        session.execute(delete(Assessment).where(Assessment.purpose == "enrol"))
    li.open(f"/console/cases/{of.case}")
    assert "没有录音。 没有可比的登记录音" in re.sub(r"\s+", " ", li.page)


def test_a_recording_that_does_not_open_leaves_the_rest_to_be_heard(li: Browser, rt: Runtime, wu: Person) -> None:
    of = told(rt, wu)
    with rt.sessions.begin() as session:
        broken = update(Recording).where(Recording.id == of.attempt[0])
        session.execute(broken.values(sealed=b"no seal"))
    assert li.open(f"/console/cases/{of.case}").status_code == 200
    assert "打不开" in li.page and li.page.count("<audio") == 4


def test_what_came_before_is_listed_and_neighbours_are_half_hidden(li: Browser, rt: Runtime, wu: Person) -> None:
    earlier = case_of(rt, wu)
    with rt.sessions.begin() as session:
        for n, (name, region) in enumerate([("<script>alert(1)</script>", "kunming"), ("郑女士", "qingdao")]):
            number = resident_number("530102", 1951 + n, 6, 16)
            person = people.add(session, rt, id_number=number, name=name, region=region, phone="13888000001")
            sealed.call(session, rt, person, "+8613888000001")
    of = told(rt, wu, suspicions={"household": {"person": person.id}})
    with rt.sessions.begin() as session:
        mine = session.get_one(Call, session.get_one(Case, of.case).call_id)
        mine.from_sealed = rt.keys.seal(b"+8613888000001", seals.caller(mine.id))
    answer = li.open(f"/console/cases/{of.case}")
    raw = answer.get_data(as_text=True)
    assert f'href="/console/cases/{earlier}"' in raw and "等人处理" in li.page
    assert "alert(1)" not in raw and "&lt;**<" in raw
    assert "1 次" in li.page
    assert "郑**" in li.page and "郑女士" not in li.page and "外地" in li.page and "声音更像此人" in li.page
    assert f"/console/people/{person.id}" not in raw, "of another region"
    [(by, subject)] = noted(rt, "neighbours shown")
    assert (by, subject) == ("李审核", f"case:{of.case}")


def test_the_listening_part_says_nothing_of_scores_and_of_what_came_before(app: Flask, rt: Runtime, wu: Person) -> None:
    """A second operator's page includes it alone."""
    of = told(rt, wu, suspicions={"replay": {}})
    with app.test_request_context("/console/"), rt.sessions.begin() as session:
        case = session.get_one(Case, of.case)
        found = listening(voices.of(session, rt, case))
        page = render_template("listening.html", case=case, language=language, shown=shown, **found)
    assert page.count("<audio") == 5
    for word in ("分数", "像是以前来电的录音", "以前的认证", "机器"):
        assert word not in page


def test_of_whoever_spoke_the_end_of_a_number_is_seen_alone(li: Browser, rt: Runtime, wu: Person) -> None:
    """Numbers of cases with a known answer begin as no other does: whole, they would tell which these are."""
    spoke, known = case_of(rt, wu), seeded(rt)
    for case, region in ((spoke, "138"), (known, "140")):
        li.open(f"/console/cases/{case}")
        assert re.search(r"<dd>…\d{4}</dd>", li.page) and f"+86{region}" not in li.page
