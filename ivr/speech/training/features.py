"""Log mel spectra, and the cosine transform between them and the cepstra that Vosk computes."""

from __future__ import annotations

import kaldi_native_fbank as knf
import numpy as np

BINS = 40
LOW, HIGH = 100.0, 3700.0
STEP = 0.01  # seconds from frame to frame
CENTRE = 0.0125  # seconds from a frame's start to its middle
Matrix = np.ndarray[tuple[int, int], np.dtype[np.float32]]

MFCC_CONF = f"""--use-energy=false
--sample-frequency=8000
--num-mel-bins={BINS}
--num-ceps={BINS}
--low-freq={LOW:.0f}
--high-freq={HIGH:.0f}
--cepstral-lifter=0
--dither=0
"""


def log_mel(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Matrix:
    """8 kHz samples in [-1, 1] -> (frames, BINS); as Kaldi computes them, from 16-bit sized samples."""
    options = knf.FbankOptions()
    options.frame_opts.samp_freq = 8000
    options.frame_opts.dither = 0
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = BINS
    options.mel_opts.low_freq = LOW
    options.mel_opts.high_freq = HIGH
    options.use_energy = False
    fbank = knf.OnlineFbank(options)
    fbank.accept_waveform(8000, (samples * 32768).tolist())
    fbank.input_finished()
    frames = [fbank.get_frame(index) for index in range(fbank.num_frames_ready)]
    return np.array(frames, dtype=np.float32).reshape(-1, BINS)


def cosine_transform() -> Matrix:
    """The orthonormal matrix C with cepstra = C @ log mel."""
    row, column = np.arange(BINS)[:, None], np.arange(BINS)[None, :]
    matrix = np.sqrt(2 / BINS) * np.cos(np.pi / BINS * (column + 0.5) * row)
    matrix[0] = np.sqrt(1 / BINS)
    return np.asarray(matrix, dtype=np.float32)
