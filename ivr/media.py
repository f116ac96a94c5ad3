"""The media process: one WebSocket is one spoken turn, played, heard and written down, and the call goes on."""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from flask import Blueprint, Flask, abort, g, jsonify, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server
from wsproto.events import CloseConnection
from wsproto.utilities import LocalProtocolError

from certification import journal
from certification.refusals import Refusals
from certification.runtime import Runtime
from certification.store import SpokenTurn
from ivr import spoken, streams
from ivr.listening import FRAME_BYTES, Clear, Finished, Mark, Media, Out, Turn
from ivr.prompts import Prompts
from ivr.published import Published
from ivr.signature import raw_target, signed
from ivr.speech.gate import Gated
from ivr.speech.recogniser import Challenged, Listening, Recogniser
from ivr.speech.vocabulary import ASIDE

logger = logging.getLogger(__name__)

MESSAGE_LIMIT = 64 * 1024  # bytes
WAITING_LIMIT = 1500  # messages, half a minute of audio: beyond it the oldest are dropped
WATCHDOG_S = 5.0  # without a frame of the caller's, the turn is given up: a hung socket leaves the caller in silence
CLOSE_S = 2.0  # how long the carrier may take to answer our goodbye
TOGETHER = 5 * FRAME_BYTES  # bytes of prompts sent in one message
UNHURRIED_S = 0.06  # from one reading of a socket to the next: to wake up for each frame costs more than to hear it
AT_ONCE = 64 * 1024  # bytes that are read then, so that what has waited is caught up with
LENT_AS = ("gunicorn.socket", "werkzeug.socket")
NORMAL, REFUSED, FAILED = 1000, 1008, 1011  # close codes of RFC 6455


class Unhurried:
    """A connection that is read no more often than every UNHURRIED_S, and then all that has come."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._read_at = connection, 0.0

    def recv(self, size: int) -> bytes:
        """As a socket's own."""
        time.sleep(max(0.0, self._read_at + UNHURRIED_S - time.monotonic()))
        self._read_at = time.monotonic()
        return self._connection.recv(size)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the connection's."""
        return getattr(self._connection, name)


def create_media(rt: Runtime, recogniser: Recogniser, watchdog_s: float = WATCHDOG_S) -> Flask:
    """Build the media process. It runs under a server of its own, with a thread for each of `media_slots` turns."""
    app = Flask(__name__)
    app.config["SOCK_SERVER_OPTIONS"] = {"max_message_size": MESSAGE_LIMIT, "receive_bytes": AT_ONCE}
    prompts = Prompts(rt.settings.prompts, rt.regions, Published(rt))
    slots = threading.BoundedSemaphore(rt.settings.media_slots)
    line = Blueprint("media", __name__)
    refusals = Refusals(rt)
    line.before_request(lambda: _admit(rt, slots, refusals))
    line.teardown_request(lambda _error: slots.release() if g.pop("slot", False) else None)

    @Sock(app).route("/voice/media", bp=line)
    def media(ws: Server) -> None:
        Conversation(rt, recogniser, prompts, ws, watchdog_s).run()

    app.register_blueprint(line)
    app.add_url_rule("/healthz", view_func=lambda: jsonify(alive=True))
    return app


def _admit(rt: Runtime, slots: threading.BoundedSemaphore, refusals: Refusals) -> None:
    """Before the socket is accepted: signed, or 403; a slot is free, or 503, and the call goes on by keys."""
    url = rt.settings.media_base_url.rstrip("/") + raw_target(request)
    if not signed(rt.settings.twilio_auth_token, url, request.headers.get("X-Twilio-Signature", ""), request):
        refusals.count(str(request.url_rule))
        abort(403)
    if not slots.acquire(blocking=False):
        logger.warning("all %d slots are taken: a spoken turn is refused", rt.settings.media_slots)
        abort(503)
    g.slot = True
    for name in request.environ.keys() & {*LENT_AS}:
        request.environ[name] = Unhurried(request.environ[name])


def _journal(rt: Runtime, action: str, subject: str, **detail: str) -> None:
    with rt.sessions.begin() as session:
        journal.write(session, rt.now(), actor="carrier", action=action, subject=subject, **detail)


class Conversation:
    """What goes to and fro on one socket. Only this thread writes to it."""

    def __init__(
        self, rt: Runtime, recogniser: Recogniser, prompts: Prompts, ws: Server, watchdog_s: float = WATCHDOG_S
    ) -> None:
        self._rt = rt
        self._recogniser = recogniser
        self._prompts = prompts
        self._ws = ws
        self._watchdog_s = watchdog_s
        self._started: streams.Started | None = None
        self._row: SpokenTurn | None = None
        self._turn: Turn | None = None
        self._to_play = bytearray()
        self._over = False

    def run(self) -> None:
        """Hold the conversation to its end, whatever end that is."""
        code = FAILED
        try:
            code = self._converse()
        except Exception:  # the edge of the process: whatever broke, the caller must not be left on a silent socket
            logger.exception("%s: spoken turn broken off", self._call)
        finally:
            self._close(code)

    @property
    def _call(self) -> str:
        return self._started.call_sid if self._started else "?"

    def _converse(self) -> int:
        """Exchange messages until the turn is over; returns the code to close with."""
        try:
            # The kernel would let a send wait for ever on a carrier that does not read.
            patience = struct.pack("ll", int(self._watchdog_s) + 1, 0)
            self._ws.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
            self._exchange()
        except streams.MessageRefused as error:
            return self._refuse(error)
        except (ConnectionClosed, LocalProtocolError, OSError) as error:  # the other side may close at any moment
            if self._ws.incoming_message_len > MESSAGE_LIMIT:  # then the library closed the socket, not the carrier
                return self._refuse(streams.MessageRefused(f"a message over {MESSAGE_LIMIT} bytes"))
            self._hang_up(error)
        return NORMAL

    def _refuse(self, error: streams.MessageRefused) -> int:
        logger.warning("%s: %s", self._call, error)
        _journal(self._rt, "media message refused", self._call, why=error.why)
        return REFUSED

    def _exchange(self) -> None:
        heard_at = time.monotonic()
        while not self._over:
            left = heard_at + self._watchdog_s - time.monotonic()
            text = self._ws.receive(timeout=max(left, 0.0))
            if text is None and not self._ws.connected:
                raise ConnectionClosed
            if text is None:
                logger.warning("%s: no audio for %g s, spoken turn given up", self._call, self._watchdog_s)
                if self._turn is not None:
                    self._do(self._turn.on_stall())
                return
            if len(self._ws.input_buffer) > WAITING_LIMIT:
                logger.warning("%s: too slow for the caller, the oldest audio is dropped", self._call)
                del self._ws.input_buffer[:-WAITING_LIMIT]
            message = streams.read(text)
            if isinstance(message, streams.Audio):
                heard_at = time.monotonic()
            self._take(message)

    def _take(self, message: streams.Message) -> None:
        match message, self._turn:
            case streams.Started(), None:
                self._begin(message)
            case streams.Audio(frames), Turn() as turn:
                for frame in frames:
                    self._do(turn.on_frame(frame))
            case streams.Pressed(key), Turn() as turn:
                self._do(turn.on_key(key))
            case streams.Stopped(), Turn() as turn:
                self._do(turn.on_hangup())
            case streams.Stopped(), None:
                self._over = True
            case streams.Ignored(), _:
                pass
            case _:
                raise streams.MessageRefused("messages out of order")

    def _begin(self, started: streams.Started) -> None:
        """Open the spoken turn that the token stands for. Once: a token used before opens nothing."""
        self._started = started
        with self._rt.sessions.begin() as session:
            claimed = spoken.claim(session, self._rt, started.token, started.call_sid)
        if claimed is None:
            raise streams.MessageRefused("the token opens no spoken turn of this call")
        self._row, plan = claimed
        self._turn = Turn(plan, list(self._audio_of(plan)), partial(self._listening, plan))
        self._do(self._turn.start())

    def _listening(self, plan: spoken.Plan) -> Listening:
        listening: Listening = self._recogniser.listen(plan.grammar, plan.dialect)
        if plan.asked:
            listening = Challenged(listening, partial(self._recogniser.listen, ASIDE, plan.dialect))
        return Gated(listening)

    def _audio_of(self, plan: spoken.Plan) -> Iterator[tuple[str, bytes]]:
        """The prompts with their µ-law; one of another dialect is "dialect:name", one without audio is left out."""
        for prompt in plan.prompts:
            dialect, _, name = prompt.rpartition(":")
            audio = self._prompts.audio(dialect or plan.dialect, name)
            if audio is None:
                logger.error("%s: no audio of the prompt %s in %s", self._call, name, dialect or plan.dialect)
            else:
                yield prompt, audio

    def _do(self, outs: list[Out]) -> None:
        for out in outs:
            match out:
                case Media(payload):
                    self._to_play += payload
                    if len(self._to_play) >= TOGETHER:
                        self._play()
                case Mark():
                    self._play()
                    self._send(out)
                case Clear():
                    self._to_play.clear()
                    self._send(out)
                case Finished():
                    self._play()
                    self._write_down(out)

    def _play(self) -> None:
        """Send what has gathered: a message a frame would cost more than all that is heard."""
        if self._to_play:
            self._send(Media(bytes(self._to_play)))
            self._to_play.clear()

    def _send(self, out: Media | Mark | Clear) -> None:
        assert self._started is not None
        self._ws.send(streams.write(out, self._started.stream_sid))

    def _write_down(self, finished: Finished) -> None:
        """Before the socket closes: the call goes on the moment it does, and asks what was heard."""
        assert self._row is not None
        with self._rt.sessions.begin() as session:
            spoken.finish(session, self._rt, self._row, finished.result, finished.audio or None)
        self._over = True

    def _hang_up(self, error: Exception) -> None:
        """The socket is gone in the middle: keep what was heard until then."""
        logger.info("%s: socket closed by the carrier: %s", self._call, error)
        if self._turn is not None:
            for out in self._turn.on_hangup():
                if isinstance(out, Finished):
                    self._write_down(out)

    def _close(self, code: int) -> None:
        """Say goodbye and read on until it is answered: closing over unread frames resets the connection, and the last
        words on their way to the caller are lost."""
        with suppress(OSError, LocalProtocolError, ConnectionClosed):
            if self._ws.connected:
                self._ws.sock.send(self._ws.ws.send(CloseConnection(code)))
                self._ws.thread.join(CLOSE_S)
        self._ws.connected = False
        with suppress(OSError):
            self._ws.sock.shutdown(socket.SHUT_RDWR)
