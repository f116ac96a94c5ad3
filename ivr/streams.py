"""The carrier's messages on the media socket (Twilio Media Streams): text in, values out, and back."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from ivr.listening import FRAME_BYTES, Clear, Mark, Media

LONGEST_PAYLOAD = 50 * FRAME_BYTES  # one second: no carrier sends more in a message
KEYS = frozenset("0123456789*#ABCD")


class MessageRefused(ValueError):
    """A message is not what a carrier sends; `why` says what is wrong with it, in a few words."""

    def __init__(self, why: str) -> None:
        super().__init__(f"媒体连接上的消息无效，请检查话务平台的设置。The carrier's media message is refused: {why}.")
        self.why = why


@dataclass(frozen=True, slots=True)
class Started:
    """The stream begins: its name, its call, and the one-time token of the spoken turn."""

    stream_sid: str
    call_sid: str
    token: str


@dataclass(frozen=True, slots=True)
class Audio:
    """What the caller said: µ-law, 8 kHz, whole frames of 20 ms."""

    frames: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key of the caller's."""

    key: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The carrier ends the stream: the caller hung up, or the call was moved on."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that asks nothing of us: connected, a mark come back, or an event younger than this module."""


Message = Started | Audio | Pressed | Stopped | Ignored


def read(text: str | bytes) -> Message:
    """Read one message. Raises MessageRefused for whatever a carrier would not send."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MessageRefused("not JSON") from error
    match message:
        case {"event": "start", "start": dict(start)}:
            return _started(start)
        case {"event": "media", "media": {"payload": str(payload), **media}}:
            return Ignored() if media.get("track") == "outbound" else Audio(_frames(payload))
        case {"event": "dtmf", "dtmf": {"digit": str(digit)}} if digit in KEYS:
            return Pressed(digit)
        case {"event": "stop"}:
            return Stopped()
        case {"event": "start" | "media" | "dtmf" as event}:
            raise MessageRefused(f"a {event} message without its fields")
        case {"event": str()}:
            return Ignored()
        case _:
            raise MessageRefused("no event")


def _started(start: dict[str, Any]) -> Started:
    match start:
        case {
            "streamSid": str(stream_sid),
            "callSid": str(call_sid),
            "customParameters": {"turn": str(token)},
            "mediaFormat": {"encoding": str(encoding), "sampleRate": rate, "channels": channels},
        }:
            if (encoding, rate, channels) != ("audio/x-mulaw", 8000, 1):
                raise MessageRefused(f"audio is {encoding} {rate} Hz × {channels}, not audio/x-mulaw 8000 Hz × 1")
            return Started(stream_sid, call_sid, token)
        case _:
            raise MessageRefused("a start message without its fields")


def _frames(payload: str) -> tuple[bytes, ...]:
    try:
        audio = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MessageRefused("audio is not base64") from error
    if not 0 < len(audio) <= LONGEST_PAYLOAD or len(audio) % FRAME_BYTES:
        raise MessageRefused(f"audio of {len(audio)} bytes, not whole frames of {FRAME_BYTES}")
    return tuple(audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES))


def write(out: Media | Mark | Clear, stream_sid: str) -> str:
    """The JSON text that carries `out` to the carrier."""
    match out:
        case Media(payload):
            body: dict[str, Any] = {"event": "media", "media": {"payload": base64.b64encode(payload).decode("ascii")}}
        case Mark(name):
            body = {"event": "mark", "mark": {"name": name}}
        case Clear():
            body = {"event": "clear"}
    return json.dumps(body | {"streamSid": stream_sid}, separators=(",", ":"))
