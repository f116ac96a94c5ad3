"""What the codecs of other telephones do to a voice, as far as they can be had here."""

from __future__ import annotations

import io

import numpy as np
import soundfile

from voiceprint.audio import SAMPLE_RATE, Samples, decode_alaw, encode_alaw
from voiceprint.training.channel import FRAME as PACKET

LOST = 0.03  # of a mobile telephone's packets
FEWEST_KBIT_S, MOST_KBIT_S = 6.0, 256.0  # from libsndfile's compression level 1 to 0


def a_law(samples: Samples) -> Samples:
    """G.711 A-law and back."""
    return decode_alaw(encode_alaw(samples))


def gsm(samples: Samples, rng: np.random.Generator) -> Samples:
    """A mobile telephone: GSM full rate (06.10) and back, with a share LOST of the packets silent."""
    heard = _through(samples, "WAV", "GSM610")
    for packet in np.flatnonzero(rng.random(len(heard) // PACKET) < LOST):
        heard[packet * PACKET : (packet + 1) * PACKET] = 0
    return heard


def opus(samples: Samples, kbit_s: float) -> Samples:
    """Opus (RFC 6716), which codes speech by linear prediction at few bits, as AMR and EVS do; no packets are lost."""
    level = (MOST_KBIT_S - kbit_s) / (MOST_KBIT_S - FEWEST_KBIT_S)
    return _through(samples, "OGG", "OPUS", compression_level=level)


def _through(samples: Samples, form: str, subtype: str, **options: float) -> Samples:
    file = io.BytesIO()
    soundfile.write(file, samples, SAMPLE_RATE, format=form, subtype=subtype, **options)
    file.seek(0)
    heard: Samples = soundfile.read(file, dtype="float32")[0]
    return heard
