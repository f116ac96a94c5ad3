"""Training data: labels where the sounds are, lines as telephones have them, alignments that find what was said."""

from __future__ import annotations

import ctypes.util
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: the training extra")
pytest.importorskip("kaldi_native_fbank", reason="kaldi-native-fbank is not installed: the training extra")
if ctypes.util.find_library("espeak-ng") is None:
    pytest.skip("libespeak-ng is not installed", allow_module_level=True)

from ivr.dialects import dialect
from ivr.speech.evaluation import UNTRAINED
from ivr.speech.recogniser import VoskRecogniser
from ivr.speech.training import conditions, corpus, pieces, recipe
from ivr.speech.training.calls import call
from ivr.speech.training.channel import Backgrounds, Noise, band, read, resample, telephone
from ivr.speech.training.confidence import nearly_said
from ivr.speech.training.espeak import Spoken, Voice, say
from ivr.speech.training.mixture import Material, frames
from ivr.speech.training.phones import GARBAGE, SILENCE
from ivr.speech.training.pieces import not_speech, recordings, synthetic, with_breath
from ivr.speech.training.recipe import WorkDiffers, claim, inventory, train
from ivr.speech.training.spread import spread
from ivr.speech.vocabulary import challenge_words, decoys, pronunciations

QUIET = Backgrounds((), ())


def test_a_word_is_labelled_state_by_state() -> None:
    sounds, random = inventory(), np.random.default_rng(1)
    piece = synthetic(Voice("cmn-latn-pinyin", rate=120), pronunciations()["北京"], "北京", 1.0)
    assert piece is not None
    frames = call([piece], sounds, random, QUIET)
    assert len(frames.features) == len(frames.labels)
    word = sounds.of_word("北京")
    heard = frames.labels[:, 0]
    silent = sounds.phones["words:" + SILENCE].first_pdf
    changes = heard[np.flatnonzero(np.diff(heard, prepend=-1))].tolist()
    assert changes == [silent, *range(word.first_pdf, word.first_pdf + word.states), silent]


def test_what_is_no_challenge_word_is_garbage_to_the_words_head() -> None:
    sounds, random = inventory(), np.random.default_rng(1)
    piece = synthetic(Voice("cmn-latn-pinyin", rate=120), ("bei4", "jing3"), None, 1.0)
    assert piece is not None
    labels = call([piece, not_speech(random)], sounds, random, QUIET).labels
    assert set(labels[:, 0]) == {sounds.phones[f"words:{name}"].first_pdf for name in (SILENCE, GARBAGE)}
    assert sounds.of_sound("ing").first_pdf in labels[:, 1]


def test_a_slower_piece_is_longer_and_so_are_its_sounds() -> None:
    piece = synthetic(Voice("cmn-latn-pinyin"), ("shang4", "hai3"), "上海", 1.0)
    assert piece is not None
    slow = piece.slower(1.25)
    assert len(slow.samples) == round(1.25 * len(piece.samples))
    assert slow.sounds[-1].end == pytest.approx(1.25 * piece.sounds[-1].end)


def test_resampling_keeps_a_tone() -> None:
    time = np.arange(8000) / 8000
    slow = resample(np.sin(2 * np.pi * 500 * time).astype(np.float32), 1.25)
    spectrum = np.abs(np.fft.rfft(slow))
    assert np.argmax(spectrum) * 8000 / len(slow) == pytest.approx(400, abs=2)


def test_a_telephone_line_keeps_length_and_cuts_the_bass() -> None:
    random, samples = np.random.default_rng(5), np.random.default_rng(6).normal(0, 0.1, 16000).astype(np.float32)
    lines = [telephone(samples, random, QUIET, Noise(60, 60)) for _ in range(20)]
    assert all(len(line) == len(samples) and np.abs(line).max() <= 1 for line in lines)
    power = np.mean([np.abs(np.fft.rfft(line)) ** 2 / np.sum(line**2) for line in lines], axis=0)
    hertz = np.fft.rfftfreq(len(samples), 1 / 8000)
    assert power[hertz < 80].mean() < 0.5 * power[(hertz > 500) & (hertz < 2500)].mean()


@pytest.mark.parametrize("ratio", [5.0, 15.0])
def test_a_noise_in_the_band_is_measured_in_the_band(ratio: float) -> None:
    time = np.arange(32000) / 8000
    tone = (0.3 * np.sin(2 * np.pi * 1000 * time) * (time < 2)).astype(np.float32)
    found = []
    for seed in range(20):
        line = band(telephone(tone, np.random.default_rng(seed), QUIET, Noise(ratio, ratio, in_band=True)))
        quiet, loud = np.mean(np.square(line[20000:])) + 1e-12, np.mean(np.square(line[2000:15000]))
        found.append(10 * np.log10((loud - quiet) / quiet))
    noisy = [one for one in found if one < 35]  # on some lines no noise is audible
    assert len(noisy) >= 8
    assert noisy == pytest.approx([ratio] * len(noisy), abs=3.5)


def test_conditions_are_what_a_telephone_lets_through(shared: Path, tmp_path: Path) -> None:
    words = list(challenge_words().values())[:1]
    conditions.write(shared / "data", "tuning", words, tmp_path)
    for name in ("words-10db", "others", "digits-syllables"):
        waves = [read(file) for file in sorted((tmp_path / name).glob("*.wav"))[:20]]
        power = np.mean([np.abs(np.fft.rfft(wave, 32000)) ** 2 for wave in waves], axis=0)
        hertz = np.fft.rfftfreq(32000, 1 / 8000)
        assert power[hertz < 150].mean() < 0.03 * power[(hertz > 400) & (hertz < 1000)].mean(), name


def test_breath_is_silence_around_a_word() -> None:
    random = np.random.default_rng(3)
    piece = synthetic(Voice("cmn-latn-pinyin"), ("shang4", "hai3"), "上海", 1.0)
    assert piece is not None
    breathing = [with_breath(piece, random) for _ in range(20)]
    assert all(len(b.samples) >= len(piece.samples) and b.sounds[0].start >= piece.sounds[0].start for b in breathing)
    one = max(breathing, key=lambda b: b.sounds[0].start)
    start = round((one.sounds[0].start - piece.sounds[0].start) * 8000)
    assert np.array_equal(one.samples[start : start + len(piece.samples)], piece.samples)
    labels = call([one], inventory(), random, QUIET).labels
    assert labels[0, 0] == labels[-1, 0] == inventory().phones["words:" + SILENCE].first_pdf


def test_no_tuning_or_reporting_speaker_is_trained_on(shared: Path) -> None:
    speakers = {recording.speaker for _, recording in corpus.everything(shared / "data")}
    assert not speakers & {*conditions.SPEAKERS["tuning"], *conditions.SPEAKERS["reporting"]}
    assert set(conditions.SPEAKERS["training"]) <= speakers


def voices(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> list[Voice]:
    """Everything that a module has espeak-ng say from now on is written down here: by which voice."""
    used: list[Voice] = []

    def noting(voice: Voice, said: Sequence[str], spelling: str = "mandarin") -> Spoken:
        used.append(voice)
        return say(voice, said, spelling)

    monkeypatch.setattr(module, "say", noting)
    return used


def test_what_synthetic_speech_is_measured_by_is_not_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a voice nor a rate; and those of thresholds are others than those of figures."""
    trained, measured = voices(monkeypatch, pieces), voices(monkeypatch, conditions)
    material = Material(inventory(), QUIET, ["ma1", "shi4"], ["maa1", "si6"], [])
    assert len(list(frames(material, 0.2, 1.0, 3))) > 50
    seen: dict[str, set[tuple[str, int]]] = {}
    for group in ("tuning", "reporting"):
        conditions.write_synthetic(group, tmp_path / group, "cantonese", count=12)
        seen[group] = {(voice.name.partition("+")[2], voice.rate) for voice in measured}
        measured.clear()
    names, rates = ({voice.name.partition("+")[2] for voice in trained}, {voice.rate for voice in trained})
    for name, rate in seen["tuning"] | seen["reporting"]:
        assert name not in names
        assert rate not in rates
    assert not {*pieces.VARIANTS} & {*pieces.HELD_OUT_VARIANTS}
    assert not {*pieces.RATES} & {rate for of in conditions.RATES.values() for rate in of}
    assert min(rates) < 130, "slow speech is learnt"
    assert max(rates) > 225, "and faster than what is measured"
    for part in (0, 1):
        assert not {voice[part] for voice in seen["tuning"]} & {voice[part] for voice in seen["reporting"]}


def test_no_invented_accent_has_the_tones_of_a_dialect_that_is_measured() -> None:
    random = np.random.default_rng(1)
    tones = {pieces.random_accent(random).tones for _ in range(2000)}
    assert len(tones) == 21
    assert not tones & {dialect(code).accent.tones for code in ("mandarin", "sichuanese", "kunming", "shaanxi")}


@pytest.mark.parametrize(
    ("plain", "said", "untrained"),
    [
        (("shi4", "de5"), ("si2", "de5"), False),  # sh as s: four in ten of the invented accents have it
        (("ting1", "bu4"), ("tin1", "bu4"), False),
        (("zheng4",), ("zen4",), False),  # two rules at once
        (("ren2", "gong1"), ("yin4", "gong3"), True),
        (("yi1", "shui3"), ("yi1", "fei4"), True),
    ],
)
def test_what_no_invented_accent_says_was_never_trained_on(
    plain: tuple[str, ...], said: tuple[str, ...], untrained: bool
) -> None:
    assert conditions.said_by_untrained_rule(plain, said) == untrained


def test_what_was_never_trained_on_is_listed_by_itself(tmp_path: Path) -> None:
    """Jiaodong says r as y, which no training call does; nobody's Mandarin has a rule."""
    listed = {}
    for spoken in ("mandarin", "jiaodong"):
        for manifest in conditions.write_synthetic("tuning", tmp_path, spoken, count=15):
            every = manifest.read_text(encoding="utf-8").splitlines()
            some = manifest.with_stem(manifest.stem + UNTRAINED).read_text(encoding="utf-8").splitlines()
            assert len(every) == 15
            assert {*some} < {*every}
            listed[manifest.stem] = {json.loads(line)["text"] for line in some}
    assert not any(texts for name, texts in listed.items() if "mandarin" in name)
    assert listed["synthetic-jiaodong-menu"]
    assert all({*text} & {*"人认日"} for text in listed["synthetic-jiaodong-menu"])


def small_copy(data: Path, out: Path) -> None:
    """A few recordings of each folder, with their manifests."""
    words = {*challenge_words().values(), "Open"}
    for name in corpus.SHARES:
        every = 1 if name == "dsp20" else 150
        some = [r for r in list(recordings(data / name))[::every] if name != "dsp20" or r.path.stem.endswith("-01")]
        kept = [r for r in some if name != "dsp20" or (r.speaker in ("s01", "s02") and r.text in words)]
        (out / name).mkdir(parents=True)
        lines = []
        for recording in kept:
            shutil.copy(recording.path, out / name / recording.path.name)
            entry = {"audio_filepath": recording.path.name, "text": recording.text, "speaker": recording.speaker}
            lines.append(json.dumps(entry, ensure_ascii=False))
        (out / name / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    shutil.copytree(data / "noise", out / "noise")


@pytest.mark.timeout(900)  # where others need the cores, minutes
def test_the_recipe_runs_and_is_not_done_twice(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All steps on a handful of recordings, the last in two parts: the folder loads; what is done is not done again."""
    monkeypatch.setattr(recipe, "_PART", 0.01)
    small_copy(shared / "data", tmp_path / "data")
    said: list[str] = []
    train(tmp_path / "data", tmp_path / "work", tmp_path / "model", 0.0002, said.append)
    assert any("aligning" in line for line in said)
    VoskRecogniser.open(tmp_path / "model").listen("challenge").finish()
    again: list[str] = []
    train(tmp_path / "data", tmp_path / "work", tmp_path / "model", 0.0002, again.append)
    assert again == [said[-1]]
    with pytest.raises(WorkDiffers, match="--work"):
        train(tmp_path / "data", tmp_path / "work", tmp_path / "model", 0.0003, again.append)


@pytest.mark.parametrize("changed", ["VARIANTS", "RATES", "TONES", "ACCENT_RULES"])
def test_calls_of_other_voices_or_accents_are_not_gone_on_from(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be trained on as if they were of the recipe as it is."""
    claim(tmp_path, 1.0, inventory())
    claim(tmp_path, 1.0, inventory())
    monkeypatch.setattr(pieces, changed, getattr(pieces, changed)[1:])
    with pytest.raises(WorkDiffers, match="--work"):
        claim(tmp_path, 1.0, inventory())


def test_what_is_a_part_of_a_phrase_is_near_to_it() -> None:
    assert nearly_said("上海", "menu", ["上海话", "人工"])
    assert not nearly_said("北京", "menu", ["上海话", "人工"])
    assert nearly_said(decoys()[0], "challenge", [])
    assert not nearly_said("Open", "challenge", ["数字"])


def test_what_is_spread_over_cores_comes_back_in_order() -> None:
    assert list(spread(abs, range(-40, 0), int, ())) == [*range(40, 0, -1)]
