"""What pages say: both catalogues complete, compiled as written, and nothing said outside of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from babel.support import Translations

from certification import visits
from certification.agents import AgentKind
from certification.cases import CaseKind
from certification.comparison.rules import Outcome
from certification.contacts import Channel
from certification.earlier import Came
from certification.errands import Kind as Errand
from certification.evidence import Kind, Strength
from certification.helpers import Relation
from certification.judgements import Found
from certification.listened import By
from certification.needs import Declared
from certification.paperfaults import STATES
from certification.papers import DocumentKind, PaperKind
from certification.records import What
from certification.reports.equity import Harm
from certification.reports.groups import BANDS, YOUNGER, PhoneType, Trait
from certification.reports.reading import BY, COUNTS, Column
from certification.roster import Stand
from certification.staff import Role
from certification.suspension import releasing
from ivr.studio import Doubt
from ops.commands.cases import WHOSE
from ops.console import language, navigation, shown
from ops.console.audit import actions
from ops.console.desk.enrol import Step
from ops.console.payments import lists
from ops.console.reports.fairness import FILE
from ops.console.review.spoken import Fit
from ops.console.setup import HERE, SAID
from ops.console.studio.sentences import Says
from ops.console.work import batches, errands, runs
from voiceprint.challenge import Suspicion
from voiceprint.quality import Reason

CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
KEY = re.compile(r"""(?:\b_|gettext)\(\s*["']([a-z_0-9.]+)["'](?!\s*~)""")
MADE_UP = re.compile(r"""(?:\b_|gettext)\(\s*f?["']([a-z_]+\.)(?:\{|["']\s*~)""")
FAMILIES = {
    "relation.": set(map(str, Relation)),
    "nav.": {page.name for page in navigation.PAGES},
    "case.": {kind.value for kind in CaseKind},
    "role.": {role.value for role in Role},
    "verdict.": set(shown.VERDICTS),
    "mistake.": {"person", "neighbour", "paper", "visit", "family"},
    "doubt.": {*map(str, Suspicion), *map(str, Reason)},
    "whose.": set(WHOSE),
    "dialect.": {path.name for path in Path("ivr/words").iterdir() if (path / "prompts.toml").is_file()},
    "did.": {actions.key(one) for one in actions.KNOWN},
    "journal_fault.": {"missing", "apart", "altered", "other_end"},
    "listened_by.": set(map(str, By)),
    "change.": set(map(str, What)),
    "need.": set(map(str, Declared)),
    "evidence.": set(map(str, Kind)),
    "strength.": {str(int(one)) for one in Strength},
    "says.": set(map(str, Says)),
    "prompt_doubt.": set(map(str, Doubt)),
    "enrol_step.": set(map(str, Step)),
    "enrol_came.": {"pending", "enrolled", "confirmed", "differ", "poor", "unsure"},
    "enrol_reason.": set(map(str, Reason)),
    "stand.": set(map(str, Stand)),
    "paper_state.": set(STATES),
    "paper_kind.": set(map(str, PaperKind)),
    "document.": set(map(str, DocumentKind)),
    "visit_state.": set(visits.STATES),
    "appointment_state.": {"booked", "kept", "cancelled", "missed"},
    "report.": {
        *(f"by_{one}" for one in BY),
        *(f"{kind}_{one}" for kind in ("col", "file") for one in Column),
        *(f"means_{one}" for one in (*COUNTS, *Harm)),
        *(f"harm_{one}" for one in Harm),
        *(f"among_{one.among}" for one in Harm),
        *(f"do_{one}" for one in Trait),
        *(f"age_{one}" for one in (YOUNGER, *BANDS, "unknown")),
        *(f"sex_{one}" for one in ("female", "male", "unknown")),
        *(f"phone_{one}" for one in PhoneType),
        *(f"{one}_unknown" for one in ("dialect", "need", "route")),
        *(f"equity_{one}" for one in FILE),
        *("from", "to"),
    },
    "agent_kind.": set(map(str, AgentKind)),
    "going.": {releasing.CHECKING, releasing.SUSPENDING},
    "listed.": set(lists.STATES),
    "stage.": set(lists.STAGES),
    "channel.": set(map(str, Channel)),
    "outcome.": {*map(str, Outcome), *map(str, visits.Outcome)},
    "run_state.": set(runs.STATES),
    "campaign_state.": set(batches.STATES),
    "message.": set(batches.MESSAGES),
    "count.": {*runs.COUNTS, *batches.COUNTS} - set(map(str, Outcome)),
    "errand_kind.": set(map(str, Errand)),
    "errand_state.": set(errands.STATES),
    "unsent.": {actions.key(one) for one in batches.UNSENT},
    "batch_deed.": set(batches.DEEDS),
    "batch_sure.": set(batches.DEEDS),
    "batch_done.": set(batches.DEEDS),
    "calm.": {"quiet", "some", "loud", "nobody"},
    "fit.": set(map(str, Fit)),
    "came.": set(map(str, Came)),
    "operators.": {"certified", "agreed", "quick", "accepted", "rejected", "times", "of", "low", "high"},
    "tired.": {"week", "hour", "row"},
    "found.": set(map(str, Found)),
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
