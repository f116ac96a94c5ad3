"""Segments are counted as carriers bill them: against Twilio's own calculator, and at the edges by hand."""

from __future__ import annotations

import json
import subprocess
from random import Random

import pytest

from sms.segments import Encoding, measure
from tests.peers import HERE, node_modules

SEED = 20261127
PLAIN = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCXYZÄÖÑÜ§¿abcxyzäöñüà"
EXTENDED = "\f^{}\\[~]|€"
CHINESE = "您该做养老金认证了最晚请回复的六位密码或打不收费。，！？：【】“”"
RARE = "𠮷𨋢𡃁𪚥😀🙏👍🌹"
CLUSTERS = ("é", "ñ̃", "1️⃣", "👍🏽", "👨‍👩‍👧", "🇨🇳", "🇨🇳🇭🇰", "❤️", "각", "\r\n", "நி", "👩🏽‍⚕️")
OTHER = "`çáôœŠ\t\u00a0\u200b…–’"
KINDS = {
    "gsm": (PLAIN,),
    "extended": (PLAIN, EXTENDED, EXTENDED),
    "chinese": (CHINESE,),
    "rare": (CHINESE, RARE),
    "clusters": (CHINESE, CLUSTERS),
    "mixed": (PLAIN, EXTENDED, CHINESE, RARE, CLUSTERS, OTHER),
}


def generated(count: int) -> list[str]:
    """So many texts of every kind, many of them about as long as whole segments are."""
    random = Random(SEED)
    edges = [edge + off for edge in (67, 70, 134, 153, 160, 201, 268, 306) for off in range(-3, 4)]
    texts = []
    for number in range(count):
        alphabets = list(KINDS.values())[number % len(KINDS)]
        length = random.choice((random.randrange(1, 280), random.choice(edges)))
        text = ""
        while len(text.encode("utf-16-le")) < 2 * length:
            text += random.choice(random.choice(alphabets))
        texts.append(text)
    return texts


def test_ten_thousand_texts_are_counted_as_twilio_counts_them() -> None:
    texts = generated(10_000)
    told = subprocess.run(
        ["node", str(HERE / "segments.mjs")],
        cwd=node_modules().parent,
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = [(name.replace("-", "").lower(), segments) for name, segments in json.loads(told.stdout)]
    ours = [(length.encoding.value, length.segments) for length in map(measure, texts)]
    assert {kind for kind, _ in theirs} == set(Encoding)
    differ = [(text, *pair) for text, *pair in zip(texts, ours, theirs, strict=True) if pair[0] != pair[1]]
    assert not differ, f"{len(differ)} of {len(texts)}, such as {differ[0]}"


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("您" * 70, 1),
        ("您" * 71, 2),
        ("您" * 134, 2),
        ("您" * 135, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("€" * 152, 2),
        ("€" * 153, 3),  # 76 of them to a segment: no escape is cut from its character
        ("𠮷" * 35, 1),
        ("𠮷" * 66, 2),
        ("𠮷" * 67, 3),  # 33 of them to a segment: no surrogate pair is cut
    ],
)
def test_segments_at_the_edges(text: str, segments: int) -> None:
    assert measure(text).segments == segments
