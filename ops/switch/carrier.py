"""The carrier's side of HTTP: signed webhooks with retries, time and size limits, and the fetching of prompts."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
import soundfile
from twilio.request_validator import RequestValidator

from voiceprint.audio import Samples, resample

CONNECT_S = 5.0
READ_S = 15.0
LARGEST_ANSWER = 64 * 1024
USER_AGENT = "TwilioProxy/1.1"


class ServiceFailed(RuntimeError):
    """The service did not give what a carrier can use; a real caller would now hear an application error."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered to one webhook, `sent` being the form it was asked with."""

    url: str
    sent: Mapping[str, str]
    status: int
    content_type: str
    body: str

    def twiml(self) -> str:
        """The TwiML document. Raises ServiceFailed where Twilio would report error 11200, 11750 or 12300."""
        if not 200 <= self.status < 300:
            raise ServiceFailed(f"{self.url} answered {self.status}: {self.body[:200]}")
        if len(self.body.encode()) > LARGEST_ANSWER:
            raise ServiceFailed(f"{self.url} answered more than 64 KB")
        if self.content_type not in ("text/xml", "application/xml"):
            raise ServiceFailed(f"{self.url} answered {self.content_type!r}, which is no TwiML")
        return self.body


class Carrier:
    """Sends webhooks for one account. An `auth_token` of None sends them without a signature, as a stranger would."""

    def __init__(self, account_sid: str, auth_token: str | None) -> None:
        self.account_sid = account_sid
        self._validator = None if auth_token is None else RequestValidator(auth_token)

    def signature(self, url: str, form: Mapping[str, str]) -> dict[str, str]:
        """The header that proves a request to `url`; empty for a carrier without a token."""
        if self._validator is None:
            return {}
        return {"X-Twilio-Signature": self._validator.compute_signature(url, dict(form))}

    def post(self, url: str, form: Mapping[str, str], times: int = 1, together: bool = False) -> list[Answer]:
        """One webhook, sent `times` times with one idempotency token: in turn, or all `together`.

        A connection that cannot be made is tried once more. Raises ServiceFailed when there is no answer in time.
        """
        token = str(uuid.uuid4())
        if not together:
            return [self._post(url, form, token) for _ in range(times)]
        with ThreadPoolExecutor(times) as threads:
            return list(threads.map(lambda _: self._post(url, form, token), range(times)))

    def _post(self, url: str, form: Mapping[str, str], token: str) -> Answer:
        headers = {"User-Agent": USER_AGENT, "I-Twilio-Idempotency-Token": token, **self.signature(url, form)}
        try:
            try:
                return _send(url, form, headers)
            except requests.ConnectionError:
                return _send(url, form, headers)
        except requests.RequestException as error:
            raise ServiceFailed(f"{url} gave no answer: {error}") from error

    def fetch(self, url: str) -> Samples:
        """A prompt's audio at 8 kHz, as <Play> fetches it. Raises ServiceFailed when it is missing or no audio."""
        with requests.Session() as session:
            session.trust_env = False
            try:
                response = session.get(url, headers={"User-Agent": USER_AGENT}, timeout=(CONNECT_S, READ_S))
            except requests.RequestException as error:
                raise ServiceFailed(f"{url} gave no audio: {error}") from error
        if response.status_code != 200:
            raise ServiceFailed(f"{url} answered {response.status_code}")
        if not response.headers.get("Content-Type", "").startswith("audio/"):
            raise ServiceFailed(f"{url} is {response.headers.get('Content-Type')!r}, not audio")
        try:
            data, rate = soundfile.read(io.BytesIO(response.content), dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise ServiceFailed(f"{url} cannot be decoded: {error}") from error
        if not len(data):
            raise ServiceFailed(f"{url} holds no sound")
        return resample(data.mean(axis=1), rate)


def _send(url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
    if urlsplit(url).scheme not in ("http", "https"):
        raise ServiceFailed(f"{url!r} is not a URL that a webhook can be sent to")
    with requests.Session() as session:
        session.trust_env = False
        response = session.post(url, data=form, headers=headers, timeout=(CONNECT_S, READ_S), allow_redirects=False)
    content_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
    return Answer(url, dict(form), response.status_code, content_type, response.text)
