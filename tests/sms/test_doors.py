"""The doors of the text line: who is let in, who is turned away, and that those are counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from certification.runtime import Runtime
from certification.store import Text
from ops.app import create_app
from tests.certification.away import FailingOnce
from tests.peers import wait_until
from tests.sms.conftest import LINE, ZHANG, TextLine

TOKEN = "a-secret-of-kannel"
FORM = {"MessageSid": "SM1", "From": ZHANG, "To": LINE, "Body": "密码 123456", "NumMedia": "0"}
STATUS = {"MessageSid": "SM1", "MessageStatus": "delivered", "ErrorCode": ""}


@pytest.fixture
def town(rt: Runtime) -> TextLine:
    """A text line that the carriers reach at https://line.example."""
    return TextLine(replace(rt, settings=replace(rt.settings, kannel_token=TOKEN)))


@pytest.fixture
def app(town: TextLine) -> Iterator[Flask]:
    """Its web process, which has journalled at the end what it counted."""
    app = create_app(town.rt)
    yield app
    app.extensions["refusals"].write()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Without a server around it."""
    return app.test_client()


def counted(app: Flask, town: TextLine, refused: dict[str, int]) -> None:
    """So many were turned away, by the journal."""
    assert app.extensions["refusals"].write()
    wait_until(lambda: town.refused() == refused, f"{refused} in the journal")


def nothing_is_kept(town: TextLine) -> bool:
    with town.rt.sessions() as session:
        return session.scalar(select(func.count()).select_from(Text)) == 0


def test_a_signed_text_is_kept_once_and_answered_with_nothing(client: FlaskClient, town: TextLine) -> None:
    for _ in range(2):
        answer = client.post("/sms", data=FORM, headers=town.signature("/sms", FORM))
        assert (answer.status_code, answer.mimetype) == (200, "text/xml")
        assert answer.data.endswith(b"<Response/>")
    assert town.texts() == [("twilio", ZHANG, "密码 123456")]


FALLBACK = FORM | {"ErrorCode": "11200", "ErrorUrl": "https://line.example/sms"}


def test_a_text_that_the_first_address_failed_comes_by_the_fallback(
    client: FlaskClient, town: TextLine, caplog: pytest.LogCaptureFixture
) -> None:
    away = replace(town.rt, sessions=FailingOnce(town.rt.sessions))
    failing = create_app(away).test_client()
    assert failing.post("/sms", data=FORM, headers=town.signature("/sms", FORM)).status_code == 500
    assert nothing_is_kept(town)
    for _ in range(2):
        answer = client.post("/sms", data=FALLBACK, headers=town.signature("/sms", FALLBACK))
        assert answer.status_code == 200
    assert town.texts() == [("twilio", ZHANG, "密码 123456")]
    assert "fallback" in caplog.text and "11200" in caplog.text
    assert ZHANG[3:] not in caplog.text and "123456" not in caplog.text


def test_the_fallback_is_signed_for_its_own_address_and_counts_with_the_first_once(
    client: FlaskClient, town: TextLine
) -> None:
    second = "https://second.example"
    elsewhere = create_app(replace(town.rt, settings=replace(town.rt.settings, public_base_url=second)))
    assert client.post("/sms", data=FORM, headers=town.signature("/sms", FORM)).status_code == 200
    for base_url, status in ((town.rt.settings.public_base_url, 403), (second, 200)):
        signed = town.signature("/sms", FALLBACK, base_url)
        assert elsewhere.test_client().post("/sms", data=FALLBACK, headers=signed).status_code == status
    counted(elsewhere, town, {"/sms": 1})
    assert town.texts() == [("twilio", ZHANG, "密码 123456")]


@pytest.mark.parametrize(
    ("path", "form"), [("/sms", FORM), ("/sms/status", STATUS), ("/sms/status?message=abc", STATUS)]
)
@pytest.mark.parametrize("wrong", ["unsigned", "empty", "nonsense", "changed", "added", "http", "elsewhere", "path"])
def test_whatever_is_not_signed_as_it_stands_is_refused_and_counted(
    app: Flask, client: FlaskClient, town: TextLine, path: str, form: dict[str, str], wrong: str
) -> None:
    headers: dict[str, dict[str, str]] = {
        "unsigned": {},
        "empty": {"X-Twilio-Signature": ""},
        "nonsense": {"X-Twilio-Signature": "AAAA"},
        "http": town.signature(path, form, "http://line.example"),
        "elsewhere": town.signature(path, form, "https://other.example"),
        "path": town.signature("/voice", form),
    }
    sent = form | {"changed": {"MessageSid": "SM2"}, "added": {"More": ""}}.get(wrong, {})
    answer = client.post(path, data=sent, headers=headers.get(wrong, town.signature(path, form)))
    assert answer.status_code == 403
    assert nothing_is_kept(town)
    counted(app, town, {path.partition("?")[0]: 1})


def test_no_route_that_takes_anything_is_without_a_door(app: Flask, client: FlaskClient) -> None:
    rules = [rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    assert {"/voice", "/sms", "/sms/status", "/sms/kannel", "/sms/kannel/status"} <= set(rules)
    for rule in rules:
        refused = 400 if rule.startswith("/console") else 403  # the console's door is the token of its own form
        assert client.post(re.sub("<int:[a-z]+>", "0", rule), data=FORM).status_code == refused, rule


def test_our_identifier_in_the_address_is_signed_as_well(app: Flask, client: FlaskClient, town: TextLine) -> None:
    headers = town.signature("/sms/status?message=abc", STATUS)
    assert client.post("/sms/status?message=abd", data=STATUS, headers=headers).status_code == 403
    assert client.post("/sms/status?message=abc", data=STATUS, headers=headers).status_code == 204


@pytest.mark.parametrize("path", ["/sms/kannel", "/sms/kannel/status"])
@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=another", f"?token={TOKEN}x", "?token=密码", f"?Token={TOKEN}"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_kannel_without_its_secret_is_refused_and_counted(
    app: Flask, client: FlaskClient, town: TextLine, path: str, query: str, method: str
) -> None:
    said = {"id": "one", "key": "one", "from": ZHANG, "text": "123456", "status": "1"}
    arguments: dict[str, Any] = {"data": said | {"token": TOKEN}} if method == "POST" else {}
    answer = client.open(path + query, method=method, **arguments)
    assert answer.status_code == 403
    assert nothing_is_kept(town)
    counted(app, town, {path: 1})


def test_where_no_secret_is_set_kannel_is_not_heard(rt: Runtime) -> None:
    app = create_app(rt)
    for query in ("", "?token="):
        assert app.test_client().get(f"/sms/kannel{query}").status_code == 403
    counted(app, TextLine(rt), {"/sms/kannel": 2})


def test_kannel_cannot_stand_in_for_twilio_nor_twilio_for_kannel(client: FlaskClient, town: TextLine) -> None:
    assert client.post(f"/sms?token={TOKEN}", data=FORM).status_code == 403
    assert client.post("/sms/kannel", data=FORM, headers=town.signature("/sms/kannel", FORM)).status_code == 403


def test_a_body_over_64_kb_is_not_read(client: FlaskClient, town: TextLine) -> None:
    long = FORM | {"Body": "x" * 70_000}
    assert client.post("/sms", data=long, headers=town.signature("/sms", long)).status_code == 413
    assert client.post(f"/sms/kannel?token={TOKEN}", data={"id": "1", "text": "x" * 70_000}).status_code == 413
    assert nothing_is_kept(town)


@pytest.mark.parametrize("form", [{**FORM, "MessageSid": ""}, {**FORM, "MessageSid": "S" * 65}], ids=["none", "long"])
def test_a_text_without_an_identifier_is_no_text(client: FlaskClient, town: TextLine, form: dict[str, str]) -> None:
    assert client.post("/sms", data=form, headers=town.signature("/sms", form)).status_code == 400
    assert client.get(f"/sms/kannel?token={TOKEN}&from=1&text=1").status_code == 400
    assert nothing_is_kept(town)


def test_what_carriers_tell_of_messages_that_are_not_ours_changes_nothing(client: FlaskClient, town: TextLine) -> None:
    mine = town.message("twilio", "SM9")
    assert client.post("/sms/status", data=STATUS, headers=town.signature("/sms/status", STATUS)).status_code == 204
    assert client.get(f"/sms/kannel/status?token={TOKEN}&key={mine}&status=1").status_code == 200
    assert town.state(mine) == "sending"


def test_a_sender_without_a_number_is_kept_as_it_came(client: FlaskClient, town: TextLine) -> None:
    form = FORM | {"From": "12333"}
    client.post("/sms", data=form, headers=town.signature("/sms", form))
    named = form | {"From": "BANK", "MessageSid": "SM2"}
    client.post("/sms", data=named, headers=town.signature("/sms", named))
    assert {sender for _, sender, _ in town.texts()} == {"12333", "BANK"}
