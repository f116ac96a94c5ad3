"""The shipped encoder, and what is said where one is missing."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.voiceprint.voices import speak, talk
from voiceprint import encoder as encoders
from voiceprint.encoder import Encoder, EncoderMissing
from voiceprint.features import BANDS, log_mel


def test_its_name_is_its_weights(encoder: Encoder) -> None:
    weights = (encoders.MODEL / encoders.INT8).read_bytes()
    assert encoder.name == f"resnet8k-int8-{hashlib.sha256(weights).hexdigest()[:8]}"
    assert len(weights) < 12e6


def test_in_int8_it_hears_nearly_the_same(encoder: Encoder) -> None:
    exact = encoders.load(f"onnx:{encoders.MODEL / encoders.FLOAT}")
    assert exact.name != encoder.name
    for voice in range(8):
        samples = talk(voice, 3.0)
        assert 0.98 < encoder.embed(samples).vector @ exact.embed(samples).vector < 1


def test_embeddings_have_length_one_and_repeat(encoder: Encoder) -> None:
    embedding = encoder.embed(speak(1, seconds=2))
    assert embedding.encoder == encoder.name
    assert embedding.vector.dtype == np.float32
    assert np.linalg.norm(embedding.vector) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(embedding.vector, encoder.embed(speak(1, seconds=2)).vector)


@pytest.mark.parametrize("length", [0, 1, 79, 400, 8000])
def test_any_length_can_be_embedded(encoder: Encoder, length: int) -> None:
    for samples in (np.zeros(length, dtype=np.float32), speak(1, seconds=1)[:length]):
        assert np.isfinite(encoder.embed(samples).vector).all()


def test_level_and_pauses_hardly_matter(encoder: Encoder) -> None:
    voice = speak(1, seconds=3)
    pause = np.zeros(16000, dtype=np.float32)
    paused = np.concatenate([pause, voice[:12000], pause, voice[12000:], pause])
    for changed in (voice * np.float32(0.2), paused):
        assert encoder.embed(voice).vector @ encoder.embed(changed).vector > 0.9


def test_features_are_frames_by_bands_without_mean() -> None:
    features = log_mel(speak(1, seconds=1))
    assert features.shape == (101, BANDS)
    assert np.abs(features.mean(axis=0)).max() < 1e-3


@pytest.mark.parametrize("spec", ["onnx:/nowhere.onnx", "speechbrain:/nowhere", "pickle:/nowhere", ""])
def test_an_encoder_that_is_not_there_is_named(spec: str) -> None:
    with pytest.raises(EncoderMissing, match="VOICEPRINT_ENCODER") as caught:
        encoders.load(spec)
    assert caught.value.spec == spec


def test_a_damaged_model_is_missing(tmp_path: Path) -> None:
    (tmp_path / "encoder.onnx").write_bytes(b"not a model")
    with pytest.raises(EncoderMissing):
        encoders.load(f"onnx:{tmp_path / 'encoder.onnx'}")


def test_serving_imports_no_torch() -> None:
    program = "import sys, voiceprint.encoder as e; e.load(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
