"""A provider that lies: it signs whatever it is told to, with whatever key, for what the real one would never say."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask, Response, jsonify, request
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from werkzeug.serving import make_server

from ops.embedded import free_port
from tests.ops.console.provider import CLIENT, SECRET

SUB = "sub-1"


def _part(content: object) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@dataclass(slots=True)
class Liar:
    """What it answers; `token` is what it gives for any code, with what is `beside`.

    `names`: the issuer of its discovery document. `instead`: whole answers, by the path that they are given at.
    """

    issuer: str
    names: str
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    token: str = ""
    beside: dict[str, Any] = field(default_factory=dict)
    down: bool = False
    asked: int = 0
    instead: dict[str, Any] = field(default_factory=dict)

    def claims(self, there: str, **changed: Any) -> dict[str, Any]:
        """What a true token would say to whoever was sent there; None takes a claim away."""
        now = int(time.time())
        [nonce] = parse_qs(urlsplit(there).query)["nonce"]
        true = {"iss": self.issuer, "sub": SUB, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": nonce}
        return {name: value for name, value in (true | changed).items() if value is not None}

    def signs(self, claims: dict[str, Any], key: RSAKey | None = None) -> str:
        """A token, signed as the real one would."""
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key or self.key)

    def unsigned(self, claims: dict[str, Any]) -> str:
        """A token that nobody signed, and that says so."""
        return f"{_part({'alg': 'none'})}.{_part(claims)}."

    def with_secret(self, claims: dict[str, Any]) -> str:
        """A token signed with what the console knows as well."""
        return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(SECRET))

    def with_public_key(self, claims: dict[str, Any]) -> str:
        """A token signed with what everybody knows, taken for a secret."""
        public = OctKey.import_key(self.key.as_pem(private=False).replace(b"-----BEGIN PUBLIC KEY-----\n", b""))
        return jwt.encode({"alg": "HS256", "kid": "one"}, claims, public)


def _app(liar: Liar) -> Flask:
    app = Flask("liar")

    @app.before_request
    def count() -> Response | None:
        liar.asked += 1
        if request.path in liar.instead:
            return Response(json.dumps(liar.instead[request.path]), mimetype="application/json")
        return Response("broken", 500) if liar.down else None

    @app.get("/.well-known/openid-configuration")
    def document() -> Response:
        ends = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "jwks_uri": "/jwks"}
        there = {name: liar.issuer + path for name, path in ends.items()}
        algorithms = ["none", "HS256", "RS256"]
        return jsonify(issuer=liar.names, id_token_signing_alg_values_supported=algorithms, **there)

    @app.get("/jwks")
    def jwks() -> Response:
        return jsonify(keys=[liar.key.as_dict(private=False)])

    @app.post("/token")
    def token() -> Response:
        facts = {"access_token": "x", "token_type": "Bearer"}
        return jsonify(**facts, **liar.beside, **({"id_token": liar.token} if liar.token else {}))

    return app


@contextmanager
def lying() -> Iterator[Liar]:
    """It, on a port of this machine."""
    port = free_port()
    here = f"http://127.0.0.1:{port}"
    liar = Liar(here, here)
    server = make_server("127.0.0.1", port, _app(liar), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield liar
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
