"""Settings: where they come from, what is missing, what is wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from certification.keys import KeyRing
from certification.known_settings import SETTINGS
from certification.runtime import Runtime
from certification.settings import SettingInvalid, SettingMissing, Settings
from tests.certification.conftest import Queue

LEAST = {
    "PUBLIC_BASE_URL": "https://line.example/",
    "SESSION_SECRET": "session secret",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "auth token",
    "STILLHERE_KEYS": "key ring",
}


def test_the_defaults() -> None:
    settings = Settings.read(LEAST)
    assert settings.public_base_url == "https://line.example"
    assert settings.media_base_url == "wss://line.example"
    assert settings.database_url == f"sqlite:///{Path('var').absolute() / 'stillhere.db'}"
    assert settings.media_slots == 40
    assert settings.regions is settings.prompts is settings.speech_models is None


def test_every_setting_has_a_meaning_and_a_field() -> None:
    fields = set(Settings.__dataclass_fields__)
    assert len(SETTINGS) == len(fields)
    for setting in SETTINGS:
        assert setting.name.lower().removeprefix("stillhere_") in fields
        assert setting.zh
        assert setting.en


@pytest.mark.parametrize("name", LEAST)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_is_missing_is_named(name: str, value: str | None) -> None:
    environ = {key: text for key, text in (LEAST | {name: value}).items() if text is not None}
    with pytest.raises(SettingMissing, match=f"{name}_FILE") as caught:
        Settings.read(environ)
    assert caught.value.name == name


def test_a_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\n", "utf-8")
    environ = LEAST | {"TWILIO_AUTH_TOKEN": "", "TWILIO_AUTH_TOKEN_FILE": str(tmp_path / "token")}
    assert Settings.read(environ).twilio_auth_token == "from a file"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_BASE_URL", "line.example"),
        ("PUBLIC_BASE_URL", "ftp://line.example"),
        ("MEDIA_BASE_URL", "https://line.example"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("MEDIA_SLOTS", "0"),
        ("MEDIA_SLOTS", "many"),
        ("TEXT_BODY_DAYS", "0"),
        ("TEXT_DAYS", "89"),
        ("STILLHERE_REGIONS", "/there/is/no/such/folder"),
        ("STILLHERE_PROMPTS", "/there/is/no/such/folder"),
        ("SPEECH_MODELS", "/there/is/no/such/folder"),
        ("TWILIO_AUTH_TOKEN_FILE", "/there/is/no/such/file"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    environ = LEAST | {"TWILIO_AUTH_TOKEN": ""} if name.endswith("_FILE") else LEAST
    with pytest.raises(SettingInvalid, match=name):
        Settings.read(environ | {name: value})


def test_a_setting_and_its_file_together_are_refused() -> None:
    with pytest.raises(SettingInvalid, match="not both"):
        Settings.read(LEAST | {"SESSION_SECRET_FILE": "/dev/null"})


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_by_psycopg(scheme: str) -> None:
    settings = Settings.read(LEAST | {"DATABASE_URL": f"{scheme}://user:word@host/db"})
    assert settings.database_url == "postgresql+psycopg://user:word@host/db"


def test_a_real_process_gets_its_runtime_from_its_settings(tmp_path: Path, queue: Queue) -> None:
    environ = LEAST | {"STILLHERE_KEYS": KeyRing.generate_text(), "STILLHERE_DATA": str(tmp_path)}
    rt = Runtime.of(Settings.read(environ), queue)
    assert rt.keys.open(rt.keys.seal(b"plain", "c"), "c") == b"plain"
    assert rt.now().utcoffset() == timedelta(0)
    with rt.sessions() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
    rt.sessions.kw["bind"].dispose()


def test_repr_tells_no_secret() -> None:
    shown = repr(Settings.read(LEAST | {"DATABASE_URL": "postgresql://user:word@host/db"}))
    for secret in ("session secret", "auth token", "key ring", "word"):
        assert secret not in shown
