"""Prompts of a city's own: a sentence read aloud, cut, brought to one level, and published with its versions."""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import soundfile
import webrtcvad
from scipy.signal import butter, resample_poly, sosfilt
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certification import journal
from certification.errors import Problem
from certification.runtime import Runtime
from certification.staff import Proven
from certification.store import PromptVersion, PublishedPrompt, insert_into, insert_once, new_id
from ivr.dialects import HOME
from ivr.levels import RATE, Samples, level_dbfs, levelled, resampled
from ivr.prompts import Prompts
from ivr.speech.g711 import Pcm, decode_mulaw, encode_mulaw

MOST_BYTES = 8 * 2**20
"""Of a recording as it comes: more than LONGEST_S at 96 kHz, 16 bit."""
LONGEST_S = 40.0
MOST_CHANNELS = 8
SHORTEST_S = 0.2
KEPT_RATE = 16_000
_FRAME = RATE // 50
_BEFORE_S, _AFTER_S = 0.12, 0.25  # kept around the voice, as soft beginnings and ends are
_RUMBLE_HZ = 90
_SILENT_DBFS = -66
_BAND_HZ = (300, 3400)  # what a telephone carries (ITU-T G.712)


class Doubt(StrEnum):
    """What should be heard again before a recording is published; it stays the reader's choice."""

    QUIET = "quiet"
    CLIPPED = "clipped"
    NOISY = "noisy"
    HASTY = "hasty"
    SLOW = "slow"


class NotSpeech(Problem):
    """Nothing can be made of what was sent."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(
            f"这段录音不能用：{zh}请重录，之前的版本都还在。", f"{en} Record it again; all versions are kept."
        )


class Silent(NotSpeech):
    """Nobody speaks in it."""

    def __init__(self) -> None:
        super().__init__("里面听不到说话。", "No voice can be heard in it.")


class WrongCut(Problem):
    """Nothing would be left, or there is no such place in the recording."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"起点要在终点之前，而且都在 0 到 {seconds:.1f} 秒之间。",
            f"The beginning must come before the end, and both lie between 0 and {seconds:.1f} seconds.",
        )


class SentenceChanged(Problem):
    """What was read is not what the line says there today."""

    def __init__(self) -> None:
        super().__init__(
            "这条提示语的文字后来改过，这个版本念的是旧文字，请按新文字重录。",
            "The sentence was changed since: this version reads the old one. Record the new one.",
        )


class AlreadyHeard(Problem):
    """A version that was published is not changed: what callers heard stays on record."""

    def __init__(self) -> None:
        super().__init__(
            "发布过的版本不能再剪，请重录一个新版本。", "What was published is not cut: record a new version."
        )


class NotTheirs(Problem):
    """Somebody of one city would change what all cities hear."""

    def __init__(self) -> None:
        super().__init__(
            "这条提示语别的地方也在用，请让管理员发布。", "Other places use this prompt, too: ask an administrator."
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """What of a recording is said, in seconds of it."""

    starts_s: float
    ends_s: float


def may(rt: Runtime, proven: Proven, dialect: str, name: str) -> bool:
    """Whether somebody may change a prompt: one of a city only its own answers and the dialects that it alone has."""
    if proven.region is None:
        return True
    if name.startswith("region."):
        return name.startswith(f"region.{proven.region}.")
    return dialect != HOME and {region.code for region in rt.regions if dialect in region.dialects} == {proven.region}


def take(
    session: Session, rt: Runtime, prompts: Prompts, *, dialect: str, name: str, sent: bytes, by: Proven
) -> PromptVersion:
    """Keep what was read as a new version, which nobody hears yet. Raises NotTheirs, NotSpeech, PromptUnknown."""
    if not may(rt, by, dialect, name):
        raise NotTheirs
    speech = _read(sent)
    cut = spoken(speech)
    file = io.BytesIO()
    soundfile.write(file, speech, KEPT_RATE, format="FLAC", subtype="PCM_16")
    values = {
        "dialect": dialect,
        "name": name,
        "sentence": prompts.text(dialect, name),
        "source": file.getvalue(),
        "starts_s": cut.starts_s,
        "ends_s": cut.ends_s,
        "audio": _made(speech, cut),
        "made_by": by.name,
        "made_at": rt.now(),
    }
    latest = select(func.max(PromptVersion.number)).where(PromptVersion.dialect == dialect, PromptVersion.name == name)
    identifier = new_id()
    while not insert_once(session, PromptVersion, id=identifier, number=(session.scalar(latest) or 0) + 1, **values):
        pass  # somebody else took this number
    version = session.get_one(PromptVersion, identifier)
    journal.write(session, rt.now(), by.name, "prompt recorded", _subject(version), number=version.number)
    return version


def recut(session: Session, rt: Runtime, version: PromptVersion, cut: Cut, by: Proven) -> None:
    """Say another part of a recording. One that was published once stays as it is. Raises NotTheirs, WrongCut."""
    if not may(rt, by, version.dialect, version.name):
        raise NotTheirs
    session.refresh(version, with_for_update=True)  # nobody publishes meanwhile what is cut
    speech = source(version)
    seconds = len(speech) / KEPT_RATE
    if not (cut.starts_s >= 0 and cut.starts_s + SHORTEST_S <= cut.ends_s <= seconds + 0.01):
        raise WrongCut(seconds)
    if version.published_at is not None:
        raise AlreadyHeard
    version.starts_s, version.ends_s, version.audio = cut.starts_s, cut.ends_s, _made(speech, cut)
    journal.write(session, rt.now(), by.name, "prompt cut", _subject(version), number=version.number)


def publish(session: Session, rt: Runtime, prompts: Prompts, version: PromptVersion, by: Proven) -> None:
    """Let the line say a version, new or old, from the next seconds on. Raises NotTheirs, SentenceChanged."""
    if not may(rt, by, version.dialect, version.name):
        raise NotTheirs
    session.refresh(version, with_for_update=True)
    if prompts.text(version.dialect, version.name) != version.sentence:
        raise SentenceChanged
    now = rt.now()
    version.published_at = now
    session.flush()
    values = {"version_id": version.id, "published_by": by.name, "published_at": now}
    statement = insert_into(session, PublishedPrompt).values(dialect=version.dialect, name=version.name, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["dialect", "name"], set_=values))
    journal.write(session, now, by.name, "prompt published", _subject(version), number=version.number)


def withdraw(session: Session, rt: Runtime, dialect: str, name: str, by: Proven) -> bool:
    """Let the line say again what it said before any version was published; False when none is. Raises NotTheirs."""
    if not may(rt, by, dialect, name):
        raise NotTheirs
    published = session.get(PublishedPrompt, (dialect, name), with_for_update=True)
    if published is None:
        return False
    session.delete(published)
    journal.write(session, rt.now(), by.name, "prompt withdrawn", f"prompt:{dialect}:{name}")
    return True


def source(version: PromptVersion) -> Samples:
    """A version as it was recorded, float32 at KEPT_RATE."""
    samples, _rate = soundfile.read(io.BytesIO(version.source), dtype="float32")
    return np.asarray(samples, dtype=np.float32)


def heard(audio: bytes) -> Pcm:
    """µ-law as it arrives at the other end: the band of a telephone, 16 bit at 8 kHz."""
    line = butter(4, _BAND_HZ, btype="bandpass", fs=RATE, output="sos")
    carried: Pcm = np.clip(np.rint(sosfilt(line, decode_mulaw(audio).astype(np.float64))), -32768, 32767).astype(
        np.int16
    )
    return carried


def spoken(speech: Samples) -> Cut:
    """From the first to the last voice in a recording at KEPT_RATE, with a little around. Raises NotSpeech."""
    narrow = _sounding(resampled(speech, KEPT_RATE))
    pcm = np.clip(np.rint(levelled(narrow) * 32767), -32768, 32767).astype("<i2")
    vad = webrtcvad.Vad(2)
    frames = [pcm[at : at + _FRAME].tobytes() for at in range(0, len(pcm) - _FRAME + 1, _FRAME)]
    voiced = np.flatnonzero([vad.is_speech(frame, RATE) for frame in frames])
    if len(voiced) * _FRAME < SHORTEST_S * RATE:
        raise Silent
    seconds = len(speech) / KEPT_RATE
    starts = max(voiced[0] * _FRAME / RATE - _BEFORE_S, 0.0)
    return Cut(round(starts, 2), round(min((voiced[-1] + 1) * _FRAME / RATE + _AFTER_S, seconds), 2))


def doubts(version: PromptVersion) -> list[Doubt]:
    """What to listen for in a version before it is published."""
    speech = source(version)
    within = resampled(speech[round(version.starts_s * KEPT_RATE) : round(version.ends_s * KEPT_RATE)], KEPT_RATE)
    frames = within[: len(within) // _FRAME * _FRAME].reshape(-1, _FRAME)
    floor = 10 * np.log10((frames.astype(np.float64) ** 2).mean(axis=1) + 1e-12)
    level = level_dbfs(within)
    letters = sum(one.isalnum() for one in version.sentence)
    pace = (version.ends_s - version.starts_s) / max(letters, 1)
    found = {
        Doubt.QUIET: level < -45,
        Doubt.CLIPPED: float(np.mean(np.abs(speech) > 0.99)) > 0.001,
        Doubt.NOISY: level - float(np.percentile(floor, 5)) < 15,
        Doubt.HASTY: pace < 0.14,
        Doubt.SLOW: letters > 3 and pace > 0.6,
    }
    return [doubt for doubt, so in found.items() if so]


def _read(sent: bytes) -> Samples:
    if len(sent) > MOST_BYTES:
        raise NotSpeech("录音太长。", "The recording is too long.")
    try:
        with soundfile.SoundFile(io.BytesIO(sent)) as opened:
            rate, told = opened.samplerate, opened.frames
            if opened.channels > MOST_CHANNELS or told > LONGEST_S * rate:  # silence of days is packed into a few bytes
                raise NotSpeech(f"要在 {LONGEST_S:.0f} 秒以内。", f"It must have at most {LONGEST_S:.0f} seconds.")
            samples = opened.read(told, dtype="float32", always_2d=True)
    except NotSpeech:
        raise
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError):
        raise NotSpeech("它不是录音文件。", "It is no recording.") from None
    mono = samples.mean(axis=1, dtype=np.float32)
    if not 8000 <= rate <= 96_000 or not np.isfinite(mono).all():
        raise NotSpeech("它不是录音文件。", "It is no recording.")
    if not SHORTEST_S * rate <= len(mono) <= LONGEST_S * rate:
        raise NotSpeech(f"要在 {LONGEST_S:.0f} 秒以内。", f"It must have at most {LONGEST_S:.0f} seconds.")
    if rate != KEPT_RATE:
        mono = np.asarray(resample_poly(mono, KEPT_RATE, rate), dtype=np.float32)
    return np.asarray(np.clip(mono, -1, 1), dtype=np.float32)


def _sounding(speech: Samples) -> Samples:
    """The same; raises Silent where there is nothing to make louder."""
    if level_dbfs(speech) < _SILENT_DBFS:
        raise Silent
    return speech


def _made(speech: Samples, cut: Cut) -> bytes:
    """µ-law at 8 kHz of a part of a recording: no rumble, one level."""
    within = speech[round(cut.starts_s * KEPT_RATE) : round(cut.ends_s * KEPT_RATE)]
    clean = sosfilt(butter(2, _RUMBLE_HZ, btype="highpass", fs=KEPT_RATE, output="sos"), within)
    narrow = levelled(_sounding(resampled(np.asarray(clean, dtype=np.float32), KEPT_RATE)))
    return encode_mulaw(np.clip(np.rint(narrow * 32767), -32768, 32767).astype(np.int16))


def _subject(version: PromptVersion) -> str:
    return f"prompt:{version.dialect}:{version.name}"
