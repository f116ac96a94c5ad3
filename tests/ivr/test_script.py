"""Every step can be reached, every walk ends, and every result leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import TopologicalSorter

import pytest

from certification.regions import Regions
from ivr.acts import ACTS
from ivr.dialects import HOME, dialects
from ivr.prompts import Prompts
from ivr.script import SCRIPT
from ivr.scripts.appointment import time_said
from ivr.scripts.certify import CERTIFYING
from ivr.scripts.common import ON_A_PAGE, SHORT, offered
from ivr.speech.vocabulary import meanings
from ivr.steps import BACK, PENDING, REPEAT, AnyStep, End, Facts, Keys, Speak, State, Tell, Transfer, Wait

OUTCOMES = {
    "certified",
    "pin_certified",
    "booked",
    "recorded",
    "human",
    "call_back",
    "promised",
    "informed",
    "enrolled",
    "confirmed",
}


def results(step: AnyStep) -> frozenset[str] | None:
    """Every result that chooses the next step; None where there is nothing to choose."""
    match step:
        case End():
            return frozenset()
        case Transfer():
            return frozenset({"completed", "failed"})
        case _ if isinstance(step.then, str):
            return None
        case Wait(act=str(act)) | Keys(act=str(act)) | Speak(act=str(act)):
            return ACTS[act].results - {PENDING, REPEAT}
        case Keys(choices=dict(choices)) | Speak(choices=dict(choices)):
            return frozenset(choices.values()) - {REPEAT}
        case Tell(prepare=str(prepare)):
            return ACTS[prepare].results
        case _:
            raise AssertionError(f"nothing chooses the next step of {step}")


def onward(name: str) -> Iterator[str]:
    """Every step that may follow."""
    step = SCRIPT[name]
    successors = [step.then] if isinstance(step.then, str) else list(step.then.values())
    if isinstance(step, Keys | Speak):
        successors.append(step.lost)
    if isinstance(step, Keys) and step.skip:
        successors.append(step.skip)
    if isinstance(step, Keys | Speak | Wait):
        successors.append("human")
    if isinstance(step, Keys | Speak | Wait) and name != "language.page":
        successors.append("language")
    for successor in successors:
        yield from backs() if successor == BACK else [successor]


def backs() -> list[str]:
    """Where BACK may lead: key 9 brings the caller from any of these to the choice of dialect."""
    return [name for name, step in SCRIPT.items() if isinstance(step, Keys | Speak | Wait) and name != "language.page"]


@pytest.mark.parametrize("name", SCRIPT)
def test_every_result_leads_to_a_step_and_every_lead_has_a_result(name: str) -> None:
    step = SCRIPT[name]
    expected = results(step)
    if expected is not None:
        assert isinstance(step.then, dict)
        assert set(step.then) == set(expected)
    assert set(onward(name)) <= set(SCRIPT)


def test_every_step_is_reached() -> None:
    reached, edge = {"begin"}, ["begin"]
    while edge:
        for successor in onward(edge.pop()):
            if successor not in reached:
                reached.add(successor)
                edge.append(successor)
    assert reached == set(SCRIPT)


def test_from_every_step_the_call_can_end() -> None:
    ending = {name for name, step in SCRIPT.items() if isinstance(step, End)}
    while more := {name for name in SCRIPT if name not in ending and ending & set(onward(name))}:
        ending |= more
    assert ending == set(SCRIPT)


def test_no_call_tells_for_ever() -> None:
    tells = {name: set(onward(name)) for name, step in SCRIPT.items() if isinstance(step, Tell)}
    TopologicalSorter(tells).prepare()  # raises CycleError


def test_every_edge_function_is_used_and_none_is_missing() -> None:
    used = {name for step in SCRIPT.values() for name in (step.prepare, step.act) if name}
    assert used == set(ACTS)


def test_every_end_has_an_outcome() -> None:
    assert {step.outcome for step in SCRIPT.values() if isinstance(step, End)} == OUTCOMES


def test_a_menu_has_at_most_four_options_and_hears_every_command() -> None:
    menu = SCRIPT["menu"]
    assert isinstance(menu, Speak) and menu.choices is not None
    assert set(meanings("menu")) <= set(menu.choices)
    assert {menu.choices[key] for key in "1230"} == {"certify", "date", "help", "human"}


@pytest.mark.parametrize("appointments", [False, True], ids=["no-appointments", "appointments"])
def test_the_menu_after_the_regions_answer_has_at_most_four_options(appointments: bool) -> None:
    help_ = SCRIPT["help"]
    saying = help_.saying(State("help", known={"where": {"appointments": appointments}}))
    keys = [key for name in saying for key in re.findall("请按(.)", Prompts(None, Regions.load()).text(HOME, name))]
    assert keys == (["一", "二", "三", "零"] if appointments else ["二", "三", "零"])


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("09:00", ("time.morning", "hour.9")),
        ("12:30", ("time.noon", "hour.12", "minute.30")),
        ("14:05", ("time.afternoon", "hour.2", "digit.0", "digit.5", "time.minute")),
    ],
    ids=["morning", "noon", "afternoon"],
)
def test_every_time_of_an_office_can_be_said(at: str, said: tuple[str, ...]) -> None:
    time = time_said("nanjing", [2, f"2026-03-11T{at}:00+08:00"])
    assert time == ("region.nanjing.office.2", SHORT, "month.3", "day.11", *said)
    assert all(Prompts(None, Regions.load()).audio(HOME, name) for name in time)


@pytest.mark.parametrize("page", [0, 1, 2])
def test_a_page_of_languages_has_at_most_four_options(page: int) -> None:
    known: dict[str, Facts] = {"languages": {"dialects": [*dialects()], "page": page}}
    saying = offered(State("language.page", known=known))
    keys = [name.rpartition(".")[2] for name in saying if ".".join(name.split(":")[-1].split(".")[:1]) == "digit"]
    assert keys == [str(key) for key in range(1, len(keys) + 1)]
    assert 2 <= len(keys) <= 4
    assert saying[-2:] == ("language.others", "digit.4")


def test_every_language_is_on_one_page() -> None:
    known: list[dict[str, Facts]] = [
        {"languages": {"dialects": [*dialects()], "page": page}} for page in range(-(-len(dialects()) // ON_A_PAGE))
    ]
    said = [name for facts in known for name in offered(State("language.page", known=facts)) if ":language." in name]
    assert said == [f"{code}:language.{code}" for code in dialects()]


def test_a_region_with_few_dialects_and_no_others_offers_no_others() -> None:
    known: dict[str, Facts] = {"languages": {"dialects": ["mandarin", "cantonese"], "page": 0}}
    assert "language.others" not in offered(State("language.page", known=known))


def test_a_dropped_call_is_taken_up_only_on_the_way_to_a_certification() -> None:
    assert {"certify.who.tail", "challenge", "assess", "pin"} <= CERTIFYING
    assert (
        not {"menu", "language.page", "recorded", "human.transfer", "enrol.challenge", "confirm.challenge"} & CERTIFYING
    )
