"""What pages say: both catalogues complete, compiled as written, and nothing said outside of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from babel.support import Translations

from certification.cases import CaseKind
from certification.evidence import Kind, Strength
from certification.needs import Declared
from certification.records import What
from certification.staff import Role
from ivr.studio import Doubt
from ops.commands.cases import WHOSE
from ops.console import language
from ops.console.desk.enrol import Step
from ops.console.setup import HERE, SAID
from ops.console.studio.sentences import Says
from voiceprint.challenge import Suspicion
from voiceprint.quality import Reason

CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
KEY = re.compile(r"""(?:\b_|gettext)\(\s*["']([a-z_0-9.]+)["'](?!\s*~)""")
MADE_UP = re.compile(r"""(?:\b_|gettext)\(\s*f?["']([a-z_]+\.)(?:\{|["']\s*~)""")
FAMILIES = {
    "case.": {kind.value for kind in CaseKind},
    "role.": {role.value for role in Role},
    "doubt.": {*map(str, Suspicion), *map(str, Reason)},
    "whose.": set(WHOSE),
    "dialect.": {path.name for path in Path("ivr/words").iterdir() if (path / "prompts.toml").is_file()},
    "change.": set(map(str, What)),
    "need.": set(map(str, Declared)),
    "evidence.": set(map(str, Kind)),
    "strength.": {str(int(one)) for one in Strength},
    "says.": set(map(str, Says)),
    "prompt_doubt.": set(map(str, Doubt)),
    "enrol_step.": set(map(str, Step)),
    "enrol_came.": {"pending", "enrolled", "confirmed", "differ", "poor", "unsure"},
    "enrol_reason.": set(map(str, Reason)),
    "error.": {*(str(code) for code in SAID), "csrf"},
}


def catalogue(code: str) -> dict[str, str]:
    with (HERE / "words" / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file, locale=code) if one.id}


def pages() -> list[Path]:
    return [*HERE.rglob("*.html"), *HERE.rglob("*.py")]


def said() -> set[str]:
    keys = {key for path in pages() for key in KEY.findall(path.read_text("utf-8"))}
    families = {name for path in pages() for name in MADE_UP.findall(path.read_text("utf-8"))}
    assert families == set(FAMILIES)
    keys |= {name + one for name, ones in FAMILIES.items() for one in ones}
    return keys | {f"error.{one}.text" for one in FAMILIES["error."]}


@pytest.mark.parametrize("code", language.LANGUAGES)
def test_a_catalogue_says_everything_and_nothing_else(code: str) -> None:
    found = catalogue(code)
    assert found.keys() == said()
    assert all(found.values())


def test_both_say_the_same_of_the_same() -> None:
    parts = re.compile(r"%\(\w+\)s")
    zh, en = catalogue("zh"), catalogue("en")
    assert {key: sorted(parts.findall(text)) for key, text in zh.items()} == {
        key: sorted(parts.findall(text)) for key, text in en.items()
    }
    assert not [key for key, text in en.items() if CHINESE.search(text)]


@pytest.mark.parametrize("code", language.LANGUAGES)
def test_what_is_compiled_is_what_is_written(code: str) -> None:
    """After a change: pybabel compile -d ops/console/words."""
    compiled = Translations.load(HERE / "words", [code])
    assert {key: text for key, text in compiled._catalog.items() if key} == catalogue(code)


def test_no_page_and_no_program_holds_a_sentence_of_its_own() -> None:
    names = set(language.LANGUAGES.values())
    for path in [*pages(), *HERE.rglob("*.js")]:
        text = path.read_text("utf-8")
        for name in names:
            text = text.replace(name, "")
        found = [line for line in text.splitlines() if CHINESE.search(line.replace("（", "").replace("）", ""))]
        assert not found, f"{path.name}: {found}"
    for path in HERE.rglob("*.html"):
        bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", " ", path.read_text("utf-8"), flags=re.DOTALL)
        words = [word for word in re.findall(r"[A-Za-z]{2,}", bare) if word not in ("nbsp",)]
        assert not words, f"{path.name}: {words}"
