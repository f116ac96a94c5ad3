"""`voiceprint evaluate` and `trials`, from files to figures."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from tests.voiceprint.voices import talk
from voiceprint import calibration, comparing, evaluation, synthetic
from voiceprint import encoder as encoders
from voiceprint.audio import read, telephone
from voiceprint.commands import voiceprint
from voiceprint.report import Rates, Report
from voiceprint.training.attacks import Attack, attack_audio
from voiceprint.training.corpus import MANDARIN_WORDS, SPEAKERS, Group

SPEAKERS_HERE = 4
KEYS = {"trials", "targets", "speakers", "eer", "min_dcf", "cllr", "threshold", "fmr", "fnmr", "fte", "fta"} | {
    "ci95",
    "groups",
}


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six recordings each of four made-up voices, one too short, one empty."""
    folder = tmp_path_factory.mktemp("audio")
    for voice in range(SPEAKERS_HERE):
        (folder / f"v{voice}").mkdir()
        for saying in range(6):
            soundfile.write(folder / f"v{voice}/{saying}.wav", talk(voice, 3.0, saying), 8000)
    soundfile.write(folder / "short.wav", talk(0, 0.2), 8000)
    soundfile.write(folder / "empty.wav", np.zeros(0), 8000)
    return folder


def listed() -> list[str]:
    """Every voice against every voice: two files enrolled, two joined in the test."""
    voices = range(SPEAKERS_HERE)
    return [
        f"{int(one == other)} v{one}/0.wav+v{one}/5.wav v{other}/{take}.wav+v{other}/1.wav"
        for one in voices
        for other in voices
        for take in (2, 3, 4)
    ]


def evaluate(audio: Path, lines: list[str], *options: str) -> Result:
    trials = audio / "trials.txt"
    trials.write_text("\n".join(lines), encoding="utf-8")
    arguments = ["evaluate", "--trials", str(trials), "--audio", str(audio), *options]
    return CliRunner().invoke(voiceprint, arguments)


def test_figures_as_json(audio: Path) -> None:
    result = evaluate(audio, listed(), "--channel", "g711", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout.splitlines()[-1])
    assert set(figures) >= KEYS
    assert (figures["trials"], figures["targets"], figures["speakers"]) == (48, 12, 4)
    assert figures["threshold"] == comparing.load().calibration.certify_from(0.01, calibration.SHIPPED_DECISION)
    assert figures["fte"] == figures["fta"] == 0
    for rate in ("eer", "fmr", "fnmr"):
        low, high = figures["ci95"][rate]
        assert 0 <= low <= figures[rate] <= high <= 1


def test_groups_are_by_speaker_or_by_utterance(audio: Path) -> None:
    groups = audio / "groups.txt"
    lines = "v0 men\nv1 men\n\nv2/0.wav women\nv2/2.wav women\nv3 women\nv9 children\n"
    groups.write_text(lines, encoding="utf-8")
    result = evaluate(audio, listed(), "--groups", str(groups), "--json")
    assert result.exit_code == 0
    assert "children" in result.stderr and "women" not in result.stderr
    figures = json.loads(result.stdout.splitlines()[-1])
    found = figures["groups"]
    assert {name: (rates["trials"], rates["targets"]) for name, rates in found.items()} == {
        "men": (12, 6),
        "women": (8, 4),
        "children": (0, 0),
    }


def test_the_worst_group_is_named_only_where_one_is_worse() -> None:
    def rates(fnmr: float | None, fmr: float = 0.0) -> Rates:
        return Rates(8, 4, 2, None, fmr, fnmr, {})

    def worst(**groups: Rates) -> str | None:
        return Report("e", rates(0), 8, 0, 0, 0, 0, 0, 0, groups).worst

    assert worst(old=rates(0.2), young=rates(0.1), absent=rates(None)) == "old"
    assert worst(old=rates(0.1), young=rates(0.1, 0.01)) == "young"
    assert worst(old=rates(0.0), young=rates(0.0), absent=rates(None)) is None
    assert worst(old=rates(0.5)) is None


def test_a_wrong_line_is_named_and_the_rest_goes_on(audio: Path) -> None:
    bad = ["yes a b", "1 only-two", "1 v0/0.wav nowhere.wav", "0 v0/0.wav empty.wav"]
    result = evaluate(audio, [*listed(), "", *bad], "--json")
    assert result.exit_code == 1
    for number in (50, 51, 52, 53):
        assert f"line {number}:" in result.stderr
    assert "nowhere.wav" in result.stderr
    figures = json.loads(result.stdout.splitlines()[-1])
    assert (figures["skipped"], figures["targets"]) == (4, 12)


def test_failures_to_enrol_and_to_acquire_are_counted(audio: Path) -> None:
    lines = [*listed(), "1 short.wav v0/2.wav+v0/1.wav", "1 v0/0.wav+v0/5.wav short.wav"]
    result = evaluate(audio, lines, "--json")
    figures = json.loads(result.stdout.splitlines()[-1])
    assert (figures["trials"], figures["targets"]) == (50, 12)
    assert figures["fte"] == pytest.approx(1 / 5)
    assert figures["fta"] == pytest.approx(1 / 13)
    assert result.stderr.count("不能用 failed short.wav: too_noisy, too_short") == 2


def test_an_enrolment_by_two_voices_is_a_failure_to_enrol(audio: Path) -> None:
    mixed = "v0/0.wav+v0/5.wav+v2/0.wav"
    lines = [*listed(), f"1 {mixed} v0/2.wav+v0/1.wav", f"0 {mixed} v1/2.wav+v1/1.wav"]
    result = evaluate(audio, lines, "--json")
    figures = json.loads(result.stdout.splitlines()[-1])
    assert (figures["trials"], figures["targets"]) == (50, 12)
    assert figures["fte"] == pytest.approx(1 / 5)
    assert f"{mixed}: agreement" in result.stderr
    alone = evaluate(audio, lines[-2:])
    assert alone.exit_code == 1
    assert "(1 failed)" in alone.stderr and "agreement" in alone.stderr


def test_without_impostors_there_is_nothing_to_say(audio: Path) -> None:
    result = evaluate(audio, ["1 v0/0.wav v0/1.wav"])
    assert result.exit_code == 1
    assert "No usable" in result.stderr


def test_for_people_and_as_a_plot(audio: Path) -> None:
    result = evaluate(audio, listed(), "--plot", str(audio / "det.svg"))
    assert result.exit_code == 0, result.output
    assert "FNMR" in result.output
    assert "<svg" in (audio / "det.svg").read_text(encoding="utf-8")


def test_a_plot_that_cannot_be_written_is_said_before_the_work(audio: Path) -> None:
    result = evaluate(audio, listed(), "--plot", str(audio / "nowhere" / "det.svg"))
    assert result.exit_code == 2
    assert "There is no folder" in result.stderr


def test_an_agency_uses_its_own_models_and_the_encoder_of_the_settings(
    audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICEPRINT_ENCODER", f"onnx:{encoders.MODEL / encoders.FLOAT}")
    monkeypatch.setenv("VOICEPRINT_MODELS", str(tmp_path))
    assert "resnet8k-84ecee78" in evaluate(audio, listed()).stderr, "the shipped cohort is of another encoder"
    people = tmp_path / "people.txt"
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    for voice in range(60):
        soundfile.write(recordings / f"{voice}.wav", talk(20 + voice, 1.0), 8000)
    people.write_text("\n".join(f"p{voice} {voice}.wav" for voice in range(60)), encoding="utf-8")
    made = CliRunner().invoke(voiceprint, ["cohort", "--speakers", str(people), "--audio", str(recordings), "--json"])
    assert json.loads(made.stdout)["file"] == str(tmp_path / "cohort.npz")
    trials = ["--trials", str(audio / "trials.txt"), "--audio", str(audio)]
    assert CliRunner().invoke(voiceprint, ["calibrate", *trials]).exit_code == 0
    assert (tmp_path / "calibration.json").exists()
    result = evaluate(audio, listed(), "--json")
    assert json.loads(result.stdout.splitlines()[-1])["encoder"] == "resnet8k-84ecee78"


def test_an_encoder_without_calibration_is_refused(audio: Path, tmp_path: Path) -> None:
    result = evaluate(audio, listed(), "--calibration", str(tmp_path / "none.json"))
    assert result.exit_code == 1
    assert "stillhere voiceprint calibrate" in result.stderr


@pytest.mark.parametrize(("name", "speaker"), [("id1/a/b.wav", "id1"), ("s23-00-01.flac", "s23"), ("x.wav", "x")])
def test_speakers_are_known_by_folder_or_name(name: str, speaker: str) -> None:
    assert evaluation.speaker_of(name) == speaker


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder of recordings like ../shared/data, with made-up tuning speakers: four takes of each word."""
    rows = []
    for voice, speaker in enumerate(SPEAKERS[Group.TUNING]):
        (tmp_path / "dsp20" / speaker).mkdir(parents=True)
        for number, word in enumerate(sorted(MANDARIN_WORDS)):
            for take in range(4):
                name = f"{speaker}/{number}-{take}.flac"
                soundfile.write(tmp_path / "dsp20" / name, talk(voice, 0.5, number), 8000)
                rows.append({"audio_filepath": name, "text": word, "speaker": speaker, "duration": 0.5})
    (tmp_path / "dsp20" / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return tmp_path


def test_trials_never_share_a_recording(corpus: Path) -> None:
    from voiceprint.training.trials import spoken

    enrolments, tests = spoken(corpus, Group.TUNING)
    for speaker in SPEAKERS[Group.TUNING]:
        used = [
            {recording.path for one in side if one.speaker == speaker for group in one.groups for recording in group}
            for side in (enrolments, tests)
        ]
        assert used[0]
        assert used[1]
        assert not used[0] & used[1]
    assert {tuple(map(len, one.groups)) for one in enrolments} == {(4, 4, 4)}
    assert {tuple(map(len, one.groups)) for one in tests} == {(3, 3)}
    assert spoken(corpus, Group.TUNING) == (enrolments, tests)


def test_written_trials_can_be_evaluated(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "trials"
    arguments = ["trials", "--group", "tuning", "--data", str(corpus), "--out", str(out)]
    result = CliRunner().invoke(voiceprint, arguments)
    assert result.exit_code == 0, result.output
    trials, problems = evaluation.parse((out / "trials.txt").read_text(encoding="utf-8").splitlines())
    assert not problems
    assert len(trials) == 36 * 120
    assert sum(trial.genuine for trial in trials) == 6 * 6 * 20
    assert all((out / name).is_file() for trial in trials[:200] for name in (*trial.enrolment, *trial.test))


def test_missing_recordings_are_named(tmp_path: Path) -> None:
    arguments = ["trials", "--group", "tuning", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(voiceprint, arguments)
    assert result.exit_code == 1
    assert "--data" in result.stderr


def test_attacks_are_counted_by_kind(audio: Path) -> None:
    """Copied by drawing its phases anew, a voice is still the person's to the encoder."""
    rng = np.random.default_rng(1)
    for voice in range(SPEAKERS_HERE):
        copy = attack_audio(Attack.RANDOM_PHASE, talk(voice, 4.0, 7), rng)
        soundfile.write(audio / f"v{voice}/copy.wav", copy, 8000)
    listed_attacks = [f"random_phase v{one}/0.wav+v{one}/5.wav v{one}/copy.wav" for one in range(SPEAKERS_HERE)]
    listed_attacks += [f"somebody v{one}/0.wav v{(one + 1) % SPEAKERS_HERE}/2.wav" for one in range(SPEAKERS_HERE)]
    file = audio / "attacks.txt"
    file.write_text("\n".join([*listed_attacks, "somebody v0/0.wav short.wav", ""]), encoding="utf-8")
    result = evaluate(audio, listed(), "--attacks", str(file), "--channel", "g711", "--json")
    found = json.loads(result.stdout.splitlines()[-1])["attacks"]
    copies, others = found["random_phase"], found["somebody"]
    assert (copies["attacks"], copies["refused"]) == (4, 0)
    assert (others["attacks"], others["refused"]) == (5, 1)
    assert copies["iapar_voiceprint"]["rate"] > others["iapar_voiceprint"]["rate"]
    suspicious = [synthetic.load().suspicious(telephone(read(audio / f"v{v}/copy.wav"))) for v in range(SPEAKERS_HERE)]
    assert copies["apcer"]["rate"] == 1 - np.mean(suspicious)
    for one in (copies, others):
        assert one["iapar"]["rate"] <= min(one["apcer"]["rate"], one["iapar_voiceprint"]["rate"])
        assert one["iapar"]["ci95"][0] <= one["iapar"]["rate"] <= one["iapar"]["ci95"][1]
        assert one["iapar"]["speakers"] == 4


def test_a_wrong_line_of_attacks_is_named_and_the_rest_goes_on(audio: Path) -> None:
    file = audio / "attacks.txt"
    file.write_text("a copy of v0/0.wav\ncopy v0/0.wav v0/none.wav\ncopy v0/0.wav v0/2.wav\n", encoding="utf-8")
    result = evaluate(audio, listed(), "--attacks", str(file))
    assert result.exit_code == 1
    assert "第 1 行" in result.stderr and "line 2" in result.stderr
    assert "copy: 1 attacks" in result.stdout
