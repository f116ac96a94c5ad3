"""Scores against strangers, and voices against each other with all that belongs to it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.voiceprint.voices import speak
from voiceprint import cohort as cohorts
from voiceprint import comparing
from voiceprint.audio import telephone
from voiceprint.cohort import FEWEST, Cohort, CohortMissing, CohortTooSmall
from voiceprint.commands import voiceprint
from voiceprint.comparing import Compared, Comparer
from voiceprint.encoder import Embedding, Encoder, unit
from voiceprint.metrics import equal_error_rate
from voiceprint.scoring import Template, TemplateOfAnotherEncoder, enrol, score
from voiceprint.training import channel
from voiceprint.training.corpus import Group
from voiceprint.training.trials import spoken


@pytest.fixture(scope="module")
def comparer() -> Comparer:
    """The shipped models."""
    return comparing.load()


def strangers(count: int = 80) -> Cohort:
    """Random directions."""
    drawn = np.random.default_rng(1).standard_normal((count, 8))
    return Cohort(np.stack([unit(one) for one in drawn]), "a")


def test_a_score_is_measured_in_deviations_of_the_nearest_strangers() -> None:
    others, one, another = strangers(), unit(np.arange(8.0)), unit(np.ones(8))
    template, embedding = Template(one, "a", 3), Embedding(another, "a")
    expected = []
    for side in (one, another):
        nearest = np.sort(others.vectors @ side)[8:]  # nine tenths of eighty
        expected.append((0.7 - nearest.mean()) / nearest.std())
    assert others.normalised(0.7, template, embedding) == pytest.approx(np.mean(expected), rel=1e-5)


def test_voices_of_many_calls_are_measured_as_one_by_one() -> None:
    others, embedding = strangers(), Embedding(unit(np.ones(8)), "a")
    voices = strangers(90).vectors[80:]
    one_by_one = [Template(one, "a", 1) for one in voices]
    expected = [others.normalised(score(one, embedding), one, embedding) for one in one_by_one]
    assert others.normalised_voices(voices, embedding) == pytest.approx(np.array(expected), rel=1e-5)
    with pytest.raises(TemplateOfAnotherEncoder):
        others.normalised_voices(voices, Embedding(embedding.vector, "b"))


def test_a_stranger_is_measured_against_the_others() -> None:
    others, template = strangers(), Template(unit(np.arange(8.0)), "a", 3)
    expected = [
        Cohort(np.delete(others.vectors, n, axis=0), "a").normalised(
            float(one @ template.direction), template, Embedding(one, "a")
        )
        for n, one in enumerate(others.vectors)
    ]
    assert others.normalised_strangers(template) == pytest.approx(np.array(expected), rel=1e-5)
    with pytest.raises(TemplateOfAnotherEncoder):
        others.normalised_strangers(Template(template.direction, "b", 3))


def test_a_voice_like_many_strangers_needs_more() -> None:
    """The same cosine says less of a voice that half of the cohort resembles."""
    centre = unit(np.ones(8))
    crowd = np.stack([unit(centre + 0.6 * one) for one in np.random.default_rng(2).standard_normal((40, 8))])
    others = Cohort(np.concatenate([strangers(50).vectors, crowd]), "a")
    common, rare = Template(centre, "a", 3), Template(unit(np.array([1.0, -1, 1, -1, 1, -1, 1, -1])), "a", 3)
    heard = Embedding(unit(np.arange(8.0)), "a")
    assert others.normalised(0.6, common, heard) < others.normalised(0.6, rare, heard)


def test_a_cohort_of_another_encoder_is_refused(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(TemplateOfAnotherEncoder):
        strangers().normalised(0.5, Template(unit(np.ones(8)), "b", 3), Embedding(unit(np.ones(8)), "b"))
    strangers().save(tmp_path / "c.npz")
    with pytest.raises(CohortMissing, match="stillhere voiceprint cohort"):
        cohorts.load(encoder.name, tmp_path / "c.npz")


def test_a_few_strangers_are_no_cohort() -> None:
    with pytest.raises(CohortTooSmall, match=str(FEWEST)):
        strangers(FEWEST - 1)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut short"])
def test_a_damaged_cohort_is_missing(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "c.npz").write_bytes(content)
    with pytest.raises(CohortMissing):
        cohorts.load("a", tmp_path / "c.npz")


def test_what_is_saved_is_loaded_and_named_by_its_contents(tmp_path: Path) -> None:
    strangers().save(tmp_path / "c.npz")
    loaded = cohorts.load("a", tmp_path / "c.npz")
    assert loaded.name == strangers().name
    assert loaded.name != strangers(81).name


def test_with_the_cohort_fewer_noisy_calls_go_wrong(shared: Path, comparer: Comparer) -> None:
    """Switch the cohort off, and this fails: raw cosines against normalised scores on noisy tuning tests."""
    data = shared / "data"
    line, rng = channel.load(data), np.random.default_rng(5)
    enrolments, tests = spoken(data, Group.TUNING, seed=3)
    templates = [
        (one.speaker, enrol(comparer.encoder, [telephone(piece) for piece in one.audio()])) for one in enrolments[::3]
    ]
    heard = [(one.speaker, comparer.hear(line.noisy(np.concatenate(one.audio()), 12, rng))) for one in tests[::4]]
    same = np.array([[enrolled == tested for tested, _ in heard] for enrolled, _ in templates])
    raw = np.array([[score(template, test.embedding) for _, test in heard] for _, template in templates])
    found = np.array([[comparer.compare(template, test).score for _, test in heard] for _, template in templates])
    before, after = (equal_error_rate(scores[same], scores[~same]) for scores in (raw, found))
    assert after < 0.85 * before


def test_who_fits_better_at_home_is_named(comparer: Comparer) -> None:
    own, sister, stranger = (enrol(comparer.encoder, [speak(voice, 3, word) for word in (1, 2)]) for voice in (1, 2, 3))
    heard = comparer.hear(speak(2, 4, saying=7))
    compared = comparer.compare(own, heard)
    assert comparer.better_fit(compared, {"sister": sister, "helper": stranger}, heard) == "sister"
    assert comparer.better_fit(comparer.compare(sister, heard), {"own": own}, heard) is None
    assert comparer.better_fit(Compared(99.0, 99.0), {"sister": sister}, heard) is None
    assert comparer.better_fit(compared, {}, heard) is None


def test_a_poorer_recording_with_the_same_score_says_less_or_as_much(comparer: Comparer) -> None:
    template = enrol(comparer.encoder, [speak(1, 3, word) for word in (1, 2)])
    heard = comparer.hear(speak(1, 4, saying=7))
    poorer = dataclasses.replace(heard, quality=dataclasses.replace(heard.quality, net_speech_s=1.0))
    full, less = comparer.compare(template, heard), comparer.compare(template, poorer)
    assert full.score == less.score
    assert full.llr != less.llr


def test_an_agency_makes_its_own(tmp_path: Path) -> None:
    import soundfile

    lines = []
    for number in range(FEWEST):
        soundfile.write(tmp_path / f"{number}.wav", speak(number, 1.0), 8000)
        lines.append(f"person-{number} {number}.wav")
    listed = tmp_path / "speakers.txt"
    listed.write_text("\n".join(lines), encoding="utf-8")
    arguments = ["cohort", "--speakers", str(listed), "--audio", str(tmp_path), "--out", str(tmp_path / "own.npz")]
    result = CliRunner().invoke(voiceprint, arguments)
    assert result.exit_code == 0, result.output
    assert f"cohort: {FEWEST}-" in result.output
    listed.write_text("\n".join(lines[1:]), encoding="utf-8")
    result = CliRunner().invoke(voiceprint, arguments)
    assert result.exit_code == 1
    assert str(FEWEST) in result.stderr
