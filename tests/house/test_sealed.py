"""Whatever is sealed or indexed by a key is known to the rotation of keys: a column that it forgets fails here."""

from __future__ import annotations

from certification import rotation
from certification.seals import PLACES
from certification.store import Base, PromptVersion

PUBLIC = {(PromptVersion, "source"), (PromptVersion, "audio")}  # every caller hears them


def test_every_sealed_column_of_every_table_is_known_to_rotation() -> None:
    sealed = {
        (mapper.class_, column.name)
        for mapper in Base.registry.mappers
        for column in mapper.local_table.columns
        if column.type.python_type is bytes
    }
    assert sealed == rotation.KNOWN | PUBLIC


def test_every_blind_index_is_renewed_or_said_to_end() -> None:
    indexes = {
        (mapper.class_.__tablename__, column.name)
        for mapper in Base.registry.mappers
        for column in mapper.local_table.columns
        if column.name.endswith("_index")
    }
    renewed = {(place.table.__tablename__, place.index[0]) for place in PLACES if place.index}
    ending = {
        ("enrolment_codes", "code_index"),
        ("guesses", "number_index"),
        ("messages", "same_index"),  # for a day
        ("reply_codes", "code_index"),
        ("reply_codes", "number_index"),
    }
    by_number = {("line_preferences", "number_index"), ("number_standings", "number_index")}
    assert indexes == renewed | ending | by_number
