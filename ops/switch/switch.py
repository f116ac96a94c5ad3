"""The switch itself: telephones on one side, a service that speaks TwiML on the other."""

from __future__ import annotations

import copy
import queue
from types import TracebackType
from typing import Literal, Self

from ops.switch.call import Call
from ops.switch.caller import Audio, Caller
from ops.switch.carrier import Carrier
from ops.switch.leg import Fate, Leg, Route
from ops.switch.rest import Message, Rest
from ops.switch.transcript import NotHeard
from ops.switch.wire import Wire


class Phone:
    """A telephone with a number: it can dial the service, and be called."""

    def __init__(self, switch: Switch, number: str) -> None:
        self._switch = switch
        self.number = number

    def dial(self, background: Audio | None = None, repeats: int = 1) -> Call:
        """Call the service. `background` sounds all the while; every webhook arrives `repeats` times."""
        route = Route(
            from_=self.number,
            to=self._switch.to_number,
            direction="inbound",
            url=f"{self._switch.base_url}/voice",
            status_url=f"{self._switch.base_url}/voice/status",
        )
        return self._switch.connect(route, background, repeats)

    def will(
        self, ends: Literal["answer", "busy", "no-answer", "failed"], ring_s: float = 2.0, talk_s: float = 5.0
    ) -> Self:
        """What becomes of calls towards this telephone; one that was never told rings until the other side gives up."""
        self._switch.fates[self.number] = Fate(ends, ring_s, talk_s)
        return self

    def rings(self, timeout_s: float = 30.0) -> Call:
        """Wait for the service to call this telephone. Raises NotHeard after `timeout_s` seconds of wall clock."""
        try:
            return self._switch.incoming(self.number).get(timeout=timeout_s)
        except queue.Empty:
            raise NotHeard(f"{self.number} was not called within {timeout_s} s") from None


class Switch:
    """Carries calls between telephones and the service at `base_url`, signing for one account as Twilio does.

    `pace` is how many times faster than life the calls run. Close it, or use it in a `with`: that hangs up all calls.
    """

    def __init__(
        self,
        base_url: str,
        account_sid: str,
        auth_token: str,
        pace: float = 8.0,
        to_number: str = "+8687112333",
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.to_number = to_number
        self.pace = pace
        self.fates: dict[str, Fate] = {}
        self._carrier = Carrier(account_sid, auth_token)
        self._calls: list[Call] = []
        self._incoming: dict[str, queue.SimpleQueue[Call]] = {}
        self._rest = Rest(account_sid, auth_token, self._place)

    def phone(self, number: str) -> Phone:
        return Phone(self, number)

    def unsigned(self) -> Switch:
        """The same switch in the hands of somebody who does not know the token."""
        stranger = copy.copy(self)
        stranger._carrier = Carrier(self._carrier.account_sid, None)
        return stranger

    @property
    def api_url(self) -> str:
        """Where the REST calls go (TWILIO_API_BASE_URL); the server starts when this is first asked for."""
        return self._rest.url()

    @property
    def messages(self) -> tuple[Message, ...]:
        """Text messages that the service has sent through the REST API."""
        return tuple(self._rest.messages)

    def connect(self, route: Route, background: Audio | None = None, repeats: int = 1) -> Call:
        """Begin a call on a route."""
        leg = Leg(Wire(self._carrier, Caller(background), self.pace), route, self.fates)
        leg.times = repeats
        call = Call(leg)
        self._calls.append(call)
        return call

    def incoming(self, number: str) -> queue.SimpleQueue[Call]:
        """Calls of the service to this number that nobody has looked at yet."""
        return self._incoming.setdefault(number, queue.SimpleQueue())

    def _place(self, route: Route) -> str:
        call = self.connect(route)
        self.incoming(route.to).put(call)
        return call.sid

    def close(self) -> None:
        for call in self._calls:
            call.close()
        self._rest.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
