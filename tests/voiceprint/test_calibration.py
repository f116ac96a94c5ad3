"""From score to log-likelihood ratio, and thresholds."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceprint import calibration
from voiceprint.calibration import Calibration, CalibrationMissing, OneVoice, ThresholdUnsupported
from voiceprint.encoder import Encoder
from voiceprint.metrics import Scored

ONE_VOICE = OneVoice(agreement=0.5, parted=0.1, joined=0.1, enrolments=10, mixtures=20)


def normal_scores(trials: int = 4000, apart: float = 2.0) -> Scored:
    """Two normal distributions of width 1: the true log-likelihood ratio is apart · score."""
    rng = np.random.default_rng(1)
    genuine = np.arange(trials) % 4 == 0
    names = np.array([f"s{number}" for number in rng.integers(8, size=trials)])
    others = np.array([f"s{number}" for number in rng.integers(8, 16, size=trials)])
    scores = rng.standard_normal(trials) + np.where(genuine, apart / 2, -apart / 2)
    return Scored(scores, genuine, names, np.where(genuine, names, others))


def test_ratios_are_those_of_the_distributions() -> None:
    scored = normal_scores(40000)
    slope, offset = calibration.affine(scored.scores, scored.genuine)
    assert slope == pytest.approx(2, rel=0.05)
    assert offset == pytest.approx(0, abs=0.1)
    fitted = Calibration("a", slope, offset, (), ONE_VOICE)
    assert fitted.log_likelihood_ratio(1.5) == pytest.approx(3, abs=0.2)


def test_perfect_separation_gives_a_finite_slope() -> None:
    scored = normal_scores(apart=40)
    assert np.isfinite(calibration.affine(scored.scores, scored.genuine)).all()


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
    fitted = calibration.fit("a", normal_scores(), ONE_VOICE)
    assert fitted.threshold(0.01).max_fmr == 0.01
    assert fitted.threshold(0.015).max_fmr == 0.01
    assert fitted.threshold(1).max_fmr == 0.05
    with pytest.raises(ThresholdUnsupported, match=r"0\.001 or more"):
        fitted.threshold(0.0001)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    fitted = calibration.fit("a", normal_scores(), ONE_VOICE)
    fitted.save(tmp_path / "c.json")
    assert calibration.load("a", tmp_path / "c.json") == fitted


def test_a_calibration_of_another_encoder_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    calibration.fit("a", normal_scores(), ONE_VOICE).save(path)
    with pytest.raises(CalibrationMissing, match="stillhere voiceprint calibrate"):
        calibration.load("b", path)


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"thresholds": [{}]}'])
def test_a_damaged_calibration_is_missing(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "c.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(CalibrationMissing):
        calibration.load("a", path)


def test_the_shipped_calibration_is_of_the_shipped_encoder(encoder: Encoder) -> None:
    shipped = calibration.load(encoder.name)
    assert shipped.slope > 0
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
