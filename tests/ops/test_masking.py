"""Logs without numbers: what is hidden, what stays, and that every process logs so."""

from __future__ import annotations

import io
import logging

import pytest
from gunicorn.config import Config

from ops import masking
from ops.serving import Log
from tests.ops.test_commands import settings, stillhere, town

__all__ = ["settings", "town"]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("PIN 295038 of +8613888000001", "PIN ****** of ******01"),
        ("138 8800 0001, 0871-65123456", "******01, ******56"),
        ("密码２９５０３８。", "密码******。"),
        ("11010519491231002X", "******2X"),
        ("GET /sms/kannel?from=%2B8613888000001&text=%E5%AF%86 failed", "GET /sms/kannel?… failed"),
        ("person 0b9d3c1e8f7a4f12a6d3c5e7f9012345 at 2026-03-10 02:00:00,123", None),
        ("12345 rows in 20260 ms, on 2026-03-10", None),
    ],
    ids=["PIN and mobile", "spaced", "full width", "identity", "query", "identifiers and times", "counts"],
)
def test_what_is_hidden_and_what_stays(said: str, shown: str | None) -> None:
    assert masking.mask(said) == (said if shown is None else shown)


def test_the_text_of_an_error_is_hidden_too() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(masking.Masked())
    log = logging.Logger("of this test")
    log.addHandler(handler)
    try:
        raise ValueError("no 295038 for 13888000001")
    except ValueError:
        log.exception("a text from %s failed", "13888000001")
    said = stream.getvalue()
    assert "295038" not in said and "13888000001" not in said
    assert "a text from ******01 failed" in said and "ValueError: no ****** for ******01" in said


def test_the_web_server_logs_so() -> None:
    config = Config()
    config.set("accesslog", "-")
    log = Log(config)
    handlers = [*log.error_log.handlers, *log.access_log.handlers]
    assert len(handlers) >= 2
    assert all(isinstance(one.formatter, masking.Masked) for one in handlers)


def test_every_command_begins_so(town: dict[str, str]) -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    root.handlers.clear()
    try:
        stillhere(town, "regions", "list")
        [handler] = root.handlers
        assert isinstance(handler.formatter, masking.Masked)
    finally:
        root.handlers[:] = before
