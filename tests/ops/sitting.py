"""What a desk's microphone hands over, for tests: recordings as WAV files, and a worker that does what was queued."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import soundfile
from scipy.signal import resample_poly

from ops import jobs
from tests.certification.conftest import Queue
from voiceprint import audio
from voiceprint.audio import SAMPLE_RATE, Samples


def wav(samples: Samples, rate: int = 48_000, channels: int = 1) -> bytes:
    """Samples at 8 kHz as the WAV file of a browser whose sound card runs at `rate`."""
    file = BytesIO()
    sound = resample_poly(samples, rate, SAMPLE_RATE)
    soundfile.write(file, np.tile(sound[:, None], (1, channels)), rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def wav_of(mulaw: bytes) -> bytes:
    """The same of what a telephone would carry."""
    return wav(audio.decode_mulaw(mulaw))


def works(queue: Queue) -> list[str]:
    """Do what is in the queue, and what comes of it; the jobs that were done."""
    done = []
    while queue.jobs:
        name, identifier = queue.jobs.pop(0)
        {"ops.jobs.listen": jobs.listen, "ops.jobs.assess": jobs.assess}[name](identifier)
        done.append(name)
    return done
