"""Which codes of the carriers are about the number, and stay so."""

from __future__ import annotations

import pytest

from sms.providers.codes import permanent


@pytest.mark.parametrize("code", ["21211", "21610", "21614", "30004", "30005", "30006"])
def test_codes_about_the_number_last(code: str) -> None:
    assert permanent("twilio", code)
    assert not permanent("kannel", code)


@pytest.mark.parametrize("code", ["30001", "30003", "30008", "20429", "", None])
def test_other_codes_pass(code: str | None) -> None:
    assert not permanent("twilio", code)
