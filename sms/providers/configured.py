"""Which carriers the settings name, with weights: checked at the start, not by a message that goes nowhere."""

from __future__ import annotations

import re

from certification.settings import SettingInvalid, SettingMissing, Settings

NEEDS = {
    "twilio": ("sms_from",),
    "kannel": ("sms_from", "kannel_url", "kannel_user", "kannel_password", "kannel_token"),
    "console": (),
}
"""The carriers that are known here, each with what it cannot do without."""

_WEIGHT = re.compile(r"[1-9][0-9]{0,3}|")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,}|")  # in an address that Kannel calls, a % would begin a word of Kannel's own


def carriers(settings: Settings) -> dict[str, int]:
    """The carriers with their weights: Twilio where only SMS_FROM is set, nobody where nothing is.

    Raises SettingInvalid or SettingMissing.
    """
    if not _TOKEN.fullmatch(settings.kannel_token):
        raise SettingInvalid(
            "KANNEL_TOKEN",
            "应为 16 位以上的字母、数字、- 或 _",
            "write 16 or more letters, digits, - and _, nothing else",
        )
    named = settings.sms_providers
    if not named and settings.kannel_url:
        raise SettingInvalid(
            "SMS_PROVIDERS", "设了 KANNEL_URL，请写明 kannel", "KANNEL_URL is set: name kannel here too"
        )
    weights: dict[str, int] = {}
    for part in (named or ("twilio" if settings.sms_from else "")).split(","):
        if part.strip():
            name, weight = _read(part)
            weights[name] = weights.get(name, 0) + weight
    for need in (need for name in weights for need in NEEDS[name]):
        if not getattr(settings, need):
            raise SettingMissing(need.upper())
    return weights


def _read(part: str) -> tuple[str, int]:
    name, _, weight = (word.strip() for word in part.partition(":"))
    if name not in NEEDS or not _WEIGHT.fullmatch(weight):
        known = ", ".join(NEEDS)
        raise SettingInvalid(
            "SMS_PROVIDERS",
            f"“{part}”不可用，可写 {known}，冒号后写权重 1–9999",
            f"“{part}” is none of {known} with a weight of 1 to 9999 after a colon",
        )
    return name, int(weight or 1)
