"""The one key ring: seals what is kept about a person, and makes the blind indexes by which it is found again."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from certification.errors import Problem

KEY_BYTES = 32
NONCE_BYTES = 12
_FORMAT = 1
_KEY_NAME = re.compile(r"[A-Za-z0-9_.-]{1,32}")


class KeysUnreadable(Problem):
    """The text of a key ring is not `name:base64,name:base64`."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(
            f"STILLHERE_KEYS 无法读取：{zh}。格式为 名称:BASE64,名称:BASE64，最新的在前。",
            f"STILLHERE_KEYS cannot be read: {en}. Write NAME:BASE64,NAME:BASE64 with 32-byte keys, newest first.",
        )


class SealBroken(Problem):
    """Sealed bytes were altered, cut short, moved to another row, or sealed by a key that is not in the ring."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"密文无法打开：{zh}。", f"The sealed data cannot be opened: {en}.")


class KeyMissing(SealBroken):
    """Sealed bytes name a key that is not in the ring."""

    def __init__(self, name: str) -> None:
        super().__init__(f"密钥 {name} 不在密钥环中", f"its key {name!r} is not in the ring")


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    name: str
    cipher: AESGCM
    index_key: bytes


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"stillhere " + purpose).derive(secret)


def _read_key(part: str) -> _Key:
    name, colon, text = part.strip().partition(":")
    if not colon or not _KEY_NAME.fullmatch(name):
        raise KeysUnreadable("缺少密钥名称", "a key has no name of letters, digits, '.', '_' or '-'")
    try:
        secret = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise KeysUnreadable(f"密钥 {name} 不是 BASE64", f"key {name} is not base64") from None
    if len(secret) != KEY_BYTES:
        raise KeysUnreadable(f"密钥 {name} 不是 32 字节", f"key {name} has {len(secret)} bytes")
    return _Key(name, AESGCM(_derive(secret, b"seal")), _derive(secret, b"index"))


class KeyRing:
    """Keys by name, newest first: the newest seals and indexes, every one opens and finds.

    Sealing is AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; the context names the row and column, and is
    authenticated, so that sealed bytes moved elsewhere do not open. Sealing and indexing use keys of their own, derived
    by HKDF (RFC 5869).
    """

    def __init__(self, keys: Mapping[str, _Key]) -> None:
        self._keys = dict(keys)
        self._newest = next(iter(self._keys.values()))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read `2026a:BASE64,2025:BASE64`, newest first. Raises KeysUnreadable."""
        keys: dict[str, _Key] = {}
        for part in filter(str.strip, text.split(",")):
            key = _read_key(part)
            if key.name in keys:
                raise KeysUnreadable(f"密钥名称 {key.name} 重复", f"the name {key.name} is there twice")
            keys[key.name] = key
        if not keys:
            raise KeysUnreadable("没有密钥", "it holds no key")
        return cls(keys)

    @staticmethod
    def generate_text(name: str = "first") -> str:
        """The text of a fresh ring of one key. Raises KeysUnreadable when no key can have this name."""
        if not _KEY_NAME.fullmatch(name):
            raise KeysUnreadable(
                f"密钥不能叫 {name!r}", f"a key's name has 1 to 32 letters, digits, '.', '_' or '-', not {name!r}"
            )
        return f"{name}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the keys, newest first."""
        return tuple(self._keys)

    @staticmethod
    def header(name: str) -> bytes:
        """What everything that the key of this name sealed begins with, and nothing else does."""
        return bytes([_FORMAT, len(name)]) + name.encode()

    def seal(self, plain: bytes, context: str, name: str | None = None) -> bytes:
        """Seal for one place, under the newest key or the one of this name.

        Layout: format, length of the key's name, its name, nonce, ciphertext with tag.
        """
        key = self._newest if name is None else self._keys[name]
        header, nonce = self.header(key.name), secrets.token_bytes(NONCE_BYTES)
        return header + nonce + key.cipher.encrypt(nonce, plain, header + context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Open what was sealed for the same context. Raises SealBroken."""
        if len(sealed) < 2 or sealed[0] != _FORMAT:
            raise SealBroken("格式不明", "its format is unknown")
        body = 2 + sealed[1]
        header, nonce, secret = sealed[:body], sealed[body : body + NONCE_BYTES], sealed[body + NONCE_BYTES :]
        name = header[2:].decode("ascii", "replace")
        key = self._keys.get(name)
        if key is None:
            raise KeyMissing(name)
        if len(nonce) != NONCE_BYTES:
            raise SealBroken("数据被截断", "it is cut short")
        try:
            return key.cipher.decrypt(nonce, secret, header + context.encode())
        except InvalidTag:
            raise SealBroken("数据被改动或用于别处", "it was altered, or belongs elsewhere") from None

    def encrypt(self, data: bytes, context: bytes) -> bytes:
        """seal(), as a library that knows only bytes asks for it."""
        return self.seal(data, context.decode())

    def decrypt(self, data: bytes, context: bytes) -> bytes:
        """open(), as a library that knows only bytes asks for it."""
        return self.open(data, context.decode())

    def index(self, value: str, purpose: str) -> str:
        """The blind index under the newest key: 64 hexadecimal digits that find a value and do not tell it."""
        return _index(self._newest, value, purpose)

    def indexes(self, value: str, purpose: str) -> list[str]:
        """The blind indexes under every key, newest first, for looking up rows older than the newest key."""
        return [_index(key, value, purpose) for key in self._keys.values()]

    def pads(self) -> list[tuple[bytes, bytes]]:
        """Of each index key, newest first, the inner and outer pad of HMAC (RFC 2104), 64 bytes each.

        SHA-256 of the outer pad and the SHA-256 of inner pad, purpose, a zero byte and value is index(): for an engine
        inside the process that indexes millions at once. They are as secret as the key.
        """
        padded = (key.index_key.ljust(64, b"\0") for key in self._keys.values())
        return [(bytes(byte ^ 0x36 for byte in key), bytes(byte ^ 0x5C for byte in key)) for key in padded]


def _index(key: _Key, value: str, purpose: str) -> str:
    return hmac.digest(key.index_key, f"{purpose}\0{value}".encode(), sha256).hex()
