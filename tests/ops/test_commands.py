"""The commands as an administrator types them: what they print, and sentences instead of tracebacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from certification import cases, templates
from certification.cases import CaseKind
from certification.keys import KeyRing
from certification.regions import BUILT_IN
from certification.settings import Settings
from ops import compose
from ops.cli import main
from ops.commands import desk
from ops.demo.callers import SHIPPED, Caller
from tests.certification.numbers import resident_number
from voiceprint.audio import SAMPLE_RATE

NUMBER = resident_number("530102", 1948, 1, 1)


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """The settings of a small service on its own SQLite file."""
    return {
        "PUBLIC_BASE_URL": "https://line.example",
        "SESSION_SECRET": "secret",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "token",
        "STILLHERE_KEYS": KeyRing.generate_text(),
        "STILLHERE_DATA": str(tmp_path),
    }


@pytest.fixture
def town(settings: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The same with one person on the roll."""
    roll = tmp_path / "roll.csv"
    roll.write_text(f"身份证号,姓名,地区,电话\n{NUMBER},王,昆明,13888000001\n", encoding="utf-8")
    assert stillhere(settings, "db", "upgrade").exit_code == 0
    assert json_of(stillhere(settings, "people", "import", str(roll), "--json"))["added"] == 1
    return settings


def stillhere(environment: dict[str, str], *arguments: str, now: Callable[[], datetime] | None = None) -> Result:
    """Run one command, on another day where a clock is handed in."""
    return CliRunner().invoke(main, arguments, env=environment, obj=now)


def json_of(result: Result) -> dict[str, object]:
    """The object on the last line of standard output."""
    found: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return found


def sentence(result: Result) -> str:
    """What a command that could not do its work said on its last line."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1
    return result.stderr.splitlines()[-1]


def test_a_missing_setting_is_named_with_its_remedy(settings: dict[str, str]) -> None:
    result = stillhere({**settings, "TWILIO_AUTH_TOKEN": ""}, "db", "upgrade")
    assert result.exit_code == 1
    assert "TWILIO_AUTH_TOKEN_FILE" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [("people", "show", NUMBER), ("certify", NUMBER, "--route", "desk", "--by", "clerk"), ("journal", "verify")],
)
def test_without_tables_the_way_to_them_is_said(settings: dict[str, str], arguments: tuple[str, ...]) -> None:
    assert "stillhere db upgrade" in sentence(stillhere(settings, *arguments))


def test_without_a_data_folder_the_way_to_it_is_said(settings: dict[str, str], tmp_path: Path) -> None:
    said = sentence(stillhere({**settings, "STILLHERE_DATA": str(tmp_path / "var")}, "people", "show", NUMBER))
    assert "请先运行 stillhere db upgrade" in said
    assert "run `stillhere db upgrade` first" in said


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:////nowhere/at/all.db", "check DATABASE_URL"),
        ("postgresql://u:p%20w@127.0.0.1:1/x", "check DATABASE_URL"),
        ("postgresql://u:secret@127.0.0.1:port/x", "write postgresql://"),
    ],
)
def test_a_database_that_is_away_is_named(settings: dict[str, str], url: str, says: str) -> None:
    said = sentence(stillhere({**settings, "DATABASE_URL": url}, "people", "show", NUMBER))
    assert says in said
    assert "secret" not in said


@pytest.mark.parametrize("url", ["localhost:6379", "http://127.0.0.1", "redis://127.0.0.1:port/0"])
def test_an_address_that_is_no_redis_is_named(town: dict[str, str], url: str) -> None:
    assert "REDIS_URL" in sentence(stillhere({**town, "REDIS_URL": url}, "people", "show", NUMBER))


@pytest.mark.parametrize(
    "command", [("people", "show", NUMBER), ("db", "upgrade"), ("certify", NUMBER, "--route", "desk", "--by", "a")]
)
def test_the_key_ring_of_another_database_is_noticed(town: dict[str, str], command: tuple[str, ...]) -> None:
    said = sentence(stillhere({**town, "STILLHERE_KEYS": KeyRing.generate_text()}, *command))
    assert "STILLHERE_KEYS is not the key ring of this database" in said
    assert json_of(stillhere(town, "people", "show", NUMBER, "--json"))["certified"] is False


def test_a_fresh_key_goes_before_the_older_ones(town: dict[str, str]) -> None:
    ring = town["STILLHERE_KEYS"]
    for fresh in (("keys", "generate"), ("keys", "generate", "--name", "2027")):
        ring = f"{stillhere(town, *fresh).stdout.strip()},{ring}"
        assert stillhere({**town, "STILLHERE_KEYS": ring}, "people", "show", NUMBER).exit_code == 0
    assert ring.startswith("2027:")
    assert "letters" in sentence(stillhere(town, "keys", "generate", "--name", "a:b"))


def test_a_bad_row_is_named_and_the_rest_goes_on(town: dict[str, str], tmp_path: Path) -> None:
    other = resident_number("530102", 1949, 2, 2)
    roll = tmp_path / "more.csv"
    roll.write_text(
        f"id_number,name,region,phone\n{NUMBER[:-1]}?,x,,\n{other},李,,1388800000\n{other},李,,13888000002\n{NUMBER},王,昆明,13888000003\n",
        encoding="utf-8",
    )
    result = stillhere(town, "people", "import", str(roll), "--json")
    assert result.exit_code == 1
    assert json_of(result) == {"added": 1, "updated": 1, "unchanged": 0, "rejected": 2}
    assert "line 2" in result.stderr
    assert "line 3" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "chinese", "english"),
    [
        (("certify", NUMBER, "--by", "clerk"), "还要写 '--route'。", "Missing option"),
        (("certify", NUMBER, "--route", "fly", "--by", "clerk"), "'--route' 的写法不对。", "Invalid value"),
        (("due", "--regoin", "昆明"), "没有 --regoin 这个选项。", "No such option"),
        (("agents", "ad"), "命令写得不对。", "No such command"),
    ],
    ids=["missing", "bad", "no option", "no command"],
)
def test_a_command_that_is_written_wrongly_is_told_so_in_both_languages(
    town: dict[str, str], arguments: tuple[str, ...], chinese: str, english: str
) -> None:
    result = stillhere(town, *arguments)
    assert result.exit_code == 2
    assert f"Error: {chinese} {english}" in result.stderr


def test_the_desk_certifies_and_the_journal_holds(town: dict[str, str]) -> None:
    certified = json_of(stillhere(town, "certify", NUMBER, "--route", "desk", "--by", "clerk", "--json"))
    assert certified["certified"] is True
    said = stillhere(town, "people", "show", NUMBER).output
    assert "地区 region: 昆明 kunming\n本期已认证 certified: 是 yes\n" in said
    shown = json_of(stillhere(town, "people", "show", NUMBER, "--json"))
    assert (shown["certified"], shown["receipt"]) == (True, certified["receipt"])
    assert json_of(stillhere(town, "journal", "verify", "--json"))["intact"] is True


def test_a_pin_is_asked_for_in_chinese_and_typed_twice(town: dict[str, str]) -> None:
    set_pin = ["pin", "set", NUMBER, "--by", "clerk"]
    said = CliRunner().invoke(main, set_pin, env=town, input="295038\n295038\n").output
    assert ("六位密码" in said, "再输一次" in said, "密码已设置" in said) == (True,) * 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("people", "show", "123"),
        ("people", "show", resident_number("110101", 1950, 1, 1)),
        ("pin", "set", NUMBER, "--by", "clerk", "--pin", "123456"),
        ("pin", "set", NUMBER, "--by", "clerk", "--pin", "12"),
        ("enrol", NUMBER, "--audio", "nowhere.wav", "--consent", "同意"),
        ("people", "import", "nowhere.csv"),
    ],
)
def test_what_cannot_be_done_is_said(town: dict[str, str], arguments: tuple[str, ...]) -> None:
    result = stillhere(town, *arguments)
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit), result.exception
    assert "Error" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("enrol", NUMBER, "--audio", "nowhere.wav", "--consent", " "),
        ("enrol", NUMBER, "--audio", "nowhere.wav", "--consent", "同意", "--by", ""),
        ("certify", NUMBER, "--route", "desk", "--by", ""),
        ("code", "issue", NUMBER, "--by", " "),
        ("pin", "set", NUMBER, "--by", "", "--pin", "295038"),
    ],
)
def test_nothing_is_done_by_nobody_nor_agreed_to_without_words(
    town: dict[str, str], arguments: tuple[str, ...]
) -> None:
    result = stillhere(town, *arguments)
    assert result.exit_code == 2
    assert "must not be empty" in result.output


def test_a_voice_is_enrolled_from_files_with_its_consent(town: dict[str, str], tmp_path: Path) -> None:
    caller = Caller(SHIPPED / "caller")
    files: list[str] = []
    for words in (("shuzi", "yuyan", "fandian", "backdrop"), ("shibie", "zhongguo", "shanghai", "shuzi")) * 2:
        path = tmp_path / f"{len(files)}.wav"
        soundfile.write(path, caller.repeats([f"word.{word}" for word in words]), SAMPLE_RATE)
        files.append(str(path))
    enrolled = json_of(stillhere(town, "enrol", NUMBER, "--audio", *files, "--consent", "同意", "--json"))
    assert (enrolled["outcome"], len(str(enrolled["code"]))) == ("enrolled", 8)
    told = stillhere(town, "enrol", NUMBER, "--audio", *files, "--consent", "同意").stdout.splitlines()[-1]
    assert "from their own phone" in told
    assert told.split()[-1].isdigit()

    thrice = stillhere(town, "enrol", NUMBER, "--audio", *files[:1] * 3, "--consent", "同意")
    assert "three different recordings" in sentence(thrice)

    silences = [tmp_path / f"silence{seconds}.wav" for seconds in (1, 2, 3)]
    for seconds, silence in enumerate(silences, start=1):
        soundfile.write(silence, np.zeros(seconds * SAMPLE_RATE), SAMPLE_RATE)
    refused = stillhere(town, "enrol", NUMBER, "--audio", *map(str, silences), "--consent", "同意")
    assert refused.exit_code == 1
    assert "Too little speech" in refused.output


def test_a_voiceprint_is_shown_with_its_versions_and_how_it_will_age(town: dict[str, str], tmp_path: Path) -> None:
    assert "没有在用的声纹" in stillhere(town, "voice", "show", NUMBER).stdout
    caller, paths = Caller(SHIPPED / "caller"), []
    for first in range(3):
        paths.append(tmp_path / f"{first}.wav")
        soundfile.write(paths[-1], caller.repeats(["word.shuzi", "word.zhongguo", "word.fandian"]), SAMPLE_RATE)
    enrolled = stillhere(town, "enrol", NUMBER, "--audio", *map(str, paths), "--consent", "同意", "--json")
    assert json_of(enrolled)["outcome"] == "enrolled"
    shown = stillhere(town, "voice", "show", NUMBER, "--json")
    found: Any = json_of(shown)
    assert [version["source"] for version in found["versions"]] == ["files"]
    assert (found["confirmed_at"], found["last_confirmation"], found["to_confirm"]) == (None, None, [])
    assert "还没有在本人电话里确认" in shown.stdout
    low, high = found["ci95"]
    assert 0 <= low <= found["rejection"] <= high <= 1
    assert "转人工" in shown.stdout
    assert (found["personal"], found["own_threshold"]["why"]) == (False, "few_calls")
    assert found["own_threshold"]["llr"] == found["own_threshold"]["shipped"]
    [line] = [one for one in shown.stdout.splitlines() if one.startswith("本人的门限")]
    assert f"{found['own_threshold']['llr']:.2f}（" in line
    assert line.endswith("不启用 not used in this region")
    kunming = (BUILT_IN / "kunming.toml").read_text("utf-8") + "\n[voice]\npersonal = true"
    (tmp_path / "kunming.toml").write_text(kunming, "utf-8")
    shown = stillhere({**town, "STILLHERE_REGIONS": str(tmp_path)}, "voice", "show", NUMBER, "--json")
    assert json_of(shown)["personal"] is True
    assert "不启用" not in shown.stdout
    assert json_of(stillhere(town, "voice", "reembed", "--json"))["enrol_again"] == []
    assert "没有更新可以撤销" in sentence(stillhere(town, "voice", "undo", NUMBER, "--by", "clerk"))


def test_a_human_confirms_a_voice_and_the_desk_is_told(town: dict[str, str], tmp_path: Path) -> None:
    assert "没有待确认的声纹" in sentence(stillhere(town, "code", "issue", NUMBER, "--by", "clerk", "--confirm"))
    caller, paths = Caller(SHIPPED / "caller"), []
    for first in range(3):
        paths.append(tmp_path / f"{first}.wav")
        soundfile.write(paths[-1], caller.repeats(["word.shuzi", "word.zhongguo", "word.fandian"]), SAMPLE_RATE)
    assert stillhere(town, "enrol", NUMBER, "--audio", *map(str, paths), "--consent", "同意").exit_code == 0
    assert stillhere(town, "code", "issue", NUMBER, "--by", "clerk", "--confirm").stdout.strip().isdigit()
    rt = compose.runtime(Settings.read(town))
    with rt.sessions.begin() as session:
        person = desk.find(session, rt, NUMBER)
        template = templates.current(session, person)
        assert template is not None
        detail = {"template": template.id}
        case = cases.open_case(session, rt, kind=CaseKind.UNCONFIRMED, cause="1", person=person, detail=detail)
    shown = stillhere(town, "voice", "show", NUMBER, "--json")
    assert json_of(shown)["to_confirm"] == [case.id]
    assert case.id in shown.stdout.splitlines()[-4]
    assert "不是待确认声纹的案件" in sentence(stillhere(town, "voice", "confirm", template.id, "--by", "operator"))
    confirmed = json_of(stillhere(town, "voice", "confirm", case.id, "--by", "operator", "--json"))
    shown = stillhere(town, "voice", "show", NUMBER, "--json")
    found = json_of(shown)
    assert (found["confirmed_at"], found["to_confirm"]) == (confirmed["confirmed_at"], [])
    assert "已在电话里确认" in shown.stdout
    assert stillhere(town, "enrol", NUMBER, "--audio", *map(str, paths), "--consent", "同意").exit_code == 0
    with rt.sessions.begin() as session:
        cases.open_case(session, rt, kind=CaseKind.UNCONFIRMED, cause="2", person=person, detail=detail)
    found = json_of(stillhere(town, "voice", "show", NUMBER, "--json"))
    assert (found["confirmed_at"], found["to_confirm"]) == (None, []), "the case is of the template before"
    rt.sessions.kw["bind"].dispose()
