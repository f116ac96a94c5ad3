"""A line on both databases, with people who call it; clock, chance and queue are held by the test."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from certification import consent, pins, templates
from certification.runtime import Runtime
from certification.store import Person, new_id
from tests.certification.conftest import clock, queue, rt, wu
from tests.ivr.line.telephone import Telephone, Worker, line

__all__ = ["clock", "queue", "rt", "wu"]

PIN = "739164"


@pytest.fixture
def client(rt: Runtime) -> FlaskClient:
    """The line's routes."""
    return line(rt).test_client()


@pytest.fixture
def enrolled(rt: Runtime, wu: Person) -> Person:
    """Mr Wu, with a template that he agreed to and a PIN. The template's bytes matter to the worker alone."""
    with rt.sessions.begin() as session:
        person = session.get_one(Person, wu.id)
        consent.record(session, rt, person, text="同意", how="desk", by="clerk")
        sealed = rt.keys.seal(b"template", "voice_templates:x")
        templates.keep(
            session,
            rt,
            person,
            template_id=new_id(),
            encoder="none",
            sealed=sealed,
            utterances=3,
            source="call 1",
            confirmed_at=rt.now(),
        )
        pins.set_pin(session, rt, person, PIN, "clerk")
    return wu


@pytest.fixture
def phone(rt: Runtime, client: FlaskClient) -> Telephone:
    """Mr Wu's mobile."""
    return Telephone(rt, client)


@pytest.fixture
def worker(rt: Runtime) -> Worker:
    """Gives assessments their outcome."""
    return Worker(rt)
