"""Fixtures of the voiceprint tests."""

import pytest

from voiceprint import encoder as encoders
from voiceprint.encoder import Encoder
from voiceprint.training.torchaudio_stand_in import TrainingMissing, prepare


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The shipped encoder."""
    return encoders.load()


@pytest.fixture(scope="session")
def training() -> None:
    """For tests that train; skipped where torch or SpeechBrain is absent."""
    try:
        prepare()
    except TrainingMissing as error:
        pytest.skip(f"torch and speechbrain are not installed: {error.__cause__}")
