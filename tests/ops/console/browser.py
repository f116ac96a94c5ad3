"""A browser without a window: it keeps cookies, sends the form's token, and says what a page says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from io import BytesIO

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from certification import staff
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Agent

HERE = "https://line.example"
PASSWORD = "correct horse battery"
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@dataclass(slots=True)
class Account:
    """Somebody who works here, with their authenticator."""

    name: str
    otp: pyotp.TOTP


Hire = Callable[..., Account]


def hire(rt: Runtime, name: str, role: Role, *, region: str | None = None, agent: Agent | None = None) -> Account:
    """Open an account."""
    facts = {"name": name, "role": role, "password": PASSWORD, "region": region, "agent": agent}
    with rt.sessions.begin() as session:
        found = pyotp.parse_uri(staff.add(session, rt, **facts, by="cli"))  # type: ignore[arg-type]
    assert isinstance(found, pyotp.TOTP)
    return Account(name, found)


@dataclass(slots=True)
class Browser:
    """One browser, at one address."""

    app: Flask
    rt: Runtime
    address: str = "192.0.2.1"
    client: FlaskClient = field(init=False)
    page: str = ""
    at: str = "/console/"

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def _opened(self, answer: TestResponse) -> TestResponse:
        said = unescape(answer.get_data(as_text=True)) if answer.mimetype == "text/html" else ""
        self.page = said if "csrf_token" in said else self.page  # where one is only sent on, the last page stays open
        answer.close()
        return answer

    def open(self, path: str, *, follow: bool = False) -> TestResponse:
        """Open a page."""
        self.at = path
        return self._opened(self.client.get(path, follow_redirects=follow, **self._from()))

    def send(self, path: str, *, token: str | None = None, follow: bool = False, **form: str) -> TestResponse:
        """Send a form, with the token of the page that is open unless another is given."""
        found = _TOKEN.search(self.page)
        given = token if token is not None else found.group(1) if found else ""
        data = {"csrf_token": given, **form}
        return self._opened(self.client.post(path, data=data, follow_redirects=follow, **self._from()))

    def upload(self, path: str, name: str, filename: str, content: bytes) -> TestResponse:
        """Send a form with a file."""
        found = _TOKEN.search(self.page)
        data = {"csrf_token": found.group(1) if found else "", name: (BytesIO(content), filename)}
        return self._opened(self.client.post(path, data=data, **self._from()))

    def _from(self) -> dict[str, object]:
        return {
            "base_url": HERE,
            "headers": {"Referer": HERE + self.at},
            "environ_base": {"REMOTE_ADDR": self.address},
        }

    def signs_in(
        self, who: Account, *, password: str = PASSWORD, code: str | None = None, there: str = ""
    ) -> TestResponse:
        """Fill in the form to sign in; the code is the authenticator's, unless another is given."""
        self.open("/console/sign-in")
        given = who.otp.at(self.rt.now()) if code is None else code
        return self.send("/console/sign-in", name=who.name, password=password, code=given, next=there)

    @property
    def inside(self) -> bool:
        """Whether somebody is signed in."""
        return self.open("/console/").status_code == 200
