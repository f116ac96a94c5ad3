"""What the line writes is signed, polite, holds no link, fits its segments, and is there in every dialect."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from certification.phones import dialled
from certification.regions import Region, Regions
from ivr.dialects import dialects as spoken_dialects
from sms.texts import HOME, HOW, KEYS, SAME_A_DAY, dialects, facts_of, longest, otherwise, render, sentences, signature

REGIONS = Regions.load()
FACTS = {
    "due": "2026-11-30",
    "next_due": "2027-11-30",
    "receipt": "1234567890",
    "code": "482913",
    "left": 3,
    "until": "2026-11-30T16:30:00+00:00",
    "at": "2026-12-03T09:30:00+08:00",
    "office": "玄武区社保窗口",
}
NAMED = {
    "reminder.pin": {"due"},
    "reminder.call": {"due"},
    "reminder.code": {"due", "code"},
    "reminder.last": {"due"},
    "reminder.last_code": {"due", "code"},
    "reminder.copy": {"due"},
    "reminder.copy_last": {"due"},
    "ladder.message": {"due"},
    "answer.certified": {"receipt", "next_due"},
    "answer.recorded": {"due"},
    "answer.already": {"next_due"},
    "answer.open": {"due"},
    "answer.wrong": {"left"},
    "answer.code_wrong": {"left"},
    "answer.code_open": {"due"},
    "answer.call_open": {"due"},
    "answer.locked": {"until"},
    "receipt.call": {"receipt", "next_due"},
    "verdict.certified": {"receipt"},
    "undone.stands": {"receipt"},
    "appointment.booked": {"office", "at"},
    "appointment.moved": {"office", "at"},
    "appointment.cancelled": {"at"},
}
BARE = "no_pin pin unknown which help human call_me urgent urgent_later stopped not_stopped started death thanks"
CODE = "yes no unreadable code_over code_later code_many code_yes code_unreadable call_yes call_unreadable"
WITHOUT_FACTS = {
    "how",
    "verdict.more",
    "verdict.invited",
    "undone.sign",
    "undone.verdict",
    "call.dropped",
    "answer.offer_call",
    "answer.closed",
} | {f"answer.{name}" for name in f"{BARE} {CODE}".split()}
OFTEN = ("answer.locked", "answer.unreadable", "answer.code_unreadable", "answer.call_unreadable", "answer.offer_call")
KUNMING = REGIONS["kunming"]


@pytest.fixture(params=list(REGIONS), ids=lambda region: region.code)
def region(request: pytest.FixtureRequest) -> Region:
    """Each built-in region."""
    found: Region = request.param
    return found


def test_every_sentence_is_there_and_asks_for_the_facts_it_is_given() -> None:
    wordings = {f"{words}.{n}": NAMED.get(words, set()) for words in OFTEN for n in (2, 3)}
    bare = {words: set[str]() for words in WITHOUT_FACTS}
    assert {words: facts_of(words) for words in KEYS} == NAMED | bare | wordings


@pytest.mark.parametrize("dialect", dialects())
@pytest.mark.parametrize("words", OFTEN)
def test_the_other_wordings_of_a_sentence_are_there_where_it_is_and_no_longer(words: str, dialect: str) -> None:
    said = [sentences(dialect).get(one) for one in (words, f"{words}.2", f"{words}.3")]
    written = [one for one in said if one is not None]
    assert len(set(written)) == (3 if words in sentences(dialect) else 0)
    assert all(len(one) <= len(written[0]) for one in written)


@pytest.mark.parametrize("dialect", dialects())
def test_an_answer_that_is_sent_once_more_takes_no_more_segments(region: Region, dialect: str) -> None:
    for words in sorted(words for words in KEYS if words.startswith("answer.")):
        more = otherwise(words, 14, datetime(2026, 12, 31, 12, tzinfo=UTC))
        for safe_word in (False, True):
            once, again = (longest(words, region, dialect, safe_word, one) for one in ({}, more))
            assert again.segments <= max(2, once.segments), words


def test_the_same_answer_goes_as_often_as_a_number_is_answered_and_never_three_times_in_the_same_words() -> None:
    for words in ("answer.unreadable", "answer.thanks", "answer.help"):
        day = datetime(2026, 12, 31, 2, tzinfo=UTC)
        more = [otherwise(words, times, day + timedelta(minutes=times)) for times in range(15)]
        sent = Counter(render(words, KUNMING, None, facts) for facts in more)
        assert max(sent.values()) == SAME_A_DAY


def test_a_dialect_of_the_voice_line_is_one_of_the_text_line() -> None:
    assert set(dialects()) == set(spoken_dialects())


@pytest.mark.parametrize("dialect", [dialect for dialect in dialects() if dialect != HOME])
def test_a_dialect_writes_what_it_writes_differently_with_the_same_facts(dialect: str) -> None:
    own = sentences(dialect)
    assert own.keys() <= KEYS
    assert len(own) >= 8
    for words, sentence in own.items():
        assert sentence != sentences(HOME)[words], words
        assert set(re.findall(r"{\w+}", sentence)) == set(re.findall(r"{\w+}", sentences(HOME)[words])), words


@pytest.mark.parametrize("dialect", dialects())
def test_every_text_fits_its_segments(region: Region, dialect: str) -> None:
    for words in sorted(KEYS):
        most = 1 if words.startswith(("reminder.", "ladder.", "verdict.", "call.")) else 2
        assert longest(words, region, dialect, safe_word=True).segments <= most, words
        assert longest(words, region, dialect, safe_word=False).segments <= most, words


@pytest.mark.parametrize("dialect", dialects())
def test_every_text_is_signed_polite_and_without_a_link(region: Region, dialect: str) -> None:
    for words in sorted(KEYS):
        text = render(words, region, dialect, FACTS)
        assert text.startswith(signature(region)) and text.endswith("。"), text
        assert not re.search(r"https?|www|\.(?:cn|com|gov)|[a-z]|[{}]", text, re.IGNORECASE), text
        assert "你" not in text
        if words.startswith(("reminder.", "ladder.")):
            assert dialled(region.operator.number) in text
            assert "您" in text or "侬" in text


@pytest.mark.parametrize("dialect", dialects())
@pytest.mark.parametrize("words", ["verdict.certified", "verdict.more", "verdict.invited", "call.dropped"])
def test_what_comes_of_a_call_is_written_in_every_dialect_and_refuses_nobody(words: str, dialect: str) -> None:
    said = sentences(dialect)[words]
    assert "您" in said or "侬" in said
    assert not re.search("拒|不通过|失败|不合格|冒", said)


@pytest.mark.parametrize("words", sorted(KEYS))
def test_wherever_they_are_told_to_telephone_the_number_is_there(words: str) -> None:
    if words not in HOW:
        for dialect in dialects():
            said = sentences(dialect).get(words, "")
            assert said.count("请打") + said.count("或打") + said.count("或者打") <= said.count("{number}"), said


@pytest.mark.parametrize("dialect", dialects())
def test_every_dialect_asks_for_a_code_and_tells_of_an_appointment_in_its_own_words(dialect: str) -> None:
    told = ("booked", "moved", "cancelled")
    assert {"reminder.code", "reminder.last_code", *(f"appointment.{one}" for one in told)} <= sentences(dialect).keys()


def test_a_reminder_reads_as_a_person_would_write_it() -> None:
    assert render("reminder.pin", KUNMING, None, FACTS) == (
        "【昆明社保】您该做养老金认证了，最晚11月30日。请回复您的六位密码，或打087112333。不收费。"
    )


def test_the_safe_word_stands_in_the_same_way_in_every_text() -> None:
    for words in KEYS:
        assert render(words, KUNMING, "cantonese", FACTS, "喜鹊").endswith("。暗号：喜鹊")


def test_a_safe_word_with_braces_is_only_a_word() -> None:
    assert render("answer.thanks", KUNMING, None, {}, "{x}").endswith("暗号：{x}")


def test_days_and_moments_are_written_as_people_say_them_in_shanghai() -> None:
    assert "12月1日00:30" in render("answer.locked", KUNMING, None, FACTS)
    assert "12月3日09:30" in render("appointment.cancelled", KUNMING, None, FACTS)
    assert "最晚2027年11月30日" in render("answer.already", KUNMING, None, FACTS)


def test_how_is_what_the_region_says() -> None:
    assert render("how", KUNMING, "cantonese", {}) == render("answer.help", KUNMING, None, {}) == KUNMING.how_sms


def test_an_unknown_dialect_gets_mandarin_and_an_unwritten_sentence_of_a_dialect_too() -> None:
    assert render("answer.no", KUNMING, "klingon", {}) == render("answer.no", KUNMING, "shaanxi", {})


@pytest.mark.parametrize(("words", "facts"), [("reminder.none", {}), ("reminder.pin", {})])
def test_a_sentence_or_a_fact_that_is_not_there_is_a_bug(words: str, facts: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        render(words, KUNMING, None, facts)
