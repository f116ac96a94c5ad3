"""Our two gunicorn servers, configured in code: the web process, and the media process with a thread a socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from ops.masking import Masked

LINES_A_PROCESS = 30


class Log(Logger):
    """Gunicorn's log, with numbers hidden: of a request that failed it writes the whole address."""

    def setup(self, cfg: Any) -> None:
        """Put our formatter around gunicorn's own."""
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(Masked(handler.formatter))


OPTIONS = {"control_socket_disable": True, "worker_class": "gthread", "logger_class": Log}


class Server(BaseApplication):
    """A gunicorn around an app factory, which runs in the worker, so that models and sockets belong to it."""

    def __init__(self, make: Callable[[], Flask], **options: Any) -> None:
        self._make = make
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Take our options over gunicorn's defaults; no control socket in the home folder."""
        for name, value in {**OPTIONS, **self._options}.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the app, once in each worker."""
        return self._make()


def serve_web(make: Callable[[], Flask], bind: str) -> None:
    """Serve the webhooks until told to stop."""
    Server(make, bind=bind, threads=8, timeout=60, proc_name="stillhere-web").run()


def serve_media(make: Callable[[], Flask], bind: str, slots: int) -> None:
    """Serve the sockets until told to stop: one thread a spoken turn, and a few that can still say "full".

    One process cannot use more than one core for what is not decoding; whichever is idle takes the next socket.
    """
    workers, name = -(-slots // LINES_A_PROCESS), "stillhere-media"
    Server(make, bind=bind, workers=workers, threads=slots + 4, timeout=60, graceful_timeout=20, proc_name=name).run()
