"""Known cases of one's own recordings: sent with their list, looked through whole, put in one by one, and deleted."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from certification import errands
from certification.errands import STALLED, TRIES
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Case, Errand, KnownCase, Recording, only_read
from ops import errands as behind
from ops import pairs, schedule, seeding
from ops.console.work.known import MOST_FILES
from ops.demo.callers import SHIPPED, Caller
from tests.certification.conftest import Clock, Queue
from tests.certification.suspending import journalled
from tests.certification.together import at_once
from tests.ops.console.browser import HERE as HOST
from tests.ops.console.browser import Browser, Hire
from voiceprint import audio

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ONCE = "e" * 32
HERE = f"/console/errands/{ONCE}"
THERE = "/console/errands/known-recordings"
LIST = "1 王-1.wav+王-2.wav 王-3.wav kunming\n0 王-1.wav+王-2.wav 赵.wav\n1 赵.wav 赵.wav\n词 王-3.wav 数字 饭店\n"
File = tuple[str, bytes]


def said(who: str, *words: str) -> bytes:
    return audio.wav(Caller(SHIPPED / who).repeats([f"word.{one}" for one in words]))


RECORDINGS = (
    ("王-1.wav", said("caller", "shuzi", "fandian", "shibie")),
    ("王-2.wav", said("caller", "yuyan", "zhongguo", "shanghai")),
    ("王-3.wav", said("caller", "shuzi", "fandian")),
    ("赵.wav", said("impostor", "shuzi", "fandian", "shibie")),
)
WHOLE = (("pairs.txt", LIST.encode()), *RECORDINGS)


@pytest.fixture
def wei(browser: Browser, hired: Hire) -> Browser:
    """Supervisor Wei of Kunming, with the page of works open."""
    browser.signs_in(hired("魏主管", Role.SUPERVISOR, region="kunming"))
    browser.open("/console/errands")
    return browser


def sends(browser: Browser, *files: File, **form: str) -> TestResponse:
    """Send files; the page stays open, and its answer is given back."""
    token = browser.page.split('name="csrf_token" value="')[1].split('"')[0]
    given = {"csrf_token": token, "once": ONCE, "sure": "yes", "region": "kunming", **form}
    data = {**given, "files": [(BytesIO(content), name) for name, content in files]}
    answer = browser.client.post(THERE, data=data, **browser._from())
    answer.get_data()
    answer.close()
    return answer


def there(rt: Runtime) -> Errand:
    with rt.sessions() as session:
        only_read(session)
        return session.get_one(Errand, ONCE)


def known(rt: Runtime) -> list[KnownCase]:
    with rt.sessions() as session:
        only_read(session)
        return list(session.scalars(select(KnownCase).order_by(KnownCase.seeded_at, KnownCase.case_id)))


def nothing(rt: Runtime) -> bool:
    with rt.sessions() as session:
        return not session.scalars(select(Errand)).all() and not (rt.settings.data / behind.FOLDER).exists()


def test_they_are_asked_for_once_put_in_one_by_one_and_go(wei: Browser, rt: Runtime, queue: Queue) -> None:
    unused = ("没用到.wav", b"x")
    for _ in range(2):
        answer = sends(wei, *WHOLE, unused)
        assert (answer.status_code, answer.location) == (302, HERE)
    assert queue.jobs == [("ops.jobs.do_errand", ONCE)]
    assert (there(rt).of, there(rt).asked["recordings"]) == (3, 4)
    kept = [one for one in behind.folder(rt, ONCE).rglob("*") if one.is_file() and one.name != pairs.INDEX]
    assert {one.read_bytes() for one in kept} == {content for _, content in WHOLE}, "and no file that nobody needs"
    assert "王" not in journalled(rt, "work asked for")[0], "names of files may be people's"
    assert seeding.seed(rt, ONCE)
    wei.open(HERE)
    assert "1 / 3" in wei.page and "<dt>录音</dt><dd>4</dd>" in wei.page
    assert seeding.seed(rt, ONCE) and behind.folder(rt, ONCE).exists()
    assert not seeding.seed(rt, ONCE)
    assert not behind.folder(rt, ONCE).exists() and there(rt).state == "done"
    assert not seeding.seed(rt, ONCE)
    found = known(rt)
    assert sorted((one.same, len(one.about["enrolled"]), len(one.about["attempt"])) for one in found) == [
        (False, 2, 1),
        (True, 1, 1),
        (True, 2, 1),
    ]
    assert {one.seeded_by for one in found} == {"魏主管"} and {one.region for one in found} == {"kunming"}
    with rt.sessions() as session:
        words = [session.get_one(Recording, one.about["attempt"][0]).asked for one in found]
    assert sorted(words) == [[], [], ["数字", "饭店"]]
    [first] = [one for one in found if one.about["enrolled"] and len(one.about["enrolled"]) == 2 and one.same]
    assert first.about["dialect"] == "kunming"


def test_of_several_workers_one_puts_each_in(wei: Browser, rt: Runtime) -> None:
    sends(wei, *WHOLE)
    for _ in range(3):
        at_once(3, lambda: seeding.seed(rt, ONCE))
    while seeding.seed(rt, ONCE):
        pass
    assert len(known(rt)) == 3 and there(rt).state == "done" and not behind.folder(rt, ONCE).exists()


def test_what_breaks_off_goes_on_and_is_given_up_with_its_files(
    wei: Browser, rt: Runtime, clock: Clock, queue: Queue
) -> None:
    sends(wei, *WHOLE)
    assert seeding.seed(rt, ONCE), "and the worker ends before it asked for the next"
    clock.forward(seconds=STALLED.total_seconds() + 1)
    schedule.do_errands(rt)
    assert len(queue.jobs) == 2 and seeding.seed(rt, ONCE) and len(known(rt)) == 2
    for _ in range(TRIES + 1):  # it ends whenever it begins
        clock.forward(seconds=STALLED.total_seconds() + 1)
        schedule.do_errands(rt)
    assert there(rt).state == "refused" and "中途停下" in str(there(rt).zh)
    assert not behind.folder(rt, ONCE).exists() and len(known(rt)) == 2


@pytest.mark.parametrize(
    ("files", "zh"),
    [
        ((), "收到 0 个文件，其中列表（.txt）0 个"),
        (RECORDINGS, "其中列表（.txt）0 个"),
        ((*WHOLE, ("more.TXT", b"1 a b")), "其中列表（.txt）2 个"),
        ((WHOLE[0], *RECORDINGS[:3]), "pairs.txt 第 2 行：没有找到录音 赵.wav"),
        ((("pairs.txt", b"3 a b"), *RECORDINGS), "pairs.txt 第 1 行：应为"),
        ((("pairs.txt", b""), *RECORDINGS), "应为 1 到 100 对"),
        ((("pairs.txt", "1 赵.wav 赵.wav\n".encode() * (errands.MOST_KNOWN + 1)), *RECORDINGS), "101 对"),
        ((("pairs.txt", b" " * ((1 << 18) + 1)), *RECORDINGS), "不是文本文件"),
        ((WHOLE[0], *((f"{n}.wav", b"x") for n in range(MOST_FILES))), f"最多 {MOST_FILES} 个文件"),
    ],
    ids=["nothing", "no list", "two lists", "missing", "line", "empty", "many", "large", "files"],
)
def test_what_is_no_list_of_pairs_is_not_taken(wei: Browser, rt: Runtime, files: tuple[File, ...], zh: str) -> None:
    answer = sends(wei, *files)
    assert answer.status_code == 409 and zh in answer.get_data(as_text=True)
    assert nothing(rt)


def test_in_english_it_is_said_in_english(wei: Browser, rt: Runtime) -> None:
    wei.send("/console/language/en", next="/console/errands")
    wei.open("/console/errands")
    answer = sends(wei, ("pairs.txt", b"1 no.wav a.wav"), ("a.wav", b"x")).get_data(as_text=True)
    assert "pairs.txt, line 1: the recording no.wav is not there" in answer and "第 1 行" not in answer
    assert nothing(rt)


@pytest.mark.parametrize(
    ("content", "zh", "en"),
    [
        (b"no sound", "录音 赵.wav 读不出来", "cannot be read"),
        (audio.wav(np.zeros(100, np.float32)), "不到一秒", "shorter than a second"),
    ],
)
def test_a_recording_that_is_none_is_refused_before_anything_is_put_in(
    wei: Browser, rt: Runtime, content: bytes, zh: str, en: str
) -> None:
    sends(wei, *WHOLE[:4], ("赵.wav", content))
    assert not seeding.seed(rt, ONCE)
    assert there(rt).state == "refused" and not behind.folder(rt, ONCE).exists()
    with rt.sessions() as session:
        assert session.scalars(select(Case)).all() == []
    wei.open(HERE)
    assert "没有办成" in wei.page and "pairs.txt 第 2 行" in wei.page and zh in wei.page
    wei.send("/console/language/en", next=HERE)
    wei.open(HERE)
    assert "pairs.txt, line 2" in wei.page and en in wei.page
    assert str(rt.settings.data) not in wei.page


def test_where_the_files_are_gone_it_says_so(wei: Browser, rt: Runtime) -> None:
    sends(wei, *WHOLE)
    behind.clear(rt, ONCE)
    assert not seeding.seed(rt, ONCE)
    assert there(rt).state == "refused" and "请重新交一次" in str(there(rt).zh)


def test_a_form_that_is_none_is_not_taken(
    wei: Browser, another: Callable[[str], Browser], hired: Hire, rt: Runtime
) -> None:
    assert sends(wei, *WHOLE, sure="").status_code == 400
    assert sends(wei, *WHOLE, once="../" * 11).status_code == 400
    assert sends(wei, *WHOLE, region="qingdao").status_code == sends(wei, *WHOLE, region="").status_code == 404
    operator = another("192.0.2.2")
    operator.signs_in(hired("李审核", Role.OPERATOR, region="kunming"))
    operator.open("/console/cases")
    assert sends(operator, *WHOLE).status_code in (403, 413)
    assert nothing(rt)


def test_while_many_wait_nothing_more_is_taken(wei: Browser, rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        for n in range(behind.MOST_WAITING):
            errands.ask(session, rt, f"{n:032}", errands.Kind.KNOWN_CASES, "kunming", "x", of=2)
    answer = sends(wei, *WHOLE)
    assert answer.status_code == 409 and "前面交办的事还没做完" in answer.get_data(as_text=True)
    assert not (rt.settings.data / behind.FOLDER).exists()


def test_files_of_which_nothing_came_go_after_a_day(wei: Browser, rt: Runtime, clock: Clock) -> None:
    sends(wei, *WHOLE)
    left = behind.folder(rt, "1" * 32)
    behind.folder(rt, ONCE).rename(left)
    clock.at = behind._touched(left) + behind.LEFT_FOR + timedelta(minutes=1)
    assert behind.clear_left(rt) == 1 and not left.exists()


def test_the_page_says_how_with_an_example_that_is_one(wei: Browser) -> None:
    for said in ("列表怎样写", "机器合成的声音，一男一女", "不能用来量准不准", 'max="6"'):
        assert said in wei.page, said
    example = wei.client.get("/console/static/pairs.txt", base_url=HOST)
    found = pairs.read("pairs.txt", example.get_data(), dialects=("kunming",), most=9)
    example.close()
    assert [one.same for one in found.pairs] == [True, False]
    assert {name for one in found.pairs for name in one.recordings} == set(found.words)
    lines = re.split("<pre[^>]*>", wei.page)[1].split("</pre>")[0]
    assert len(pairs.read("x", lines.encode(), dialects=("kunming",), most=9).pairs) == 2
