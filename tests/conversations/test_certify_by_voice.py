"""Calls in which a voice certifies, and calls in which it must not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from certification import seals
from certification.evidence import Kind, Strength
from certification.store import VoiceTemplate
from ops.known import Known
from ops.voices import heard
from tests.conversations.speakers import TUNING, Speaker, groups
from tests.conversations.town import Resident, Town
from tests.conversations.walks import identified, talks, understood
from voiceprint.audio import Samples


def test_the_person_is_certified_and_hears_a_receipt(town: Town, speaker: Speaker) -> None:
    mary = town.resident(voice=speaker)
    call = understood(mary, speaker.repeats)
    call.hears("result.certified").hears("receipt.is").hears("digit.*", times=10).hears("goodbye").ended()

    assert town.certified(mary)
    [evidence] = town.evidence(mary)
    assert (evidence.kind, evidence.strength) == (Kind.VOICE, Strength.LIVE)
    said = [line.name.removeprefix("digit.") for line in call.transcript if line.name.startswith("digit.")]
    assert "".join(said[:10]) == evidence.receipt
    assert not call.faults


def strongest_impostor(town: Town, shared: Path, victim: Speaker, template_of: Resident) -> Speaker:
    """The other tuning speaker whose challenges score highest, by median, against the victim's template."""
    with town.rt.sessions() as session:
        template = session.scalars(select(VoiceTemplate).where(VoiceTemplate.person_id == template_of.id)).one()

    rules = town.rt.regions["default"].voice

    def median(other: Speaker) -> float:
        scores = [town.bench.weigh(template, [other.repeats(words)], rules, Known()).score for words in groups(5, 6)]
        return float(np.median(scores))

    return max((Speaker(shared, name) for name in TUNING if name != victim.name), key=median)


def test_the_strongest_impostor_ends_with_a_human(town: Town, shared: Path) -> None:
    """Against a voice that none of the others comes too near to: what share does is in the encoder's card."""
    speaker = Speaker(shared, "s26")
    mary = town.resident(voice=speaker)
    impostor = strongest_impostor(town, shared, speaker, mary)
    understood(mary, impostor.repeats).hears("result.human").hears("human.connecting").ended()

    assert not town.certified(mary)
    assert not town.evidence(mary)
    case = town.cases(mary)["voice_doubt"]
    assert case.detail["llr"] < case.detail["threshold"]
    recordings = town.recordings(case.detail["recordings"])
    assert len(recordings) == 2
    for recording in recordings:
        assert recording.asked == recording.heard
        [audio] = heard([town.rt.keys.open(recording.sealed, seals.recording(recording.id, recording.call_id))])
        assert float(np.abs(audio).max()) > 0.01, "the case holds what was said"


def test_the_right_voice_with_wrong_words_is_asked_again_and_then_goes_to_a_human(town: Town, speaker: Speaker) -> None:
    mary = town.resident(voice=speaker)

    def other_words(asked: list[str]) -> Samples:
        others = [word for group in groups(1, 7) for word in group if word not in asked]
        return speaker.repeats(others[: len(asked)])

    call = identified(mary.phone.dial(), mary)
    call.repeats(other_words).hears("challenge.again").repeats(other_words)
    call.hears("challenge.failed").hears("human.connecting").ended()
    assert not town.certified(mary)
    assert not town.assessments(mary), "a voice is not weighed when the words were not those asked for"
    assert town.cases(mary)


@pytest.mark.parametrize("snr_db", [20, 0])
def test_noise_certifies_or_asks_a_human_and_never_refuses(town: Town, speaker: Speaker, snr_db: int) -> None:
    mary = town.resident(voice=speaker)
    noise = 0.1 * 10 ** (-snr_db / 20) * np.random.default_rng(7).standard_normal(8000 * 5)
    call = identified(mary.phone.dial(background=noise.astype(np.float32)), mary)
    ending = talks(call, speaker.repeats)
    while ending not in ("result.certified", "human.connecting"):
        ending = call.hears_first("result.certified", "human.connecting", "word.*")
        if ending.startswith("word."):
            ending = talks(call.repeats_from(ending, speaker.repeats), speaker.repeats)
    call.ended()
    outcomes = {assessment.outcome for assessment in town.assessments(mary)}
    assert outcomes <= {"certified", "again", "human"}
    assert town.certified(mary) == (ending == "result.certified")


def test_the_fourth_voice_attempt_goes_to_a_human(town: Town, shared: Path) -> None:
    speaker = Speaker(shared, "s26")  # whose voice none of the others comes too near to
    mary = town.resident(voice=speaker)
    impostor = strongest_impostor(town, shared, speaker, mary)
    for attempt in range(3):
        elsewhere = town.switch.phone(f"+861390000{attempt:04d}")
        call = elsewhere.dial().hears("language.mandarin").press("1").hears("menu.main").press("1")
        call.hears("who.full").press(mary.number.replace("X", "*") + "#")
        if talks(call, impostor.repeats) == "assess.wait":
            call.hears("result.human")
        call.ended()
    assert town.failures(mary) == 3
    call = identified(mary.phone.dial(), mary)
    call.hears("limit.human").hears("human.connecting").ended()
    assert "word." not in " ".join(line.name for line in call.transcript)
    assert "limit_reached" in town.cases(mary)
