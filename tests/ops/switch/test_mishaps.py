"""Spoken turns in which something goes wrong: sockets refused, lost, frozen, or filled with nonsense."""

from __future__ import annotations

import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from ops.switch import Switch
from ops.switch.leg import Route
from tests.ops.switch.service import Service, receive
from tests.ops.switch.turns import NUMBER, SECOND, THEN, close, dial, play


def test_a_refused_socket_goes_on_with_the_next_verb(service: Service, switch: Switch) -> None:
    service.refuse_socket = 503
    call = dial(service, switch, close).ended()
    assert len(service.forms("/voice/turn/1")) == 1
    assert "31920" in call.faults[0] and "503" in call.faults[0]


def test_a_stranger_opens_the_socket_unsigned(service: Service, switch: Switch) -> None:
    service.socket = close
    twiml = f"<Response><Connect><Stream url='{service.media_url}'/></Connect></Response>"
    switch.unsigned().connect(Route(NUMBER, "+8687112333", "inbound", service.url, twiml)).ended()
    assert service.socket_signed == [False]


def test_a_lost_socket_ends_the_turn_but_not_the_call(service: Service, switch: Switch) -> None:
    ended: list[type[Exception]] = []

    def socket(ws: ServerConnection) -> None:
        play(ws, receive(ws, "start")["streamSid"], SECOND, "challenge.repeat")
        try:
            receive(ws, "stop")
        except ConnectionClosed as error:
            ended.append(type(error))

    dial(service, switch, socket).hears("challenge.repeat").drop_socket().ended()
    assert len(ended) == 1
    assert len(service.forms("/voice/turn/1")) == 1


def test_garbage_reaches_the_socket_as_it_is(service: Service, switch: Switch) -> None:
    got: list[str | bytes] = []

    def socket(ws: ServerConnection) -> None:
        play(ws, receive(ws, "start")["streamSid"], SECOND, "challenge.repeat")
        while not got:
            data = ws.recv(10)
            if not str(data).startswith("{"):
                got.append(data)

    dial(service, switch, socket).hears("challenge.repeat").garbles("}not json{").ended()
    assert got == ["}not json{"]


@pytest.mark.parametrize("sent", ["no json", "[]", '{"event": "media", "streamSid": "MZ0", "media": {"payload": "!"}}'])
def test_what_the_service_sends_wrongly_is_written_down_and_the_stream_goes_on(
    service: Service, switch: Switch, sent: str
) -> None:
    def socket(ws: ServerConnection) -> None:
        sid = receive(ws, "start")["streamSid"]
        ws.send(sent.replace("MZ0", sid))
        play(ws, sid, SECOND, "greeting")
        receive(ws, "mark")

    call = dial(service, switch, socket).hears("greeting").ended()
    assert len(call.faults) == 1 and call.faults[0].startswith("31924")


def test_a_stream_url_with_a_query_is_refused(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"<Connect><Stream url='{service.media_url}?turn=1'/></Connect>{THEN}"
    call = switch.phone(NUMBER).dial().ended()
    assert "31920" in call.faults[0]
    assert service.socket_signed == []


def test_a_frozen_line_sends_no_frame_while_the_socket_stays_open(service: Service, switch: Switch) -> None:
    gaps: list[float] = []

    def socket(ws: ServerConnection) -> None:
        play(ws, receive(ws, "start")["streamSid"], SECOND, "challenge.repeat")
        while not gaps or max(gaps) < 0.3:
            began = time.monotonic()
            receive(ws, "media")
            gaps.append(time.monotonic() - began)

    call = dial(service, switch, socket).hears("challenge.repeat").freezes(0.4).ended()
    assert call.faults == ()
