"""A call that is one spoken turn, and what a service does on its socket."""

from __future__ import annotations

import base64
from collections.abc import Callable

import numpy as np
from websockets.sync.server import ServerConnection

from ops.switch import Call, Switch
from tests.ops.switch.service import Service, send
from voiceprint.audio import encode_mulaw

NUMBER = "+8613800138000"
SECOND = encode_mulaw(np.full(8000, 0.5, np.float32))
THEN = "<Redirect>/voice/turn/1</Redirect>"


def dial(service: Service, switch: Switch, socket: Callable[[ServerConnection], None]) -> Call:
    """A call that is one spoken turn handled by `socket`, and a redirect after it."""
    service.socket = socket
    stream = f"<Stream url='{service.media_url}'><Parameter name='turn' value='token-1'/></Stream>"
    service.documents["/voice"] = f"<Connect>{stream}</Connect>{THEN}"
    return switch.phone(NUMBER).dial()


def close(_socket: ServerConnection) -> None:
    """The service closes the socket without a word."""


def play(socket: ServerConnection, sid: str, audio: bytes, mark: str) -> None:
    send(socket, sid, "media", payload=base64.b64encode(audio).decode())
    send(socket, sid, "mark", name=mark)
