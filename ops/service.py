"""The whole service on this machine, for the demo and the tests: the real processes on embedded defaults."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.settings import Settings
from ops import compose
from ops.embedded import free_port, redis_server
from ops.migrations import upgrade

START_S = 60


class ServiceDidNotStartError(Exception):
    """A process ended, or the service was not ready in time; the message carries what its log says."""


@dataclass(slots=True)
class Service:
    """The running service: where it answers, the settings it runs with, and its processes by name."""

    folder: Path
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """Where the carrier finds the webhooks."""
        return self.environment["PUBLIC_BASE_URL"]

    def runtime(self) -> Runtime:
        """A Runtime on the same database, queue and keys, for looking and preparing."""
        return compose.runtime(Settings.read(self.environment))

    def start(self, name: str) -> None:
        """Start one of the processes; its output goes to NAME.log in the folder."""
        bind = {
            "serve": self.base_url.removeprefix("http://"),
            "media": self.environment["MEDIA_BASE_URL"].removeprefix("ws://"),
        }
        arguments = [sys.executable, "-m", "ops.cli", *(("worker", "--texts") if name == "texts" else (name,))]
        if name in bind:
            arguments += ["--bind", bind[name]]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                arguments,
                env=environment_of_a_child(os.environ, self.environment),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that a process and its gunicorn children are signalled together
            )

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process and its children."""
        process = self.processes[name]
        if process.poll() is None:
            os.killpg(process.pid, number)

    def kill(self, name: str) -> None:
        """Kill a process as a power cut would."""
        self.signal(name, signal.SIGKILL)
        self.processes.pop(name).wait(timeout=10)

    def stop(self) -> None:
        """End every process in good order, and for good."""
        for name in self.processes:
            self.signal(name, signal.SIGTERM)
        for name, process in self.processes.items():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.signal(name, signal.SIGKILL)
                process.wait(timeout=10)

    def wait_until_ready(self) -> None:
        """Wait for /readyz. Raises ServiceDidNotStartError with the log of the process that ended."""
        deadline = time.monotonic() + START_S
        answer = "no answer"
        while time.monotonic() < deadline:
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise ServiceDidNotStartError(f"{name} ended: {self.log(name)}")
            try:
                with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=5) as response:  # noqa: S310 - our own
                    if json.load(response)["ready"]:
                        return
            except urllib.error.HTTPError as error:
                answer = error.read().decode(errors="replace")
            except OSError as error:
                answer = str(error)
            time.sleep(0.2)
        logs = "\n".join(f"--- {name}\n{self.log(name)}" for name in self.processes)
        raise ServiceDidNotStartError(f"not ready after {START_S} s: {answer}\n{logs}")

    def log(self, name: str) -> str:
        """The end of a process's log."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-4000:]


def environment_of_a_child(outside: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The environment we were started in with our own settings over it; a NAME_FILE of these would contradict them."""
    files = {f"{name}_FILE" for name in own}
    return {name: value for name, value in outside.items() if name not in files} | dict(own)


@contextmanager
def running(
    folder: Path, extra: Mapping[str, str] | None = None, ports: tuple[int, int] | None = None
) -> Iterator[Service]:
    """Run the whole service with its data in `folder`, and end it with the context.

    `extra` settings win over the embedded defaults (a DATABASE_URL or REDIS_URL of your own, say). `ports` are those of
    the webhooks and of the media socket; free ones by default.
    """
    folder.mkdir(parents=True, exist_ok=True)
    web, media = ports or (free_port(), free_port())
    with ExitStack() as stack:
        environment = {
            "PUBLIC_BASE_URL": f"http://127.0.0.1:{web}",
            "MEDIA_BASE_URL": f"ws://127.0.0.1:{media}",
            "DATABASE_URL": f"sqlite:///{folder / 'stillhere.db'}",
            "STILLHERE_DATA": str(folder),
            "STILLHERE_KEYS": KeyRing.generate_text(),
            "SESSION_SECRET": secrets.token_urlsafe(32),
            "TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16),
            "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
            "VOICE_FROM": "+8687112333",
            "SMS_PROVIDERS": "console",
            "OMP_NUM_THREADS": "1",
        } | dict(extra or {})
        if "REDIS_URL" not in environment:
            environment["REDIS_URL"] = stack.enter_context(redis_server(folder / "redis"))
        upgrade(environment["DATABASE_URL"])
        service = Service(folder, environment)
        stack.callback(service.stop)
        for name in ("serve", "media", "worker", "texts", "schedule"):
            service.start(name)
        service.wait_until_ready()
        yield service
