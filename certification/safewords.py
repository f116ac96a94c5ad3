"""The word that a person chose at the desk, by which they tell our messages from fraud."""

from __future__ import annotations

import logging
import unicodedata

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from certification import journal, people, seals
from certification.errors import Problem
from certification.keys import KeyRing, SealBroken
from certification.runtime import Runtime
from certification.store import Person, SafeWord, insert_once

logger = logging.getLogger(__name__)

SHORTEST, LONGEST = 2, 4
"""In UTF-16 units, of which a message has 70."""


class WordUnfit(Problem):
    """No word that fits into every message, and that nobody would guess who knows the person's name."""

    def __init__(self) -> None:
        super().__init__(
            f"暗号应为 {SHORTEST} 到 {LONGEST} 个字，不含数字和标点，也不能是本人的姓名，请另选一个。",
            f"A safe word has {SHORTEST} to {LONGEST} characters, no digits or signs, and is no name of theirs:"
            " choose another.",
        )


def choose(session: Session, rt: Runtime, person: Person, word: str, by: str) -> None:
    """Put this word into every message to the person from now on, in place of an earlier one. Raises WordUnfit."""
    plain = unicodedata.normalize("NFKC", word).strip()
    if not _fits(plain) or _named(plain, people.reveal(rt.keys, person).name):
        raise WordUnfit
    fresh = {"word_sealed": rt.keys.seal(plain.encode(), seals.safe_word(person.id)), "chosen_at": rt.now()}
    if not insert_once(session, SafeWord, person_id=person.id, **fresh):
        session.execute(update(SafeWord).where(SafeWord.person_id == person.id).values(**fresh))
    journal.write(session, rt.now(), by, "safe word chosen", f"person:{person.id}")


def withdraw(session: Session, rt: Runtime, person: Person, by: str) -> bool:
    """Put no word into messages to the person any more; False where there is none."""
    mine = delete(SafeWord).where(SafeWord.person_id == person.id).returning(SafeWord.person_id)
    if session.scalar(mine) is None:
        return False
    journal.write(session, rt.now(), by, "safe word withdrawn", f"person:{person.id}")
    return True


def of(session: Session, keys: KeyRing, person: Person) -> str | None:
    """The person's word. One that does not open is passed over, and said in the log: a message must not wait for it."""
    chosen = session.get(SafeWord, person.id, populate_existing=True)
    try:
        return None if chosen is None else keys.open(chosen.word_sealed, seals.safe_word(person.id)).decode()
    except SealBroken as error:
        logger.error("the safe word of person %s cannot be read: %s", person.id, error)
        return None


def _fits(word: str) -> bool:
    units = len(word.encode("utf-16-le", "surrogatepass")) // 2
    return word.isalpha() and SHORTEST <= units <= LONGEST


def _named(word: str, name: str) -> bool:
    """Whether the word is the name, a part of it, or has the name or what follows the surname in it."""
    word, name = word.casefold(), "".join(name.casefold().split())
    return word in name or any(len(part) >= SHORTEST and part in word for part in (name, name[1:]))
