"""A sender on both databases with a real Redis, whose clock and carrier the test holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from certification import certifying, people
from certification.runtime import Runtime
from certification.store import Message, Person, Phone
from ops.embedded import redis_server
from sms import outbox
from sms.outbox import Purpose
from sms.pace import Pace, Tally
from sms.sending import Sender
from tests.certification.conftest import clock, queue, rt
from tests.certification.numbers import resident_number
from tests.sms.outbox.carrier import Stub

__all__ = ["clock", "queue", "rt"]

MOBILE = "13888000001"


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of our own."""
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def redis(redis_url: str) -> Redis:
    """The Redis, empty."""
    found: Redis = Redis.from_url(redis_url)
    found.flushall()
    return found


@pytest.fixture
def carrier() -> Stub:
    """The only carrier of `sender`."""
    return Stub()


@pytest.fixture
def sender(rt: Runtime, redis: Redis, carrier: Stub) -> Sender:
    """Sends a thousand segments a second through `carrier`."""
    return Sender(rt, {"stub": (carrier, 1)}, Pace(redis, 1000), Tally(redis))


@pytest.fixture
def wu(rt: Runtime) -> Person:
    """Somebody with a mobile and an open period."""
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1950, 5, 15)
        person = people.add(session, rt, id_number=number, name="吴", region="kunming", phone=MOBILE)
        certifying.current_period(session, rt, person)
    return person


Put = Callable[..., str]


@pytest.fixture
def put(rt: Runtime, wu: Person) -> Put:
    """Puts a message to Wu's mobile into the outbox: an answer, unless something else is said; its identifier."""

    def deed(about: str = "answer:1", purpose: Purpose = Purpose.ANSWER, **more: object) -> str:
        with rt.sessions.begin() as session:
            person = session.get_one(Person, wu.id)
            [phone] = session.query(Phone).where(Phone.person_id == wu.id)
            if purpose in outbox.UNASKED:
                period = certifying.current_period(session, rt, person)
                more.setdefault("facts", {"due": period.due.isoformat(), "period": period.id})
            words = {"words": "answer.thanks", "reminder": about, "purpose": purpose, "person": person, "phone": phone}
            return outbox.put(session, rt, **{**words, **more}).id  # type: ignore[arg-type]

    return deed


def state(rt: Runtime, identifier: str) -> Message:
    """A message as it is on record."""
    with rt.sessions() as session:
        return session.get_one(Message, identifier)
