"""The verbs of TwiML that this switch executes, read from the XML of a webhook's answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element


class TwimlRefused(ValueError):
    """The document is not TwiML, or uses a verb or attribute that this service promised not to use."""


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    language: str
    loop: int


@dataclass(frozen=True, slots=True)
class Play:
    url: str
    loop: int


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


Sound = Say | Play | Pause


@dataclass(frozen=True, slots=True)
class Gather:
    """Keys typed during or after the sounds; `num_digits` None is without limit, `finish_on_key` can be empty."""

    sounds: tuple[Sound, ...]
    action: str
    timeout_s: float
    finish_on_key: str
    num_digits: int | None
    action_on_empty_result: bool


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str


@dataclass(frozen=True, slots=True)
class Dial:
    """`action` None: the call goes on with the next verb when the other side is done."""

    number: str
    action: str | None
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Stream:
    """<Connect><Stream>; `parameters` reach the socket as customParameters."""

    url: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Hangup:
    pass


@dataclass(frozen=True, slots=True)
class Reject:
    reason: str


Verb = Sound | Gather | Redirect | Dial | Stream | Hangup | Reject


def parse(document: str) -> tuple[Verb, ...]:
    """The verbs of a TwiML document, in order. Raises TwimlRefused."""
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 - the answer of the service that we test
    except ElementTree.ParseError as error:
        raise TwimlRefused(f"not XML ({error}): {document[:200]!r}") from error
    if root.tag != "Response":
        raise TwimlRefused(f"the root is <{root.tag}>, not <Response>")
    return tuple(_verb(element) for element in root)


def _verb(element: Element) -> Verb:
    reader = _READERS.get(element.tag)
    if reader is None:
        raise TwimlRefused(f"<{element.tag}> is not one of {', '.join(_READERS)}")
    unknown = set(element.attrib) - _ATTRIBUTES[element.tag]
    if unknown:
        raise TwimlRefused(f"<{element.tag}> with {', '.join(sorted(unknown))}: not used by this service")
    if element.get("method", "POST") != "POST":
        raise TwimlRefused(f"<{element.tag} method={element.get('method')!r}>: our routes take POST")
    return reader(element)


def _text(element: Element) -> str:
    return (element.text or "").strip()


def _number(element: Element, attribute: str, default: int, at_least: int) -> int:
    value = element.get(attribute, str(default))
    if not (value.isascii() and value.isdigit()) or int(value) < at_least:
        raise TwimlRefused(f"<{element.tag} {attribute}={value!r}>: a whole number of at least {at_least} is needed")
    return int(value)


def _childless(element: Element) -> Element:
    if len(element):
        raise TwimlRefused(f"<{element[0].tag}> inside <{element.tag}>")
    return element


def _say(element: Element) -> Say:
    text = _text(_childless(element))
    if not text:
        raise TwimlRefused("<Say> with nothing to say")
    return Say(text, element.get("language", "en-US"), _number(element, "loop", 1, 1))


def _play(element: Element) -> Play:
    url = _text(_childless(element))
    if not url:
        raise TwimlRefused("<Play> without a URL")
    return Play(url, _number(element, "loop", 1, 1))


def _pause(element: Element) -> Pause:
    return Pause(_number(_childless(element), "length", 1, 1))


def _gather(element: Element) -> Gather:
    if element.get("input", "dtmf") != "dtmf":
        raise TwimlRefused(f"<Gather input={element.get('input')!r}>: only dtmf is used")
    sounds = []
    for child in element:
        sound = _verb(child)
        if not isinstance(sound, Say | Play | Pause):
            raise TwimlRefused(f"<{child.tag}> inside <Gather>")
        sounds.append(sound)
    finish = element.get("finishOnKey", "#")
    if len(finish) > 1 or finish not in "0123456789*#":
        raise TwimlRefused(f"<Gather finishOnKey={finish!r}>: one key or none")
    empty = element.get("actionOnEmptyResult", "false")
    if empty not in ("true", "false"):
        raise TwimlRefused(f"<Gather actionOnEmptyResult={empty!r}>: true or false")
    return Gather(
        sounds=tuple(sounds),
        action=element.get("action", ""),
        timeout_s=_number(element, "timeout", 5, 0),
        finish_on_key=finish,
        num_digits=_number(element, "numDigits", 1, 1) if "numDigits" in element.attrib else None,
        action_on_empty_result=empty == "true",
    )


def _redirect(element: Element) -> Redirect:
    return Redirect(_text(_childless(element)))


def _dial(element: Element) -> Dial:
    numbers = [_text(child) for child in element if child.tag == "Number"] or [_text(element)]
    if len(numbers) != 1 or not numbers[0] or any(child.tag != "Number" for child in element):
        raise TwimlRefused("<Dial> must name exactly one number")
    return Dial(numbers[0], element.get("action"), _number(element, "timeout", 30, 1))


def _connect(element: Element) -> Stream:
    if len(element) != 1 or element[0].tag != "Stream":
        raise TwimlRefused("<Connect> must hold exactly one <Stream>")
    stream = element[0]
    unknown = set(stream.attrib) - {"url", "name"}
    if unknown:
        raise TwimlRefused(f"<Stream> with {', '.join(sorted(unknown))}: not used by this service")
    if any(child.tag != "Parameter" for child in stream):
        raise TwimlRefused("<Stream> may hold <Parameter> only")
    return Stream(stream.get("url", ""), {child.get("name", ""): child.get("value", "") for child in stream})


def _hangup(element: Element) -> Hangup:
    _childless(element)
    return Hangup()


def _reject(element: Element) -> Reject:
    reason = _childless(element).get("reason", "rejected")
    if reason not in ("rejected", "busy"):
        raise TwimlRefused(f"<Reject reason={reason!r}>: rejected or busy")
    return Reject(reason)


_READERS: Mapping[str, Callable[[Element], Verb]] = {
    "Say": _say,
    "Play": _play,
    "Pause": _pause,
    "Gather": _gather,
    "Redirect": _redirect,
    "Dial": _dial,
    "Connect": _connect,
    "Hangup": _hangup,
    "Reject": _reject,
}

_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "Say": frozenset({"language", "voice", "loop"}),
    "Play": frozenset({"loop"}),
    "Pause": frozenset({"length"}),
    "Gather": frozenset({"input", "action", "method", "timeout", "finishOnKey", "numDigits", "actionOnEmptyResult"}),
    "Redirect": frozenset({"method"}),
    "Dial": frozenset({"action", "method", "timeout", "callerId", "answerOnBridge"}),
    "Connect": frozenset(),
    "Hangup": frozenset(),
    "Reject": frozenset({"reason"}),
}
