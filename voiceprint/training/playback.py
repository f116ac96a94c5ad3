"""Calls made of single words, and what becomes of them when they are played into a telephone, simulated."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from voiceprint.audio import SAMPLE_RATE, Samples, decode_alaw, decode_mulaw, encode_alaw, encode_mulaw, read, telephone
from voiceprint.fingerprint import Fingerprint, fingerprint
from voiceprint.speech import FRAME, activity
from voiceprint.training.channel import Channel
from voiceprint.training.codecs import gsm
from voiceprint.training.corpus import Group, of_group
from voiceprint.training.trials import PAUSE_S, join

WORDS = 6  # a call
SNR_DB = 15.0
NEAR = 0.8  # a room is a handset's when this share of its response's energy comes within 5 ms of the direct sound


class Attack(StrEnum):
    """What is played into a new call; everything passes another telephone line than the first time."""

    CODEC_A = "codec_a"
    CODEC_MU = "codec_mu"
    MOBILE = "mobile"  # GSM full rate (06.10), in place of AMR, and 3 % of the packets lost
    NOISE = "noise_15db"
    TRIMMED = "trimmed_30"  # from either end or both
    TOGETHER = "codec_noise_trimmed"  # the three that the goal names
    SPEED = "speed_0.5"
    ROOM = "room"  # a handset held to a loudspeaker
    FAR_ROOM = "far_room"  # a hands-free telephone across a hall
    STITCHED = "stitched_from_one"  # its words in another order
    STITCHED_SEVERAL = "stitched_from_several"  # each word from another call
    STITCHED_NOISE = "stitched_from_several_noise_15db"
    ONE_WORD = "one_word"  # a word of an earlier call among five spoken anew
    REPEATED = "repeated_word"  # the same take of a word twice within the call itself
    REPEATED_NOISE = "repeated_word_noise_15db"


WITHIN = (Attack.REPEATED, Attack.REPEATED_NOISE)
FROM_SEVERAL = (Attack.STITCHED_SEVERAL, Attack.STITCHED_NOISE)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the recordings of its words, and what the service heard and keeps of it.

    `theme`: which words; calls of one theme say the same ones in the same order. `take`: which recording of each.
    """

    speaker: str
    theme: int
    take: int
    words: tuple[Samples, ...]
    heard: Samples
    kept: Fingerprint

    def word(self, index: int) -> Samples:
        """One of its words as the line carried it."""
        pause = int(PAUSE_S * SAMPLE_RATE)
        start = sum(len(word) + pause for word in self.words[:index])
        return self.heard[start : start + len(self.words[index])]


def spoken_calls(data: Path, group: Group) -> list[Call]:
    """Calls of six of the twenty words, take by take; no recording is in two of them. Raises CorpusMissing."""
    takes: dict[str, dict[str, list[Samples]]] = defaultdict(lambda: defaultdict(list))
    for recording in of_group(data, group):
        takes[recording.speaker][recording.text].append(read(recording.path))
    words = sorted({word for spoken in takes.values() for word in spoken})
    random.Random(1).shuffle(words)
    themes = [words[first : first + WORDS] for first in range(0, len(words) - WORDS + 1, WORDS)]
    found = []
    for speaker, spoken in sorted(takes.items()):
        for theme, chosen in enumerate(themes):
            for take in range(min(len(spoken[word]) for word in chosen)):
                said = tuple(spoken[word][take] for word in chosen)
                heard = telephone(join(said))
                found.append(Call(speaker, theme, take, said, heard, fingerprint(heard)))
    return found


def over(
    samples: Samples, line: Channel, rng: np.random.Generator, noise: bool = False, codec: str = "either"
) -> Samples:
    """Another telephone line: a delay, other edges of the band, noise at 15 dB below the speech, a level, a codec.

    `codec`: "a", "mu", "either" or "mobile".
    """
    delayed = np.pad(samples, (int(rng.integers(400)), 0))
    edges = (rng.uniform(250, 380), rng.uniform(3100, 3500))
    heard = sosfilt(butter(3, edges, btype="bandpass", fs=SAMPLE_RATE, output="sos"), delayed)
    if noise:
        heard = with_noise(heard, _noise(len(heard), line, rng))
    level = 10 ** (rng.uniform(-36, -14) / 20) / np.sqrt(np.mean(np.square(heard)) + 1e-10)
    heard = np.clip(heard * level, -1, 1).astype(np.float32)
    if codec == "mobile":
        return gsm(heard, rng)
    if codec == "a" or (codec == "either" and rng.random() < 0.5):
        return decode_alaw(encode_alaw(heard))
    return decode_mulaw(encode_mulaw(heard))


def with_noise(samples: Samples, noise: Samples) -> Samples:
    """Noise at SNR_DB below the level of the speech, pauses not counted."""
    active = np.repeat(activity(samples.astype(np.float32)), FRAME)
    speech = samples[: len(active)][active]
    power = np.mean(np.square(speech if len(speech) else samples)) / (np.mean(np.square(noise)) + 1e-20)
    noisy: Samples = (samples + noise * np.sqrt(power / 10 ** (SNR_DB / 10))).astype(np.float32)
    return noisy


def played(
    call: Call, sources: Sequence[Call], line: Channel, rng: np.random.Generator
) -> Iterator[tuple[Attack, Samples]]:
    """Everything that can be played with one call.

    `sources`: a call of the same words for each word, the first being `call` itself: what is stitched from several
    takes the word of that number from each, and ONE_WORD slips one word into the second.
    """
    heard, order = call.heard, rng.permutation(WORDS)
    one = join([call.word(index) for index in order])
    several = join([sources[index].word(index) for index in order])
    slipped = int(rng.integers(WORDS))
    mixed = [call.word(slipped) if index == slipped else word for index, word in enumerate(sources[1].words)]
    twice = join([*call.words, call.words[slipped]])
    yield Attack.CODEC_A, over(heard, line, rng, codec="a")
    yield Attack.CODEC_MU, over(heard, line, rng, codec="mu")
    yield Attack.MOBILE, over(heard, line, rng, codec="mobile")
    yield Attack.NOISE, over(heard, line, rng, noise=True)
    yield Attack.TRIMMED, over(_trimmed(heard, rng), line, rng)
    yield Attack.TOGETHER, over(_trimmed(heard, rng), line, rng, noise=True)
    yield Attack.SPEED, over(resample_poly(heard, *((200, 201) if rng.random() < 0.5 else (201, 200))), line, rng)
    yield Attack.ROOM, over(_in_room(heard, line, True, rng), line, rng)
    yield Attack.FAR_ROOM, over(_in_room(heard, line, False, rng), line, rng)
    yield Attack.STITCHED, over(one, line, rng)
    yield Attack.STITCHED_SEVERAL, over(several, line, rng)
    yield Attack.STITCHED_NOISE, over(several, line, rng, noise=True)
    yield Attack.ONE_WORD, over(join(mixed), line, rng)
    yield Attack.REPEATED, over(twice, line, rng)
    yield Attack.REPEATED_NOISE, over(twice, line, rng, noise=True)


def _noise(length: int, line: Channel, rng: np.random.Generator) -> Samples:
    """A stretch of a recorded noise, or white to brown noise."""
    if rng.random() < 0.5:
        recorded = line.noises[rng.integers(len(line.noises))]
        return np.resize(np.roll(recorded, -int(rng.integers(len(recorded)))), length)
    spectrum = np.fft.rfft(rng.standard_normal(length))
    fall = np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE), 50) ** (-rng.uniform(0, 2) / 2)
    return np.fft.irfft(spectrum * fall, length).astype(np.float32)


def _trimmed(samples: Samples, rng: np.random.Generator) -> Samples:
    cut = int(0.3 * len(samples))
    start = (0, cut, int(rng.integers(cut + 1)))[rng.integers(3)]
    return samples[start : len(samples) - (cut - start)]


def _in_room(samples: Samples, line: Channel, near: bool, rng: np.random.Generator) -> Samples:
    within = SAMPLE_RATE // 200
    rooms = [room for room in line.rooms if (np.sum(room[:within] ** 2) / np.sum(room**2) >= NEAR) == near]
    room = rooms[rng.integers(len(rooms))]
    return fftconvolve(samples, room)[: len(samples)].astype(np.float32)
