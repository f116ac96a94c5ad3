"""The prompt studio: what was read is cut, levelled, heard first, published with its versions, and said by the line."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from certification.runtime import Runtime
from certification.staff import Proven, Role
from certification.store import PromptVersion
from ivr import studio
from ivr.dialects import WORDS
from ivr.levels import LEVEL_DBFS, level_dbfs
from ivr.prompts import Prompts
from ivr.published import FRESH_S, Published
from ivr.speech.g711 import decode_mulaw
from ivr.studio import AlreadyHeard, Cut, Doubt, NotSpeech, NotTheirs, SentenceChanged, Silent, WrongCut
from tests.certification.conftest import Clock
from tests.certification.suspending import journalled

CHIEF = Proven("s1", "主管", Role.ADMINISTRATOR)
KUNMING = Proven("s2", "昆明主管", Role.SUPERVISOR, "kunming")
NAME = "greeting"


def read_aloud(gain: float = 0.1, rate: int = 48_000, noise: float = 0.0) -> bytes:
    """A sentence with a second of silence before and two after, as a microphone gives it."""
    speech, own = soundfile.read(WORDS / "mandarin" / "audio" / f"{NAME}.ogg", dtype="float32")
    at = np.arange(round(len(speech) * rate / own)) * own / rate
    loud: NDArray[np.float64] = np.interp(at, np.arange(len(speech)), speech)
    whole = np.concatenate([np.zeros(rate), loud / np.abs(loud).max() * gain, np.zeros(2 * rate)])
    whole += np.random.default_rng(1).normal(0, noise, len(whole))
    file = io.BytesIO()
    soundfile.write(file, np.clip(whole, -1, 1), rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


@pytest.fixture
def line(rt: Runtime) -> Prompts:
    """What a process of the line says."""
    return Prompts(None, rt.regions, Published(rt))


def take(rt: Runtime, line: Prompts, sent: bytes | None = None, by: Proven = CHIEF, **where: str) -> PromptVersion:
    to = {"dialect": "sichuanese", "name": NAME, **where}
    with rt.sessions.begin() as session:
        return studio.take(session, rt, line, sent=read_aloud() if sent is None else sent, by=by, **to)


def publish(rt: Runtime, line: Prompts, version: PromptVersion, by: Proven = CHIEF) -> None:
    with rt.sessions.begin() as session:
        studio.publish(session, rt, line, session.get_one(PromptVersion, version.id), by)


def test_silence_around_is_cut_and_the_level_set(rt: Runtime, line: Prompts) -> None:
    quiet, loud = take(rt, line, read_aloud(0.02)), take(rt, line, read_aloud(0.5))
    assert (quiet.number, loud.number) == (1, 2)
    for version in (quiet, loud):
        whole = len(studio.source(version)) / studio.KEPT_RATE
        assert 0.7 < version.starts_s < 1.1
        assert 1.5 < whole - version.ends_s < 2.1
        heard = (decode_mulaw(version.audio) / 32768).astype(np.float32)
        assert level_dbfs(heard) == pytest.approx(LEVEL_DBFS, abs=1.5)
        assert len(heard) / 8000 == pytest.approx(version.ends_s - version.starts_s, abs=0.01)
    assert studio.doubts(loud) == []


def test_what_should_be_heard_again_is_said(rt: Runtime, line: Prompts) -> None:
    assert Doubt.CLIPPED in studio.doubts(take(rt, line, read_aloud(8.0)))
    assert Doubt.NOISY in studio.doubts(take(rt, line, read_aloud(0.1, noise=0.01)))
    assert Doubt.HASTY in studio.doubts(take(rt, line, name="enrol.consent"))


@pytest.mark.parametrize(
    "sent", [b"", b"RIFF....", b"\0" * 10_000, read_aloud()[:40]], ids=["nothing", "cut", "zeros", "header"]
)
def test_what_is_no_recording_is_refused_and_nothing_is_lost(rt: Runtime, line: Prompts, sent: bytes) -> None:
    with pytest.raises(NotSpeech):
        take(rt, line, sent)


def test_silence_is_no_sentence(rt: Runtime, line: Prompts) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(48_000, dtype=np.float32), 48_000, format="WAV")
    with pytest.raises(NotSpeech):
        take(rt, line, file.getvalue())
    soundfile.write(long := io.BytesIO(), np.zeros(41 * 8000, dtype=np.float32), 8000, format="WAV")
    with pytest.raises(NotSpeech, match="40"):
        take(rt, line, long.getvalue())


def test_the_line_says_what_is_published_within_seconds_and_can_go_back(
    rt: Runtime, line: Prompts, clock: Clock
) -> None:
    before = line.audio("sichuanese", NAME)
    first, second = take(rt, line), take(rt, line, read_aloud(0.3))
    publish(rt, line, first)
    assert line.audio("sichuanese", NAME) == before, "known from a moment ago"
    clock.forward(seconds=FRESH_S)
    assert line.audio("sichuanese", NAME) == first.audio
    assert line.path("sichuanese", NAME) == f"sichuanese/{NAME}.wav?v={first.id[:8]}"
    publish(rt, line, second)
    clock.forward(seconds=FRESH_S)
    assert line.audio("sichuanese", NAME) == second.audio
    publish(rt, line, first)
    clock.forward(seconds=FRESH_S)
    assert line.audio("sichuanese", NAME) == first.audio
    with rt.sessions.begin() as session:
        assert studio.withdraw(session, rt, "sichuanese", NAME, CHIEF)
        assert not studio.withdraw(session, rt, "sichuanese", NAME, CHIEF)
    clock.forward(seconds=FRESH_S)
    assert line.audio("sichuanese", NAME) == before
    assert line.path("sichuanese", NAME) == f"sichuanese/{NAME}.wav"
    assert [len(journalled(rt, f"prompt {done}")) for done in ("recorded", "published", "withdrawn")] == [2, 3, 1]


def test_a_dialect_without_audio_of_its_own_says_the_version_of_mandarin(
    rt: Runtime, line: Prompts, clock: Clock
) -> None:
    name = next(name for name in ("region.kunming.how", "word.yi") if line.audio("shanghainese", name))
    lent = line.own("shanghainese", name) is None
    version = take(rt, line, dialect="mandarin", name=name)
    publish(rt, line, version)
    clock.forward(seconds=FRESH_S)
    assert (line.audio("shanghainese", name) == version.audio) == lent
    assert (version.id[:8] in line.path("shanghainese", name)) == lent


def test_a_version_of_old_words_is_neither_published_nor_said(rt: Runtime, line: Prompts, clock: Clock) -> None:
    version = take(rt, line)
    publish(rt, line, version)
    with rt.sessions.begin() as session:
        session.get_one(PromptVersion, version.id).sentence = "从前的话"
    clock.forward(seconds=FRESH_S)
    assert line.audio("sichuanese", NAME) == line.own("sichuanese", NAME)
    with pytest.raises(SentenceChanged):
        publish(rt, line, version)


def test_it_is_cut_again_until_it_was_published(rt: Runtime, line: Prompts) -> None:
    version = take(rt, line)

    def cut(starts: float, ends: float) -> None:
        with rt.sessions.begin() as session:
            studio.recut(session, rt, session.get_one(PromptVersion, version.id), Cut(starts, ends), CHIEF)

    with pytest.raises(Silent):
        cut(0.1, 0.6)
    cut(1.0, 2.5)
    with rt.sessions() as session:
        assert len(session.get_one(PromptVersion, version.id).audio) == 12_000
    for wrong in ((-1, 2), (2, 2.1), (0, 99), (float("nan"), 2), (1, float("nan"))):
        with pytest.raises(WrongCut):
            cut(*wrong)
    publish(rt, line, version)
    with pytest.raises(AlreadyHeard):
        cut(0.5, 2.5)


def test_a_city_changes_only_what_it_alone_hears(rt: Runtime, line: Prompts) -> None:
    for dialect, name in (("mandarin", NAME), ("mandarin", "region.qingdao.how")):
        with pytest.raises(NotTheirs):
            take(rt, line, by=KUNMING, dialect=dialect, name=name)
    assert take(rt, line, by=KUNMING, dialect="mandarin", name="region.kunming.how").number == 1
    of = [one.code for one in rt.regions if "kunming" in one.dialects]
    assert studio.may(rt, KUNMING, "kunming", NAME) == (of == ["kunming"])


def test_the_line_goes_on_with_what_it_knew_when_the_database_is_gone(rt: Runtime, line: Prompts, clock: Clock) -> None:
    version = take(rt, line)
    publish(rt, line, version)
    clock.forward(seconds=FRESH_S)
    assert line.audio("sichuanese", NAME) == version.audio
    with _gone(rt, "published_prompts", "prompt_versions"):
        clock.forward(seconds=2 * FRESH_S)
        assert line.audio("sichuanese", NAME) == version.audio


@contextmanager
def _gone(rt: Runtime, *tables: str) -> Iterator[None]:
    """Tables that cannot be read meanwhile."""

    def rename(of: str, to: str) -> None:
        with rt.sessions.begin() as session:
            for table in tables:
                statement = f"ALTER TABLE {of.format(table)} RENAME TO {to.format(table)}"
                session.connection().exec_driver_sql(statement)

    rename("{}", "{}_gone")
    try:
        yield
    finally:
        rename("{}_gone", "{}")


class Forgetful(dict[str, bytes]):
    """What is kept until another thread finds that it was withdrawn: at once."""

    def __setitem__(self, key: str, value: bytes) -> None:
        return


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_withdrawn_while_it_is_fetched_is_said_once_more(rt: Runtime, line: Prompts) -> None:
    publish(rt, line, take(rt, line))
    published = Published(rt)
    live = published.live("sichuanese", NAME)
    published._audio = Forgetful()
    assert live is not None and published.audio(live)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_is_published_while_somebody_cuts_it_is_not_cut(rt: Runtime, line: Prompts) -> None:
    version = take(rt, line)
    with rt.sessions.begin() as session:
        mine = session.get_one(PromptVersion, version.id)
        publish(rt, line, version)
        with pytest.raises(AlreadyHeard):
            studio.recut(session, rt, mine, Cut(1.0, 2.0), CHIEF)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_days_of_silence_in_a_few_bytes_are_not_unpacked(rt: Runtime, line: Prompts) -> None:
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 8000, 1, format="FLAC", subtype="PCM_16") as long:
        for _ in range(60):
            long.write(np.zeros(60 * 8000, dtype=np.int16))
    tracemalloc.start()
    try:
        with pytest.raises(NotSpeech):
            take(rt, line, file.getvalue())
        assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    finally:
        tracemalloc.stop()
