"""Audio to words with Vosk: one turn is fed piece by piece, and what was not in the grammar is not understood."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from ivr.dialects import HOME, SPELLINGS, dialects
from ivr.speech.confidence import UNFITTED, Confidence, Hypothesis, Piece, load
from ivr.speech.sound import Sound
from ivr.speech.vocabulary import (
    ASIDE,
    CHALLENGE,
    CHALLENGE_GRAPH,
    COMMANDS,
    DIGITS,
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
AUDIBLE_S = 0.08  # what is hardly to be heard beside the loudest is breath, a click or the room, and no word
LISTED = 12  # unknown words named in an error
ALTERNATIVES = 10  # ways of hearing a turn that are weighed against each other
_OURS = (
    "请运行 stillhere speech graph 更新词表；口令用词改了，要重新训练。",
    "Run `stillhere speech graph`; new challenge words need training.",
)
_OTHERS = (
    "请换一个模型，或者给方言文件里的这些意思加上它认识的说法。",
    "Use another model, or add ways of saying the same that it knows to the dialects' files.",
)
_ONE_ANSWER = {*COMMANDS, ASIDE}
_GARBAGE = {OTHER_WORDS, *(other_sounds(spelling, name) for spelling in SPELLINGS for name in NAMES)}


class ModelMissing(FileNotFoundError):
    """There is no Vosk model in this folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} 里没有语音识别模型，请检查 SPEECH_MODELS。No speech model in {folder}: check SPEECH_MODELS."
        )
        self.folder = folder


class WordsUnknown(ValueError):
    """Words of a grammar are not in the model, and Vosk would leave them out without an error."""

    def __init__(self, words: Iterable[str], ours: bool = True) -> None:
        """`ours`: the model is of our own recipe, so that its words can be changed."""
        self.words = tuple(words)
        listed = "、".join(self.words[:LISTED]) + ("……" if len(self.words) > LISTED else "")
        zh, en = _OURS if ours else _OTHERS
        super().__init__(
            f"语音模型不认识 {len(self.words)} 个词：{listed}。{zh}"
            f"The model lacks {len(self.words)} words: {listed}. {en}"
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """The words heard in order, and the probability that they were said.

    Not `understood`: nothing was said, or something outside the grammar; then `words` is empty.
    """

    words: tuple[str, ...]
    confidence: float
    understood: bool


NOTHING = Heard((), 0.0, False)


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

    def __init__(self, model: Model, challenge: Model, confidence: Mapping[str, Confidence]) -> None:
        """Raises WordsUnknown."""
        wanted = {word for name in NAMES for spoken in dialects() for word in labels(name, spoken)}
        unknown = sorted(word for word in wanted if model.vosk_model_find_word(word) < 0)
        if unknown:
            raise WordsUnknown(unknown)
        self._model, self._challenge, self._confidence = model, challenge, confidence

    @classmethod
    def open(cls, folder: Path | None = None) -> VoskRecogniser:
        """Load the model in `folder`, or the shipped one. Raises ModelMissing, WordsUnknown."""
        if folder is not None:
            return cls(*_load(folder), confidence=load(folder))
        with as_file(files(__package__).joinpath("model")) as shipped:
            return cls.open(shipped)

    def listen(self, grammar: str, dialect: str = HOME) -> VoskListening:
        """Listen for one grammar of a dialect. Raises GrammarUnknown, DialectUnknown."""
        from vosk import KaldiRecognizer  # with its model: a web process that knows our errors loads neither

        if grammar == CHALLENGE:
            recognizer = KaldiRecognizer(self._challenge, SAMPLE_RATE)
        else:
            recognizer = KaldiRecognizer(self._model, SAMPLE_RATE, _grammar_json(grammar, dialect))
        recognizer.SetWords(True)
        recognizer.SetMaxAlternatives(ALTERNATIVES)
        return VoskListening(recognizer, Judge(grammar, dialect, self._confidence.get(grammar, UNFITTED)))


class VoskListening:
    """One spoken turn heard by Vosk."""

    def __init__(self, recognizer: KaldiRecognizer, judge: Judge) -> None:
        self._recognizer, self.judge = recognizer, judge
        self._sound = Sound()
        self._rest = b""

    def feed(self, pcm: bytes) -> None:
        """Take more audio: 16-bit little-endian samples at 8 kHz, any number of bytes."""
        pcm = self._rest + pcm
        whole = len(pcm) & ~1
        self._rest = pcm[whole:]
        self._sound.feed(pcm[:whole])
        if whole:
            self._recognizer.AcceptWaveform(pcm[:whole])  # its own end-pointing is switched off in the model's settings

    def partial(self) -> str:
        """What seems to have been said so far, words separated by spaces."""
        said = json.loads(self._recognizer.PartialResult()).get("partial", "").split()
        return " ".join(plain(word) for word in said if word not in _GARBAGE)

    def finish(self) -> Heard:
        """End the turn and say what was heard."""
        return self.judge(self.hypotheses())

    def hypotheses(self) -> list[Hypothesis]:
        """End the turn and give the ways in which it may be heard, likeliest first; tones and breath are left out."""
        found = []
        for one in json.loads(self._recognizer.FinalResult())["alternatives"]:
            pieces = tuple(self._pieces(one.get("result", [])))
            words = tuple(piece.word for piece in pieces if piece.word is not None)
            found.append(Hypothesis(pieces, self.judge.meaning(words), float(one["confidence"])))
        return found

    def _pieces(self, entries: Iterable[dict[str, Any]]) -> Iterator[Piece]:
        for entry in entries:
            span = entry["start"], entry["end"]
            seconds = self._sound.loud(*span)
            if seconds >= AUDIBLE_S and not self._sound.is_tone(*span):
                word = None if entry["word"] in _GARBAGE else plain(entry["word"])
                yield Piece(word, self._sound.peak(*span), seconds)


@dataclass(frozen=True, slots=True)
class Judge:
    """Says whether words are understood: likely enough, and one answer where the grammar wants one."""

    grammar: str
    dialect: str
    confidence: Confidence

    def __call__(self, hypotheses: Sequence[Hypothesis]) -> Heard:
        """What was heard; its confidence is the probability that these were the words."""
        probability = self.confidence.probability(hypotheses)
        if probability < self.confidence.threshold:
            return Heard((), probability, False)
        best = hypotheses[0]
        if self.grammar in _ONE_ANSWER and len(best.meaning) > 1:
            return Heard((), probability, False)
        return Heard(best.words, probability, True)

    def meaning(self, words: Sequence[str]) -> tuple[str, ...]:
        """What the words mean one by one, or their one answer: who says yes twice has said yes."""
        if self.grammar == CHALLENGE:
            return tuple(words)
        meant = tuple(meanings(self.grammar, self.dialect)[word] for word in words)
        return tuple(sorted(set(meant))) if self.grammar in _ONE_ANSWER else meant


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


@cache
def _grammar_json(name: str, dialect: str) -> str:
    """The phrases that Vosk makes a bigram of. Of digits, one follows another: without pairs it would hear but one."""
    phrases = list(labels(name, dialect))
    if name == DIGITS:
        phrases += [" ".join(pair) for pair in product(phrases, repeat=2)]
    return json.dumps(phrases, ensure_ascii=False)


def _load(folder: Path) -> tuple[Model, Model]:
    """The model twice: with the graph that grammars are composed with, and with the challenge's own."""
    if not (folder / "am" / "final.mdl").is_file() or not (folder / CHALLENGE_GRAPH / "HCLG.fst").is_file():
        raise ModelMissing(folder)
    from vosk import Model, SetLogLevel

    SetLogLevel(-1)
    with challenge_alone(folder) as challenge:
        return Model(str(folder)), Model(str(challenge))


@contextmanager
def challenge_alone(folder: Path) -> Iterator[Path]:
    """A folder that Vosk takes for a model with the challenge's graph, as long as the context lasts.

    Vosk wants each graph in a folder named "graph", and takes a whole one over one to be composed.
    """
    with TemporaryDirectory() as place:
        for name, target in (("am", "am"), ("conf", "conf"), (GRAPH, CHALLENGE_GRAPH)):
            Path(place, name).symlink_to((folder / target).resolve(), target_is_directory=True)
        yield Path(place)
