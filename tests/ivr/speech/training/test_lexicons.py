"""The graphs of the shipped model are those that the dialects' files ask for, byte for byte."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ivr.speech.training.lexicons import SYLLABLES, write_graphs
from ivr.speech.training.phones import Inventory
from ivr.speech.vocabulary import CHALLENGE_GRAPH, GRAPH, pronunciations

MODEL = Path(__file__).parents[4] / "ivr" / "speech" / "model"
ANEW = """
import sys
from pathlib import Path
from ivr.speech.training.lexicons import write_graphs
from ivr.speech.training.phones import Inventory
from ivr.speech.vocabulary import pronunciations
write_graphs(Path(sys.argv[1]), Inventory(pronunciations().items()))
"""


def graphs(folder: Path) -> dict[str, bytes]:
    """Every file of both graphs."""
    files = sorted(file for name in (GRAPH, CHALLENGE_GRAPH) for file in (folder / name).rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_the_shipped_graphs_have_the_pronunciations_of_the_dialects(tmp_path: Path) -> None:
    shutil.copy(MODEL / SYLLABLES, tmp_path)
    write_graphs(tmp_path, Inventory(pronunciations().items()))
    anew, shipped = graphs(tmp_path), graphs(MODEL)
    assert anew.keys() == shipped.keys()
    assert [name for name in anew if anew[name] != shipped[name]] == [], "run: stillhere speech graph"


def test_graphs_do_not_depend_on_the_order_of_sets(tmp_path: Path) -> None:
    for seed in "12":
        (tmp_path / seed).mkdir()
        shutil.copy(MODEL / SYLLABLES, tmp_path / seed)
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", ANEW, str(tmp_path / seed)], env=environment, check=True)
    assert graphs(tmp_path / "1") == graphs(tmp_path / "2")
