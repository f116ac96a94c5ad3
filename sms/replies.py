"""What somebody wrote, as the text line understands it. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pin:
    """Six digits that may be the person's PIN, or the one-time code of a reminder."""

    digits: str


@dataclass(frozen=True, slots=True)
class Yes:
    """Yes, or 1."""


@dataclass(frozen=True, slots=True)
class No:
    """No, or 2."""


@dataclass(frozen=True, slots=True)
class Start:
    """They want reminders again."""


@dataclass(frozen=True, slots=True)
class Query:
    """They ask where they stand."""


@dataclass(frozen=True, slots=True)
class Help:
    """They ask what to do."""


@dataclass(frozen=True, slots=True)
class Human:
    """They want to talk with a human."""


@dataclass(frozen=True, slots=True)
class CallMe:
    """They want to be called."""


@dataclass(frozen=True, slots=True)
class Stop:
    """They want no reminders."""


@dataclass(frozen=True, slots=True)
class Death:
    """They say that somebody died."""


@dataclass(frozen=True, slots=True)
class Thanks:
    """They thank, or greet."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Nothing of these."""


Reply = Pin | Yes | No | Start | Query | Help | Human | CallMe | Stop | Death | Thanks | Unreadable

_PIN = re.compile(r"(?<!\d)\d{6}(?!\d)")
_WORDS: dict[str, Reply] = {
    "1": Yes(),
    "是": Yes(),
    "好": Yes(),
    "2": No(),
    "不": No(),
    "否": No(),
    "恢复": Start(),
    "查询": Query(),
    "帮助": Help(),
    "人工": Human(),
    "打给我": CallMe(),
    "退订": Stop(),
    "谢谢": Thanks(),
}


def read(text: str) -> Reply:
    """What a text means."""
    plain = unicodedata.normalize("NFKC", text).strip(" 。！!，,.")
    if found := _PIN.findall(plain):
        return Pin(found[0])
    if "去世" in plain:
        return Death()
    return _WORDS.get(plain, Unreadable())
