"""How people type, brought into one plain form: small letters, simplified characters, half width. Pure."""

from __future__ import annotations

import unicodedata

from proces import traditional_to_simplified

_UNSEEN = ("Cf", "Mn", "Me")  # joiners, variation selectors, the frame of a keycap
_ALSO = str.maketrans("係麽裡裏臺爲鐘週遊複準註畀弍弎", "系么里里台为钟周游复准注俾贰叁")  # not in MediaWiki's table


def plain(text: str) -> str:
    """The text in its plain form; what cannot be seen is left out."""
    seen = "".join(letter for letter in text if unicodedata.category(letter) not in _UNSEEN)
    simple: str = traditional_to_simplified(unicodedata.normalize("NFKC", seen).casefold())
    return simple.translate(_ALSO).strip()
