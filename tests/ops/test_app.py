"""The web process at its door: signatures over every kind of body, sizes, and the pages about health."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis
from twilio.request_validator import RequestValidator

from certification.runtime import Runtime
from ops import heartbeat
from ops.app import create_app
from ops.embedded import redis_server

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FORM = {"CallSid": "CA1", "From": "+8613800138000", "Empty": ""}


@pytest.fixture
def client(rt: Runtime) -> FlaskClient:
    """The web process without a server around it."""
    return create_app(rt).test_client()


def signature(rt: Runtime, path: str, form: dict[str, str]) -> str:
    """What the carrier would send."""
    return str(
        RequestValidator(rt.settings.twilio_auth_token).compute_signature(rt.settings.public_base_url + path, form)
    )


def test_a_signed_form_is_let_in(client: FlaskClient, rt: Runtime) -> None:
    answer = client.post("/voice", data=FORM, headers={"X-Twilio-Signature": signature(rt, "/voice", FORM)})
    assert answer.status_code == 200
    assert b"<Response>" in answer.data


@pytest.mark.parametrize(
    "body",
    [
        {"data": FORM},
        {"data": {**FORM, "CallSid": "CA2"}},
        {"data": json.dumps(FORM), "content_type": "application/json"},
        {"data": b"plain", "content_type": "text/plain"},
        {"data": {"file": "x"}, "content_type": "multipart/form-data"},
        {},
    ],
    ids=["form", "other form", "json", "text", "multipart", "empty"],
)
def test_whatever_is_not_signed_is_refused(client: FlaskClient, body: dict[str, Any]) -> None:
    for path in ("/voice", "/voice/turn/0", "/voice/status"):
        for header in ({}, {"X-Twilio-Signature": ""}, {"X-Twilio-Signature": "AAAA"}):
            assert client.post(path, headers=header, **body).status_code == 403, (path, header)


def test_a_json_body_needs_its_hash_in_the_signed_query(client: FlaskClient, rt: Runtime) -> None:
    body = json.dumps(FORM)
    right = f"/voice/status?bodySHA256={sha256(body.encode()).hexdigest()}"
    wrong = f"/voice/status?bodySHA256={sha256(b'another').hexdigest()}"
    for path, status in ((right, 200), (wrong, 403), ("/voice/status", 403)):
        header = {"X-Twilio-Signature": signature(rt, path, {})}
        answer = client.post(path, data=body, content_type="application/json", headers=header)
        assert (answer.status_code == 403) == (status == 403), path


def test_a_body_over_64_kb_is_not_read(client: FlaskClient, rt: Runtime) -> None:
    form = {"CallSid": "x" * 70_000}
    answer = client.post("/voice", data=form, headers={"X-Twilio-Signature": signature(rt, "/voice", form)})
    assert answer.status_code == 413


def test_health_needs_nothing_and_readiness_says_what_is_away(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"alive": True}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["database"] is True
    assert answer.json["worker"] is False


@pytest.mark.parametrize(
    ("voice_from", "run", "ready"),
    [
        ("none", ("texts", "schedule"), True),
        ("none", ("schedule",), False),
        ("+8687112333", ("texts", "schedule"), False),
        ("", ("texts", "schedule"), False),
        ("", heartbeat.PROCESSES, True),
    ],
    ids=["texts alone", "texts alone, none sent", "no voices", "no voices, no number", "everything"],
)
def test_who_takes_no_calls_is_ready_without_what_calls_need(
    rt: Runtime, tmp_path: Path, voice_from: str, run: tuple[str, ...], ready: bool
) -> None:
    with redis_server(tmp_path) as url:
        for process in run:
            Redis.from_url(url).set(f"stillhere:alive:{process}", 1)
        settings = replace(rt.settings, voice_from=voice_from, sms_providers="console", redis_url=url)
        answer = create_app(replace(rt, settings=settings)).test_client().get("/readyz")
    assert answer.json is not None
    assert (answer.status_code, answer.json["ready"]) == ((200, True) if ready else (503, False))
    assert ("media" in answer.json) == (voice_from != "none")
