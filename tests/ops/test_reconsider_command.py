"""Rules that ask for less, taken into use: the comparison says for how many, and a command certifies just those."""

from __future__ import annotations

from pathlib import Path

import pytest

from certification import certifying
from certification.evidence import Kind, Strength
from certification.identity import ResidentNumber
from certification.people import find_by_number
from certification.regions import BUILT_IN
from certification.runtime import Runtime
from tests.certification.suspending import journalled
from tests.ops.test_commands import NUMBER, sentence, settings, stillhere, town
from tests.ops.test_reminding import rt
from tests.ops.test_routes import done

__all__ = ["rt", "settings", "town"]
BY = ("--by", "魏主管", "--json")
NOTHING = {"looked_at": 1, "closed": 0, "unreadable": 0}


@pytest.fixture
def easier(town: dict[str, str], rt: Runtime, tmp_path: Path) -> dict[str, str]:
    """The settings with a folder in which Kunming takes a PIN for enough; Mr Wang has given his."""
    with rt.sessions.begin() as session:
        person = find_by_number(session, rt.keys, ResidentNumber.parse(NUMBER))
        assert person is not None
        gave = {"kind": Kind.PIN, "strength": Strength.POSSESSION, "source": "sms", "ref": "1", "actor": "line"}
        certifying.record(session, rt, person, observed_at=rt.now(), **gave)  # type: ignore[arg-type]
    (folder := tmp_path / "regions").mkdir()
    rules = (BUILT_IN / "kunming.toml").read_text("utf-8")
    assert "[evidence]\n" in rules
    (folder / "kunming.toml").write_text(rules.replace("[evidence]\n", '[evidence]\nneeds = "possession"\n'), "utf-8")
    return {**town, "STILLHERE_REGIONS": str(folder)}


def certified(town: dict[str, str]) -> bool:
    return bool(done(stillhere(town, "people", "show", NUMBER, "--json"))["certified"])


def test_whom_the_comparison_names_the_command_certifies(
    town: dict[str, str], easier: dict[str, str], rt: Runtime
) -> None:
    compared = stillhere(town, "regions", "diff", easier["STILLHERE_REGIONS"], "--json")
    assert done(compared)["regions"]["kunming"]["newly"] == 1
    assert "stillhere regions reconsider kunming" in compared.stdout
    assert done(stillhere(town, "regions", "reconsider", *BY))["regions"] == {"kunming": NOTHING}
    assert not certified(easier), "the new rules alone certify nobody"
    reconsider = ("regions", "reconsider", "昆明", *BY)
    assert done(stillhere(easier, *reconsider))["regions"] == {"kunming": NOTHING | {"closed": 1}}
    assert certified(easier) and certified(town), "nor do the former ones take it away"
    assert done(stillhere(easier, *reconsider))["regions"] == {"kunming": NOTHING | {"looked_at": 0}}
    assert len(journalled(rt, "periods reconsidered")) == 3 and len(journalled(rt, "period closed")) == 1


def test_a_region_that_nobody_knows_is_named(town: dict[str, str]) -> None:
    assert "拉萨" in sentence(stillhere(town, "regions", "reconsider", "拉萨", *BY))
