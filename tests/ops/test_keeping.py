"""The commands that keep and erase: rotation, binding, a consent taken back, a person erased."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from certification import codes, consent, guesses, people, seals
from certification.identity import ResidentNumber
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.settings import Settings
from certification.store import Canary, JournalEntry, Person, Recording, VoiceTemplate
from ops.commands import erasing
from tests.certification.sealed import call, voice
from tests.ops.test_commands import NUMBER, json_of, sentence, settings, stillhere, town

__all__ = ["settings", "town"]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def rt(town: dict[str, str]) -> Iterator[Runtime]:
    """The runtime of the commands' settings, whose one person has a voice and a call."""
    rt = Runtime.of(Settings.read(town), lambda _job, _identifier: None)
    with rt.sessions.begin() as session:
        person = people.find_by_number(session, rt.keys, ResidentNumber.parse(NUMBER))
        assert person is not None
        voice(session, rt, person)
        call(session, rt, person, "+8613888000001")
    yield rt
    rt.sessions.kw["bind"].dispose()


def with_newer(town: dict[str, str]) -> dict[str, str]:
    return {**town, "STILLHERE_KEYS": f"{KeyRing.generate_text('2027')},{town['STILLHERE_KEYS']}"}


def alone(town: dict[str, str]) -> dict[str, str]:
    return {**town, "STILLHERE_KEYS": town["STILLHERE_KEYS"].partition(",")[0]}


def shown(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json_of(result)


def actions(rt: Runtime) -> list[str]:
    with rt.sessions() as session:
        return list(session.scalars(select(JournalEntry.action).order_by(JournalEntry.seq)))


def test_the_old_key_goes_when_rotation_says_so_and_not_before(town: dict[str, str], rt: Runtime) -> None:
    newer = with_newer(town)
    assert "not the key ring of this database" in sentence(stillhere(alone(newer), "people", "show", NUMBER))
    result = stillhere(newer, "keys", "rotate", "--by", "admin", "--json")
    found = shown(result)
    assert (found["newest"], found["removable"], found["needed"], found["unreadable"]) == ("2027", ["first"], {}, 0)
    assert found["rows"] == dict.fromkeys(
        ("people", "phones", "calls", "recordings", "assessments", "voice_templates", "voice_fingerprints"), 1
    )
    assert "key first may be taken out of STILLHERE_KEYS: nothing needs it" in result.stdout
    assert found["removable_after"] is None
    assert stillhere(alone(newer), "people", "show", NUMBER).exit_code == 0
    assert shown(stillhere(newer, "keys", "rotate", "--json"))["rows"] == {}
    assert actions(rt)[-2:] == ["keys rotated", "keys rotated"]
    assert shown(stillhere(newer, "journal", "verify", "--json"))["intact"] is True


def test_while_codes_or_guesses_stand_the_old_key_is_to_stay(town: dict[str, str], rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        codes.issue(session, rt, session.scalars(select(Person)).one(), "clerk")
        guesses.guess(session, rt, guesses.NUMBER, "+8613888000001", lambda: None)
    result = stillhere(with_newer(town), "keys", "rotate", "--json")
    found = shown(result)
    assert found["removable"] == ["first"]
    assert found["removable_after"] == max(found["codes_until"], found["guesses_until"])
    after = datetime.fromisoformat(found["removable_after"]) + timedelta(minutes=1)
    assert f"key first may be taken out of STILLHERE_KEYS after {after:%Y-%m-%d %H:%M} UTC, not now" in result.stdout
    assert "nothing needs it" not in result.stdout


def test_what_rotation_cannot_open_is_named_with_exit_status_1(town: dict[str, str], rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        session.execute(update(Recording).values(sealed=rt.keys.seal(b"?", "elsewhere")))
        [recording] = session.scalars(select(Recording.id))
    newer = with_newer(town)
    result = stillhere(newer, "keys", "rotate", "--json")
    assert result.exit_code == 1
    assert f"recordings {recording} sealed" in result.stderr
    found: Any = json_of(result)
    assert (found["unreadable"], found["unreadable_rows"][0]["id"]) == (1, recording)
    assert (found["removable"], found["needed"]) == ([], {"first": 1})
    assert "keep key first: 1" in result.stdout


def test_the_way_from_an_earlier_version_is_said_and_keeps_every_voice(town: dict[str, str], rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        row = session.scalars(select(VoiceTemplate)).one()
        row.sealed = rt.keys.seal(b"a voice", f"voice_templates:{row.id}")
        session.execute(update(Canary).values(sealed=rt.keys.seal(b"alive", "canary.sealed")))
    assert "stillhere db upgrade" in sentence(stillhere(town, "people", "show", NUMBER))
    for _ in range(2):
        assert stillhere(town, "db", "upgrade").exit_code == 0
    assert actions(rt).count("voices bound to their people") == 1
    assert stillhere(town, "people", "show", NUMBER).exit_code == 0
    with rt.sessions() as session:
        row = session.scalars(select(VoiceTemplate)).one()
        assert rt.keys.open(row.sealed, seals.template(row.id, row.person_id)) == b"a voice"


def test_without_a_key_that_sealed_voices_none_is_bound_for_good(town: dict[str, str], rt: Runtime) -> None:
    newer = with_newer(town)
    ring = KeyRing.from_text(newer["STILLHERE_KEYS"])
    with rt.sessions.begin() as session:
        row = session.scalars(select(VoiceTemplate)).one()
        row.sealed = ring.seal(b"a voice", f"voice_templates:{row.id}")
        session.execute(update(Canary).values(sealed=rt.keys.seal(b"alive", "canary.sealed")))
    refused = stillhere(town, "db", "upgrade")
    assert "Put the missing keys back" in sentence(refused)
    assert f"voice_templates {row.id} sealed: The sealed data cannot be opened: its key '2027'" in refused.stderr
    assert stillhere(newer, "db", "upgrade").exit_code == 0


def test_a_consent_taken_back_prints_its_proof(town: dict[str, str], rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        [person] = session.scalars(select(Person.id))
        consent.record(session, rt, session.get_one(Person, person), text="同意", how="desk", by="clerk")
        [template] = session.scalars(select(VoiceTemplate.id))
    result = stillhere(town, "voice", "withdraw", NUMBER, "--by", "clerk", "--json")
    found = shown(result)
    [proof] = found["proofs"]
    assert (found["withdrawn"], found["intact"], found["back"], found["id"]) == (True, True, [], person)
    assert template in proof["erased"]["voice_templates.sealed"] and set(proof["left"].values()) == {0}
    assert f"voice_templates.sealed {template} sha256" in result.stdout
    again = shown(stillhere(town, "voice", "withdraw", NUMBER, "--by", "clerk", "--json"))
    assert (again["withdrawn"], again["proofs"]) == (False, [proof])
    assert "没有在用的声纹" in stillhere(town, "voice", "show", NUMBER).stdout


def test_a_person_is_erased_and_the_proof_can_be_seen_again(town: dict[str, str], rt: Runtime) -> None:
    result = stillhere(town, "people", "erase", NUMBER, "--by", "clerk", "--json")
    found = shown(result)
    assert f"请留存 our identifier, keep it for the proof: {found['id']}\n" in result.stdout
    [proof] = found["proofs"]
    assert (found["erased_now"], found["intact"], found["back"]) == (True, True, [])
    assert list(proof["erased"]["people.name_sealed"]) == [found["id"]]
    assert NUMBER not in json.dumps(found)
    assert "Nobody on the roll" in stillhere(town, "people", "show", NUMBER).output
    unknown = sentence(stillhere(town, "people", "erase", NUMBER, "--by", "clerk"))
    assert "erased already: give our identifier" in unknown and "已经删除" in unknown and "import" not in unknown
    again = shown(stillhere(town, "people", "erase", found["id"], "--by", "clerk", "--json"))
    assert (again["erased_now"], again["proofs"]) == (False, [proof])
    assert shown(stillhere(town, "journal", "verify", "--json"))["intact"] is True
    with rt.sessions.begin() as session:
        row = session.scalars(select(JournalEntry).order_by(JournalEntry.seq.desc())).first()
        assert row is not None
        row.detail = row.detail.replace('"left":{"assessments":0', '"left":{"assessments":1')
    assert stillhere(town, "people", "erase", found["id"], "--by", "clerk").exit_code == 1


def test_an_erasure_says_why_in_its_proof(town: dict[str, str], rt: Runtime) -> None:
    erase = ("people", "erase", NUMBER, "--by", "clerk", "--reason")
    assert stillhere(town, *erase, " ").exit_code == 2
    assert "write no name" in sentence(stillhere(town, *erase, f"{NUMBER} 迁出"))
    result = stillhere(town, *erase, "迁出本市", "--json")
    assert [one["why"] for one in shown(result)["proofs"]] == ["迁出本市"]
    assert "原因 why: 迁出本市" in result.stdout


def test_a_terminal_asks_why_somebody_is_erased(town: dict[str, str], rt: Runtime) -> None:
    keyboard, terminal = os.openpty()
    command = [sys.executable, "-m", "ops.cli", "people", "erase", NUMBER, "--by", "clerk", "--json"]
    os.write(keyboard, "迁出本市\n".encode())
    ended = subprocess.run(
        command, stdin=terminal, env={**os.environ, **town}, cwd=ROOT, capture_output=True, text=True, check=True
    )
    os.close(keyboard)
    os.close(terminal)
    assert "why they are erased" in ended.stdout
    assert [one["why"] for one in json.loads(ended.stdout.splitlines()[-1])["proofs"]] == ["迁出本市"]


@pytest.mark.parametrize("command", [("people", "erase"), ("voice", "withdraw")])
def test_nobody_unknown_is_erased(town: dict[str, str], command: tuple[str, str]) -> None:
    for unknown in ("0" * 32, "530102195001011234"):
        result = stillhere(town, *command, unknown, "--by", "clerk")
        assert result.exit_code == 1
    assert stillhere(town, *command, NUMBER).exit_code == 2, "by whom?"


class HeldError(Exception):
    """PostgreSQL's lock_not_available."""

    sqlstate = "55P03"


@pytest.mark.parametrize("times", [erasing.TRIES - 1, erasing.TRIES])
def test_an_erasure_that_gave_way_is_tried_again(
    town: dict[str, str], monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    held = iter([True] * times)
    hold = people.hold

    def busy(session: Session, person_id: str, *, to_erase: bool = False) -> Person | None:
        if next(held, False):
            raise OperationalError("SELECT", {}, HeldError())
        return hold(session, person_id, to_erase=to_erase)

    monkeypatch.setattr(people, "hold", busy)
    result = stillhere(town, "people", "erase", NUMBER, "--by", "clerk", "--json")
    if times < erasing.TRIES:
        assert shown(result)["erased_now"] is True
    else:
        assert "数据库正忙，请稍后再试。 The database is busy: try again in a moment." in sentence(result)
        assert shown(stillhere(town, "people", "show", NUMBER, "--json"))
