"""What is worked out on the tuning speakers, with made-up scores and with real voices."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from voiceprint import calibration, comparing
from voiceprint.audio import telephone
from voiceprint.calibration import Conditions, OneVoice
from voiceprint.metrics import Scored
from voiceprint.scoring import enrol
from voiceprint.training import figures, tuning
from voiceprint.training.corpus import SPEAKERS, Group
from voiceprint.training.trials import spoken
from voiceprint.training.tuning import Measured

NAMES = np.array(["a", "b", "c", "d"])


def one_alike_pair() -> Measured:
    """Four speakers, ten trials a pair; a and b are hard to tell apart."""
    enrolled, tested = np.repeat(NAMES, 40), np.tile(np.repeat(NAMES, 10), 4)
    genuine = enrolled == tested
    alike = np.isin(enrolled, ["a", "b"]) & np.isin(tested, ["a", "b"]) & ~genuine
    spread = np.random.default_rng(1).normal(0, 0.05, len(enrolled))
    scores = np.where(genuine, 0.8, np.where(alike, 0.7, 0.1)) + spread
    same = np.full(len(scores), 3.0), np.full(len(scores), 20.0)
    names = np.full(len(scores), 6), np.full(len(scores), tuning.CLEAN)
    return Measured(Scored(scores, genuine, enrolled, tested), Conditions(*same), *names, {(6, tuning.CLEAN): 0.0})


def test_the_strongest_impostor_is_the_one_most_alike() -> None:
    scored = one_alike_pair().scored
    assert [tuning.strongest_impostor(scored, name) for name in "ab"] == ["b", "a"]


def test_left_out_speakers_show_what_the_others_hide() -> None:
    found = {one.speaker: one for one in tuning.leave_one_out(one_alike_pair(), max_fmr=0.01)}
    # Without a, nobody shows how alike a and b are: the threshold is set too low for them.
    assert found["a"].fmr > 0.2
    assert found["c"].fmr == 0
    assert found["c"].fnmr > found["a"].fnmr


def test_figures_name_the_worst_speaker_and_count_every_kind() -> None:
    measured = one_alike_pair()
    measured.scored.scores[measured.scored.genuine & (measured.scored.enrolled == "d")] -= 0.2
    fitted = calibration.fit("a", "c", measured.scored, measured.conditions, OneVoice(0.5, 0, 0, 1, 1))
    (row,) = figures.rows(measured, fitted, fitted.threshold(0.01).llr, plan=[(6, tuning.CLEAN)])
    assert (row.trials, row.targets) == (160, 40)
    assert row.worst == ("d", 1.0)
    assert row.fmr <= 0.01 < row.fnmr
    assert row.fnmr_ci95[0] <= row.fnmr <= row.fnmr_ci95[1]
    assert "EER" in str(row)


def test_no_speaker_is_the_worst_where_all_are_alike() -> None:
    measured = one_alike_pair()
    fitted = calibration.fit("a", "c", measured.scored, measured.conditions, OneVoice(0.5, 0, 0, 1, 1))
    (row,) = figures.rows(measured, fitted, -100.0, plan=[(6, tuning.CLEAN)])
    assert row.worst is None
    assert "worst" not in str(row)


def test_real_callers_pass_and_others_do_not(shared: Path) -> None:
    comparer = comparing.load()
    threshold = comparer.calibration.certify_from(0.01, calibration.SHIPPED_DECISION)
    enrolments, tests = spoken(shared / "data", Group.TUNING, seed=2)
    one_each = ({one.speaker: one for one in side} for side in (enrolments, tests))
    enrolled, tested = ({name: one.audio() for name, one in side.items()} for side in one_each)
    templates = {
        name: enrol(comparer.encoder, [telephone(piece) for piece in pieces]) for name, pieces in enrolled.items()
    }
    heard = {name: comparer.hear(telephone(np.concatenate(pieces))) for name, pieces in tested.items()}
    passed = {
        (one, other)
        for one in SPEAKERS[Group.TUNING]
        for other in SPEAKERS[Group.TUNING]
        if comparer.compare(templates[one], heard[other]).llr >= threshold
    }
    assert sum(one == other for one, other in passed) >= 5
    assert sum(one != other for one, other in passed) <= 1


WITHOUT_TORCH = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NoTorch())
from voiceprint.commands import voiceprint
voiceprint({arguments!r})
"""


@pytest.mark.parametrize("arguments", [["train"], ["export"], ["countermeasure"]])
def test_without_torch_training_says_what_to_install(arguments: list[str]) -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH.format(arguments=arguments)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "training extra" in said.stderr
