"""Cases whose answer is known are put among the others by a command, all or none, and nothing follows from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from certification.runtime import Runtime
from certification.store import Case, Evidence, KnownCase, Recording
from ivr.speech.vocabulary import challenge_words
from ops.demo.callers import SHIPPED, Caller
from tests.ops.test_commands import sentence, settings, stillhere, town
from tests.ops.test_reminding import rt
from tests.ops.test_routes import done
from voiceprint import audio

__all__ = ["rt", "settings", "town"]
BY = ("--by", "魏主管")


def test_the_voices_that_came_along_are_seeded(town: dict[str, str], rt: Runtime) -> None:
    command = ("cases", "seed", "--region", "昆明", "--most", "6", *BY)
    made = done(stillhere(town, *command, "--json"))
    assert made["region"] == "kunming" and len(made["seeded"]) == 6
    with rt.sessions() as session:
        found = session.scalars(select(KnownCase)).all()
        assert {one.case_id for one in found} == set(made["seeded"])
        assert {one.seeded_by for one in found} == {"魏主管"}
        seconds = [one.seconds for one in session.scalars(select(Recording))]
        assert len(seconds) == 6 * 5 and min(seconds) > 1
        assert session.scalars(select(Evidence)).all() == []
    listed = done(stillhere(town, "cases", "list", "--json"))["cases"]
    assert {one["id"] for one in listed} == set(made["seeded"])
    decided = done(stillhere(town, "cases", "decide", made["seeded"][0], "--verdict", "confirmed", *BY, "--json"))
    assert (decided["certified"], decided["receipt"]) == (False, None)


def said(folder: Path, name: str, words: list[str]) -> None:
    """A recording of the caller that came along."""
    samples = Caller(SHIPPED / "caller").repeats([f"word.{one}" for one in words])
    (folder / name).write_bytes(audio.wav(samples))


def test_a_list_of_pairs_says_who_is_the_same_and_all_are_seeded_or_none(
    town: dict[str, str], rt: Runtime, tmp_path: Path
) -> None:
    words = sorted(challenge_words())
    for at, name in enumerate(("a.wav", "b.wav", "c.wav", "d.wav")):
        said(tmp_path, name, words[at : at + 3])
    pairs, short = tmp_path / "pairs.txt", SHIPPED / "caller" / f"{words[0]}-1.flac"
    command = ("cases", "seed", "--region", "kunming", "--pairs", str(pairs), "--audio", str(tmp_path), *BY)
    pairs.write_text(f"1 a.wav+b.wav c.wav+d.wav\n0 {short} a.wav\n", "utf-8")
    assert "不到一秒" in sentence(stillhere(town, *command))
    with rt.sessions() as session:
        assert session.scalars(select(Case)).all() == []
    pairs.write_text("1 a.wav+b.wav c.wav+d.wav\n0 c.wav a.wav\n", "utf-8")
    assert len(done(stillhere(town, *command, "--json"))["seeded"]) == 2
    with rt.sessions() as session:
        found = {one.same: one.about for one in session.scalars(select(KnownCase))}
    assert {same: (len(one["enrolled"]), len(one["attempt"])) for same, one in found.items()} == {
        True: (2, 2),
        False: (1, 1),
    }


@pytest.mark.parametrize(("written", "why"), [("2 a b\n", "1 ENROLLED CALL"), ("\n", "0")], ids=["wrong", "empty"])
def test_a_list_that_says_no_pair_is_refused(town: dict[str, str], tmp_path: Path, written: str, why: str) -> None:
    pairs = tmp_path / "pairs.txt"
    pairs.write_text(written, "utf-8")
    assert why in sentence(stillhere(town, "cases", "seed", "--region", "kunming", "--pairs", str(pairs), *BY))
