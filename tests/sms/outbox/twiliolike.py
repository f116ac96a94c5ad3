"""A carrier in Twilio's words that breaks connections, answers late and tells in any order; it counts what it took."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests
from twilio.request_validator import RequestValidator

TAKES_S, LATE_S = 0.02, 1.0
MISHAPS = {"busy": 4, "lost": 4, "unanswered": 5, "late": 2, "told first": 5, "well": 80}
"""Per cent: refused for now; the connection breaks before it was taken; after it; and so on."""


@dataclass(slots=True)
class Twiliolike:
    """What it took, by number, and how often what happened."""

    random: Random
    now: Callable[[], datetime]
    token: str
    taken: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _tellers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4))

    def mishap(self) -> str:
        """What happens to the next message."""
        with self._lock:
            [what] = self.random.choices(list(MISHAPS), list(MISHAPS.values()))
            self.happened[what] += 1
            return what

    def take(self, form: dict[str, str], what: str) -> dict[str, str]:
        """Take a message, and tell of it: `sent` and `delivered` in any order, perhaps twice, perhaps at once."""
        with self._lock:
            sid = f"SM{sum(map(len, self.taken.values())):032x}"
            mine = {"sid": sid, "to": form["To"], "body": form["Body"], "date_created": format_datetime(self.now())}
            self.taken.setdefault(form["To"], []).append(mine)
            outcomes = self.random.sample(["sent", "delivered"], 2) + self.random.choices([[], ["delivered"]])[0]
        if what == "told first":
            self._tell(form["StatusCallback"], sid, ["delivered"], 1)
        self._tellers.submit(self._tell, form["StatusCallback"], sid, outcomes, 40)
        return mine

    def _tell(self, url: str, sid: str, outcomes: list[str], tries: int) -> None:
        """While the web process is away, try again for a while."""
        for outcome in outcomes:
            form = {"MessageSid": sid, "MessageStatus": outcome}
            signature = RequestValidator(self.token).compute_signature(url, form)
            for _ in range(tries):
                with suppress(requests.RequestException):
                    signed = {"X-Twilio-Signature": signature}
                    if requests.post(url, data=form, headers=signed, timeout=5).ok:
                        break
                time.sleep(0.25)
            else:
                with self._lock:
                    self.happened["not told"] += 1

    def listed(self, to: str) -> list[dict[str, str]]:
        """Its messages to a number, the latest first."""
        with self._lock:
            return self.taken.get(to, [])[::-1]

    def told_all(self) -> None:
        """Wait until everything was told."""
        self._tellers.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Whoever was connected was killed."""


@contextmanager
def twiliolike(random: Random, now: Callable[[], datetime], token: str) -> Iterator[Twiliolike]:
    """Such a carrier on a port of its own, for as long as the context lasts."""
    carrier = Twiliolike(random, now, token)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form, what = dict(parse_qsl(body)), carrier.mishap()
            time.sleep(TAKES_S)
            if what == "busy":
                return self._answer(503, {"code": 20503, "message": "busy", "status": 503})
            if what == "lost":
                return self._break()
            mine = carrier.take(form, what)
            if what == "unanswered":
                return self._break()
            if what == "late":
                time.sleep(LATE_S)
            return self._answer(201, mine)

        def do_GET(self) -> None:
            [to] = parse_qs(urlsplit(self.path).query)["To"]
            self._answer(200, {"messages": carrier.listed(to), "page": 0, "page_size": 50, "next_page_uri": None})

        def _answer(self, status: int, content: object) -> None:
            body = json.dumps(content).encode()
            with suppress(OSError):  # who asked was killed
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def _break(self) -> None:
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    carrier.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield carrier
    finally:
        server.shutdown()
        server.server_close()
        carrier._tellers.shutdown(wait=False, cancel_futures=True)
