"""Replayed calls, replayed stretches and words cut out of calls are found; speech said anew is not."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from scipy.signal import butter, resample_poly, sosfilt

from tests.voiceprint.voices import noise
from voiceprint.audio import Samples, decode_alaw, decode_mulaw, encode_alaw, encode_mulaw, read, telephone
from voiceprint.commands import voiceprint
from voiceprint.fingerprint import Fingerprint, FingerprintDamaged, fingerprint, listen
from voiceprint.replay import best_scores, compare, find, repeats
from voiceprint.training.corpus import SPEAKERS, Group, of_group
from voiceprint.training.playback import Attack
from voiceprint.training.replays import Genuine, measure
from voiceprint.training.trials import join

MISSED = 100  # samples: no multiple of a frame


def say(voice: int, saying: int, seconds: float = 6.0, take: int = 0) -> Samples:
    """Syllables whose pitch and resonances move and whose harmonics flutter: otherwise in another take."""
    words, breath = np.random.default_rng((voice, saying)), np.random.default_rng((voice, saying, take))
    time = np.arange(int(seconds * 8000)) / 8000
    knots, flutters = np.arange(0, seconds + 0.15, 0.15), np.arange(0, seconds, 0.015)

    def moving(low: float, high: float, unsteady: float) -> Samples:
        path = words.uniform(low, high, len(knots)) * (1 + unsteady * breath.standard_normal(len(knots)))
        return np.interp(time, knots + 0.01 * breath.standard_normal(len(knots)), path).astype(np.float32)

    pitch = moving(100 + 20 * voice, 140 + 20 * voice, 0.01)
    resonances = [moving(low, high, 0.02) for low, high in ((300, 800), (900, 2200), (2300, 3200))]
    loudness = np.clip(moving(-0.5, 1.2, 0.05), 0, 1)
    cycles = np.cumsum(pitch) / 8000
    wave = 0.003 * breath.standard_normal(len(time))
    for harmonic in range(1, 30):
        hertz = harmonic * pitch
        strength = sum(np.exp(-(((hertz - resonance) / 150) ** 2)) for resonance in resonances)
        flutter = np.exp(np.interp(time, flutters, breath.normal(0, 0.7, len(flutters))))
        wave += strength * flutter * np.cos(2 * np.pi * harmonic * cycles) / harmonic**0.5
    spoken: Samples = (0.1 * loudness * wave).astype(np.float32)
    return spoken


CALL = say(1, saying=0)
KEPT = fingerprint(telephone(CALL))


def line(samples: Samples) -> Samples:
    """Another line than `telephone`: later, quieter, other edges of the band, A-law."""
    late = np.pad(samples, (MISSED, 0))
    band = butter(3, (360, 3150), btype="bandpass", fs=8000, output="sos")
    return decode_alaw(encode_alaw((0.2 * sosfilt(band, late)).astype(np.float32)))


def noisy(samples: Samples) -> Samples:
    hiss = noise(len(samples) / 8000, 1.0)[: len(samples)]
    power = np.mean(samples**2) / np.mean(hiss**2)
    return samples + hiss * np.float32(np.sqrt(power / 10**1.5))


def trimmed(samples: Samples) -> Samples:
    return samples[int(0.2 * len(samples)) : int(0.9 * len(samples))]


@pytest.mark.parametrize(
    "attack",
    [
        line,
        lambda call: decode_mulaw(encode_mulaw(call)),
        lambda call: line(noisy(call)),
        lambda call: line(trimmed(call)),
        lambda call: line(trimmed(noisy(call))),
        lambda call: line(resample_poly(call, 200, 201).astype(np.float32)),
        lambda call: line(resample_poly(call, 201, 200).astype(np.float32)),
    ],
    ids=["a-law", "mu-law", "noise", "trimmed", "all three", "faster", "slower"],
)
def test_a_replayed_call_is_found(attack: Callable[[Samples], Samples]) -> None:
    played = attack(telephone(CALL))
    match = compare(listen(played), KEPT)
    assert match.found
    assert match.seconds > 0.6 * len(played) / 8000


def test_a_stretch_is_found_where_it_lies() -> None:
    stretch = telephone(CALL)[2 * 8000 : 4 * 8000]
    match = compare(listen(line(np.concatenate([say(2, 0, seconds=3), stretch, say(2, 1, seconds=2)]))), KEPT)
    assert match.found
    first = match.stretches[0]
    assert first.start_s - first.earlier_s == pytest.approx(3 - 2 + MISSED / 8000, abs=0.02)
    assert first.start_s == pytest.approx(3, abs=0.3)
    assert match.seconds == pytest.approx(2, abs=0.4)


def test_words_cut_out_of_several_calls_are_found_in_each() -> None:
    calls = [say(3, saying, seconds=4) for saying in range(5)]
    kept = [fingerprint(telephone(call)) for call in calls]
    words = [telephone(calls[index])[start : start + 8000] for index, start in ((3, 16000), (1, 4000), (0, 9000))]
    match = find(listen(line(join(words))), kept)
    assert match.found
    assert [one.call for one in sorted(match.stretches, key=lambda one: one.start_s)] == [3, 1, 0]


@pytest.mark.parametrize(
    "other", [say(1, saying=0, take=1), say(1, saying=1), say(2, saying=0)], ids=["another take", "words", "voice"]
)
def test_what_is_said_anew_is_not_found(other: Samples) -> None:
    assert not compare(listen(line(other)), KEPT).found


def test_the_more_is_searched_the_less_a_match_says() -> None:
    new = listen(line(noisy(telephone(CALL))))
    others = [fingerprint(say(voice, saying=0)) for voice in range(2, 8)]
    among = find(new, [*others, KEPT])
    assert among.score < compare(new, KEPT).score
    assert {one.call for one in among.stretches} == {len(others)}


def tone(*hertz: float, seconds: float = 6.0, on: float = 1.0, off: float = 0.0) -> Samples:
    time = np.arange(int(seconds * 8000)) / 8000
    sounding = time % (on + off) < on
    return (0.1 * sounding * sum(np.sin(2 * np.pi * one * time) for one in hertz)).astype(np.float32)


HUM: Samples = np.stack([tone(50.0 * harmonic) / np.float32(harmonic) for harmonic in range(1, 60)]).sum(axis=0)


@pytest.mark.parametrize(
    "shared",
    [tone(450), tone(450, on=0.35, off=0.35), tone(350, 440), tone(697, 1209, on=0.2, off=0.2), HUM],
    ids=["dial", "busy", "two tones", "key", "hum"],
)
def test_tones_and_hum_are_no_recording_of_anything(shared: Samples) -> None:
    assert not compare(listen(line(shared)), fingerprint(telephone(shared))).found
    assert not repeats(listen(line(shared))).found


def test_the_same_hum_beneath_two_calls_does_not_join_them() -> None:
    hum, other = HUM * np.float32(0.15), say(2, saying=0)
    assert not compare(listen(line(other + hum)), fingerprint(telephone(CALL + hum))).found


@pytest.mark.parametrize("length", [0, 1, 127, 128, 200, 8000])
def test_silence_of_any_length_matches_nothing(length: int) -> None:
    silence = np.zeros(length, dtype=np.float32)
    kept = fingerprint(silence)
    new = listen(CALL)
    for probe, earlier in ((listen(silence), kept), (listen(silence), KEPT), (new, kept)):
        assert not compare(probe, earlier).stretches
        assert not compare(probe, earlier).found
    assert not repeats(listen(silence)).found
    assert not find(new, []).found
    assert best_scores(new, []).shape == (0,)
    assert best_scores(listen(silence), [kept, KEPT]).tolist() == [0, 0]


def test_a_word_played_twice_is_found_and_one_said_twice_is_not() -> None:
    once, again = (say(4, saying=0, seconds=1, take=take) for take in (0, 1))
    rest = say(4, saying=1, seconds=2)
    late = np.zeros(MISSED, dtype=np.float32)
    played = repeats(listen(telephone(np.concatenate([once, rest, late, once]))))
    assert played.found
    assert played.stretches[0].start_s - played.stretches[0].earlier_s == pytest.approx(3 + MISSED / 8000, abs=0.02)
    assert not repeats(listen(telephone(np.concatenate([once, rest, late, again])))).found


def test_what_is_kept_is_small_and_the_same_from_both_sides() -> None:
    data = KEPT.to_bytes()
    assert len(data) < 64 * 6 + 20
    back = Fingerprint.from_bytes(data)
    assert np.array_equal(back.frames, KEPT.frames)
    assert np.array_equal(listen(telephone(CALL)).fingerprint.frames, KEPT.frames)


GOOD = KEPT.to_bytes()


@pytest.mark.parametrize(
    "damaged",
    [b"", GOOD[:12], GOOD[:-1], GOOD + b"\0", b"X" + GOOD[1:], GOOD[:4] + b"\2" + GOOD[5:], GOOD[:-1] + b"\x55"],
    ids=["nothing", "header", "short", "long", "mark", "version", "frames"],
)
def test_damaged_bytes_say_what_to_do(damaged: bytes) -> None:
    with pytest.raises(FingerprintDamaged, match=r"指纹.*make it again"):
        Fingerprint.from_bytes(damaged)


def test_real_words_replayed_are_found_and_said_anew_are_not(shared: Path) -> None:
    takes: dict[tuple[str, str], list[Path]] = {}
    for recording in of_group(shared / "data", Group.TUNING):
        takes.setdefault((recording.speaker, recording.text), []).append(recording.path)
    for speaker in SPEAKERS[Group.TUNING]:
        words = sorted(text for name, text in takes if name == speaker)[-6:]
        first, second = (join([read(takes[speaker, word][take]) for word in words]) for take in (0, 1))
        kept = fingerprint(telephone(first))
        assert compare(listen(line(trimmed(noisy(telephone(first))))), kept).found, speaker
        assert not compare(listen(line(second)), kept).found, speaker


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two made-up speakers with six words and two takes, a noise, a near and a far room."""
    data: Path = tmp_path_factory.mktemp("corpus")
    for folder in ("dsp20", "noise/noise", "noise/RIRs"):
        (data / folder).mkdir(parents=True)
    rows = []
    for voice, speaker in enumerate(SPEAKERS[Group.TUNING][:2]):
        for number in range(12):
            name = f"{speaker}-{number}.flac"
            soundfile.write(data / "dsp20" / name, say(voice, number % 6, seconds=0.7, take=number // 6), 8000)
            rows.append({"audio_filepath": name, "speaker": speaker, "text": f"word {number % 6}"})
    (data / "dsp20" / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    soundfile.write(data / "noise" / "noise" / "1.wav", noise(10, 0.1), 8000)
    near, far = np.zeros(400), noise(0.5, 0.1) * np.exp(-np.arange(4000) / 800)
    near[0] = far[0] = 0.5
    for name, room in (("near", near), ("far", far)):
        soundfile.write(data / "noise" / "RIRs" / f"{name}.wav", room, 8000)
    return data


def test_figures_count_what_they_rest_on(corpus: Path) -> None:
    told: list[int] = []
    figures = measure(corpus, Group.TUNING, lambda: told.append(1))
    assert (figures.speakers, figures.calls, len(told)) == (2, 4, 4)
    assert set(figures.found) == set(Attack)
    codec = figures.found[Attack.CODEC_A]
    assert (codec.count, codec.trials, codec.independent_count, codec.independent) == (4, 4, 4, 4)
    assert codec.ci95 == pytest.approx((0.025 ** (1 / 4), 1.0))
    assert figures.found[Attack.ONE_WORD].independent == 0
    same_words, others = figures.false_alarms[Genuine.SAME_WORDS], figures.false_alarms[Genuine.OTHER_SPEAKER]
    assert (same_words.count, same_words.trials, same_words.independent) == (0, 4, 2)
    assert same_words.ci95 == pytest.approx((0.0, 1 - 0.025 ** (1 / 2)))
    assert (others.count, others.trials, others.independent) == (0, 4, 2)
    assert figures.false_alarms[Genuine.HISTORY].ci95 == (0.0, 1.0)


def test_the_command_says_what_was_measured(corpus: Path) -> None:
    arguments = ["replays", "--group", "tuning", "--data", str(corpus)]
    found = json.loads(CliRunner().invoke(voiceprint, [*arguments, "--json"]).stdout.splitlines()[-1])
    assert found == json.loads(json.dumps(asdict(measure(corpus, Group.TUNING))))
    said = CliRunner().invoke(voiceprint, arguments).stdout
    assert "codec_a" in said and "4 of 4, 4 of 4 independent [39.8, 100.0 %]" in said
    assert "none independent" in said


def test_the_command_names_missing_recordings(tmp_path: Path) -> None:
    result = CliRunner().invoke(voiceprint, ["replays", "--group", "tuning", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "--data" in result.stderr
