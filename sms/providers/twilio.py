"""Texts through Twilio's messages API, or whatever speaks it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from twilio.base.exceptions import TwilioException
from twilio.http.response import Response
from twilio.rest import Client

from certification.settings import Settings
from sms.providers import Absent, Accepted, Answer, Found, Refused, Unclear, wire
from sms.providers.codes import permanent

logger = logging.getLogger(__name__)

LISTED = 50  # more than are ever sent to one number between a broken connection and the look at the list
CLOCKS = timedelta(seconds=5)  # so far may their clock, which gives whole seconds, be behind ours
SERVICE = "MG"  # a messaging service, which chooses the number that a text comes from


class Twilio:
    """Twilio, or an engine of its kind at TWILIO_API_BASE_URL."""

    name = "twilio"

    def __init__(self, settings: Settings, timeout: tuple[float, float] = wire.TIMEOUT) -> None:
        client = Client(
            settings.twilio_account_sid,
            settings.twilio_auth_token,
            http_client=_Wire(settings.twilio_api_base_url, timeout),
        )
        self._messages = client.api.v2010.account.messages
        self._from = {"messaging_service_sid" if settings.sms_from.startswith(SERVICE) else "from_": settings.sms_from}
        self._status = f"{settings.public_base_url}/sms/status"

    def send(self, to: str, text: str, key: str) -> Answer:
        """Hand one text over; its statuses come to /sms/status, and name the message by `key` as well."""
        status = f"{self._status}?{urlencode({'message': key})}"
        try:
            ref = self._messages.create(to=to, body=text, status_callback=status, **self._from).sid
        except requests.RequestException as error:
            why = type(error).__name__
            return Refused(why) if wire.never_left(error) else Unclear(why)
        except TwilioException as error:
            return self._refusal(error)
        except Exception as error:  # an answer that cannot be read: it may have been taken
            logger.exception("no answer of the carrier to be understood for message %s", key)
            return Unclear(type(error).__name__)
        return Accepted(ref) if ref else Unclear("no identifier")

    def look_up(self, to: str, text: str, key: str, since: datetime) -> Found:
        """Look through the latest messages to this number; the list does not tell two of the same text apart."""
        looked = 0
        try:
            for message in self._messages.stream(to=to, limit=LISTED, page_size=LISTED):  # the latest first
                looked += 1
                if message.date_created < since - CLOCKS:
                    return Absent()
                if message.body == text:
                    return Accepted(message.sid)
        except Exception as error:  # nothing is known then, whatever it is
            logger.warning("the carrier's list cannot be read for message %s: %s", key, type(error).__name__)
            return Unclear(type(error).__name__)
        return Absent() if looked < LISTED else Unclear("more messages than are looked through")

    def _refusal(self, error: Any) -> Answer:
        status = int(getattr(error, "status", 0))
        code = str(getattr(error, "code", None) or status)
        if status >= 500 and status != 503 and code == str(status):
            return Unclear(f"HTTP {status}")  # not in Twilio's words: something before it lost their answer, perhaps
        return Refused(code, permanent(self.name, code))


class _Wire:
    """What Twilio's client sends through: theirs knows one host, and would write down the number looked up."""

    is_async = False

    def __init__(self, base_url: str, timeout: tuple[float, float]) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._session = wire.session()

    def request(
        self,
        method: str,
        url: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Any:
        """One request, as Twilio's client asks for it; the time it takes and where it goes are ours to say."""
        del timeout, allow_redirects
        target = urlsplit(url)._replace(scheme="", netloc="").geturl()
        answer = self._session.request(
            method,
            self._base_url + target,
            params=params,
            data=data,
            headers=headers,
            auth=auth,
            timeout=self._timeout,
            allow_redirects=False,
        )
        return Response(answer.status_code, answer.text, answer.headers)
