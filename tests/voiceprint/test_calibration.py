"""From score to log-likelihood ratio, and thresholds."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceprint import calibration
from voiceprint import cohort as cohorts
from voiceprint.calibration import (
    SHIPPED_DECISION,
    Calibration,
    CalibrationMissing,
    Conditions,
    Decision,
    OneVoice,
    ThresholdUnsupported,
)
from voiceprint.encoder import Encoder
from voiceprint.metrics import Scored, cllr
from voiceprint.quality import Quality, measure

ONE_VOICE = OneVoice(agreement=0.5, parted=0.1, joined=0.1, enrolments=10, mixtures=20)


def normal_scores(trials: int = 4000, apart: float = 2.0) -> Scored:
    """Two normal distributions of width 1: the true log-likelihood ratio is apart · score."""
    rng = np.random.default_rng(1)
    genuine = np.arange(trials) % 4 == 0
    names = np.array([f"s{number}" for number in rng.integers(8, size=trials)])
    others = np.array([f"s{number}" for number in rng.integers(8, 16, size=trials)])
    scores = rng.standard_normal(trials) + np.where(genuine, apart / 2, -apart / 2)
    return Scored(scores, genuine, names, np.where(genuine, names, others))


def usual(trials: int) -> Conditions:
    """All tests alike: 3 s of speech, 20 dB over the noise."""
    return Conditions(np.full(trials, 3.0), np.full(trials, 20.0))


def fitted_on(scored: Scored) -> Calibration:
    return calibration.fit("a", "c", scored, usual(len(scored.scores)), ONE_VOICE)


def heard(seconds: float, snr_db: float) -> Quality:
    return dataclasses.replace(measure(np.zeros(0, dtype=np.float32)), net_speech_s=seconds, snr_db=snr_db)


def test_ratios_are_those_of_the_distributions() -> None:
    fitted = fitted_on(normal_scores(40000))
    assert fitted.slope[0] == pytest.approx(2, rel=0.05)
    assert fitted.offset[0] == pytest.approx(0, abs=0.1)
    assert fitted.log_likelihood_ratio(1.5, heard(3, 20)) == pytest.approx(3, abs=0.2)


def test_perfect_separation_gives_a_finite_slope() -> None:
    assert np.isfinite(fitted_on(normal_scores(apart=40)).slope).all()


def test_a_short_or_noisy_test_says_less() -> None:
    """Half of the trials are short and noisy, and there the two kinds lie closer together."""
    plain, poor = normal_scores(8000, apart=4.0), normal_scores(8000, apart=1.0)
    both = [np.concatenate([getattr(one, name) for one in (plain, poor)]) for name in Scored.__dataclass_fields__]
    pooled = Scored(*both)
    conditions = Conditions(np.repeat([4.0, 1.5], 8000), np.repeat([25.0, 8.0], 8000))
    fitted = calibration.fit("a", "c", pooled, conditions, ONE_VOICE)
    assert fitted.log_likelihood_ratio(2, heard(4, 25)) > 2 * fitted.log_likelihood_ratio(2, heard(1.5, 8))
    blind = calibration.fit("a", "c", pooled, usual(16000), ONE_VOICE)
    aware, unaware = (
        cllr(one.log_likelihood_ratios(pooled.scores, under), pooled.genuine)
        for one, under in ((fitted, conditions), (blind, usual(16000)))
    )
    assert aware < 0.97 * unaware


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 60), st.floats(-20, 60))
def test_a_higher_score_never_says_less(seconds: float, snr_db: float) -> None:
    """Even where the trials say the opposite of short tests: there genuine scores are the lower ones."""
    plain, turned = normal_scores(800, apart=4.0), normal_scores(800, apart=-4.0)
    both = [np.concatenate([getattr(one, name) for one in (plain, turned)]) for name in Scored.__dataclass_fields__]
    conditions = Conditions(np.repeat([6.0, 1.2], 800), np.full(1600, 20.0))
    fitted = calibration.fit("a", "c", Scored(*both), conditions, ONE_VOICE)
    low, high = (fitted.log_likelihood_ratio(score, heard(seconds, snr_db)) for score in (-1, 1))
    assert high > low


def test_a_threshold_follows_from_costs_and_prior() -> None:
    """At the threshold both decisions cost the same."""
    decision = Decision(impostors=0.02, cost=150)
    ratio = np.exp(decision.llr)
    assert 0.98 * ratio == pytest.approx(0.02 * 150)
    assert Decision(0.02, 300).llr > decision.llr
    assert Decision(0.1, 150).llr > decision.llr


def test_the_counted_rate_holds_where_costs_would_allow_more() -> None:
    fitted = fitted_on(normal_scores())
    assert fitted.certify_from(0.01, Decision(0.01, 2)) == fitted.threshold(0.01).llr
    assert fitted.certify_from(0.05, Decision(0.5, 1e6)) == Decision(0.5, 1e6).llr


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(calibration.FMR_TARGETS))
def test_no_more_impostors_pass_than_promised(max_fmr: float) -> None:
    scored = normal_scores()
    threshold = calibration.threshold_at(scored, scored.scores, max_fmr)
    passed = (scored.scores[~scored.genuine] >= threshold.llr).mean()
    assert passed == threshold.fmr <= max_fmr
    assert threshold.ci95[0] <= threshold.fmr <= threshold.ci95[1]
    assert passed > max_fmr - 2 / 3000


def test_a_threshold_for_any_target_is_never_looser() -> None:
    fitted = fitted_on(normal_scores())
    assert fitted.threshold(0.01).max_fmr == 0.01
    assert fitted.threshold(0.015).max_fmr == 0.01
    assert fitted.threshold(1).max_fmr == 0.05
    with pytest.raises(ThresholdUnsupported, match=r"0\.001 or more"):
        fitted.threshold(0.0001)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    fitted = fitted_on(normal_scores())
    fitted.save(tmp_path / "c.json")
    assert calibration.load("a", "c", tmp_path / "c.json") == fitted


@pytest.mark.parametrize(("encoder", "cohort"), [("b", "c"), ("a", "d")])
def test_a_calibration_of_other_models_is_missing(tmp_path: Path, encoder: str, cohort: str) -> None:
    path = tmp_path / "c.json"
    fitted_on(normal_scores()).save(path)
    with pytest.raises(CalibrationMissing, match="stillhere voiceprint calibrate"):
        calibration.load(encoder, cohort, path)


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"thresholds": [{}]}'])
def test_a_damaged_calibration_is_missing(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "c.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(CalibrationMissing):
        calibration.load("a", "c", path)


def test_the_shipped_calibration_is_of_the_shipped_encoder(encoder: Encoder) -> None:
    shipped = calibration.load(encoder.name, cohorts.load(encoder.name).name)
    assert shipped.slope[0] > 0
    assert shipped.certify_from(0.01, SHIPPED_DECISION) >= SHIPPED_DECISION.llr > 0
    threshold = shipped.threshold(0.01)
    assert threshold.fmr <= 0.01
    assert threshold.speakers == 6
    assert json.loads(calibration.SHIPPED.read_text(encoding="utf-8"))["encoder"] == encoder.name


def test_one_voice_is_where_both_errors_meet() -> None:
    rng = np.random.default_rng(1)
    fitted = calibration.fit_one_voice(rng.normal(0.7, 0.1, 2000), rng.normal(0.3, 0.1, 3000))
    assert fitted.agreement == pytest.approx(0.5, abs=0.02)
    assert fitted.parted == pytest.approx(fitted.joined, abs=0.005)
    assert (fitted.enrolments, fitted.mixtures) == (2000, 3000)
