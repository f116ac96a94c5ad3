"""<Connect><Stream>: the socket of Media Streams, seen from the carrier."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import secrets
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from ops.switch.caller import Drop, Freeze, Garble
from ops.switch.carrier import USER_AGENT
from ops.switch.playout import Mark, Playout
from ops.switch.transcript import Line, Note
from ops.switch.twiml import Stream
from ops.switch.wire import HungUp, Wire

OPEN_S = 5.0
CLOSE_S = 2.0
LATE_S = 0.25
LARGEST_MESSAGE = 64 * 1024
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class MediaStream:
    """One open stream: frames out every 20 ms, whatever the service sends in between."""

    def __init__(self, wire: Wire, socket_: ClientConnection, call_sid: str, parameters: Mapping[str, str]) -> None:
        self._wire = wire
        self._socket = socket_
        self._call_sid = call_sid
        self._parameters = parameters
        self._sid = f"MZ{secrets.token_hex(16)}"
        self._sequence = 0
        self._chunk = 0
        self._began_s = wire.at_s
        self._playout = Playout()
        self._prompting = False

    def run(self) -> None:
        """Carry the stream until the service closes the socket, or the network loses it. Raises HungUp."""
        self._socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        account_sid = self._wire.carrier.account_sid
        self._send(
            "start",
            accountSid=account_sid,
            streamSid=self._sid,
            callSid=self._call_sid,
            tracks=["inbound"],
            mediaFormat={"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            customParameters=dict(self._parameters),
        )
        try:
            while self._mishap():
                self._frame()
                self._take()
        except HungUp:
            with contextlib.suppress(ConnectionClosed):
                self._send("stop", accountSid=account_sid, callSid=self._call_sid)
            raise
        finally:
            with contextlib.suppress(ConnectionClosed):
                self._take()
            self._fall_silent()

    def _send(self, event: str, **content: object) -> None:
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), event: content, "streamSid": self._sid}
        self._socket.send(json.dumps(message))

    def _frame(self) -> None:
        """20 ms both ways."""
        key = self._wire.key()
        if key is not None:
            self._send("dtmf", track="inbound_track", digit=key)
        voice, begun = self._wire.caller.frame()
        if begun is not None:
            seconds, text = begun
            self._wire.transcript.write(Line("caller", self._wire.at_s, self._wire.turn, text=text, seconds=seconds))
        self._chunk += 1
        self._send(
            "media",
            track="inbound",
            chunk=str(self._chunk),
            timestamp=str(round(1000 * (self._wire.at_s - self._began_s))),
            payload=base64.b64encode(voice).decode(),
        )
        heard = self._playout.frame()
        self._wire.tick(heard, voice)
        for mark in self._playout.reached():
            self._write_down(mark)
            self._send("mark", name=mark.name)

    def _write_down(self, mark: Mark) -> None:
        """When audio went before a mark, the caller has heard that, or a part of it."""
        if mark.heard:
            dialect, _, name = mark.name.rpartition(":")
            seconds = mark.heard / 8000
            note: Note = "cut" if mark.heard < mark.length else ""
            began = self._wire.at_s - seconds
            self._wire.transcript.write(Line("line", began, self._wire.turn, name, dialect, seconds=seconds, note=note))

    def _take(self) -> None:
        """Everything the service has sent so far. Raises ConnectionClosed once it has closed the socket.

        Between the frames of a prompt a fast call waits a little for a service that shares our processors: otherwise
        the caller's frames would run ahead of what the caller has heard.
        """
        patience = LATE_S if self._prompting and self._playout.dry and self._wire.pace > 1 else 0
        while True:
            try:
                data = self._socket.recv(timeout=patience)
            except TimeoutError:
                self._prompting = self._prompting and patience == 0
                return
            patience = 0
            try:
                self._obey(json.loads(data))
            except (ValueError, KeyError, TypeError, binascii.Error) as error:
                self._wire.transcript.fault(f"31924 the stream sent {str(data)[:120]!r}: {error}")

    def _obey(self, message: dict[str, Any]) -> None:
        if message["streamSid"] != self._sid:
            raise ValueError("streamSid is not this stream's")
        self._prompting = message["event"] == "media"
        match message["event"]:
            case "media":
                self._playout.add(base64.b64decode(message["media"]["payload"], validate=True))
            case "mark":
                self._playout.mark(message["mark"]["name"])
            case "clear":
                for name in self._fall_silent():
                    self._send("mark", name=name)
            case other:
                raise ValueError(f"{other!r} is not media, mark or clear")

    def _mishap(self) -> bool:
        """What goes wrong at this moment, if anything; False when the socket is gone after it."""
        match self._wire.caller.mishap():
            case Garble(data):
                self._socket.send(data)
            case Freeze(seconds):
                time.sleep(seconds)
            case Drop():
                self._socket.socket.shutdown(socket.SHUT_RDWR)
                return False
        return True

    def _fall_silent(self) -> list[str]:
        """Drop what has not been played, and write down the rest; gives the names of the marks that were pending.

        What was played without a mark after it was heard too, but nobody can say what it was.
        """
        pending = self._playout.clear()
        for mark in pending:
            self._write_down(mark)
        seconds = self._playout.take_unmarked() / 8000
        if seconds:
            began = self._wire.at_s - seconds
            line = Line("line", began, self._wire.turn, text="(unmarked audio)", seconds=seconds)
            self._wire.transcript.write(line)
        return [mark.name for mark in pending]


def stream(wire: Wire, verb: Stream, call_sid: str) -> None:
    """Carry one stream to its end; the next verb runs afterwards, also when the socket could not be opened."""
    address = urlsplit(verb.url)
    if address.query or not (address.scheme == "wss" or (address.scheme == "ws" and address.hostname in LOOPBACK)):
        wire.transcript.fault(f"31920 {verb.url!r} is no wss URL without a query")
        return
    try:
        with wire.waiting():
            opened = connect(
                verb.url,
                additional_headers=wire.carrier.signature(verb.url, {}),
                user_agent_header=USER_AGENT,
                compression=None,
                proxy=None,
                open_timeout=OPEN_S,
                close_timeout=CLOSE_S,
                ping_interval=None,
                max_size=LARGEST_MESSAGE,
                max_queue=None,
            )
    except (OSError, InvalidHandshake, TimeoutError) as error:
        wire.transcript.fault(f"31920 {verb.url} took no socket: {error}")
        return
    with opened:
        try:
            MediaStream(wire, opened, call_sid, verb.parameters).run()
        except ConnectionClosedOK:
            pass
        except ConnectionClosed as error:
            wire.transcript.fault(f"31921 {verb.url}: {error}")
    wire.caller.stop_speaking()
    wire.lose_keys()
