"""The base of every error that a person is meant to read: Chinese first, English beside it, with the way out."""

from __future__ import annotations


class Problem(ValueError):
    """Something a person can put right. `zh` and `en` say what is wrong and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")
        self.zh = zh
        self.en = en
