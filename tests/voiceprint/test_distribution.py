"""Where one ratio lies among those of known calls."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.voiceprint.test_calibration import fitted_on, normal_scores, usual
from voiceprint import calibration, distribution
from voiceprint.calibration import Calibration
from voiceprint.distribution import Distribution, DistributionMissing
from voiceprint.encoder import Encoder
from voiceprint.training import figures, tuning


def made() -> tuple[Distribution, Calibration]:
    scored = normal_scores(trials=20_000)
    fitted = fitted_on(scored)
    llrs = fitted.log_likelihood_ratios(scored.scores, usual(len(scored.scores)))
    return distribution.of(fitted, llrs, scored.genuine, speakers=16, words=6), fitted


def test_shares_are_those_of_the_calls_that_were_counted() -> None:
    """The true ratios of two normal distributions lie around +2 and -2, with a deviation of 2."""
    found, _ = made()
    assert (sum(found.genuine), sum(found.impostor)) == (5_000, 15_000)
    assert found.genuine_below(2.0) == pytest.approx(0.5, abs=0.03)
    assert found.impostors_from(-2.0) == pytest.approx(0.5, abs=0.03)
    assert found.genuine_below(0.0) == pytest.approx(0.16, abs=0.03)
    assert found.impostors_from(2.0) == pytest.approx(0.023, abs=0.01)


def test_what_lies_beyond_every_call_has_all_or_none_of_them_below() -> None:
    found, _ = made()
    assert (found.genuine_below(-99.0), found.impostors_from(-99.0)) == (0, 1)
    assert (found.genuine_below(99.0), found.impostors_from(99.0)) == (1, 0)


def test_ratios_beyond_the_bins_are_counted_at_the_ends() -> None:
    _, fitted = made()
    found = distribution.of(fitted, np.array([-500.0, 500.0]), np.array([False, True]), speakers=2, words=6)
    assert (found.impostor[0], found.genuine[-1]) == (1, 1)


def test_what_is_kept_is_what_was_counted(tmp_path: Path) -> None:
    found, fitted = made()
    found.save(tmp_path / "d.json")
    assert distribution.load(tmp_path / "d.json") == found
    assert found.belongs_to(fitted)
    scored = normal_scores(apart=3.0)
    assert not found.belongs_to(fitted_on(scored)), "of another calibration"


@pytest.mark.parametrize("damage", ["absent", "cut", "empty"])
def test_what_cannot_be_read_says_what_to_do(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "d.json"
    made()[0].save(path)
    match damage:
        case "absent":
            path.unlink()
        case "cut":
            path.write_text(path.read_text("utf-8")[:50], encoding="utf-8")
        case _:
            fields = json.loads(path.read_text("utf-8")) | {"genuine": [0], "impostor": [0]}
            path.write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(DistributionMissing, match="figures --group reporting --distribution"):
        distribution.load(path)


def test_only_calls_as_long_as_a_challenge_are_counted() -> None:
    scored = normal_scores(trials=8000)
    fitted, words = fitted_on(scored), np.where(np.arange(8000) < 2000, 3, 6)
    measured = tuning.Measured(scored, usual(8000), words, np.full(8000, "clean"), {})
    found = figures.distributed(measured, fitted)
    assert (sum(found.genuine), sum(found.impostor)) == (1500, 4500)
    assert (found.words, found.speakers) == (6, 16)
    assert found.belongs_to(fitted)


def test_the_shipped_one_belongs_to_the_shipped_calibration(encoder: Encoder) -> None:
    found = distribution.load()
    fitted = calibration.load(encoder.name, found.cohort)
    assert found.belongs_to(fitted)
    assert (found.speakers, found.words) == (6, 6)
    threshold = fitted.threshold(0.01).llr
    assert found.genuine_below(threshold) < 0.02, "as the model's own figures say"
    assert found.impostors_from(threshold) < 0.06
