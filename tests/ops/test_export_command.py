"""An export as a clerk makes it: a ZIP that its person can read, once, for nobody else's eyes, and journalled."""

from __future__ import annotations

import json
import re
import wave
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from certification import people
from certification.identity import ResidentNumber
from certification.runtime import Runtime
from certification.store import JournalEntry, Person
from ops import compose, writing
from ops.commands import exporting
from ops.writing import FileThere, NotWritable
from tests.certification import sealed
from tests.ops.test_commands import NUMBER, json_of, sentence, settings, stillhere, town
from tests.ops.test_routes import BY, done

__all__ = ["settings", "town"]
WHY = ("--reason", "本人申请")


def export(town: dict[str, str], out: Path, *more: str) -> Result:
    return stillhere(town, "people", "export", NUMBER, "--out", str(out), *BY, *WHY, *more)


def runtime(town: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Runtime:
    for name, value in town.items():
        monkeypatch.setenv(name, value)
    return compose.runtime()


def mr_wang(session: Session, rt: Runtime) -> Person:
    person = people.find_by_number(session, rt.keys, ResidentNumber.parse(NUMBER))
    assert person is not None
    return person


def test_a_person_gets_all_that_is_kept(town: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rt = runtime(town, monkeypatch)
    with rt.sessions.begin() as session:
        person = mr_wang(session, rt)
        sealed.call(session, rt, person, "+8613888000001")
        sealed.elsewhere(session, rt, person)
    out = tmp_path / "wang.zip"
    said = done(export(town, out, "--json"))
    assert (said["file"], said["sha256"]) == (str(out), sha256(out.read_bytes()).hexdigest())
    assert (said["recordings"], said["unreadable"], said["rows"]["phones"]) == (1, [], 1)
    assert out.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if "wang" in path.name] == ["wang.zip"], "no draft is left"
    with ZipFile(out) as archive:
        assert archive.testzip() is None
        data = json.loads(archive.read("data.json"))
        page = archive.read("README.txt").decode()
        [recording] = [name for name in archive.namelist() if name.startswith("recordings/")]
        with wave.open(BytesIO(archive.read(recording))) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
            assert sound.getnframes() == len(sealed.AUDIO)
        [photo] = [name for name in archive.namelist() if name.startswith("photos/")]
        assert archive.read(photo) == b"\x89PNG a door"
    assert (data["format"], data["by"]) == ("stillhere export 1", "clerk")
    assert (data["people"][0]["number"], data["people"][0]["name"]) == (NUMBER, "王")
    assert data["recordings"][0]["file"] == recording
    assert "王：我们保存的关于您的全部信息" in page and "- phones（1）名册上的电话 telephones" in page
    assert set(data) - {"format", "made_at", "by"} == set(re.findall(r"^- (\w+)（\d+）", page, re.MULTILINE))
    with rt.sessions() as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "data exported")).one()
        detail = json.loads(entry.detail)
        assert (entry.actor, entry.subject) == ("clerk", f"person:{said['id']}")
        assert detail == {"sha256": said["sha256"], "reason": "本人申请", "unreadable": 0}


def test_no_file_is_replaced_and_nothing_is_journalled_then(town: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "wang.zip"
    out.write_text("of somebody else")
    before = json_of(stillhere(town, "journal", "verify", "--json"))["entries"]
    assert "give another name" in sentence(export(town, out))
    assert "check the folder" in sentence(export(town, tmp_path / "nowhere" / "wang.zip"))
    assert out.read_text() == "of somebody else"
    assert json_of(stillhere(town, "journal", "verify", "--json"))["entries"] == before


def test_an_export_says_why(town: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "wang.zip"
    silent = stillhere(town, "people", "export", NUMBER, "--out", str(out), *BY, "--reason", " ")
    assert (silent.exit_code, out.exists()) == (2, False)


def test_what_cannot_be_opened_is_named(town: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rt = runtime(town, monkeypatch)
    with rt.sessions.begin() as session:
        mr_wang(session, rt).name_sealed = b"broken"
    out = tmp_path / "wang.zip"
    result = export(town, out, "--json")
    assert len(done(result)["unreadable"]) == 1
    assert "people.name_sealed" in result.stderr
    with ZipFile(out) as archive:
        assert "values that cannot be opened: 1" in archive.read("README.txt").decode()


def test_a_draft_that_is_not_put_in_place_is_gone(tmp_path: Path) -> None:
    with writing.draft(tmp_path / "a", b"x") as written:
        assert written.stat().st_mode & 0o777 == 0o600
        (tmp_path / "a").write_text("came meanwhile")
        with pytest.raises(FileThere):
            writing.put(written, tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "came meanwhile"
    with pytest.raises(NotWritable), writing.draft(tmp_path / "b", b"x") as written:
        writing.put(written, tmp_path / "nowhere" / "b")
    assert exporting.DATA == "data.json"
