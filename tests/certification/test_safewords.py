"""Safe words: what may be one, kept sealed, changed and taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from certification import safewords
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.safewords import WordUnfit
from certification.store import JournalEntry, Person, SafeWord


def choose(rt: Runtime, person: Person, word: str) -> None:
    with rt.sessions.begin() as session:
        safewords.choose(session, rt, session.get_one(Person, person.id), word, "clerk")


def of(rt: Runtime, person: Person) -> str | None:
    with rt.sessions() as session:
        return safewords.of(session, rt.keys, session.get_one(Person, person.id))


def test_a_word_is_chosen_changed_and_taken_back(rt: Runtime, wu: Person) -> None:
    assert of(rt, wu) is None
    choose(rt, wu, " 喜鹊 ")
    assert of(rt, wu) == "喜鹊"
    choose(rt, wu, "ｍｏｏｎ")
    assert of(rt, wu) == "moon"
    with rt.sessions.begin() as session:
        assert [safewords.withdraw(session, rt, wu, "clerk") for _ in range(2)] == [True, False]
    assert of(rt, wu) is None
    with rt.sessions() as session:
        said = [f"{one.action}{one.detail}" for one in session.scalars(select(JournalEntry))]
    assert [one for one in said if one.startswith("safe word")] == [
        "safe word chosen{}",
        "safe word chosen{}",
        "safe word withdrawn{}",
    ]


@pytest.mark.parametrize(
    "word",
    ["", "鹊", "喜鹊登枝头", "喜鹊1", "１２３４", "喜 鹊", "喜鹊!", "【喜鹊】", "吴先生", "先生", "老先生", "𠮷𠮷𠮷"],
    ids=range(12),
)
def test_words_that_fit_nobody(rt: Runtime, wu: Person, word: str) -> None:
    with pytest.raises(WordUnfit):
        choose(rt, wu, word)
    assert of(rt, wu) is None


def test_a_word_is_sealed_for_its_person_and_lost_without_its_key(rt: Runtime, wu: Person) -> None:
    choose(rt, wu, "喜鹊")
    with rt.sessions() as session:
        assert "喜鹊".encode() not in session.get_one(SafeWord, wu.id).word_sealed
    assert of(replace(rt, keys=KeyRing.from_text(KeyRing.generate_text("other"))), wu) is None
