"""G.711 µ-law and A-law, the codecs of the telephone network, as tables (ITU-T G.711)."""

from __future__ import annotations

import numpy as np

Pcm = np.ndarray[tuple[int], np.dtype[np.int16]]
_BIAS = 132


def _mulaw_table() -> Pcm:
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    size = (((mantissa << 3) + _BIAS) << exponent) - _BIAS
    return np.where(code & 0x80, -size, size).astype(np.int16)


def _alaw_table() -> Pcm:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent, mantissa = ((code >> 4) & 7).astype(np.int32), (code & 15).astype(np.int32)
    size = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 264) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)


def _encoder(decoder: Pcm) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """For each 16-bit sample (index: sample + 32768) the code whose value is nearest."""
    order = np.argsort(decoder, kind="stable")
    values = decoder[order].astype(np.int32)
    middles = (values[:-1] + values[1:]) / 2
    return order[np.searchsorted(middles, np.arange(-32768, 32768))].astype(np.uint8)


_MULAW, _ALAW = _mulaw_table(), _alaw_table()
_TO_MULAW, _TO_ALAW = _encoder(_MULAW), _encoder(_ALAW)


def decode_mulaw(data: bytes) -> Pcm:
    """One byte a sample -> 16-bit samples."""
    return _MULAW[np.frombuffer(data, dtype=np.uint8)]


def encode_mulaw(samples: Pcm) -> bytes:
    """16-bit samples -> one byte a sample, the nearest value that µ-law has."""
    return _TO_MULAW[np.asarray(samples, dtype=np.int32) + 32768].tobytes()


def decode_alaw(data: bytes) -> Pcm:
    """One byte a sample -> 16-bit samples."""
    return _ALAW[np.frombuffer(data, dtype=np.uint8)]


def encode_alaw(samples: Pcm) -> bytes:
    """16-bit samples -> one byte a sample, the nearest value that A-law has."""
    return _TO_ALAW[np.asarray(samples, dtype=np.int32) + 32768].tobytes()
