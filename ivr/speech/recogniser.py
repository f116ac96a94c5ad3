"""Audio to words with Vosk: one turn is fed piece by piece, and what was not in the grammar is not understood."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from ivr.dialects import HOME, SPELLINGS, dialects
from ivr.speech.sound import Sound
from ivr.speech.vocabulary import (
    ASIDE,
    CHALLENGE,
    CHALLENGE_GRAPH,
    COMMANDS,
    GRAPH,
    NAMES,
    OTHER_WORDS,
    labels,
    meanings,
    other_sounds,
    plain,
)

if TYPE_CHECKING:
    from vosk import KaldiRecognizer, Model

SAMPLE_RATE = 8000
# Below this a word counts as not understood; chosen on the tuning speakers.
MIN_CONFIDENCE = {CHALLENGE: 0.9, "digits": 0.5, "yesno": 0.5, "menu": 0.5, ASIDE: 0.5}
_ONE_ANSWER = {*COMMANDS, ASIDE}
_GARBAGE = {OTHER_WORDS, *(other_sounds(spelling) for spelling in SPELLINGS)}
_FAINT, _FAINT_WORD = 5.0, 12.0  # so many dB below the loudest, garbage and words are no speech to us


class ModelMissing(FileNotFoundError):
    """There is no Vosk model in this folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} 里没有语音识别模型，请检查 SPEECH_MODELS。No speech model in {folder}: check SPEECH_MODELS."
        )
        self.folder = folder


class WordsUnknown(ValueError):
    """Words of a grammar are not in the model, and Vosk would leave them out without an error."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(words)
        listed = "、".join(self.words)
        super().__init__(
            f"语音模型不认识这些词：{listed}；请重新训练模型或修改 vocabulary.toml。"
            f"The model lacks these words: {listed}; train it again or change vocabulary.toml."
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """The words heard in order, and the lowest confidence among them.

    Not `understood`: nothing was said, or something outside the grammar; then `words` is empty.
    """

    words: tuple[str, ...]
    confidence: float
    understood: bool


NOTHING = Heard((), 0.0, False)


@dataclass(frozen=True, slots=True)
class Word:
    """A word or garbage that Vosk heard, how sure it is (0 to 1), and its peak level in dB."""

    text: str
    confidence: float
    level: float


class Listening(Protocol):
    """One spoken turn."""

    def feed(self, pcm: bytes) -> None:
        """Take more audio: 16-bit little-endian samples at 8 kHz, any number of them."""

    def partial(self) -> str:
        """What seems to have been said so far, words separated by spaces; for display and end-pointing alone."""

    def finish(self) -> Heard:
        """End the turn and say what was heard."""


class Recogniser(Protocol):
    """Starts listening; safe to share between calls."""

    def listen(self, grammar: str, dialect: str = HOME) -> Listening:
        """Listen for one grammar of a dialect. Raises GrammarUnknown, DialectUnknown."""


class VoskRecogniser:
    """A Vosk model of ours, loaded once and shared by all calls."""

    def __init__(self, model: Model, challenge: Model) -> None:
        """Raises WordsUnknown."""
        wanted = {word for name in NAMES for spoken in dialects() for word in labels(name, spoken)}
        unknown = sorted(word for word in wanted if model.vosk_model_find_word(word) < 0)
        if unknown:
            raise WordsUnknown(unknown)
        self._model, self._challenge = model, challenge

    @classmethod
    def open(cls, folder: Path | None = None) -> VoskRecogniser:
        """Load the model in `folder`, or the shipped one. Raises ModelMissing, WordsUnknown."""
        if folder is not None:
            return cls(*_load(folder))
        with as_file(files(__package__).joinpath("model")) as shipped:
            return cls(*_load(shipped))

    def listen(self, grammar: str, dialect: str = HOME) -> VoskListening:
        """Listen for one grammar of a dialect. Raises GrammarUnknown, DialectUnknown."""
        from vosk import KaldiRecognizer  # with its model: a web process that knows our errors loads neither

        if grammar == CHALLENGE:
            recognizer = KaldiRecognizer(self._challenge, SAMPLE_RATE)
        else:
            recognizer = KaldiRecognizer(self._model, SAMPLE_RATE, _grammar_json(grammar, dialect))
        recognizer.SetWords(True)
        return VoskListening(recognizer, grammar, dialect)


class VoskListening:
    """One spoken turn heard by Vosk."""

    def __init__(self, recognizer: KaldiRecognizer, grammar: str, dialect: str) -> None:
        self._recognizer = recognizer
        self._grammar, self._dialect = grammar, dialect
        self._sound = Sound()
        self._words: list[Word] = []
        self._rest = b""

    def feed(self, pcm: bytes) -> None:
        """Take more audio: 16-bit little-endian samples at 8 kHz, any number of bytes."""
        pcm = self._rest + pcm
        whole = len(pcm) & ~1
        self._rest = pcm[whole:]
        self._sound.feed(pcm[:whole])
        if whole and self._recognizer.AcceptWaveform(pcm[:whole]):
            self._take(self._recognizer.Result())

    def partial(self) -> str:
        """What seems to have been said so far, words separated by spaces."""
        said = json.loads(self._recognizer.PartialResult()).get("partial", "").split()
        return " ".join(plain(word) for word in (*(word.text for word in self._words), *said) if word not in _GARBAGE)

    def finish(self) -> Heard:
        """End the turn and say what was heard."""
        self._take(self._recognizer.FinalResult())
        return understand(self._words, self._grammar, self._dialect)

    def _take(self, result: str) -> None:
        for entry in json.loads(result).get("result", []):
            span = entry["start"], entry["end"]
            if not self._sound.is_tone(*span):
                self._words.append(Word(plain(entry["word"]), float(entry["conf"]), self._sound.peak(*span)))


class Challenged:
    """A spoken turn in which a challenge is repeated; what is none of it may be something said instead."""

    def __init__(self, challenge: Listening, aside: Callable[[], Listening]) -> None:
        self._challenge, self._aside = challenge, aside
        self._pcm = bytearray()

    def feed(self, pcm: bytes) -> None:
        """Take more audio: 16-bit little-endian samples at 8 kHz, any number of bytes."""
        self._pcm += pcm
        self._challenge.feed(pcm)

    def partial(self) -> str:
        """The words of the challenge repeated so far."""
        return self._challenge.partial()

    def finish(self) -> Heard:
        """End the turn; listen to all of it again where the challenge was not understood."""
        heard = self._challenge.finish()
        if heard.understood or not self._pcm:
            return heard
        aside = self._aside()
        aside.feed(bytes(self._pcm))
        instead = aside.finish()
        return instead if instead.understood else heard


def understand(words: Iterable[Word], grammar: str, dialect: str = HOME) -> Heard:
    """Judge what Vosk heard: garbage among it, too little confidence, or two answers at once are not understood.

    What is much quieter than the loudest of it is breath, a click or the room, and does not count.
    """
    heard = tuple(words)
    loudest = max((word.level for word in heard), default=0.0)
    heard = tuple(word for word in heard if word.level > loudest - (_FAINT if word.text in _GARBAGE else _FAINT_WORD))
    if not heard:
        return NOTHING
    confidence = min(word.confidence for word in heard)
    if confidence < MIN_CONFIDENCE[grammar] or any(word.text in _GARBAGE for word in heard):
        return Heard((), confidence, False)
    if grammar in _ONE_ANSWER and len({meanings(grammar, dialect)[word.text] for word in heard}) > 1:
        return Heard((), confidence, False)
    return Heard(tuple(word.text for word in heard), confidence, True)


@cache
def _grammar_json(name: str, dialect: str) -> str:
    return json.dumps(labels(name, dialect), ensure_ascii=False)


def _load(folder: Path) -> tuple[Model, Model]:
    """The model twice: with the graph that grammars are composed with, and with the challenge's own.

    Vosk wants each graph in a folder named "graph", and takes a whole one over one to be composed.
    """
    if not (folder / "am" / "final.mdl").is_file() or not (folder / CHALLENGE_GRAPH / "HCLG.fst").is_file():
        raise ModelMissing(folder)
    from vosk import Model, SetLogLevel

    SetLogLevel(-1)
    with TemporaryDirectory() as place:
        for name, target in (("am", "am"), ("conf", "conf"), (GRAPH, CHALLENGE_GRAPH)):
            Path(place, name).symlink_to((folder / target).resolve(), target_is_directory=True)
        return Model(str(folder)), Model(place)
