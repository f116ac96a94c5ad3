"""Which engine hears which dialect, by what lies in SPEECH_MODELS: our model, another Vosk model, or sherpa-onnx."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ivr.dialects import HOME, dialects
from ivr.speech.engines.sherpa import FILE, SherpaRecogniser
from ivr.speech.engines.vosk_words import VoskWordsRecogniser
from ivr.speech.recogniser import Listening, ModelMissing, Recogniser, VoskRecogniser
from ivr.speech.vocabulary import CHALLENGE, CHALLENGE_GRAPH

DEFAULT = "default"


class ByDialect:
    """A model of its own for some dialects. The challenge is Mandarin in all of them, and heard by the default."""

    def __init__(self, default: Recogniser, others: Mapping[str, Recogniser]) -> None:
        self._default, self._others = default, others

    def listen(self, grammar: str, dialect: str = HOME) -> Listening:
        """Listen for one grammar of a dialect. Raises GrammarUnknown, DialectUnknown."""
        chosen = self._default if grammar == CHALLENGE else self._others.get(dialect, self._default)
        return chosen.listen(grammar, dialect)


def open_recogniser(folder: Path | None = None) -> Recogniser:
    """The recogniser for a folder: the shipped model without one, else a model or a folder of them.

    A folder of models has one for each of some dialects, named by their codes, and perhaps `default`; what it has not,
    the shipped model hears. Raises ModelMissing, WordsUnknown, EngineFileInvalid, SherpaMissing.
    """
    if folder is None:
        return VoskRecogniser.open()
    if _is_model(folder):
        return _open(folder)
    named = {code: folder / code for code in (DEFAULT, *dialects()) if (folder / code).is_dir()}
    if not named:
        raise ModelMissing(folder)
    opened = {path.resolve(): _open(path) for path in named.values()}
    others = {code: opened[path.resolve()] for code, path in named.items()}
    default = others.pop(DEFAULT) if DEFAULT in others else VoskRecogniser.open()
    return ByDialect(default, others)


def _is_model(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (FILE, "am/final.mdl", "final.mdl"))


def _open(folder: Path) -> Recogniser:
    if (folder / FILE).is_file():
        return SherpaRecogniser.open(folder)
    if (folder / CHALLENGE_GRAPH).is_dir():
        return VoskRecogniser.open(folder)
    if not _is_model(folder):
        raise ModelMissing(folder)
    return VoskWordsRecogniser.open(folder)
