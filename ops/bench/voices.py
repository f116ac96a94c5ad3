"""How fast a voice is embedded, beside SpeechBrain's own module with the same weights, and what a worker weighs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from voiceprint import encoder
from voiceprint.audio import SAMPLE_RATE, Samples
from voiceprint.encoder import EncoderMissing
from voiceprint.speech import without_pauses

SECONDS = 4
ROUNDS = 15

WORKER = """
import numpy as np
import ops.worker
from voiceprint import comparing, synthetic
from voiceprint.fingerprint import listen
from voiceprint.scoring import enrol
models, machines = comparing.load(), synthetic.load()
speech = np.random.default_rng(1).standard_normal(32000).astype(np.float32) / 10
template = enrol(models.encoder, [speech] * 3)
models.compare(template, models.hear(np.tile(speech, 3)))
machines.suspicious(np.tile(speech, 3)), listen(np.tile(speech, 3))
held = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))  # ru_maxrss begins at the parent's
print(int(held.split()[1]) / 1024)
"""


def compared(speech: Samples) -> dict[str, float | None]:
    """`embedding_4s_s`: one embedding of 4 s of speech, one thread. `embedding_speedup`: SpeechBrain's time over ours.

    The median of rounds in which both embed the same speech, one after the other. None where SpeechBrain is absent.
    """
    spoken = without_pauses(speech)  # or the pauses would be cut out of the four seconds
    four = np.tile(spoken, -(-SECONDS * SAMPLE_RATE // len(spoken)))[: SECONDS * SAMPLE_RATE]
    ours = encoder.load()
    try:
        theirs = encoder.load(f"speechbrain:{encoder.MODEL / 'speechbrain'}")
    except EncoderMissing:
        return {
            "embedding_4s_s": statistics.median(_took(ours, four) for _ in range(ROUNDS)),
            "embedding_speedup": None,
        }
    pairs = [(_took(ours, four), _took(theirs, four)) for _ in range(ROUNDS + 2)][2:]
    return {
        "embedding_4s_s": statistics.median(one for one, _ in pairs),
        "embedding_speedup": statistics.median(other / one for one, other in pairs),
    }


def _took(using: encoder.Encoder, speech: Samples) -> float:
    embed: Callable[[Samples], object] = using.embed
    began = time.perf_counter()
    embed(speech)
    return time.perf_counter() - began


def worker_mib() -> float:
    """The most memory that a worker's process held while it enrolled and compared a voice, in MiB."""
    said = subprocess.run([sys.executable, "-c", WORKER], capture_output=True, text=True, check=True).stdout
    return float(said)
