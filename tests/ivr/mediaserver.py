"""A real media server on a port of its own, and a carrier that opens real sockets to it."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from twilio.request_validator import RequestValidator
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from werkzeug.serving import make_server

from certification.keys import KeyRing
from certification.regions import Regions
from certification.runtime import Runtime, utc_now
from certification.settings import Settings
from certification.store import Call, JournalEntry, Recording, SpokenTurn
from ivr import spoken
from ivr.media import create_media
from ivr.spoken import Plan
from tests.ivr.hearing import FakeRecogniser

TOKEN = "carrier's token"
FORMAT = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
COMMAND = Plan("mandarin", ("language.mandarin", "digit.1"), "menu", 0.9, keep=False, asked=())
CHALLENGE = Plan("mandarin", ("word.shuzi", "word.yuyan"), "challenge", 1.5, keep=True, asked=("数字", "语言"))


def runtime(sessions: sessionmaker[Session], folder: Path, slots: int = 3) -> Runtime:
    """A Runtime whose queue is never used."""
    keys = KeyRing.generate_text()
    settings = Settings.read(
        {
            "PUBLIC_BASE_URL": "https://line.example",
            "SESSION_SECRET": "session secret",
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "STILLHERE_KEYS": keys,
            "STILLHERE_DATA": str(folder),
            "MEDIA_SLOTS": str(slots),
        }
    )
    ring, regions = KeyRing.from_text(keys), Regions.load()
    return Runtime(settings, sessions, ring, regions, lambda _job, _identifier: None, utc_now, Random(7))


@dataclass(slots=True)
class Carrier:
    """Opens calls and turns in the database as the webhook does, and sockets as the carrier does."""

    rt: Runtime
    recogniser: FakeRecogniser
    sockets: ExitStack
    _calls: int = field(default=0)

    @property
    def url(self) -> str:
        return f"{self.rt.settings.media_base_url}/voice/media"

    def turn(self, plan: Plan) -> tuple[str, str]:
        """A call at a spoken turn: its CallSid and the token of the turn."""
        self._calls += 1
        sid = f"CA{self._calls:032d}"
        with self.rt.sessions.begin() as session:
            call = Call(sid=sid, turn=4, state={}, started_at=self.rt.now(), touched_at=self.rt.now())
            session.add(call)
            session.flush()
            return sid, spoken.open_turn(session, self.rt, call, 4, plan)

    def socket(self, url: str | None = None, signature: str | None = None) -> ClientConnection:
        """Connect; signed, unless another signature is given."""
        right = RequestValidator(TOKEN).compute_signature(self.url, {})
        headers = {"X-Twilio-Signature": right if signature is None else signature}
        opened = connect(url or self.url, additional_headers=headers, compression=None, proxy=None)
        return self.sockets.enter_context(opened)

    def stream(self, plan: Plan) -> Stream:
        """Connect and start the stream of a fresh turn."""
        call_sid, token = self.turn(plan)
        stream = Stream(self, self.socket(), call_sid, token)
        stream.send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        stream.start()
        return stream

    def row(self, call_sid: str) -> SpokenTurn:
        """The spoken turn of the call."""
        with self.rt.sessions() as session:
            return session.scalars(select(SpokenTurn).join(Call).where(Call.sid == call_sid)).one()

    def recordings(self) -> list[Recording]:
        """All recordings."""
        with self.rt.sessions() as session:
            return list(session.scalars(select(Recording)))

    def journal(self) -> list[tuple[str, str]]:
        """What was journalled: action and detail, oldest first."""
        with self.rt.sessions() as session:
            entries = session.scalars(select(JournalEntry).order_by(JournalEntry.seq))
            return [(entry.action, entry.detail) for entry in entries]


@dataclass(slots=True)
class Stream:
    """One socket, from the carrier's side."""

    carrier: Carrier
    socket: ClientConnection
    call_sid: str
    token: str
    received: list[dict[str, Any]] = field(default_factory=list)

    def send(self, message: object) -> None:
        self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def start(self, **changed: object) -> None:
        start = {"streamSid": "MZ1", "callSid": self.call_sid, "mediaFormat": FORMAT}
        self.send({"event": "start", "start": start | {"customParameters": {"turn": self.token}} | changed})

    def says(self, frames: list[bytes]) -> Stream:
        for frame in frames:
            payload = base64.b64encode(frame).decode()
            self.send({"event": "media", "media": {"track": "inbound", "payload": payload}})
        return self

    def closed(self) -> int:
        """Read until our side closes; returns the code."""
        try:
            while True:
                self.received.append(json.loads(self.socket.recv(timeout=20)))
        except ConnectionClosed as error:
            assert error.rcvd is not None, "the socket was reset, not closed"
            return error.rcvd.code

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.received if message["event"] == kind]

    @property
    def marks(self) -> list[str]:
        return [message["mark"]["name"] for message in self.events("mark")]

    @property
    def audio(self) -> bytes:
        return b"".join(base64.b64decode(message["media"]["payload"]) for message in self.events("media"))

    @property
    def row(self) -> SpokenTurn:
        return self.carrier.row(self.call_sid)

    @property
    def heard(self) -> dict[str, Any]:
        heard = self.row.heard
        assert heard is not None
        return heard


@contextmanager
def served(rt: Runtime, watchdog_s: float = 5.0) -> Iterator[Carrier]:
    """Serve the media app on a free port, until the block ends."""
    recogniser = FakeRecogniser()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        here = replace(rt, settings=replace(rt.settings, media_base_url=f"ws://127.0.0.1:{port}"))
        app = create_media(here, recogniser, watchdog_s)
        server = make_server("127.0.0.1", port, app, threaded=True, fd=listening.fileno())
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            with ExitStack() as sockets:
                yield Carrier(here, recogniser, sockets)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@pytest.fixture
def rt(sessions: sessionmaker[Session], tmp_path: Path) -> Runtime:
    """The runtime of a media process."""
    return runtime(sessions, tmp_path)


@pytest.fixture
def carrier(rt: Runtime) -> Iterator[Carrier]:
    """A media process, and the carrier that connects to it."""
    with served(rt) as carrier:
        yield carrier


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another thread does; the time is only a limit."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def refused(opening: Callable[[], object]) -> int | None:
    """The HTTP status with which a socket was refused; None when it was opened."""
    try:
        opening()
    except InvalidStatus as error:
        return error.response.status_code
    return None
