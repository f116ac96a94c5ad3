"""What the carrier does on the HTTP side when the other end is slow to appear, wrong, or not there."""

from __future__ import annotations

import socket
import threading

import pytest
from twilio.request_validator import RequestValidator

from ops.switch.carrier import Carrier, ServiceFailed
from tests.ops.switch.service import ACCOUNT, PROMPT_S, TOKEN, Service

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 11\r\nConnection: close\r\n\r\n<Response/>"


def hang_up_on_the_first(listener: socket.socket, requests: list[bytes]) -> None:
    """Read two requests, close the first connection without an answer, answer the second."""
    for answer in (b"", ANSWER):
        connection, _ = listener.accept()
        with connection:
            request = b""
            while not request.endswith(b"Digits=1"):
                request += connection.recv(4096)
            requests.append(request)
            connection.sendall(answer)


def test_a_broken_connection_is_tried_once_more_with_the_same_token() -> None:
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=hang_up_on_the_first, args=(listener, requests))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/voice"
        (answer,) = Carrier(ACCOUNT, TOKEN).post(url, {"Digits": "1"})
        thread.join()
    assert answer.twiml() == "<Response/>"
    tokens = [line for request in requests for line in request.split(b"\r\n") if line.startswith(b"I-Twilio")]
    assert len(tokens) == 2 and tokens[0] == tokens[1]


def test_nobody_there_is_the_services_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ServiceFailed, match="gave no answer"):
        Carrier(ACCOUNT, TOKEN).post(f"http://127.0.0.1:{port}/voice", {})


@pytest.mark.parametrize("url", ["", "/voice", "ftp://x/voice"])
def test_a_url_that_takes_no_webhook_is_refused(url: str) -> None:
    with pytest.raises(ServiceFailed):
        Carrier(ACCOUNT, TOKEN).post(url, {})


def test_signatures_cover_the_url_and_every_parameter_even_empty_ones() -> None:
    url, form = "https://line.example/voice/turn/1", {"Digits": "1", "FromCity": "", "From": "+8613800138000"}
    signature = Carrier(ACCOUNT, TOKEN).signature(url, form)["X-Twilio-Signature"]
    validator = RequestValidator(TOKEN)
    assert validator.validate(url, form, signature)
    assert not validator.validate(url.replace("https", "http"), form, signature)
    assert not validator.validate(url, form | {"Digits": "2"}, signature)
    assert Carrier(ACCOUNT, None).signature(url, form) == {}


def test_a_prompt_is_fetched_as_audio(service: Service) -> None:
    samples = Carrier(ACCOUNT, TOKEN).fetch(f"{service.url}/voice/prompts/mandarin/greeting.wav")
    assert len(samples) == PROMPT_S * 8000
    assert samples.max() == pytest.approx(0.25, abs=1e-3)


def test_a_page_is_no_prompt(service: Service) -> None:
    with pytest.raises(ServiceFailed):
        Carrier(ACCOUNT, TOKEN).fetch(f"{service.url}/voice")
