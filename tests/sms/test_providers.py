"""What each answer of a carrier means, and each silence; and which carriers the settings make."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from certification.errors import Problem
from certification.runtime import Runtime, utc_now
from certification.settings import Settings
from ops.embedded import free_port
from sms.providers import Absent, Accepted, Answer, Provider, Refused, Unclear
from sms.providers.console import Console
from sms.providers.kannel import Kannel
from sms.providers.making import providers
from sms.providers.twilio import Twilio
from tests.sms.conftest import LINE, REMINDER, ZHANG

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PATIENCE = (1.0, 0.3)
TOKEN = "a-secret-of-kannel"
KANNEL = {
    "sms_from": LINE,
    "kannel_url": "http://kannel.example:13013",
    "kannel_user": "stillhere",
    "kannel_password": "a password",
    "kannel_token": TOKEN,
}


@dataclass(slots=True)
class Carrier:
    """A carrier that answers every request as it is told to: with a status and a body, not at all, or too late."""

    status: int = 200
    body: str = ""
    silent: bool = False
    late_s: float = 0.0
    asked: list[str] = field(default_factory=list)
    server: ThreadingHTTPServer | None = None
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Where it answers."""
        assert self.server is not None
        return f"{self.scheme}://localhost:{self.server.server_port}"

    def speaks_tls(self, folder: Path) -> None:
        """From now on it has a certificate, which nobody vouches for."""
        assert self.server is not None
        key = ec.generate_private_key(ec.SECP256R1())
        name, today = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), utc_now()
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(today - timedelta(days=1))
            .not_valid_after(today + timedelta(days=1))
            .sign(key, SHA256())
        )
        file = folder / "certificate.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "https"


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    """A carrier at a real port."""
    told = Carrier()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            time.sleep(told.late_s)
            if told.silent:
                self.close_connection = True
                return
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(told.body.encode())))
            self.end_headers()
            self.wfile.write(told.body.encode())

        do_GET = do_POST  # noqa: N815 - the library's way of naming it

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.server = server
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield told
        server.shutdown()


def made(name: str, settings: Settings, url: str) -> Provider:
    changes: dict[str, Any] = KANNEL | {"kannel_url": url, "twilio_api_base_url": url}
    settings = replace(settings, **changes)
    return Twilio(settings, PATIENCE) if name == "twilio" else Kannel(settings, PATIENCE)


def problem(code: int, status: int) -> str:
    return json.dumps({"code": code, "message": "…", "more_info": "…", "status": status})


@pytest.mark.parametrize(
    ("name", "status", "body", "answer"),
    [
        ("twilio", 201, json.dumps({"sid": "SM1"}), Accepted("SM1")),
        ("twilio", 400, problem(21211, 400), Refused("21211", permanent=True)),
        ("twilio", 400, problem(21610, 400), Refused("21610", permanent=True)),
        ("twilio", 400, problem(21614, 400), Refused("21614", permanent=True)),
        ("twilio", 400, problem(21408, 400), Refused("21408")),
        ("twilio", 401, problem(20003, 401), Refused("20003")),
        ("twilio", 429, problem(20429, 429), Refused("20429")),
        ("twilio", 429, "", Refused("429")),
        ("twilio", 500, problem(20500, 500), Refused("20500")),
        ("twilio", 503, "", Refused("503")),
        ("twilio", 307, "", Refused("307")),
        ("twilio", 502, "<html>Bad gateway</html>", Unclear("HTTP 502")),
        ("twilio", 504, "", Unclear("HTTP 504")),
        ("twilio", 201, "<html>", Unclear("JSONDecodeError")),
        ("twilio", 201, "[]", Unclear("AttributeError")),
        ("twilio", 201, "{}", Unclear("no identifier")),
        ("kannel", 202, "0: Accepted for delivery", Accepted("key")),
        ("kannel", 202, "3: Queued for later delivery", Accepted("key")),
        ("kannel", 200, "<html>", Unclear("HTTP 200")),
        ("kannel", 403, "Authorization failed for sendsms", Refused("403")),
        ("kannel", 403, "Not routable. Do not try again.", Refused("unroutable")),
        (
            "kannel",
            403,
            "Number(s) has/have been denied by white- and/or black-lists.",
            Refused("denied", permanent=True),
        ),
        ("kannel", 503, "Temporal failure, try again later.", Refused("503")),
        ("kannel", 502, "", Unclear("HTTP 502")),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 7 else None,
)
def test_each_answer_means_what_it_says(
    rt: Runtime, carrier: Carrier, name: str, status: int, body: str, answer: Answer
) -> None:
    carrier.status, carrier.body = status, body
    assert made(name, rt.settings, carrier.url).send(ZHANG, REMINDER, "key") == answer
    assert len(carrier.asked) == 1


@pytest.mark.parametrize("name", ["twilio", "kannel"])
def test_silence_after_the_request_is_not_clear_and_nothing_is_sent_again(
    rt: Runtime, carrier: Carrier, name: str
) -> None:
    provider = made(name, rt.settings, carrier.url)
    carrier.silent = True
    assert isinstance(provider.send(ZHANG, REMINDER, "key"), Unclear)
    assert isinstance(provider.look_up(ZHANG, REMINDER, "key", rt.now()), Unclear)
    assert len([path for path in carrier.asked if "PageSize" not in path]) == 1


@pytest.mark.parametrize("name", ["twilio", "kannel"])
def test_an_answer_that_comes_too_late_is_not_clear(rt: Runtime, carrier: Carrier, name: str) -> None:
    carrier.late_s, carrier.status, carrier.body = 5 * PATIENCE[1], 202, "0: Accepted for delivery"
    assert made(name, rt.settings, carrier.url).send(ZHANG, REMINDER, "key") == Unclear("ReadTimeout")


@pytest.mark.parametrize("name", ["twilio", "kannel"])
@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_without_a_connection_it_was_not_taken(rt: Runtime, name: str, host: str) -> None:
    answer = made(name, rt.settings, f"http://{host}:{free_port()}").send(ZHANG, REMINDER, "key")
    assert answer == Refused("ConnectionError")


@pytest.mark.parametrize("name", ["twilio", "kannel"])
def test_a_carrier_that_cannot_prove_who_it_is_gets_nothing(
    rt: Runtime, carrier: Carrier, name: str, tmp_path: Path
) -> None:
    carrier.speaks_tls(tmp_path)
    assert made(name, rt.settings, carrier.url).send(ZHANG, REMINDER, "key") == Refused("SSLError")
    assert carrier.asked == []


def test_numbers_and_words_stay_out_of_the_log(rt: Runtime, carrier: Carrier, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for name, status in (("twilio", 201), ("twilio", 400), ("kannel", 202), ("kannel", 403)):
        carrier.status = status
        provider = made(name, rt.settings, carrier.url)
        provider.send(ZHANG, REMINDER, "key")
        provider.look_up(ZHANG, REMINDER, "key", rt.now())
    assert ZHANG[1:] not in caplog.text
    assert REMINDER[:6] not in caplog.text
    assert "a password" not in caplog.text


def test_the_console_keeps_what_it_prints(rt: Runtime, capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(rt.settings)
    assert console.look_up(ZHANG, REMINDER, "one", rt.now()) == Absent()
    assert console.send(ZHANG, REMINDER, "one") == Accepted("one")
    assert console.look_up(ZHANG, REMINDER, "one", rt.now()) == Accepted("one")
    assert console.look_up(ZHANG, REMINDER, "two", rt.now()) == Absent()
    [line] = console.path.read_text("utf-8").splitlines()
    assert json.loads(line) == {"key": "one", "to": ZHANG, "text": REMINDER}
    assert console.path.stat().st_mode & 0o077 == 0
    printed = capsys.readouterr().out
    assert REMINDER in printed
    assert ZHANG not in printed


def test_a_console_without_a_folder_takes_nothing(rt: Runtime) -> None:
    file = rt.settings.data / "file"
    file.touch()
    assert isinstance(Console(replace(rt.settings, data=file)).send(ZHANG, REMINDER, "one"), Refused)


@pytest.mark.parametrize(
    ("settings", "weights"),
    [
        ({}, {}),
        ({"sms_from": LINE}, {"twilio": 1}),
        ({"sms_providers": "console"}, {"console": 1}),
        ({**KANNEL, "sms_providers": "twilio:2, kannel:1"}, {"twilio": 2, "kannel": 1}),
    ],
    ids=["nobody", "a number alone", "console", "two"],
)
def test_the_settings_name_the_carriers(rt: Runtime, settings: dict[str, Any], weights: dict[str, int]) -> None:
    carriers = providers(replace(rt.settings, **settings))
    assert {name: weight for name, (_, weight) in carriers.items()} == weights
    assert all(carrier.name == name for name, (carrier, _) in carriers.items())


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"sms_providers": "twilio"}, "SMS_FROM"),
        ({**KANNEL, "sms_providers": "kannel", "kannel_user": ""}, "KANNEL_USER"),
        ({**KANNEL, "sms_providers": "kannel", "kannel_token": ""}, "KANNEL_TOKEN"),
        ({**KANNEL, "sms_providers": "kannel", "kannel_token": "100%-secret-secret"}, "KANNEL_TOKEN"),
        ({**KANNEL, "sms_providers": "pigeon:1"}, "SMS_PROVIDERS"),
        ({**KANNEL, "sms_providers": "twilio:0"}, "SMS_PROVIDERS"),
        ({**KANNEL, "sms_providers": "twilio:much"}, "SMS_PROVIDERS"),
        (KANNEL, "SMS_PROVIDERS"),
    ],
    ids=["no number", "no user", "no token", "no good token", "unknown", "nothing", "no weight", "not named"],
)
def test_settings_that_cannot_be_meant_stop_the_start(rt: Runtime, settings: dict[str, Any], named: str) -> None:
    with pytest.raises(Problem) as stopped:
        providers(replace(rt.settings, **settings))
    assert named in stopped.value.en
