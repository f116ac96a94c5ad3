"""What the training calls consist of: which words, said by whom, in what proportion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from ivr.dialects import Accent, dialect, dialects
from ivr.speech.training.calls import Frames, call
from ivr.speech.training.channel import NOISE, SAMPLE_RATE, Backgrounds, Noise, Random
from ivr.speech.training.espeak import Sound
from ivr.speech.training.phones import INITIALS, Inventory
from ivr.speech.training.pieces import (
    Piece,
    Syllables,
    not_speech,
    random_accent,
    random_voice,
    synthetic,
    with_breath,
)
from ivr.speech.vocabulary import COMMANDS, challenge_words, decoys, pronunciations

_FRAMES_A_HOUR = 360_000
_CALL_S = 8.0
_LONGEST_S = 6.0
_WORDS = 0.72  # share of challenge words and decoys in what a real speaker says
_CANTONESE, _ACCENTED = 0.33, 0.3  # shares of synthetic calls
_BREATHING = 0.3  # share of what a real speaker says
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spoken:
    """All pieces of one real speaker; `share`: how often this speaker is drawn."""

    words: tuple[Piece, ...]
    others: tuple[Piece, ...]
    share: float


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that calls are made of. `syllables`, `cantonese`: every syllable of the language, with tone."""

    inventory: Inventory
    backgrounds: Backgrounds
    syllables: Sequence[str]
    cantonese: Sequence[str]
    speakers: Sequence[Spoken]


@dataclass(frozen=True, slots=True)
class Saying:
    """Syllables to be spoken; the challenge word or decoy they are."""

    said: Syllables
    word: str | None = None


def speakers(pieces: Mapping[str, Sequence[Piece]], shares: Mapping[str, float]) -> list[Spoken]:
    """Sort each speaker's pieces into challenge words with their decoys, and others."""
    sorted_pieces: dict[str, tuple[list[Piece], list[Piece]]] = defaultdict(lambda: ([], []))
    for speaker, said in pieces.items():
        for piece in said:
            sorted_pieces[speaker][piece.word is None].append(piece)
    return [Spoken(tuple(w), tuple(o), shares[speaker]) for speaker, (w, o) in sorted_pieces.items()]


def frames(
    material: Material,
    hours: float,
    synthetic_share: float,
    seed: int | Sequence[int],
    noise: Noise = NOISE,
) -> Iterator[Frames]:
    """Labelled calls until there are `hours` of them; `synthetic_share` of them by espeak-ng, with `noise`."""
    random = np.random.default_rng(seed)
    shares = np.array([speaker.share for speaker in material.speakers], dtype=float)
    made = 0
    while made < hours * _FRAMES_A_HOUR:
        if random.uniform() < synthetic_share:
            pieces = _synthetic_call(material, random)
        else:
            speaker = material.speakers[random.choice(len(shares), p=shares / shares.sum())]
            pieces = _real_call(speaker, random)
        result = call(pieces, material.inventory, random, material.backgrounds, noise)
        made += len(result.features)
        yield result


def _synthetic_call(material: Material, random: Random) -> list[Piece]:
    spelling = "cantonese" if random.uniform() < _CANTONESE else "mandarin"
    voice, stretch = random_voice(random, spelling=spelling), random.uniform(0.82, 1.2)
    accent = random_accent(random) if spelling == "mandarin" and random.uniform() < _ACCENTED else Accent()
    pieces: list[Piece] = []
    for _ in range(random.integers(4, 10)):
        if random.uniform() < 0.04:
            pieces.append(not_speech(random))
            continue
        saying = _saying(material, random) if spelling == "mandarin" else _in_cantonese(material, random)
        piece = synthetic(voice, accent(saying.said), saying.word, stretch, spelling)
        if piece is not None:
            pieces.append(with_breath(piece, random) if random.uniform() < 0.15 else piece)
    return pieces


def _saying(material: Material, random: Random) -> Saying:
    """Something to be said by a synthetic voice in Mandarin."""
    kind = random.uniform()
    if kind < 0.28:
        word = _one(list(challenge_words().values()), random)
        return Saying(pronunciations()[word], word=word)
    if kind < 0.36:
        word = _one(decoys(), random)
        return Saying(pronunciations()[word], word=word)
    if kind < 0.54:
        return _digits("mandarin", random)
    if kind < 0.72:
        return _command("mandarin", random)
    return Saying(tuple(_one(material.syllables, random) for _ in range(random.integers(1, 4))))


def _in_cantonese(material: Material, random: Random) -> Saying:
    kind = random.uniform()
    if kind < 0.25:
        return _digits("cantonese", random)
    if kind < 0.5:
        return _command("cantonese", random)
    return Saying(tuple(_one(material.cantonese, random) for _ in range(random.integers(1, 4))))


def _digits(code: str, random: Random) -> Saying:
    digits = [way for _, _, ways in dialect(code).pronunciations("digits") for way in ways]
    return Saying(tuple(said for _ in range(random.integers(1, 5)) for said in _one(digits, random).said))


def _command(code: str, random: Random) -> Saying:
    """One of the dialect's commands; the names of dialects are none, so that another one changes nothing here."""
    commands = dialect(code).pronunciations(_one(COMMANDS, random))
    said = [ways for meaning, _, ways in commands if meaning not in dialects()]
    return Saying(_one(_one(said, random), random).said)


def _one(choices: Sequence[T], random: Random) -> T:
    return choices[int(random.integers(len(choices)))]


def _real_call(speaker: Spoken, random: Random) -> list[Piece]:
    stretch = random.uniform(0.87, 1.15)
    pieces: list[Piece] = []
    seconds = 0.0
    while seconds < _CALL_S:
        piece = _real_piece(speaker, random).slower(stretch * random.uniform(0.97, 1.03))
        if random.uniform() < _BREATHING:
            piece = with_breath(piece, random)
        seconds += len(piece.samples) / SAMPLE_RATE
        pieces.append(piece)
        if random.uniform() < 0.05:
            pieces.append(not_speech(random))
    return pieces


def _real_piece(speaker: Spoken, random: Random) -> Piece:
    if speaker.words and random.uniform() < _WORDS:
        piece = _one(speaker.words, random)
        return _half(piece, random) if random.uniform() < 0.12 else _cropped(piece, random)
    piece = _one(speaker.others, random)
    if len(piece.samples) <= _LONGEST_S * SAMPLE_RATE:
        return _cropped(piece, random)
    start = random.uniform(0, len(piece.samples) / SAMPLE_RATE - _LONGEST_S)
    return _cut(piece, start, start + _LONGEST_S, piece.sounds, None)


def _cropped(piece: Piece, random: Random) -> Piece:
    """The piece with more or less of what is around it: breath, clicks, the room."""
    if random.uniform() < 0.4:
        return piece
    start, end = piece.sounds[0].start - random.uniform(0.03, 0.3), piece.sounds[-1].end + random.uniform(0.03, 0.3)
    return _cut(piece, start, end, piece.sounds, piece.word)


def _half(piece: Piece, random: Random) -> Piece:
    """One syllable of a challenge word or decoy: neither of them."""
    middle = next((i for i, sound in enumerate(piece.sounds) if i and sound.unit in INITIALS), len(piece.sounds) - 1)
    at = piece.sounds[middle].start
    if random.uniform() < 0.5:
        return _cut(piece, piece.sounds[0].start - 0.1, at, piece.sounds[:middle], None)
    return _cut(piece, at, piece.sounds[-1].end + 0.15, piece.sounds[middle:], None)


def _cut(piece: Piece, start: float, end: float, sounds: Sequence[Sound], word: str | None) -> Piece:
    start, end = max(start, 0.0), min(end, len(piece.samples) / SAMPLE_RATE)
    inside = tuple(
        replace(sound, start=max(sound.start, start) - start, end=min(sound.end, end) - start)
        for sound in sounds
        if sound.end > start and sound.start < end
    )
    return Piece(piece.samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)], inside, word)
