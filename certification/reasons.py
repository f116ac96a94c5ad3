"""Reasons that the journal keeps for good: they say why, and name nobody."""

from __future__ import annotations

import re

from certification.errors import Problem
from certification.keys import KeyRing, SealBroken
from certification.people import reveal
from certification.store import Person

_DAY = re.compile(r"\d{4}-\d\d?-\d\d?")
_BETWEEN = re.compile(r"[\s-]")  # as numbers are written in groups
_NUMBER = re.compile(r"\d{7}")  # of a telephone or an identity; \d finds full-width digits too


class ReasonMissing(Problem):
    """A deed that is for a human says why."""

    def __init__(self) -> None:
        super().__init__("请写明原因再办。什么都没有丢。", "Please say why. Nothing is lost.")


class ReasonPersonal(Problem):
    """A reason holds a number or the person's name, which could never be erased from the journal."""

    def __init__(self) -> None:
        super().__init__(
            "原因会永久留在日志里，请不要写姓名、身份证号或电话，例如写“本人书面申请”。",
            "The journal keeps the reason for good: write no name, identity number or telephone; such as “asked for"
            " in writing”.",
        )


def impersonal(reason: str) -> str:
    """The reason as it is kept. Raises ReasonPersonal where it holds what looks like a number."""
    if _NUMBER.search(_BETWEEN.sub("", _DAY.sub(" . ", reason))):
        raise ReasonPersonal
    return reason.strip()


def about(keys: KeyRing, person: Person, reason: str) -> str:
    """The same of a reason that is about a person: their name is not in it either. Raises ReasonPersonal."""
    try:
        name = reveal(keys, person).name
    except SealBroken:  # nobody can read it any more
        name = ""
    if len(name) > 1 and name in reason:  # one letter alone is in many words
        raise ReasonPersonal
    return impersonal(reason)
