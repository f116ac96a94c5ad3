"""The same whole call with PostgreSQL underneath instead of SQLite."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL

from ops.service import running
from ops.voices import Bench
from tests.conversations.conftest import OPERATOR, switch_for
from tests.conversations.speakers import Speaker
from tests.conversations.town import Town
from tests.conversations.walks import understood
from tests.databases import new_database


def test_the_person_is_certified(postgres: URL, tmp_path: Path, regions: Path, speaker: Speaker) -> None:
    with new_database(postgres) as url:
        extra = {
            "STILLHERE_REGIONS": str(regions),
            "DATABASE_URL": url.render_as_string(hide_password=False),
        }
        with running(tmp_path, extra) as service, switch_for(service.environment) as switch:
            switch.phone(OPERATOR).will("answer", talk_s=2.0)
            town = Town(service, switch, Bench.prepare(service.runtime()))
            mary = town.resident(voice=speaker)
            call = understood(mary, speaker.repeats, lambda: mary.phone.dial(repeats=2))
            call.hears("result.certified|result.human").ended()
            assert len(town.evidence(mary)) + len(town.cases(mary)) == 1
            town.rt.sessions.kw["bind"].dispose()
