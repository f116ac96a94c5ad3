"""decide() is total, does not depend on order, and never opens what was closed."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.evidence import Closed, Kind, Lesser, Open, Rule, Sign, Strength, decide
from certification.periods import Span

SPAN = Span(date(2026, 1, 1), date(2026, 3, 31))
LIVE = Rule(Strength.LIVE)
KUNMING = Rule(Strength.LIVE, Lesser(counts=Strength.POSSESSION, backed_by=Strength.LIVE, months=12))

strengths = st.sampled_from(Strength)
signs = st.builds(
    Sign,
    kind=st.sampled_from(Kind),
    strength=strengths,
    on=st.dates(SPAN.opens - timedelta(days=800), SPAN.due + timedelta(days=100)),
    id=st.text("abc", max_size=3),
)
rules = st.builds(
    Rule,
    needs=strengths,
    lesser=st.none() | st.builds(Lesser, counts=strengths, backed_by=strengths, months=st.integers(1, 60)),
)


def sign(kind: Kind, strength: Strength, on: date, name: str = "a") -> Sign:
    return Sign(kind, strength, on, name)


@given(st.lists(signs), rules)
def test_there_is_always_an_answer_and_it_is_one_of_the_signs_in_the_span(given_signs: list[Sign], rule: Rule) -> None:
    match decide(SPAN, given_signs, rule):
        case Closed(by):
            assert by in given_signs
            assert by.on in SPAN
        case Open(needs):
            assert needs == rule.needs


@given(st.lists(signs), rules, st.randoms())
def test_order_and_repetition_do_not_matter(given_signs: list[Sign], rule: Rule, random: Random) -> None:
    shuffled = given_signs * 2
    random.shuffle(shuffled)
    assert decide(SPAN, shuffled, rule) == decide(SPAN, given_signs, rule)


@given(st.lists(signs), st.lists(signs), rules)
def test_further_signs_never_open_what_was_closed(given_signs: list[Sign], further: list[Sign], rule: Rule) -> None:
    if isinstance(decide(SPAN, given_signs, rule), Closed):
        assert isinstance(decide(SPAN, given_signs + further, rule), Closed)


@given(st.lists(signs), rules, strengths)
def test_asking_for_less_never_opens_what_was_closed(given_signs: list[Sign], rule: Rule, needs: Strength) -> None:
    if needs <= rule.needs and isinstance(decide(SPAN, given_signs, rule), Closed):
        assert isinstance(decide(SPAN, given_signs, Rule(needs, rule.lesser)), Closed)


@given(st.lists(signs), rules)
def test_a_claim_alone_closes_only_where_a_claim_is_asked_for(given_signs: list[Sign], rule: Rule) -> None:
    claims = [one for one in given_signs if one.strength == Strength.CLAIM]
    if rule.needs > Strength.CLAIM and (rule.lesser is None or rule.lesser.backed_by > Strength.CLAIM):
        assert decide(SPAN, claims, rule) == Open(rule.needs)


@pytest.mark.parametrize("strength", [Strength.LIVE, Strength.OFFICIAL])
@pytest.mark.parametrize("on", [SPAN.opens, SPAN.due])
def test_enough_in_the_span_closes_it(strength: Strength, on: date) -> None:
    voice = sign(Kind.VOICE, strength, on)
    assert decide(SPAN, [voice], LIVE) == Closed(voice)


@pytest.mark.parametrize("on", [SPAN.opens - timedelta(days=1), SPAN.due + timedelta(days=1)])
def test_enough_outside_the_span_does_not(on: date) -> None:
    assert decide(SPAN, [sign(Kind.DESK, Strength.OFFICIAL, on)], LIVE) == Open(Strength.LIVE)


def test_the_earliest_that_suffices_closes_it() -> None:
    pin = sign(Kind.PIN, Strength.POSSESSION, date(2026, 1, 2), "pin")
    first = sign(Kind.VOICE, Strength.LIVE, date(2026, 2, 1), "first")
    second = sign(Kind.DESK, Strength.OFFICIAL, date(2026, 2, 2), "second")
    assert decide(SPAN, [second, first, pin], LIVE) == Closed(first)


def test_a_pin_alone_needs_more() -> None:
    pin = sign(Kind.PIN, Strength.POSSESSION, date(2026, 2, 1))
    assert decide(SPAN, [pin], LIVE) == Open(Strength.LIVE)
    assert decide(SPAN, [pin], KUNMING) == Open(Strength.LIVE)


def test_in_kunming_a_claim_never_counts() -> None:
    claim = sign(Kind.DESK, Strength.CLAIM, date(2026, 2, 1), "claim")
    voice = sign(Kind.VOICE, Strength.LIVE, date(2025, 12, 31), "voice")
    assert decide(SPAN, [claim, voice], KUNMING) == Open(Strength.LIVE)


@pytest.mark.parametrize(
    ("spoke_on", "closes"),
    [
        (date(2025, 2, 1), True),
        (date(2025, 1, 31), False),
        (date(2025, 12, 31), True),
        (date(2026, 4, 1), False),  # the next quarter's, after the PIN
    ],
)
def test_in_kunming_a_pin_counts_while_the_voice_is_recent(spoke_on: date, closes: bool) -> None:
    pin = sign(Kind.PIN, Strength.POSSESSION, date(2026, 2, 1), "pin")
    voice = sign(Kind.VOICE, Strength.LIVE, spoke_on, "voice")
    assert decide(SPAN, [pin, voice], KUNMING) == (Closed(pin) if closes else Open(Strength.LIVE))
