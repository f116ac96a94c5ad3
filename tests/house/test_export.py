"""Nothing about a person can be forgotten when their data are exported: every table is told of, and every key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from certification.sections import LEFT_OUT, NOBODYS, SECTIONS, Section, key_of
from certification.store import Base

DOCUMENTED = (Path(__file__).resolve().parents[2] / "docs" / "export.md").read_text(encoding="utf-8")


def test_every_table_is_in_the_export_or_said_to_be_nobodys() -> None:
    told = {section.name for section in SECTIONS}
    assert len(told) == len(SECTIONS) and not told & NOBODYS
    assert told | NOBODYS == set(Base.metadata.tables)


def test_a_table_with_a_person_is_never_nobodys() -> None:
    for name in NOBODYS:
        columns = Base.metadata.tables[name].columns
        assert not [one.name for one in columns if one.name.endswith(("person_id", "number_index"))], name
        referred = {key.column.table.name for one in columns for key in one.foreign_keys}
        assert not referred & {"people", "calls"}, name


def test_what_is_left_out_is_there_to_be_left_out() -> None:
    columns = {f"{table.name}.{one.name}" for table in Base.metadata.tables.values() for one in table.columns}
    assert columns >= LEFT_OUT


@pytest.mark.parametrize("section", SECTIONS, ids=lambda one: one.name)
def test_every_key_is_documented(section: Section) -> None:
    [line] = re.findall(rf"^\| `{section.name}` \|.*$", DOCUMENTED, re.MULTILINE)
    keys = {key_of(section.name, column.name) for column in section.table.__table__.columns} - {None}
    missing = [key for key in keys if f"`{key}`" not in line.rpartition(" | ")[2]]
    assert not missing, f"docs/export.md lacks keys of {section.name}"
