"""The recipe: a run that stops and goes on, and an export that says the same as SpeechBrain."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from tests.voiceprint.voices import noise, talk
from voiceprint import calibration, cohort
from voiceprint import encoder as encoders
from voiceprint.commands import voiceprint
from voiceprint.commands.attacking import countermeasure
from voiceprint.features import log_mel
from voiceprint.synthetic import Network
from voiceprint.training import channel
from voiceprint.training.attacks import TRAINED, Attack
from voiceprint.training.corpus import MANDARIN_WORDS, OTHER_FOLDERS, SPEAKERS, Group, training_voices
from voiceprint.training.presentation import Call, by_line

# What torch and SpeechBrain say about their own future is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")

TINY = {
    "batch_size: 128": "batch_size: 4",
    "steps_per_epoch: 200": "steps_per_epoch: 1",
    "epochs: ": "epochs: 1  # ",
    "without: [s01, ": "without: [",
    "s02, ": "",
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like ../shared/data with made-up voices: two training and three tuning speakers, noises and rooms."""
    folder = tmp_path_factory.mktemp("data")
    for name in ("dsp20", *OTHER_FOLDERS):
        (folder / name).mkdir()
        (folder / name / "manifest.jsonl").write_text("", encoding="utf-8")
    rows = []
    for speaker in (*SPEAKERS[Group.TRAINING][:2], *SPEAKERS[Group.TUNING][:3]):
        for number, word in enumerate(sorted(MANDARIN_WORDS)):
            for take in range(2):
                name = f"{speaker}-{number}-{take}.flac"
                soundfile.write(folder / "dsp20" / name, talk(int(speaker[1:]), 0.4, number), 8000)
                rows.append({"audio_filepath": name, "text": word, "speaker": speaker, "duration": 0.4})
    (folder / "dsp20" / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    for kind, sound in (("noise", noise(1, 0.1)), ("RIRs", noise(0.2, 0.1))):
        (folder / "noise" / kind).mkdir(parents=True)
        soundfile.write(folder / "noise" / kind / "1.wav", sound, 8000)
    return folder


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(voiceprint, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.usefixtures("training")
def test_train_stop_go_on_export(corpus: Path, tmp_path: Path) -> None:
    from voiceprint.training.recipe import HYPERPARAMETERS

    tiny = HYPERPARAMETERS.read_text(encoding="utf-8").replace("espeak_phrases: 20", "espeak_phrases: 0")
    for full, small in TINY.items():
        assert full in tiny
        tiny = tiny.replace(full, small)
    yaml, run = tmp_path / "tiny.yaml", tmp_path / "run"
    for epochs in ("epochs: 1", "epochs: 2"):
        yaml.write_text(tiny.replace("epochs: 1", epochs), encoding="utf-8")
        invoke("train", "--data", str(corpus), "--run", str(run), "--hyperparameters", str(yaml))
    log = (run / "log.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split(" loss")[0] for line in log] == ["epoch 1 step 1", "epoch 2 step 2"]

    invoke("export", "--run", str(run), "--out", str(tmp_path / "model"))
    exported = encoders.load(f"onnx:{tmp_path / 'model' / 'encoder.onnx'}")
    trained = encoders.load(f"speechbrain:{tmp_path / 'model' / 'speechbrain'}")
    assert_same_embeddings(exported, trained)
    assert exported.name.startswith("resnet8k-")
    assert exported.name != trained.name

    quantise = ("quantise", "--model", str(tmp_path / "model"), "--data", str(corpus), "--json")
    first, again = (json.loads(invoke(*quantise).splitlines()[-1])["encoder"] for _ in range(2))
    served = encoders.load(f"onnx:{tmp_path / 'model' / 'encoder.int8.onnx'}")
    assert first == again == served.name
    assert served.name.startswith("resnet8k-int8-")
    for seconds in (0.4, 1.0, 3.7):
        samples = talk(5, seconds)
        assert 0.95 < served.embed(samples).vector @ exported.embed(samples).vector < 1


@pytest.mark.usefixtures("training")
def test_what_cannot_be_quantised_is_left_alone(corpus: Path, tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    weights = helper.make_tensor("w", TensorProto.FLOAT, (1, 60, 1), np.ones(60))
    node = helper.make_node("Conv", ["features", "w"], ["embedding"], name="conv")
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, None]) for name in ("features", "embedding")
    ]
    model = helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:], [weights]), ir_version=8)
    onnx.save(model, tmp_path / "encoder.onnx")
    result = CliRunner().invoke(voiceprint, ["quantise", "--model", str(tmp_path), "--data", str(corpus)])
    assert result.exit_code == 1
    assert "no two-dimensional convolutions" in result.stderr
    assert not (tmp_path / "encoder.int8.onnx").exists()


@pytest.mark.usefixtures("training")
def test_without_an_exported_network_there_is_nothing_to_quantise(corpus: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(voiceprint, ["quantise", "--model", str(tmp_path), "--data", str(corpus)])
    assert result.exit_code == 1
    assert "encoder.onnx" in result.stderr and "voiceprint export" in result.stderr


def test_calibrate(corpus: Path, tmp_path: Path, encoder: encoders.Encoder) -> None:
    path = tmp_path / "calibration.json"
    said = json.loads(invoke("calibrate", "--data", str(corpus), "--out", str(path), "--json").splitlines()[-1])
    fitted = calibration.load(encoder.name, cohort.load(encoder.name).name, path)
    assert said["thresholds"][0]["llr"] == fitted.thresholds[0].llr
    assert fitted.threshold(0.01).fmr <= 0.01
    assert set(said["strongest_impostor"]) == set(SPEAKERS[Group.TUNING][:3])


def test_an_agency_calibrates_on_its_own_trials(corpus: Path, tmp_path: Path, encoder: encoders.Encoder) -> None:
    path = tmp_path / "calibration.json"
    invoke("trials", "--group", "tuning", "--data", str(corpus), "--out", str(tmp_path / "own"))
    own = ["--trials", str(tmp_path / "own" / "trials.txt"), "--audio", str(tmp_path / "own"), "--channel", "g711"]
    said = json.loads(invoke("calibrate", *own, "--out", str(path), "--json").splitlines()[-1])
    assert said["speakers"] == 3
    fitted = calibration.load(encoder.name, cohort.load(encoder.name).name, path)
    assert fitted.threshold(0.01).trials > 0
    assert fitted.one_voice.enrolments == 18
    result = CliRunner().invoke(voiceprint, ["calibrate", *own[:2], "--out", str(path)])
    assert result.exit_code == 2
    assert "--audio" in result.stderr


@pytest.mark.usefixtures("training")
def test_the_shipped_model_says_what_speechbrain_says() -> None:
    exact = encoders.load(f"onnx:{encoders.MODEL / encoders.FLOAT}")
    assert_same_embeddings(exact, encoders.load(f"speechbrain:{encoders.MODEL / 'speechbrain'}"))


def assert_same_embeddings(one: encoders.Encoder, other: encoders.Encoder) -> None:
    for seconds in (0.4, 1.0, 3.7):
        samples = talk(5, seconds)
        assert np.abs(one.embed(samples).vector - other.embed(samples).vector).max() <= 1e-4


@pytest.mark.usefixtures("training")
def test_features_are_those_of_speechbrain() -> None:
    import torch
    from hyperpyyaml import load_hyperpyyaml

    from voiceprint.training.recipe import HYPERPARAMETERS

    recipe = load_hyperpyyaml(HYPERPARAMETERS.read_text(encoding="utf-8"), {"speakers": 1})
    for samples in (talk(1, 1.3), noise(0.5, 0.1), np.zeros(800, dtype=np.float32)):
        theirs = recipe["normalise"](recipe["fbank"](torch.from_numpy(samples)[None]), torch.ones(1))[0].numpy()
        assert np.abs(log_mel(samples) - theirs).max() <= 1e-3  # decibels


@pytest.mark.usefixtures("training")
def test_the_shipped_strangers_are_at_speeds_that_the_network_never_heard() -> None:
    from hyperpyyaml import load_hyperpyyaml

    from voiceprint.training.recipe import HYPERPARAMETERS
    from voiceprint.training.strangers import SPEEDS

    trained = load_hyperpyyaml(HYPERPARAMETERS.read_text(encoding="utf-8"), {"speakers": 1})["speeds"]
    for up, down in SPEEDS:
        assert min(abs(up / down - one / other) for one, other in trained) > 0.03


def test_a_run_without_checkpoints_says_so(training: None, tmp_path: Path) -> None:
    result = CliRunner().invoke(voiceprint, ["export", "--run", str(tmp_path), "--out", str(tmp_path / "model")])
    assert result.exit_code == 1
    assert "voiceprint train" in result.stderr


@pytest.mark.usefixtures("training")
def test_batches_are_the_same_however_many_processes_draw_them(corpus: Path) -> None:
    import torch

    from voiceprint.training.batches import Batches, Draw

    draw = Draw(size=3, steps=5, seed=1, seconds=(0.5, 0.8), speeds=((1, 1), (5, 4)))
    batches = Batches(training_voices(corpus), channel.load(corpus), draw)
    alone, together = (
        [batch.wavs.numpy() for batch in torch.utils.data.DataLoader(batches, batch_size=None, num_workers=workers)]
        for workers in (0, 2)
    )
    assert len(alone) == len(together) == 5
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_speakers_can_be_left_out_of_training_and_their_recordings_thinned(corpus: Path) -> None:
    first, second = SPEAKERS[Group.TRAINING][:2]
    voices = training_voices(corpus, each=10, without=[first])
    assert [voice.name for voice in voices] == [second]
    assert len(voices[0].recordings) == 8  # every third of 24


def test_the_channel_keeps_length_and_range(corpus: Path) -> None:
    line, rng = channel.load(corpus), np.random.default_rng(1)
    voice = talk(1, 1.0)
    heard = [line(voice, rng) for _ in range(40)]
    assert all(len(one) == len(voice) and np.abs(one).max() <= 1 for one in heard)
    assert len({one.tobytes() for one in heard}) == len(heard)


@pytest.mark.usefixtures("training")
def test_the_countermeasure_learns_from_training_speakers_alone(corpus: Path) -> None:
    from voiceprint.training import spoof

    assert {one.speaker for one in spoof.sources(corpus, spoof.Settings())} == set(SPEAKERS[Group.TRAINING][:2])


@pytest.mark.usefixtures("training")
def test_the_line_does_not_give_an_attack_away(corpus: Path) -> None:
    from voiceprint.training import spoof

    settings, audio = spoof.Settings(lines=3), talk(1, 2)
    same = [Call("s01", None, audio), Call("s01", Attack.WORLD, audio)]
    lesson = spoof.hear_all(same, spoof.Source("s01", (), 7, True), channel.load(corpus), settings)
    assert lesson.kinds.tolist() == [spoof.BONA_FIDE, TRAINED.index(Attack.WORLD)] * 3
    assert np.array_equal(lesson.features[::2], lesson.features[1::2])
    assert not np.array_equal(lesson.features[0], lesson.features[2])


@pytest.mark.usefixtures("training")
def test_the_threshold_of_the_countermeasure_keeps_its_promise_on_every_line() -> None:
    from voiceprint.training import spoof

    def outputs(places: Sequence[float]) -> list[spoof.Output]:
        drawn = [np.random.default_rng(n).normal(place, 1, 300).tolist() for n, place in enumerate(places)]
        return [(f"line {n}", f"s{m % 6}", one) for n, outputs in enumerate(drawn) for m, one in enumerate(outputs)]

    real = outputs([0, 0.5, -1])
    operation = spoof.operate(real, outputs([4]))
    ratios = [(line, name, operation.slope * output + operation.offset) for line, name, output in real]
    flagged = by_line((line, name, ratio >= operation.threshold) for line, name, ratio in ratios)
    assert max(one.rate for one in flagged.values()) == operation.bpcer
    assert 0.01 < operation.bpcer <= spoof.MAX_BPCER
    assert operation.slope > 0
    assert (operation.calls, operation.speakers) == (300, 6)


@pytest.mark.usefixtures("training")
def test_training_the_countermeasure_again_gives_the_same_file(corpus: Path, tmp_path: Path) -> None:
    from voiceprint.training import spoof

    if find_spec("pyworld") is None or which("espeak-ng") is None:
        pytest.skip("pyworld or espeak-ng is not installed")
    settings = spoof.Settings(calls=1, attacked=1, attacks=2, lines=2, epochs=8, batch=4)
    lessons = [spoof.learn(corpus, settings, progress=False) for _ in range(2)]
    networks = [spoof.fit(lesson, settings, progress=False) for lesson in lessons]
    assert all(np.array_equal(getattr(networks[0], name), getattr(networks[1], name)) for name in Network.__slots__)
    outputs = np.array([networks[0](one) for one in lessons[0].features])
    is_machine = lessons[0].kinds != spoof.BONA_FIDE
    assert outputs[is_machine].mean() > outputs[~is_machine].mean()


@pytest.mark.usefixtures("training")
def test_without_recordings_the_countermeasure_says_what_to_name(tmp_path: Path) -> None:
    result = CliRunner().invoke(countermeasure, ["--out", str(tmp_path / "1.npz"), "--data", str(tmp_path / "nowhere")])
    assert result.exit_code == 1
    assert "--data" in result.stderr


def test_no_group_shares_a_speaker() -> None:
    everyone = [speaker for group in Group for speaker in SPEAKERS[group]]
    assert len(everyone) == len(set(everyone)) == 34
