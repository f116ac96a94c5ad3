"""Write a folder that Vosk loads: acoustic model, settings, words, and the graph that grammars are composed with."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from ivr.dialects import SPELLINGS
from ivr.speech.training.calls import Counts
from ivr.speech.training.features import MFCC_CONF
from ivr.speech.training.kaldi import acoustic_model
from ivr.speech.training.lexicons import SYLLABLES, write_graphs
from ivr.speech.training.network import Network
from ivr.speech.training.phones import GARBAGE, Inventory

# Chosen on the tuning speakers. The garbage's prior is divided by, so a smaller one makes garbage likelier.
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


def priors(counts: Counts, inventory: Inventory) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """How often each pdf is in the labels, within its head; `counts`: of how many frames it is."""
    words, sounds = counts[: inventory.words_pdfs], counts[inventory.words_pdfs :]
    shares = np.concatenate([(of + _RARE) / of.sum() for of in (words, sounds)])
    shares[inventory.phones["words:" + GARBAGE].first_pdf] *= WORDS_GARBAGE_PRIOR
    shares[inventory.of_sound(GARBAGE).first_pdf] *= SOUNDS_GARBAGE_PRIOR
    return shares.astype(np.float32)


def write(
    out: Path, network: Network, inventory: Inventory, counts: Counts, syllables: Mapping[str, Collection[str]]
) -> None:
    """Write the whole model folder; `counts`: frames of each pdf in training; `syllables`: all of each spelling."""
    for name in ("am", "conf"):
        (out / name).mkdir(parents=True, exist_ok=True)
    (out / "am" / "final.mdl").write_bytes(acoustic_model(network.eval(), inventory, priors(counts, inventory)))
    (out / "conf" / "mfcc.conf").write_text(MFCC_CONF, encoding="utf-8")
    silence = inventory.silence.number
    (out / "conf" / "model.conf").write_text(_MODEL_CONF.format(silence=silence), encoding="utf-8")
    heard = {spelling: sorted({one.rstrip("123456") for one in syllables[spelling]}) for spelling in SPELLINGS}
    (out / SYLLABLES).write_text(json.dumps(heard, indent=0) + "\n", encoding="utf-8")
    write_graphs(out, inventory)
