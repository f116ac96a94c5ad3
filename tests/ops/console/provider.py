"""An OpenID Connect provider that none of us wrote: Debian's glewlwyd, on this machine, with a database of its own."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ops.embedded import free_port

TABLES = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
WEB = Path("/usr/share/glewlwyd/webapp")
PASSWORD = "a password at the provider"
CLIENT, SECRET = "console", "what the console proves itself with"
_FIRST = "password"  # of the administrator in the tables that come with the package
_WAIT_S = 20.0
_CONFIG = """
port={port}
bind_address="127.0.0.1"
external_url="{url}"
login_url="login.html"
api_prefix="api"
static_files_path="{web}/"
log_mode="file"
log_level="WARNING"
log_file="{folder}/glewlwyd.log"
cookie_domain="127.0.0.1"
cookie_secure=0
user_module_path="/usr/lib/glewlwyd/user"
user_middleware_module_path="{folder}/none"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database = {{ type = "sqlite3"; path = "{folder}/glewlwyd.db"; }};
static_files_mime_types = (
  {{ extension = ".html"; mime_type = "text/html"; }},
  {{ extension = ".css"; mime_type = "text/css"; }},
  {{ extension = ".js"; mime_type = "application/javascript"; }},
  {{ extension = ".json"; mime_type = "application/json"; }}
)
"""
_LASTS = {"code-duration": 60, "access-token-duration": 600, "refresh-token-duration": 600}


@dataclass(slots=True)
class Provider:
    """The provider while it runs. `issuer`: what the console is told of it."""

    url: str
    admin: requests.Session
    process: subprocess.Popen[bytes]

    @property
    def issuer(self) -> str:
        """Where discovery begins."""
        return f"{self.url}/api/oidc"

    def post(self, path: str, **body: Any) -> None:
        """Have the administrator add something."""
        answer = self.admin.post(f"{self.url}/api/{path}", json=body, timeout=_WAIT_S)
        assert answer.status_code == 200, answer.text

    def prepare(self) -> None:
        """The plug-in for OpenID Connect with a fresh RSA key, and a scheme for one-time codes."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        kinds = {f"auth-type-{one}-enabled": one == "code" for one in ("code", "token", "id-token", "password")}
        others = {f"auth-type-{one}-enabled": False for one in ("none", "client", "refresh", "implicit")}
        pkce = {"pkce-allowed": True, "pkce-method-plain-allowed": False, "pkce-required": True}
        signed = {"iss": self.issuer, "jwt-type": "rsa", "jwt-key-size": "256", "key": private, "cert": public}
        facts = {"module": "oidc", "name": "oidc", "display_name": "OIDC", "enabled": True}
        self.post(
            "mod/plugin/", **facts, parameters=_LASTS | kinds | others | pkce | signed | {"allow-non-oidc": False}
        )
        otp = {"issuer": "glewlwyd", "secret-minimum-size": 16, "otp-length": 6, "time-step-size": 30, "window": 1}
        times = {"hotp-allow": False, "totp-allow": True, "hotp-window": 0, "totp-window": 1, "totp-start-offset": 0}
        lasts = {"expiration": 600, "max_use": 0, "allow_user_register": True}
        scheme = {"module": "otp", "name": "otp", "display_name": "OTP", **lasts}
        self.post("mod/scheme/", **scheme, parameters=otp | times)

    def knows(self, redirect_uri: str) -> None:
        """Register the console as a client that comes back to here."""
        facts = {"client_id": CLIENT, "name": "console", "enabled": True, "confidential": True, "password": SECRET}
        codes = {"authorization_type": ["code"], "redirect_uri": [redirect_uri], "scope": ["openid"]}
        self.post("client/", **facts, **codes, token_endpoint_auth_method=["client_secret_basic"])

    def asks_for(self, *schemes: str) -> None:
        """Ask for the password, and for these schemes after it, from everybody who goes on to the console."""
        groups = {one: [{"scheme_type": one, "scheme_name": one}] for one in schemes}
        facts = {"display_name": "OIDC", "password_required": True, "password_max_age": 0, "scheme": groups}
        answer = self.admin.put(f"{self.url}/api/scope/openid", json={"name": "openid", **facts}, timeout=_WAIT_S)
        assert answer.status_code == 200, answer.text

    def adds(self, username: str) -> User:
        """Somebody with an account at the provider."""
        scope = ["openid", "g_profile"]
        self.post("user/", username=username, name=username, password=PASSWORD, scope=scope, enabled=True)
        return User(self, username, requests.Session())


@dataclass(slots=True)
class User:
    """Somebody with an account at the provider, and their browser as far as the provider sees it."""

    provider: Provider
    name: str
    browser: requests.Session
    otp: pyotp.TOTP | None = None

    def _sends(self, method: str, path: str, **body: Any) -> None:
        url = f"{self.provider.url}/api/{path}"
        answer = self.browser.request(method, url, json=body, timeout=_WAIT_S)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)

    def signs_in(self) -> None:
        """Prove who they are to the provider, with the code as well where they have an authenticator."""
        self._sends("POST", "auth/", username=self.name, password=PASSWORD)
        if self.otp is not None:
            mine = {"username": self.name, "scheme_type": "otp", "scheme_name": "otp"}
            self._sends("POST", "auth/", **mine, value={"value": self.otp.now()})
        self._sends("PUT", f"auth/grant/{CLIENT}", scope="openid")

    def takes_authenticator(self) -> None:
        """Have an authenticator from now on."""
        secret = pyotp.random_base32()
        mine = {"username": self.name, "scheme_type": "otp", "scheme_name": "otp"}
        facts = {"type": "TOTP", "secret": secret, "time_step_size": 30}
        self.provider.post(f"delegate/{self.name}/profile/scheme/register/", **mine, value=facts)
        self.otp = pyotp.TOTP(secret)

    def goes(self, there: str) -> str:
        """Go where the console sends them, and agree; where they are sent back to."""
        answer = self.browser.get(f"{there}&g_continue", allow_redirects=False, timeout=_WAIT_S)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]


@contextmanager
def running(folder: Path) -> Iterator[Provider]:
    """The provider for as long as this lasts; the test is skipped where it is not installed."""
    program = shutil.which("glewlwyd")
    if program is None:
        pytest.skip("glewlwyd is not here: apt-get install glewlwyd")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    tables = sqlite3.connect(folder / "glewlwyd.db")
    tables.executescript(TABLES.read_text("utf-8"))
    tables.close()
    web = folder / "web"
    shutil.copytree(WEB, web, ignore=shutil.ignore_patterns("config.json"))  # it serves nothing that a link leads to
    shutil.copy(WEB / "config.json" / "config.json" if (WEB / "config.json").is_dir() else WEB / "config.json", web)
    config = folder / "glewlwyd.conf"
    config.write_text(_CONFIG.format(port=port, url=url, web=web, folder=folder), "utf-8")
    process = subprocess.Popen([program, f"--config-file={config}"])
    try:
        provider = Provider(url, requests.Session(), process)
        _wait(provider)
        provider.prepare()
        yield provider
    finally:
        process.terminate()
        process.wait(_WAIT_S)


def _wait(provider: Provider) -> None:
    """Sign in as the administrator, as soon as it answers."""
    first = {"username": "admin", "password": _FIRST}
    for _ in range(int(_WAIT_S * 10)):
        try:
            if provider.admin.post(f"{provider.url}/api/auth/", json=first, timeout=_WAIT_S).status_code == 200:
                return
        except requests.ConnectionError:
            assert provider.process.poll() is None, "the provider ended"
        time.sleep(0.1)
    pytest.fail("the provider does not answer")
