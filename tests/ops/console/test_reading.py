"""What is typed into the search, or comes from a card reader, is told apart."""

from __future__ import annotations

import pytest

from ops.console.desk.find import How, Wanted, read


@pytest.mark.parametrize(
    ("wanted", "narrow", "read_as"),
    [
        ("吴桂芳,530102194603050021", "", (How.NUMBER, "530102194603050021", "吴桂芳", "")),
        ("吴桂芳，530102194603050021", "", (How.NUMBER, "530102194603050021", "吴桂芳", "")),
        ("吴桂芳\t53010219460305002x", "", (How.NUMBER, "53010219460305002x", "吴桂芳", "")),
        ("吴桂芳", "530102194603050021", (How.NUMBER, "530102194603050021", "吴桂芳", "")),
        ("530102194603050021", "", (How.NUMBER, "530102194603050021", "", "")),
        ("530102 19460305 0021", "", (How.NUMBER, "530102 19460305 0021", "", "")),
        ("530102460305002", "", (How.NUMBER, "530102460305002", "", "")),
        ("+86 138 8800 0001", "", (How.TELEPHONE, "+86 138 8800 0001", "", "")),
        ("吴桂芳 13888000001", "", (How.TELEPHONE, "13888000001", "吴桂芳", "")),
        ("吴桂芳", "", (How.NAME, "吴桂芳", "吴桂芳", "")),
        ("吴桂芳 1946", "", (How.NAME, "吴桂芳", "吴桂芳", "1946")),
        ("吴桂芳", "００2x", (How.NAME, "吴桂芳", "吴桂芳", "002x")),
        ("John  Smith", "1946", (How.NAME, "John Smith", "John Smith", "1946")),
        ("A" * 32, "", (How.IDENTIFIER, "a" * 32, "", "")),
    ],
    ids=lambda one: str(one).replace("\t", "TAB"),
)
def test_the_field_tells_apart_what_is_typed_or_read(
    wanted: str, narrow: str, read_as: tuple[How, str, str, str]
) -> None:
    assert read(wanted, narrow) == Wanted(*read_as)
