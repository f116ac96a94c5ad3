"""Which TwiML the switch takes, and which it refuses aloud."""

from __future__ import annotations

import pytest

from ops.switch.twiml import Dial, Gather, Pause, Play, Stream, TwimlRefused, parse


def test_defaults_are_twilios() -> None:
    (gather,) = parse("<Response><Gather><Play>/a.wav</Play><Pause/></Gather></Response>")
    sounds = (Play("/a.wav", 1), Pause(1))
    assert gather == Gather(sounds, "", 5, "#", None, action_on_empty_result=False)


def test_dial_takes_a_number_plain_or_nested() -> None:
    plain, nested = parse("<Response><Dial>12333</Dial><Dial action='/x'><Number>12333</Number></Dial></Response>")
    assert (plain, nested) == (Dial("12333", None, 30), Dial("12333", "/x", 30))


def test_parameters_come_with_the_stream() -> None:
    parameters = "<Parameter name='turn' value='a'/><Parameter name='call' value='b'/>"
    (stream,) = parse(f"<Response><Connect><Stream url='wss://x/m'>{parameters}</Stream></Connect></Response>")
    assert stream == Stream("wss://x/m", {"turn": "a", "call": "b"})


@pytest.mark.parametrize(
    "verbs",
    [
        "<Record/>",
        "<Start><Stream url='wss://x/m'/></Start>",
        "<Gather input='dtmf speech'/>",
        "<Gather numDigits='0'/>",
        "<Gather numDigits='one'/>",
        "<Gather finishOnKey='##'/>",
        "<Gather actionOnEmptyResult='yes'/>",
        "<Gather><Redirect>/x</Redirect></Gather>",
        "<Gather method='GET'/>",
        "<Gather speechTimeout='auto'/>",
        "<Play/>",
        "<Play digits='1'/>",
        "<Say> </Say>",
        "<Say>a<break/></Say>",
        "<Dial/>",
        "<Dial><Sip>sip:x</Sip></Dial>",
        "<Dial><Number>1</Number><Number>2</Number></Dial>",
        "<Connect/>",
        "<Connect><Stream url='wss://x/m' track='both_tracks'/></Connect>",
        "<Connect><Stream url='wss://x/m'><Play>/a.wav</Play></Stream></Connect>",
        "<Pause length='0'/>",
        "<Reject reason='tired'/>",
    ],
)
def test_what_the_service_promised_not_to_use_is_refused(verbs: str) -> None:
    with pytest.raises(TwimlRefused):
        parse(f"<Response>{verbs}</Response>")


@pytest.mark.parametrize("document", ["", "hello", "<Response>", "<html/>"])
def test_what_is_no_twiml_is_refused(document: str) -> None:
    with pytest.raises(TwimlRefused):
        parse(document)
