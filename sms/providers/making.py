"""The carriers that the settings name, made ready to send; the one place that knows all of them."""

from __future__ import annotations

from collections.abc import Callable

from certification.settings import Settings
from sms.providers import Provider, configured
from sms.providers.console import Console
from sms.providers.kannel import Kannel
from sms.providers.twilio import Twilio

_MADE: dict[str, Callable[[Settings], Provider]] = {"twilio": Twilio, "kannel": Kannel, "console": Console}


def providers(settings: Settings) -> dict[str, tuple[Provider, int]]:
    """Each carrier by its name, with its weight. Raises SettingInvalid or SettingMissing."""
    return {name: (_MADE[name](settings), weight) for name, weight in configured.carriers(settings).items()}
