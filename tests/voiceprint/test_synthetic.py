"""The countermeasure against synthetic speech: its file, its score, the attacks that it is measured on, the figures."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from tests.voiceprint.voices import noise, speak, talk
from voiceprint import calibration, comparing, synthetic
from voiceprint.audio import Samples, telephone
from voiceprint.commands.attacking import attacks
from voiceprint.metrics import Floats, Rate
from voiceprint.speech import activity
from voiceprint.synthetic import Countermeasure, CountermeasureMissing, features
from voiceprint.training import presentation
from voiceprint.training.attacks import SEEN_VOICES, TRAINED, UNKNOWN, UNSEEN_VOICES, Attack, attack_audio
from voiceprint.training.corpus import MANDARIN_WORDS, SPEAKERS, Group
from voiceprint.training.trials import spoken
from voiceprint.training.tuning import CLEAN, EVERY_LINE, GSM

needs_world = pytest.mark.skipif(find_spec("pyworld") is None, reason="pyworld is not installed (training only)")
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
KINDS = [
    pytest.param(kind, marks=[needs_world] if "world" in kind else [needs_espeak] if "espeak" in kind else [])
    for kind in Attack
]


@pytest.fixture(scope="module")
def shipped() -> Countermeasure:
    return synthetic.load()


def test_the_shipped_threshold_says_what_it_rests_on(shipped: Countermeasure) -> None:
    operation = shipped.operation
    assert operation.bpcer <= operation.max_bpcer <= 0.02
    assert operation.ci95[0] <= operation.bpcer <= operation.ci95[1]
    assert operation.speakers == len(SPEAKERS[Group.TUNING])
    assert operation.threshold > 0
    assert synthetic.SHIPPED.stat().st_size < 1_000_000


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(100), np.zeros(24000), speak(1, 0.2)])
def test_where_nobody_speaks_the_score_is_for_neither(shipped: Countermeasure, samples: Samples) -> None:
    assert shipped.score(samples.astype(np.float32)) == 0
    assert not shipped.suspicious(samples.astype(np.float32))


def test_suspicious_is_what_reaches_the_threshold(shipped: Countermeasure) -> None:
    samples = telephone(speak(1, 3))
    score = shipped.score(samples)
    for threshold, suspicious in ((score, True), (np.nextafter(score, np.inf), False)):
        moved = replace(shipped, operation=replace(shipped.operation, threshold=float(threshold)))
        assert moved.suspicious(samples) is suspicious


def test_neither_level_nor_polarity_counts(shipped: Countermeasure) -> None:
    samples = speak(1, 3)
    assert features(samples) == pytest.approx(features(-samples), abs=1e-4)
    assert shipped.score(samples) == pytest.approx(shipped.score(samples * np.float32(0.3)), abs=0.05)
    assert features(samples) != pytest.approx(features(speak(1, 3, saying=2)), abs=0.1)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", b"\x93NUMPY"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "synthetic.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CountermeasureMissing, match=r"无法加载.*Cannot load .*synthetic\.npz"):
        synthetic.load(path)


def test_a_file_without_threshold_or_of_other_features_is_refused(tmp_path: Path, shipped: Countermeasure) -> None:
    with np.load(synthetic.SHIPPED) as kept:
        arrays = dict(kept)
    np.savez(tmp_path / "bare.npz", **{name: array for name, array in arrays.items() if name != "operation"})
    np.savez(tmp_path / "short.npz", **{**arrays, "mean": arrays["mean"][1:]})
    for name in ("bare.npz", "short.npz"):
        with pytest.raises(CountermeasureMissing):
            synthetic.load(tmp_path / name)


def test_what_is_saved_is_loaded(tmp_path: Path, shipped: Countermeasure) -> None:
    shipped.save(tmp_path / "new" / "copy.npz")
    copy = synthetic.load(tmp_path / "new" / "copy.npz")
    assert copy.operation == shipped.operation
    assert copy.score(speak(1, 3)) == shipped.score(speak(1, 3))


def test_no_attack_is_both_trained_on_and_unknown() -> None:
    assert {*TRAINED, *UNKNOWN} == set(Attack)
    assert not set(TRAINED) & set(UNKNOWN)
    assert not set(SEEN_VOICES) & set(UNSEEN_VOICES)


@needs_espeak
def test_every_espeak_voice_is_installed() -> None:
    def says(voice: str) -> bytes:
        command = ["espeak-ng", "-v", f"cmn-latn-pinyin+{voice}", "--stdout", "yu3 yin1"]
        return subprocess.run(command, capture_output=True, check=True).stdout

    plain = says("nobody")
    assert [voice for voice in (*SEEN_VOICES, *UNSEEN_VOICES) if says(voice) == plain] == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_attack_keeps_pauses_and_level(kind: Attack) -> None:
    pause = noise(0.6, 1e-4)
    call = np.concatenate([pause, speak(1, 1.0), pause, speak(1, 1.2, saying=2), pause])
    made = attack_audio(kind, call, np.random.default_rng(1))
    assert np.array_equal(made, attack_audio(kind, call, np.random.default_rng(1)))
    assert made.dtype == np.float32
    assert np.abs(made).max() <= 1
    assert np.array_equal(made[:2400], call[:2400])
    assert np.array_equal(made[-2400:], call[-2400:])
    levels = [
        np.sqrt(np.mean(one[np.repeat(activity(one), 240)] ** 2))
        for one in (call[: len(call) // 240 * 240], made[: len(made) // 240 * 240])
    ]
    assert levels[0] == pytest.approx(levels[1], rel=0.35)
    if "espeak" not in kind:
        assert len(made) == len(call)
        assert not np.allclose(made, call, atol=0.01)
        assert np.corrcoef(_envelope(made), _envelope(call))[0, 1] > 0.8


def _envelope(samples: Samples) -> Floats:
    found: Floats = np.sqrt(np.mean(samples[: len(samples) // 400 * 400].reshape(-1, 400) ** 2, axis=1))
    return found


def test_a_loud_call_does_not_clip_when_copied() -> None:
    call = speak(1, 2) * np.float32(3.3)
    made = attack_audio(Attack.RANDOM_PHASE, call, np.random.default_rng(1))
    assert np.count_nonzero(np.abs(made) == np.abs(made).max()) == 1


def test_nothing_spoken_can_be_attacked() -> None:
    assert np.isfinite(
        attack_audio(Attack.GRIFFIN_LIM, np.zeros(8000, dtype=np.float32), np.random.default_rng(1))
    ).all()


def test_a_rate_says_how_sure_it_is() -> None:
    def rate(wrong: Sequence[bool]) -> Rate:
        return presentation.by_line(("a line", f"s{n % 6}", one) for n, one in enumerate(wrong))["a line"]

    none = rate([False] * 120)
    assert (none.rate, none.ci95[0], none.calls, none.speakers) == (0, 0, 120, 6)
    assert none.ci95[1] == pytest.approx(1 - 0.025 ** (1 / 120))
    one_speaker, even = rate([n % 6 == 0 for n in range(120)]), rate([n < 20 for n in range(120)])
    assert one_speaker.rate == even.rate == 1 / 6
    assert one_speaker.ci95[1] > even.ci95[1] + 0.1


def test_each_line_has_a_rate_of_its_own() -> None:
    found = presentation.by_line([("clean", "s1", True), ("poor", "s1", False), ("poor", "s2", True)])
    assert {line: (one.rate, one.speakers) for line, one in found.items()} == {"clean": (1, 1), "poor": (0.5, 2)}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like ../shared/data with made-up voices: a tuning speaker, and one elsewhere."""
    folder = tmp_path_factory.mktemp("data")
    for name, speakers in {"dsp20": ["s23"], "fsdd": ["s51"]}.items():
        rows = []
        (folder / name).mkdir()
        for speaker in speakers:
            for number, word in enumerate(sorted(MANDARIN_WORDS)):
                for take in range(2):
                    path = f"{speaker}-{number}-{take}.flac"
                    soundfile.write(folder / name / path, talk(int(speaker[1:]), 0.3, 2 * number + take), 8000)
                    rows.append({"audio_filepath": path, "text": word, "speaker": speaker, "duration": 0.3})
        (folder / name / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    for kind, sound in (("noise", noise(1, 0.1)), ("RIRs", noise(0.2, 0.1))):
        (folder / "noise" / kind).mkdir(parents=True)
        soundfile.write(folder / "noise" / kind / "1.wav", sound, 8000)
    return folder


def test_calls_too_poor_to_be_judged_are_left_out(corpus: Path) -> None:
    calls = [presentation.Call("s23", None, audio) for audio in (talk(23, 3), talk(23, 0.3))]
    seen: list[int] = []
    heard = list(presentation.over_lines(calls, corpus, lambda: seen.append(1)))
    assert [(line, call.audio is calls[0].audio) for line, call, _ in heard] == [(line, True) for line in EVERY_LINE]
    assert len(seen) == 2 * len(EVERY_LINE)


def test_measured_by_attack_and_line(corpus: Path) -> None:
    def loud(samples: Samples) -> bool:
        return float(np.sqrt(np.mean(samples**2))) >= 0.06

    kinds, over, seen = (Attack.RANDOM_PHASE, Attack.LPC), (CLEAN, GSM), list[int]()
    figures = presentation.measure(
        loud, lambda _, samples: loud(samples), corpus, Group.TUNING, kinds, lambda: seen.append(1), over
    )
    assert set(figures.attacks) == set(kinds)
    assert set(figures.bpcer) == set(figures.other_recordings) == set(over)
    attacked = 10 * len(kinds)
    assert len(seen) == (60 + attacked + presentation.UNHEARD_EACH) * len(over) + attacked
    assert (figures.bpcer[CLEAN].calls, figures.attacks[Attack.LPC][CLEAN].iapar.calls) == (60, 10)
    assert 0.6 < figures.bpcer[CLEAN].rate < 0.95
    # Who is loud is suspicious here, and is certified: never both certified and not suspicious.
    for by_line in figures.attacks.values():
        for one in by_line.values():
            assert one.iapar.rate == 0
            assert one.apcer.rate + one.iapar_voiceprint.rate == pytest.approx(1)
    # Copies are as loud as calls: what is flagged of the one is not missed of the other.
    assert figures.bpcer[CLEAN].rate + figures.attacks[Attack.RANDOM_PHASE][CLEAN].apcer.rate == pytest.approx(
        1, abs=0.2
    )
    said = str(figures).splitlines()
    assert len(said) == 2 * len(over) + 1 + len(kinds) * len(over)
    assert f"APCER {100 * figures.attacks[Attack.LPC][over[-1]].apcer.rate:.1f} % [" in said[-1]


def test_without_recordings_the_command_says_what_to_name(tmp_path: Path) -> None:
    result = CliRunner().invoke(attacks, ["--group", "tuning", "--data", str(tmp_path / "nowhere")])
    assert result.exit_code == 1
    assert "--data" in result.stderr


def test_attacks(corpus: Path, shipped: Countermeasure) -> None:
    arguments = ["--group", "tuning", "--attack", "random_phase", "--line", "clean", "--data", str(corpus), "--json"]
    result = CliRunner().invoke(attacks, arguments, catch_exceptions=False)
    said = json.loads(result.output.splitlines()[-1])
    assert said["suspicious_from"] == shipped.operation.threshold
    assert set(said["attacks"]) == {"random_phase"}
    assert said["bpcer"]["clean"]["calls"] == 60


@needs_espeak
def test_real_callers_are_left_alone_and_machines_are_not(shared: Path, shipped: Countermeasure) -> None:
    tests = spoken(shared / "data", Group.TUNING, seed=9)[1][::20]
    assert len(tests) == len(SPEAKERS[Group.TUNING])
    calls = [np.concatenate(one.audio()) for one in tests]
    assert sum(shipped.suspicious(telephone(call)) for call in calls) <= 1
    for kind in (Attack.ESPEAK_UNSEEN, Attack.GRIFFIN_LIM):
        made = [attack_audio(kind, call, np.random.default_rng(9)) for call in calls]
        assert sum(shipped.suspicious(telephone(call)) for call in made) >= 5


def test_the_voiceprint_certifies_who_is_named_and_nobody_else(shared: Path) -> None:
    comparer, names = comparing.load(), SPEAKERS[Group.TUNING]
    certify_from = comparer.calibration.certify_from(0.01, calibration.SHIPPED_DECISION)
    certifies = presentation.certifying(comparer, certify_from, shared / "data", Group.TUNING)
    calls = {
        one.speaker: telephone(np.concatenate(one.audio())) for one in spoken(shared / "data", Group.TUNING)[1][::20]
    }
    assert sum(certifies(name, calls[name]) for name in names) >= 5
    assert sum(certifies(name, calls[other]) for name, other in pairwise((*names, names[0]))) <= 1
