"""The order in which files are run: those that take longest first, so that no worker waits for another at the end.

Of the files named here the conversations stand apart from one another, for two of them on two cores are a crowd; the
others follow, those of many tests first. What is not named, or no longer there, loses nothing but a little time.
"""

from __future__ import annotations

from collections import Counter

import pytest

FIRST = (
    "ivr/speech/training/test_calls.py",
    "ops/console/test_every_page.py",
    "conversations/test_dialects.py",
    "sms/test_soak.py",
    "conversations/test_console.py",
    "ops/console/test_other_routes_in_chromium.py",
    "sms/test_doors.py",
    "conversations/test_certify_by_voice.py",
    "sms/test_smpp.py",
    "sms/test_kannel.py",
    "conversations/test_nothing_is_lost.py",
    "certification/test_comparison_judging.py",
    "sms/outbox/test_slices.py",
    "conversations/test_keypad_and_human.py",
    "ops/console/test_payments_in_chromium.py",
    "sms/outbox/test_campaigns.py",
    "conversations/test_confirm.py",
    "certification/test_comparison_killed.py",
    "ops/console/test_in_chromium.py",
    "conversations/test_enrol.py",
    "ops/console/test_enrol_in_chromium.py",
    "ops/console/test_record_in_chromium.py",
    "conversations/test_on_postgresql.py",
    "ops/test_worker.py",
    "ops/console/test_listening_in_chromium.py",
    "ops/console/test_provider_in_chromium.py",
    "voiceprint/test_tuning.py",
    "sms/test_prism.py",
)


def slowest_first(items: list[pytest.Item]) -> None:
    """Sort tests by file; those of a file stay together, in their order."""
    rank = {f"tests/{name}": at for at, name in enumerate(FIRST)}
    count = Counter(_file(item) for item in items)
    items.sort(key=lambda item: (rank.get(_file(item), len(rank)), -count[_file(item)], _file(item)))


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
