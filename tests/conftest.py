"""Fixtures that every test may ask for."""

import sys
from pathlib import Path

import pytest

from tests.databases import (
    blank_database_url,
    database_url,
    emptying,
    migrated_postgres,
    migrated_sqlite,
    postgres,
    sessions,
)
from tests.order import slowest_first

__all__ = [
    "blank_database_url",
    "database_url",
    "emptying",
    "migrated_postgres",
    "migrated_sqlite",
    "postgres",
    "sessions",
    "shared",
]

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real recordings beside the project; a test that needs it is skipped where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip("real recordings (../shared/data) are not beside the project")
    return SHARED


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first."""
    slowest_first(items)


def pytest_runtest_setup() -> None:
    """Take SpeechBrain's stand-ins for packages that are not here out of the modules: hypothesis looks into each."""
    if "speechbrain" in sys.modules:
        for name, module in list(sys.modules.items()):
            if type(module).__module__ == "speechbrain.utils.importutils":
                del sys.modules[name]
