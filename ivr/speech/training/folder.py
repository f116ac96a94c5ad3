"""Write a folder that Vosk loads: acoustic model, settings, words, and the graph that grammars are composed with."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from ivr.speech.training.calls import Labels
from ivr.speech.training.features import MFCC_CONF
from ivr.speech.training.graph import Costs, any_words, lexicon
from ivr.speech.training.kaldi import acoustic_model
from ivr.speech.training.network import Network
from ivr.speech.training.phones import GARBAGE, SILENCE, Inventory
from ivr.speech.vocabulary import OTHER_SOUNDS, OTHER_WORDS, pronunciations

# Chosen on the tuning speakers. The garbage's prior is divided by, so a smaller one makes garbage likelier.
COSTS = Costs()
WORDS_GARBAGE_PRIOR, SOUNDS_GARBAGE_PRIOR = 1.0, 0.2
_RARE = 100  # frames added to every count, so that a sound never seen has a prior

# Vosk's own end-pointing never fires: ours ends the turn.
_MODEL_CONF = """--min-active=200
--max-active=3000
--beam=14
--lattice-beam=6
--acoustic-scale=0.6
--frame-subsampling-factor=3
--endpoint.silence-phones={silence}
--endpoint.rule1.min-trailing-silence=1000
--endpoint.rule2.min-trailing-silence=1000
--endpoint.rule3.min-trailing-silence=1000
--endpoint.rule4.min-trailing-silence=1000
--endpoint.rule5.min-utterance-length=100000
"""


def priors(labels: Labels, inventory: Inventory) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """How often each pdf is in the labels, within its head."""
    counts = np.bincount(labels.ravel(), minlength=inventory.pdfs).astype(np.float64) + _RARE
    shares = counts / len(labels)
    shares[inventory.phones["words:" + GARBAGE].first_pdf] *= WORDS_GARBAGE_PRIOR
    shares[inventory.of_sound(GARBAGE).first_pdf] *= SOUNDS_GARBAGE_PRIOR
    return shares.astype(np.float32)


def write(out: Path, network: Network, inventory: Inventory, labels: Labels, syllables: Collection[str]) -> None:
    """Write the whole model folder; `labels`: what the network was trained on; `syllables`: all of Mandarin."""
    for name in ("am", "conf", "graph"):
        (out / name).mkdir(parents=True, exist_ok=True)
    (out / "am" / "final.mdl").write_bytes(acoustic_model(network.eval(), inventory, priors(labels, inventory)))
    (out / "conf" / "mfcc.conf").write_text(MFCC_CONF, encoding="utf-8")
    silence = inventory.phones["words:" + SILENCE].number
    (out / "conf" / "model.conf").write_text(_MODEL_CONF.format(silence=silence), encoding="utf-8")
    write_graph(out / "graph", inventory, syllables)


def write_graph(folder: Path, inventory: Inventory, syllables: Collection[str], costs: Costs = COSTS) -> None:
    """Write words and graph alone: new commands need no more than this."""
    numbers = {word: index for index, word in enumerate([OTHER_WORDS, OTHER_SOUNDS, *pronunciations()], start=1)}
    words = ["<eps> 0", *(f"{word} {number}" for word, number in numbers.items())]
    (folder / "words.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    (folder / "HCLr.fst").write_bytes(lexicon(inventory, numbers, pronunciations(), syllables, costs).written())
    (folder / "Gr.fst").write_bytes(any_words(numbers).written())
    (folder / "disambig_tid.int").write_text("", encoding="utf-8")
