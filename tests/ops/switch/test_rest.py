"""The REST calls, made with Twilio's own client and checked against Twilio's own description where it is at hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from ops.switch import NotHeard, Switch
from tests.ops.switch.service import ACCOUNT, TOKEN, Service

LINE = "+8687112333"
NUMBER = "+8613800138000"


class ToSwitch:
    """Twilio's HTTP client, talking to the switch instead of api.twilio.com."""

    def __init__(self, api_url: str) -> None:
        self._client = TwilioHttpClient(pool_connections=False)
        self._api_url = api_url

    def request(self, method: str, url: str, *args: Any, **named: Any) -> Any:
        return self._client.request(method, url.replace("https://api.twilio.com", self._api_url), *args, **named)


@pytest.fixture
def client(switch: Switch) -> Client:
    return Client(ACCOUNT, TOKEN, http_client=ToSwitch(switch.api_url))


def test_a_call_rings_is_answered_and_hears_the_document(service: Service, switch: Switch, client: Client) -> None:
    service.documents["/hello"] = "<Play>/voice/prompts/mandarin/greeting.wav</Play>"
    switch.phone(NUMBER).will("answer", ring_s=1)
    created = client.calls.create(
        to=NUMBER,
        from_=LINE,
        url=f"{service.url}/hello",
        status_callback=f"{service.url}/status",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    call = switch.phone(NUMBER).rings().hears("greeting").ended()
    assert (created.sid, created.status) == (call.sid, "queued")
    (form,) = service.forms("/hello")
    assert (form["Direction"], form["CallStatus"], form["To"]) == ("outbound-api", "in-progress", NUMBER)
    progress = [(form["CallStatus"], form["SequenceNumber"]) for form in service.forms("/status")]
    assert progress == [("initiated", "0"), ("ringing", "1"), ("in-progress", "2"), ("completed", "3")]
    assert all(asked.signed for asked in service.asked)


@pytest.mark.parametrize("fate", ["busy", "no-answer", "failed"])
def test_a_call_that_nobody_takes_tells_only_how_it_ended(
    service: Service, switch: Switch, client: Client, fate: str
) -> None:
    switch.phone(NUMBER).will(fate)  # type: ignore[arg-type]
    client.calls.create(
        to=NUMBER, from_=LINE, url=f"{service.url}/hello", status_callback=f"{service.url}/status", timeout=5
    )
    call = switch.phone(NUMBER).rings().ended()
    assert call.status == fate
    assert [asked.path for asked in service.asked] == ["/status"]
    assert service.forms("/status")[0]["CallStatus"] == fate


def test_the_document_may_come_with_the_call(switch: Switch, client: Client) -> None:
    switch.phone(NUMBER).will("answer", ring_s=0)
    client.calls.create(to=NUMBER, from_=LINE, twiml="<Response><Say language='zh-CN'>您好</Say></Response>")
    switch.phone(NUMBER).rings().hears("您好").ended()


def test_a_message_is_kept_for_reading(switch: Switch, client: Client) -> None:
    sent = client.messages.create(to=NUMBER, from_=LINE, body="您好", status_callback="http://127.0.0.1/sms/status")
    (message,) = switch.messages
    assert (message.sid, message.to, message.from_, message.body) == (sent.sid, NUMBER, LINE, "您好")
    assert message.status_callback == "http://127.0.0.1/sms/status"
    assert sent.status == "queued"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"To": "", "From": LINE, "Url": "http://x/"}, 21201),
        ({"To": NUMBER, "From": "", "Url": "http://x/"}, 21213),
        ({"To": NUMBER, "From": LINE, "Url": "/hello"}, 21205),
        ({"To": NUMBER, "From": LINE, "Url": "http://x/", "StatusCallbackEvent": "hummed"}, 21626),
        ({"To": NUMBER, "From": LINE, "Url": "http://x/", "Timeout": "0"}, 20001),
    ],
)
def test_a_wrong_call_is_refused_with_twilios_number(switch: Switch, form: dict[str, str], error: int) -> None:
    url = f"{switch.api_url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
    answer = requests.post(url, data=form, auth=(ACCOUNT, TOKEN), timeout=10)
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (400, error, 400)


@pytest.mark.parametrize(("body", "error"), [("", 21602), ("长" * 1601, 21617)])
def test_a_wrong_message_is_refused(switch: Switch, client: Client, body: str, error: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to=NUMBER, from_=LINE, body=body)
    assert refused.value.code == error
    assert switch.messages == ()


def test_the_wrong_token_is_refused(switch: Switch) -> None:
    with pytest.raises(TwilioRestException) as refused:
        Client(ACCOUNT, "wrong", http_client=ToSwitch(switch.api_url)).messages.create(to=NUMBER, from_=LINE, body="x")
    assert (refused.value.status, refused.value.code) == (401, 20003)


def test_a_phone_that_nobody_calls_does_not_ring(switch: Switch) -> None:
    with pytest.raises(NotHeard):
        switch.phone(NUMBER).rings(timeout_s=0.01)


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("call", {"To": NUMBER, "From": LINE, "Twiml": "<Response/>"}),
        ("message", {"To": NUMBER, "From": LINE, "Body": "您好"}),
    ],
)
def test_the_answers_are_as_twilio_describes_them(
    shared: Path, switch: Switch, kind: str, form: dict[str, str]
) -> None:
    api = json.loads((shared / "data" / "twilio-oai" / "twilio_api_v2010.json").read_text(encoding="utf-8"))
    url = f"{switch.api_url}/2010-04-01/Accounts/{ACCOUNT}/{kind.capitalize()}s.json"
    resource = requests.post(url, data=form, auth=(ACCOUNT, TOKEN), timeout=10).json()
    schemas = api["components"]["schemas"]
    described = schemas[f"api.v2010.account.{kind}"]["properties"]
    assert set(resource) == set(described)
    for name, value in resource.items():
        rule = described[name]
        if "$ref" in rule:
            rule = schemas[rule["$ref"].rpartition("/")[2]]
        if value is None:
            assert rule.get("nullable"), name
            continue
        assert isinstance(value, {"string": str, "integer": int, "object": dict}[rule["type"]]), name
        assert value in rule.get("enum", [value]), name
        assert re.search(rule.get("pattern", ""), str(value)), name
