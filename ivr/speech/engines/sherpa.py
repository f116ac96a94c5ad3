"""The large models of others through sherpa-onnx: a turn is heard as a whole, and read as the phrases of a grammar."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from certification.errors import Problem
from ivr.dialects import HOME
from ivr.speech.confidence import UNFITTED, Confidence, Hypothesis, Piece, load
from ivr.speech.engines.phrases import Phrases, cleaned
from ivr.speech.engines.spoken import words_of
from ivr.speech.recogniser import SAMPLE_RATE, Heard, Judge
from ivr.speech.sound import Sound
from ivr.speech.vocabulary import CHALLENGE, decoys, meanings

if TYPE_CHECKING:
    from sherpa_onnx import OfflineRecognizer

FILE = "engine.toml"
KINDS = (
    *("dolphin_ctc", "fire_red_asr", "fire_red_asr_ctc", "paraformer", "qwen3_asr", "sense_voice", "telespeech_ctc"),
    *("tdnn_ctc", "transducer", "wenet_ctc", "whisper", "zipformer_ctc"),
)
_TAG = re.compile(r"<\|[^|]*\|>")


class EngineFileInvalid(Problem):
    """A model's engine.toml cannot be used."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} 无法使用：{why}。", f"{path} cannot be used: {why}.")


class SherpaMissing(Problem):
    """The package that runs these models is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "缺少 sherpa-onnx，请运行：pip install -e '.[sherpa]'。",
            "sherpa-onnx is missing: pip install -e '.[sherpa]'.",
        )


class Engine(BaseModel):
    """engine.toml: what kind of model it is, its files by the names that sherpa-onnx has for them, and its options."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    files: Mapping[str, str]
    options: Mapping[str, str | int | float | bool] = {}

    @classmethod
    def read(cls, folder: Path) -> Engine:
        """The one in a model's folder. Raises EngineFileInvalid."""
        path = folder / FILE
        try:
            engine = cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise EngineFileInvalid(path, " ".join(str(error).split())) from error
        if engine.kind not in KINDS:
            raise EngineFileInvalid(path, f"kind {engine.kind!r} 不是 is none of {', '.join(KINDS)}")
        for name, file in engine.files.items():
            if not (folder / file).exists():
                raise EngineFileInvalid(path, f"{name}: {folder / file} 不存在 is missing")
        return engine


class SherpaRecogniser:
    """A model of others in sherpa-onnx, loaded once and shared by all calls.

    It writes down everything; phrases are recognised by their characters, or by their sounds (pinyin without tones).
    """

    def __init__(self, recognizer: OfflineRecognizer, confidence: Mapping[str, Confidence]) -> None:
        self._recognizer, self._confidence = recognizer, confidence
        self._words = words_of(lambda phrase: (phrase,))

    @classmethod
    def open(cls, folder: Path) -> SherpaRecogniser:
        """Load the model that the folder's engine.toml tells of. Raises EngineFileInvalid, SherpaMissing."""
        engine = Engine.read(folder)
        if find_spec("sherpa_onnx") is None:
            raise SherpaMissing
        from sherpa_onnx import OfflineRecognizer

        files = {name: str(folder / file) for name, file in engine.files.items()}
        try:
            loaded = getattr(OfflineRecognizer, f"from_{engine.kind}")(**files, **engine.options)
        except (TypeError, ValueError, RuntimeError) as error:  # names that this kind does not have, or another's file
            raise EngineFileInvalid(folder / FILE, str(error)) from error
        syllables("")  # what that loads is not to be waited for in a call
        return cls(loaded, load(folder))

    def listen(self, grammar: str, dialect: str = HOME) -> SherpaListening:
        """Listen for one grammar of a dialect. Raises GrammarUnknown, DialectUnknown."""
        meanings(grammar, dialect)
        phrases = Phrases(self._words[grammar, dialect], decoys() if grammar == CHALLENGE else (), syllables)
        return SherpaListening(
            self._recognizer, phrases, Judge(grammar, dialect, self._confidence.get(grammar, UNFITTED))
        )


def syllables(text: str) -> list[str]:
    """Pinyin without tones, one for each character; what is no Chinese character stands for itself."""
    from pypinyin import lazy_pinyin  # heavy, and nothing for who has no such model

    each: Any = list  # one by one what has no pinyin; the package's own type says nothing of lists
    return lazy_pinyin(text, errors=each)


class SherpaListening:
    """One spoken turn, heard when it is over."""

    def __init__(self, recognizer: OfflineRecognizer, phrases: Phrases, judge: Judge) -> None:
        self._recognizer, self._phrases, self._judge = recognizer, phrases, judge
        self._pcm = bytearray()

    def feed(self, pcm: bytes) -> None:
        """Take more audio: 16-bit little-endian samples at 8 kHz, any number of bytes."""
        self._pcm += pcm

    def partial(self) -> str:
        """Nothing: these models hear a turn as a whole."""
        return ""

    def finish(self) -> Heard:
        """End the turn and say what was heard."""
        pcm = np.frombuffer(bytes(self._pcm[: len(self._pcm) & ~1]), dtype="<i2")
        if not len(pcm):
            return self._judge([])
        stream = self._recognizer.create_stream()
        stream.accept_waveform(SAMPLE_RATE, pcm.astype(np.float32) / 32768)
        self._recognizer.decode_stream(stream)
        pieces = self._pieces(cleaned(_TAG.sub("", stream.result.text)), pcm)
        words = tuple(piece.word for piece in pieces if piece.word is not None)
        return self._judge([Hypothesis(tuple(pieces), self._judge.meaning(words), 0.0)] if pieces else [])

    def _pieces(self, text: str, pcm: Any) -> Sequence[Piece]:
        """The phrases of what was written down. When each was said is not known: all are as loud as the loudest."""
        sound, spans = Sound(), self._phrases.found(text)
        sound.feed(pcm.tobytes())
        seconds = len(pcm) / SAMPLE_RATE
        share = sound.loud(0, seconds) / max(len(text), 1)
        return [Piece(span.phrase, sound.peak(0, seconds), share * (span.last - span.first)) for span in spans]
