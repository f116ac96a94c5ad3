"""Texts through Kannel's HTTP interface, with SMPP or a carrier's own protocol behind it."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode, urlsplit

import requests

from certification.settings import Settings
from sms.providers import Accepted, Answer, Found, Refused, Unclear, wire
from sms.providers.codes import permanent

PATH = "/cgi-bin/sendsms"  # where nothing else is set in Kannel
ALL = 31  # every receipt: 1 delivered, 2 not deliverable, 4 waiting at, 8 taken by, 16 refused by the message centre
TAKEN = ("0:", "3:")  # accepted for delivery; queued for later delivery
WORDS = {"have been denied by": "denied", "Not routable": "unroutable"}


class Kannel:
    """Kannel's smsbox. It keeps no list of what it took: what became of a message is known from its receipts alone."""

    name = "kannel"

    def __init__(self, settings: Settings, timeout: tuple[float, float] = wire.TIMEOUT) -> None:
        self._url = settings.kannel_url + ("" if urlsplit(settings.kannel_url).path else PATH)
        self._fixed = {
            "username": settings.kannel_user,
            "password": settings.kannel_password,
            "from": settings.sms_from,
            "charset": "UTF-8",
            "coding": "2",  # UCS-2
            "dlr-mask": str(ALL),
        }
        self._receipts = f"{settings.public_base_url}/sms/kannel/status"
        self._token = settings.kannel_token
        self._session, self._timeout = wire.session(), timeout

    def send(self, to: str, text: str, key: str) -> Answer:
        """Hand one text over; the carrier calls it by our own `key`, which its receipts bring back."""
        query = self._fixed | {"to": to, "text": text, "dlr-url": self._receipt(key)}  # it takes no form
        try:
            answer = self._session.get(self._url, params=query, timeout=self._timeout, allow_redirects=False)
        except requests.RequestException as error:
            why = type(error).__name__
            return Refused(why) if wire.never_left(error) else Unclear(why)
        body = answer.text.strip()
        if answer.ok:
            return Accepted(key) if body.startswith(TAKEN) else Unclear(f"HTTP {answer.status_code}")
        if answer.status_code >= 500 and answer.status_code != 503:
            return Unclear(f"HTTP {answer.status_code}")
        code = next((code for words, code in WORDS.items() if words in body), str(answer.status_code))
        return Refused(code, permanent(self.name, code))

    def look_up(self, to: str, text: str, key: str, since: datetime) -> Found:
        """Nobody can say: there is no list."""
        del to, text, key, since
        return Unclear("Kannel keeps no list")

    def _receipt(self, key: str) -> str:
        """The address of this message's receipts, with the words that Kannel fills in: what happened, and why."""
        return f"{self._receipts}?{urlencode({'token': self._token, 'key': key})}&status=%d&answer=%A"
