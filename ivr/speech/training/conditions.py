"""Recordings to measure on: words of given speakers, alone, in noise, in groups, and words outside the grammar."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from ivr.dialects import HOME, Accent, Pronunciation, Said, dialect
from ivr.speech.evaluation import UNTRAINED
from ivr.speech.training.channel import (
    SAMPLE_RATE,
    Backgrounds,
    Noise,
    Random,
    Samples,
    band,
    coloured_noise,
    read,
    resample,
    telephone,
    through_codec,
)
from ivr.speech.training.espeak import say
from ivr.speech.training.pieces import ACCENT_RULES, HELD_OUT_VARIANTS, Recording, random_voice, recordings
from ivr.speech.vocabulary import ASIDE, CHALLENGE, NAMES, decoys, meanings, pronunciations

SPEAKERS = {
    "training": tuple(f"s{number:02d}" for number in range(1, 23)),
    "tuning": tuple(f"s{number}" for number in range(23, 29)),
    "reporting": tuple(f"s{number}" for number in range(29, 35)),
}
_GROUPS = 60  # of each speaker
# espeak-ng voices and its words a minute that nothing was trained on: some for thresholds, others for figures
VOICES = {"tuning": HELD_OUT_VARIANTS[::2], "reporting": HELD_OUT_VARIANTS[1::2]}
RATES = {"tuning": (*range(130, 141), *range(195, 210)), "reporting": (*range(141, 151), *range(210, 226))}
_SAID_TOGETHER = {CHALLENGE: 3, "digits": 4}
_STRINGS = 200
_DIGITS = {
    **{"ling2": "零", "yi1": "一", "er4": "二", "san1": "三", "si4": "四"},
    **{"wu3": "五", "liu4": "六", "qi1": "七", "ba1": "八", "jiu3": "九"},
}
_SPEECH = 0.08  # of full scale: the level of the louder part of a recording
_ROOM = 1e-4  # the noise of the quiet between recordings


@dataclass(frozen=True, slots=True)
class Take:
    """One recording to be heard and what is said in it; `untrained`: by a rule of an accent that training never had."""

    samples: Samples
    text: str
    speaker: str
    untrained: bool = False


Change = Callable[[Samples], Samples]


def write(data: Path, group: str, words: Sequence[str], out: Path, seed: int = 7) -> list[Path]:
    """Write each condition for one group of SPEAKERS as WAV files and a manifest below `out`; returns the manifests.

    Each is what comes out of a telephone line: 300 to 3400 Hz, then µ-law.
    """
    random = np.random.default_rng(seed)
    takes = [recording for recording in recordings(data / "dsp20") if recording.speaker in SPEAKERS[group]]
    inside = [take for take in takes if take.text in words]
    partners = [take for take in takes if take.text in decoys()]
    outside = [take for take in takes if take.text not in words and take.text not in decoys()]
    groups = list(_groups(inside, words, random))
    conditions = {
        "words": [_alone(take, random) for take in inside],
        "words-20db": [_noisy(_alone(take, random), 20, random) for take in inside],
        "words-10db": [_noisy(_alone(take, random), 10, random) for take in inside],
        "groups": groups,
        "groups-15db": [_noisy(take, 15, random) for take in groups],
        "others": [_alone(take, random) for take in outside],
        "others-15db": [_noisy(_alone(take, random), 15, random) for take in outside],
        "partners": [_alone(take, random) for take in partners],
        "digits-syllables": list(_strings(recordings(data / "cmn-syllables"), random)),
    }
    return [_write(out, name, made) for name, made in conditions.items()]


def write_synthetic(group: str, out: Path, spoken: str = HOME, count: int = 200, seed: int = 5) -> list[Path]:
    """Write, for each grammar, what one group of VOICES says in a dialect, at its RATES, over telephone lines.

    No evidence: a synthetic voice is no caller. What Mandarin lends is said with more or less of the dialect's accent;
    manifests of UNTRAINED have those alone of which a syllable is said by a rule that no training call had.
    Raises EspeakMissing, DialectUnknown.
    """
    random = np.random.default_rng(seed)
    written = []
    for name in NAMES:
        takes = [_synthetic(name, spoken, group, random) for _ in range(count)]
        written.append(_write(out, f"synthetic-{spoken}-{name}", takes))
        some = out / f"{written[-1].stem}{UNTRAINED}.jsonl"
        lines = written[-1].read_text(encoding="utf-8").splitlines(keepends=True)
        some.write_text("".join(line for line, take in zip(lines, takes, strict=True) if take.untrained), "utf-8")
    return written


def _synthetic(name: str, spoken: str, group: str, random: Random) -> Take:
    """Three challenge words, four digits or one command of one of the group's voices."""
    phrases = list(meanings(name, spoken))
    words = [phrases[int(index)] for index in random.permutation(len(phrases))[: _SAID_TOGETHER.get(name, 1)]]
    of = dialect(spoken)
    rules = [rule for rule in of.accent.rules if random.uniform() < 0.7]
    variant, seed = VOICES[group][int(random.integers(len(VOICES[group])))], int(random.integers(2**32))
    parts, untrained = [_quiet(0.3, random)], False
    for word in words:
        way = _way(name, spoken, word, random)
        said = of.accent(way.said, rules) if way.spelling == HOME and _lent(name, spoken, word) else way.said
        untrained |= said_by_untrained_rule(way.said, said)
        voice = random_voice(np.random.default_rng(seed), [variant], way.spelling, RATES[group])
        heard = say(voice, said, way.spelling)
        parts += [resample(0.5 * heard.samples, SAMPLE_RATE / heard.sample_rate), _quiet(0.4, random)]
    line = telephone(np.concatenate(parts), random, Backgrounds((), ()), Noise(15, 35, in_band=True))
    return Take(line, " ".join(words), variant, untrained)


def said_by_untrained_rule(plain: Said, said: Said) -> bool:
    """Whether a syllable has become what none of the invented accents makes of it, whatever its tone."""
    trained = Accent(ACCENT_RULES)
    ways = [{form[0][:-1] for form in trained.more_or_less((one[:-1] + "5",))} for one in plain]
    return any(one[:-1] not in way for one, way in zip(said, ways, strict=True))


def _way(name: str, spoken: str, word: str, random: Random) -> Pronunciation:
    if name == CHALLENGE:
        return Pronunciation(HOME, pronunciations()[word])
    said = dialect(spoken).pronunciations("menu" if name == ASIDE else name)
    ways = next(ways for _, candidate, ways in said if candidate == word)
    return ways[0] if _lent(name, spoken, word) else ways[int(random.integers(len(ways)))]


def _lent(name: str, spoken: str, word: str) -> bool:
    """Whether Mandarin lends the word, so that its first pronunciation is Mandarin's."""
    return spoken != HOME and (name == CHALLENGE or word in meanings(name))


def _quiet(seconds: float, random: Random) -> Samples:
    return (_ROOM * random.standard_normal(int(seconds * SAMPLE_RATE))).astype(np.float32)


def _levelled(recording: Recording) -> Samples:
    """At the level of its speech, not of a click in it: one speaker on one line does not whisper every third word."""
    samples = read(recording.path)
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    power = np.sort(np.mean(np.square(frames), axis=1))
    speech = power[int(0.8 * len(power)) : int(0.97 * len(power)) + 1].mean()  # the louder part, without its loudest
    return np.clip(samples * np.float32(_SPEECH / np.sqrt(speech + 1e-12)), -1, 1).astype(np.float32)


def _alone(recording: Recording, random: Random) -> Take:
    samples = np.concatenate([_quiet(0.3, random), _levelled(recording), _quiet(0.4, random)])
    return Take(band(samples), recording.text, recording.speaker)


def _groups(takes: Sequence[Recording], words: Sequence[str], random: Random) -> list[Take]:
    """Three different words of one speaker with pauses of 0.2 to 0.8 s, as a challenge asks for them."""
    made = []
    for speaker in sorted({take.speaker for take in takes}):
        for _ in range(_GROUPS):
            asked = [words[index] for index in random.permutation(len(words))[:3]]
            parts = [_quiet(0.3, random)]
            for word in asked:
                mine = [take for take in takes if take.speaker == speaker and take.text == word]
                parts += [_levelled(mine[random.integers(len(mine))]), _quiet(random.uniform(0.2, 0.8), random)]
            made.append(Take(band(np.concatenate(parts)), " ".join(asked), speaker))
    return made


def _strings(syllables: Iterable[Recording], random: Random) -> Iterator[Take]:
    """Strings of four digits, of real syllables read singly by one reader, whom the network was trained on."""
    takes = [take for take in syllables if take.text in _DIGITS]
    for _ in range(_STRINGS if takes else 0):
        said = [takes[int(index)] for index in random.integers(len(takes), size=4)]
        parts = [_quiet(0.3, random)]
        for take in said:
            parts += [_levelled(take), _quiet(random.uniform(0.1, 0.4), random)]
        samples = np.concatenate([*parts, _quiet(0.4, random)])
        yield Take(band(samples), " ".join(_DIGITS[take.text] for take in said), said[0].speaker)


def _noisy(take: Take, snr: float, random: Random) -> Take:
    """With pink noise, `snr` dB below the loud parts of the speech; both are measured in the telephone's band."""
    loud = take.samples[np.abs(take.samples) > 0.1 * np.abs(take.samples).max()]
    noise = band(coloured_noise(len(take.samples), 1, random))
    noise *= np.sqrt(np.mean(loud**2) / np.mean(noise**2)) * 10 ** (-snr / 20)
    return Take((take.samples + noise).astype(np.float32), take.text, take.speaker)


def _write(out: Path, name: str, takes: Sequence[Take]) -> Path:
    """Every take through µ-law, as 16-bit WAV."""
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, take in enumerate(takes):
        file = folder / f"{take.speaker}-{number:04d}.wav"
        soundfile.write(file, through_codec(take.samples, "mulaw"), SAMPLE_RATE, subtype="PCM_16")
        entry = {"audio_filepath": f"{name}/{file.name}", "text": take.text, "speaker": take.speaker}
        lines.append(json.dumps(entry, ensure_ascii=False))
    manifest = out / f"{name}.jsonl"
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return manifest
