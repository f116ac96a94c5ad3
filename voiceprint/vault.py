"""Templates as encrypted bytes; the keys are somebody else's."""

from __future__ import annotations

import base64
import json
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from voiceprint.scoring import Template


class Cipher(Protocol):
    """Authenticated encryption; `context` is bound to the data and must be the same when it is opened."""

    def encrypt(self, data: bytes, context: bytes) -> bytes:
        """Encrypt `data`."""

    def decrypt(self, data: bytes, context: bytes) -> bytes:
        """Undo `encrypt`; raises an error of the cipher's own when data, key or context do not fit."""


class TemplateUnreadable(ValueError):
    """What was decrypted is not a template: the person must be enrolled again."""

    def __init__(self) -> None:
        super().__init__("声纹模板已损坏，请重新登记声纹。The voice template is damaged: enrol the voice again.")


def seal(template: Template, cipher: Cipher, context: bytes) -> bytes:
    """Encrypt a template; `context` names the row it belongs to, so that it opens nowhere else."""
    fields: dict[str, object] = {"encoder": template.encoder, "utterances": template.utterances}
    fields["vector"] = _text(template.vector)
    if template.degraded is not None:
        fields["degraded"] = _text(template.degraded)
    return cipher.encrypt(json.dumps(fields).encode("ascii"), context)


def open_(sealed: bytes, cipher: Cipher, context: bytes) -> Template:
    """Decrypt a sealed template. Raises the cipher's errors and TemplateUnreadable."""
    opened = cipher.decrypt(sealed, context)
    try:
        fields = json.loads(opened)
        vector, degraded = (_vector(fields[name]) if name in fields else None for name in ("vector", "degraded"))
        if vector is None:
            raise TemplateUnreadable
        return Template(vector, str(fields["encoder"]), int(fields["utterances"]), degraded)
    except (KeyError, TypeError, ValueError) as error:
        raise TemplateUnreadable from error


def _text(vector: NDArray[np.float32]) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")


def _vector(text: str) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4").astype(np.float32)
