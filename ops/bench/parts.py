"""How fast the parts are, one by one: the recogniser, the journal and the PINs."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

from certification import journal, people, pins
from certification.identity import check_character
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.settings import Settings
from ivr.speech.recogniser import VoskRecogniser
from ops.migrations import upgrade
from voiceprint import audio
from voiceprint.audio import Samples

ROUNDS = 20
NUMBER = "53010219480101002"  # nobody's, without its check character


def seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median of some rounds, in seconds, after one that does not count."""
    work()
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def hearing(speech: Samples) -> float:
    """Seconds of work for a second of speech: the recogniser with the challenge's grammar."""
    recogniser = VoskRecogniser.open()
    pcm = (speech * 32767).astype("<i2").tobytes()

    def hear() -> None:
        listening = recogniser.listen("challenge")
        for start in range(0, len(pcm), 320):
            listening.feed(pcm[start : start + 320])
        listening.finish()

    return seconds(hear) / (len(speech) / audio.SAMPLE_RATE)


@contextmanager
def database() -> Iterator[Runtime]:
    """An empty SQLite database with its runtime, for as long as the context lasts."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.read(
            {
                "PUBLIC_BASE_URL": "http://127.0.0.1",
                "SESSION_SECRET": "bench",
                "TWILIO_ACCOUNT_SID": "AC",
                "TWILIO_AUTH_TOKEN": "bench",
                "STILLHERE_KEYS": KeyRing.generate_text(),
                "STILLHERE_DATA": folder,
            }
        )
        upgrade(settings.database_url)
        yield Runtime.of(settings, lambda _job, _identifier: None)


@contextmanager
def postgresql(server: str) -> Iterator[str]:
    """The URL of a migrated and empty database of our own on this server, dropped at the end."""
    url, name = make_url(server).set(drivername="postgresql+psycopg"), f"bench_{uuid4().hex}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        own = url.set(database=name).render_as_string(hide_password=False)
        upgrade(own)
        yield own
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


def writing() -> dict[str, float]:
    """A journal entry committed, and a PIN checked, in seconds."""
    with database() as rt:

        def write() -> None:
            with rt.sessions.begin() as session:
                journal.write(session, rt.now(), "bench", "measured", "bench")

        with rt.sessions.begin() as session:
            someone = people.add(session, rt, id_number=NUMBER + check_character(NUMBER), name="测试", region="default")
            pins.set_pin(session, rt, someone, "274913", "bench")

        def check() -> None:
            with rt.sessions.begin() as session:
                pins.check(session, rt, session.merge(someone), "274913")

        return {"journal_entry_s": seconds(write), "pin_check_s": seconds(check, 5)}


class Stretches:
    """What the progress of a run tells: seconds of the clock and the processor by stretch of work."""

    def __init__(self) -> None:
        self._began = list[tuple[str, float, float]]()

    def __call__(self, what: str, total: int | None = None) -> Callable[[int], object]:
        """A stretch begins."""
        del total
        self._began.append((what.rpartition(" ")[2], time.perf_counter(), time.process_time()))
        return lambda _: None

    def took(self) -> dict[str, float]:
        """The last one has ended."""
        self("")
        found = dict[str, float]()
        for (name, at, cpu), (_, after, spent) in pairwise(self._began):
            found |= {f"{name}_s": round(after - at, 2), f"{name}_cpu_s": round(spent - cpu, 2)}
        return found
