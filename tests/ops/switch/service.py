"""A small real service for the switch to call: TwiML by path, prompts of a known length, and a media socket."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import soundfile
from flask import Flask, Response, request
from twilio.request_validator import RequestValidator
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as Upgrade
from websockets.http11 import Response as Refusal
from websockets.sync.server import ServerConnection, serve
from werkzeug.serving import WSGIRequestHandler, make_server

ACCOUNT = "AC" + "0" * 32
TOKEN = "test-token"
PROMPT_S = 0.4

Socket = Callable[[ServerConnection], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One webhook as it arrived."""

    path: str
    form: dict[str, str]
    signed: bool
    token: str


@dataclass
class Service:
    """`documents` maps a path to the verbs answered there; what is asked for is kept in `asked`."""

    documents: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Response] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    socket: Socket | None = None
    refuse_socket: int | None = None
    socket_signed: list[bool] = field(default_factory=list)
    url: str = ""
    media_url: str = ""

    def forms(self, path: str) -> list[dict[str, str]]:
        return [asked.form for asked in self.asked if asked.path == path]


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """Serve on free ports of 127.0.0.1 until the block ends."""
    web = make_server("127.0.0.1", 0, _app(service), threaded=True, request_handler=_Quiet)
    media = serve(lambda socket: _socket(service, socket), "127.0.0.1", 0, process_request=_upgrade(service))
    service.url = f"http://127.0.0.1:{web.server_port}"
    service.media_url = f"ws://127.0.0.1:{media.socket.getsockname()[1]}/voice/media"
    threads = [threading.Thread(target=web.serve_forever, args=(0.02,)), threading.Thread(target=media.serve_forever)]
    for thread in threads:
        thread.start()
    try:
        yield service
    finally:
        web.shutdown()
        media.shutdown()
        for thread in threads:
            thread.join()
        web.server_close()


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def _app(service: Service) -> Flask:
    app = Flask("service")
    validator = RequestValidator(TOKEN)

    @app.post("/<path:path>")
    def webhook(path: str) -> Response:
        url = service.url + request.full_path.rstrip("?")
        signed = validator.validate(url, request.form, request.headers.get("X-Twilio-Signature", ""))
        token = request.headers.get("I-Twilio-Idempotency-Token", "")
        service.asked.append(Asked(f"/{path}", request.form.to_dict(), signed, token))
        if not signed:
            return Response("unsigned", 403)
        if f"/{path}" in service.answers:
            return service.answers[f"/{path}"]
        verbs = service.documents.get(f"/{path}", "")
        return Response(f"<Response>{verbs}</Response>", mimetype="text/xml")

    @app.get("/voice/prompts/<dialect>/<name>.wav")
    def prompt(dialect: str, name: str) -> Response:
        if name == "missing":
            return Response("no such prompt", 404)
        out = io.BytesIO()
        soundfile.write(out, np.full(int(8000 * PROMPT_S), 0.25), 8000, format="WAV", subtype="PCM_16")
        return Response(out.getvalue(), mimetype="audio/wav")

    return app


def _upgrade(service: Service) -> Callable[[ServerConnection, Upgrade], Refusal | None]:
    def decide(socket: ServerConnection, upgrade: Upgrade) -> Refusal | None:
        signature = upgrade.headers.get("X-Twilio-Signature", "")
        service.socket_signed.append(RequestValidator(TOKEN).validate(service.media_url, {}, signature))
        if service.refuse_socket is not None:
            return socket.respond(service.refuse_socket, "no more\n")
        return None

    return decide


def _socket(service: Service, socket: ServerConnection) -> None:
    assert service.socket is not None
    with suppress(ConnectionClosed):
        service.socket(socket)


def receive(socket: ServerConnection, event: str) -> dict[str, Any]:
    """The next message of this kind; others before it are passed over."""
    while True:
        message: dict[str, Any] = json.loads(socket.recv(timeout=10))
        if message["event"] == event:
            return message


def send(socket: ServerConnection, sid: str, event: str, **content: str) -> None:
    socket.send(json.dumps({"event": event, "streamSid": sid, event: content}))
