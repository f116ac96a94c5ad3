"""Debian's Kannel as the tests run it, whatever message centre is behind it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from ops.embedded import free_port
from sms.providers.kannel import Kannel
from tests.peers import running, wait_until
from tests.sms.conftest import TextLine

FAKE_CENTRE = Path("/usr/lib/kannel/test/fakesmsc")
PASSWORD = "a password"
_CONFIG = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
smsbox-port = {inner}
smsbox-interface = 127.0.0.1
admin-password = {password}
dlr-storage = spool
dlr-spool = "{receipts}"
store-type = spool
store-location = "{store}"
sms-resend-freq = 1

{centre}
group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
http-request-retry = 100
http-queue-delay = 1

group = sendsms-user
username = stillhere
password = {password}
max-messages = 5
concatenation = true

group = sms-service
keyword = default
get-url = "{web}/sms/kannel?token={token}&from=%p&to=%P&text=%b&charset=%C&coding=%c&id=%I&ts=%t"
max-messages = 0
"""


def program(name: str) -> str:
    """One of Kannel's programs."""
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None or not FAKE_CENTRE.is_file():
        pytest.skip("Kannel is not here: install kannel and kannel-extras")
    return found


def listens(port: int) -> bool:
    """Whether anybody does at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True, slots=True)
class Boxes:
    """A bearerbox and an smsbox that run, and where texts are handed over."""

    url: str
    processes: tuple[subprocess.Popen[bytes], ...]

    def kill(self) -> None:
        """End both at once, as a power cut does."""
        for process in self.processes:
            process.kill()
            process.wait()


@contextmanager
def boxes(line: TextLine, folder: Path, web: str, centre: str) -> Iterator[Boxes]:
    """Kannel with this group of a message centre, which calls `line` at `web`; its spools in `folder` may be there."""
    bearerbox, smsbox = program("bearerbox"), program("smsbox")
    ports = {name: free_port() for name in ("admin", "inner", "sendsms")}
    config, logs = folder / "kannel.conf", {name: folder / f"{name}.log" for name in ("bearerbox", "smsbox")}
    spools = {name: folder / name for name in ("store", "receipts")}
    for spool in spools.values():
        spool.mkdir(exist_ok=True)
    said = {"password": PASSWORD, "web": web, "token": line.rt.settings.kannel_token, "centre": centre}
    config.write_text(_CONFIG.format(**ports, **spools, **said))
    with running(logs["bearerbox"], bearerbox, config) as bearer:
        wait_until(lambda: listens(ports["inner"]), "Kannel starts", logs["bearerbox"])
        with running(logs["smsbox"], smsbox, config) as sms:
            wait_until(lambda: listens(ports["sendsms"]), "its smsbox starts", logs["smsbox"])
            yield Boxes(f"http://127.0.0.1:{ports['sendsms']}", (bearer, sms))


def provider(line: TextLine, url: str, **settings: str) -> Kannel:
    """The carrier, as the line's worker has it."""
    own = {"kannel_url": url, "kannel_user": "stillhere", "kannel_password": PASSWORD} | settings
    return Kannel(line.with_settings(**own).rt.settings)


@contextmanager
def on_the_way(url: str, fails: int = 0, until: Callable[[], bool] = lambda: True) -> Iterator[str]:
    """A way to `url` that fails so often at first, and whose answers wait until something has happened."""
    failures = iter(range(fails))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = 503, b""
            if next(failures, None) is None:
                answer = requests.get(url + self.path, timeout=20)
                wait_until(until, "what the answer waits for")
                status, body = answer.status_code, answer.content
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
