"""A message centre that speaks SMPP, made of npm's `smpp`, behind a real Kannel and the outbox of a text line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import requests
from redis import Redis

from ops.embedded import free_port
from sms.pace import Pace, Tally
from sms.providers import Answer, Found
from sms.providers.kannel import Kannel
from sms.sending import Sender
from tests.peers import HERE, node_modules, running, wait_until
from tests.sms.conftest import LINE, TextLine
from tests.sms.gateway import Boxes, boxes, provider

_GROUP = """\
group = smsc
smsc = smpp
smsc-id = SMPP
host = 127.0.0.1
port = {port}
transceiver-mode = true
smsc-username = stillhere
smsc-password = secret
system-type = ""
max-pending-submits = 1
wait-ack = 1
wait-ack-expire = 2
enquire-link-interval = 1
reconnect-delay = 1
"""


def digits(number: str) -> str:
    """A number as SMPP has it: what kind it is stands beside it."""
    return number.removeprefix("+")


@dataclass(frozen=True, slots=True)
class Centre:
    """The message centre, by its second door."""

    url: str
    gateway_log: Path

    def plans(self, *next_ones: dict[str, Any]) -> None:
        """What it does with each submit_sm from now on; when these are used up it takes and delivers them."""
        self._post("/plans", next_ones)

    def goes_on(self) -> None:
        """It brings the receipts that it held, and has no plans any more."""
        self._post("/go", None)

    def brings(self, sender: str, *parts: str, backwards: bool = False) -> list[int]:
        """Somebody writes to the line, in so many parts; what Kannel answered to each deliver_sm."""
        numbered = list(enumerate(parts, 1))
        said = {"from": sender, "to": digits(LINE), "parts": numbered[::-1] if backwards else numbered}
        answers: list[int] = self._post("/texts", said)
        return answers

    def came(self) -> list[dict[str, Any]]:
        """Each submit_sm that came, taken or not."""
        return list(self._asked()["came"])

    def taken(self) -> list[tuple[str, str]]:
        """Number and words of each text that it took, put together as a telephone does."""
        texts: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for at, one in enumerate(self.came()):
            if one["taken"]:
                head, number = one["header"][:-2] or f"alone {at}", one["header"][-2:]
                texts.setdefault((one["to"], head), []).append((number, one["text"]))
        return [(to, "".join(words for _, words in sorted(parts))) for (to, _), parts in texts.items()]

    def receipts(self) -> list[tuple[str, int]]:
        """What it told of its messages, and how Kannel answered each time."""
        return [(one["stat"], one["status"]) for one in self._asked()["told"]]

    def is_bound(self) -> bool:
        """Whether Kannel is bound."""
        return bool(self._asked()["bound"])

    def _asked(self) -> Any:
        try:
            return requests.get(self.url, timeout=20).json()
        except requests.ConnectionError:
            return {"bound": 0, "came": [], "told": []}  # it has not started yet

    def _post(self, path: str, said: Any) -> Any:
        answer = requests.post(self.url + path, json=said, timeout=20)
        assert answer.ok, answer.text
        return answer.json()


@dataclass(slots=True)
class Overheard:
    """Kannel, and each text that it was given."""

    carrier: Kannel
    texts: list[tuple[str, str]] = field(default_factory=list)
    name: str = "kannel"

    def send(self, to: str, text: str, key: str) -> Answer:
        """Hand it over."""
        self.texts.append((to, text))
        return self.carrier.send(to, text, key)

    def look_up(self, to: str, text: str, key: str, since: datetime) -> Found:
        """What Kannel says."""
        return self.carrier.look_up(to, text, key, since)


@dataclass(frozen=True, slots=True)
class Service:
    """A text line whose outbox has one carrier: Kannel with the message centre behind it. `start` starts it anew."""

    line: TextLine
    centre: Centre
    kannel: Boxes
    start: Callable[[], AbstractContextManager[Boxes]]
    sender: Sender
    carrier: Overheard

    def by(self, url: str) -> Service:
        """The same, where Kannel is asked at another address."""
        carrier = Overheard(provider(self.line, url))
        return replace(self, carrier=carrier, sender=replace(self.sender, carriers={"kannel": (carrier, 1)}))


@contextmanager
def bound(line: TextLine, folder: Path, redis: Redis) -> Iterator[Service]:
    """A message centre, and a Kannel that is bound to it and calls `line`."""
    modules, log = node_modules(), folder / "centre.log"
    smpp, door = free_port(), free_port()
    with running(log, "node", HERE / "centre.mjs", modules, str(smpp), str(door)):
        centre = Centre(f"http://127.0.0.1:{door}", folder / "bearerbox.log")
        group, web = _GROUP.format(port=smpp), line.rt.settings.public_base_url
        start = partial(boxes, line, folder, web, group)
        with start() as kannel:
            wait_until(centre.is_bound, "Kannel is bound", centre.gateway_log)
            carrier = Overheard(provider(line, kannel.url))
            sender = Sender(line.rt, {"kannel": (carrier, 1)}, Pace(redis, 1000), Tally(redis))
            yield Service(line, centre, kannel, start, sender, carrier)
