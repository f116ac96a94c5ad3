"""Any other Vosk model: a lexicon of plain words, and mostly 16 kHz."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soxr

from ivr.dialects import HOME
from ivr.speech.confidence import UNFITTED, Confidence, Hypothesis, Piece, load
from ivr.speech.engines.phrases import Phrases, cleaned, segmented
from ivr.speech.engines.spoken import words_of
from ivr.speech.recogniser import ALTERNATIVES, AUDIBLE_S, SAMPLE_RATE, Heard, Judge, ModelMissing
from ivr.speech.sound import Sound
from ivr.speech.vocabulary import CHALLENGE, DIGITS, decoys, meanings

if TYPE_CHECKING:
    from vosk import KaldiRecognizer, Model

_UNKNOWN = "[unk]"
_RATE = re.compile(r"--sample-frequency=(\d+)")


class VoskWordsRecogniser:
    """A Vosk model of others, loaded once and shared by all calls.

    With a graph that takes grammars it listens for the phrases alone; with a whole one it writes down everything, and
    the phrases are looked for in that.
    """

    def __init__(self, model: Model, rate: int, confidence: Mapping[str, Confidence], takes_grammars: bool) -> None:
        """Raises WordsUnknown."""
        self._model, self._rate, self._confidence = model, rate, confidence
        self._takes_grammars = takes_grammars
        self._words = words_of(lambda phrase: segmented(phrase, self._knows))
        self._decoys = [words for decoy in decoys() if (words := segmented(decoy, self._knows))]

    @classmethod
    def open(cls, folder: Path) -> VoskWordsRecogniser:
        """Load the model in `folder`, in either of Vosk's layouts. Raises ModelMissing, WordsUnknown."""
        settings = next(
            (path for path in (folder / "conf" / "mfcc.conf", folder / "mfcc.conf") if path.is_file()), None
        )
        if settings is None:
            raise ModelMissing(folder)
        from vosk import Model, SetLogLevel

        SetLogLevel(-1)
        rate = _RATE.search(settings.read_text(encoding="utf-8"))
        takes = (folder / "graph" / "HCLr.fst").is_file() or (folder / "HCLr.fst").is_file()
        return cls(Model(str(folder)), int(rate[1]) if rate else 16000, load(folder), takes)

    def listen(self, grammar: str, dialect: str = HOME) -> VoskWordsListening:
        """Listen for one grammar of a dialect. Raises GrammarUnknown, DialectUnknown."""
        from vosk import KaldiRecognizer

        meanings(grammar, dialect)
        phrases = self._words[grammar, dialect]
        asked = [self._grammar(grammar, phrases)] if self._takes_grammars else []
        recognizer = KaldiRecognizer(self._model, self._rate, *asked)
        recognizer.SetWords(True)
        recognizer.SetMaxAlternatives(ALTERNATIVES)
        judge = Judge(grammar, dialect, self._confidence.get(grammar, UNFITTED))
        others = decoys() if grammar == CHALLENGE else ()
        return VoskWordsListening(recognizer, Phrases(phrases, others), judge, self._rate)

    def _knows(self, word: str) -> bool:
        return bool(self._model.vosk_model_find_word(word) >= 0)

    def _grammar(self, grammar: str, phrases: Mapping[str, tuple[str, ...]]) -> str:
        ways = [" ".join(words) for words in phrases.values()]
        if grammar == DIGITS:
            ways += [" ".join(pair) for pair in product(ways, repeat=2)]
        if grammar == CHALLENGE:
            ways += [" ".join(words) for words in self._decoys]
        return json.dumps([*ways, _UNKNOWN], ensure_ascii=False)


class VoskWordsListening:
    """One spoken turn heard by a Vosk model of others."""

    def __init__(self, recognizer: KaldiRecognizer, phrases: Phrases, judge: Judge, rate: int) -> None:
        self._recognizer, self._phrases, self._judge = recognizer, phrases, judge
        self._sound = Sound()
        self._resampler = soxr.ResampleStream(SAMPLE_RATE, rate, 1, dtype="int16") if rate != SAMPLE_RATE else None
        self._rest = b""
        self._before: list[dict[str, Any]] = []  # what the model itself took for the end of an utterance

    def feed(self, pcm: bytes) -> None:
        """Take more audio: 16-bit little-endian samples at 8 kHz, any number of bytes."""
        pcm = self._rest + pcm
        whole = len(pcm) & ~1
        self._rest = pcm[whole:]
        self._sound.feed(pcm[:whole])
        self._accept(pcm[:whole])

    def _accept(self, pcm: bytes, last: bool = False) -> None:
        if self._resampler is not None:
            pcm = self._resampler.resample_chunk(np.frombuffer(pcm, dtype="<i2"), last=last).tobytes()
        if pcm and self._recognizer.AcceptWaveform(pcm):
            self._before += json.loads(self._recognizer.Result())["alternatives"][0].get("result", [])

    def partial(self) -> str:
        """What seems to have been said so far, words separated by spaces."""
        words = json.loads(self._recognizer.PartialResult()).get("partial", "").split()
        said = "".join(_signs(word) for word in (*(entry["word"] for entry in self._before), *words))
        return " ".join(span.phrase for span in self._phrases.found(said) if span.phrase is not None)

    def finish(self) -> Heard:
        """End the turn and say what was heard."""
        self._accept(b"", last=True)
        found = []
        for one in json.loads(self._recognizer.FinalResult())["alternatives"]:
            pieces = tuple(self._pieces([*self._before, *one.get("result", [])]))
            words = tuple(piece.word for piece in pieces if piece.word is not None)
            found.append(Hypothesis(pieces, self._judge.meaning(words), float(one["confidence"])))
        return self._judge(found)

    def _pieces(self, entries: Iterable[dict[str, Any]]) -> Iterator[Piece]:
        """The phrases of what was written down, each as loud and as long as the words that it consists of."""
        signs = [(sign, entry) for entry in entries for sign in _signs(entry["word"])]
        for span in self._phrases.found("".join(sign for sign, _ in signs)):
            times = float(signs[span.first][1]["start"]), float(signs[span.last - 1][1]["end"])
            seconds = self._sound.loud(*times)
            if seconds >= AUDIBLE_S and not self._sound.is_tone(*times):
                yield Piece(span.phrase, self._sound.peak(*times), seconds)


def _signs(word: str) -> str:
    """The characters of a word; of what is none of the lexicon's, one that is in no phrase."""
    return "?" if word == _UNKNOWN else cleaned(word)
