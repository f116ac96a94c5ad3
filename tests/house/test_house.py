"""Tests of the repository itself: what the rooms promise each other."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from certification.known_settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]


def tracked(*patterns: str) -> list[Path]:
    """The files of the repository, as git sees them, without models and audio."""
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_every_setting_is_in_the_readme(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    missing = [setting.name for setting in SETTINGS if f"`{setting.name}`" not in text]
    assert not missing


def test_only_settings_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for path in tracked("certification/*.py", "ivr/*.py", "voiceprint/*.py")
        if re.search(r"os\.environ|os\.getenv", path.read_text(encoding="utf-8"))
    ]
    assert set(readers) <= {"certification/settings.py"}


def test_every_job_named_by_a_string_exists() -> None:
    named = {
        name
        for path in tracked("ivr/*.py", "ops/*.py")
        for name in re.findall(r'"(ops\.jobs\.\w+)"', path.read_text(encoding="utf-8"))
    }
    assert named, "no job is named anywhere: has the way of naming them changed?"
    for name in named:
        module, _, function = name.rpartition(".")
        assert callable(getattr(import_module(module), function)), name


def test_modules_and_functions_stay_small_and_say_what_they_are_for() -> None:
    for path in tracked("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = path.relative_to(ROOT)
        assert path.read_text(encoding="utf-8").count("\n") <= 320, f"{name} has grown too long"
        if path.stat().st_size:
            assert ast.get_docstring(tree), f"{name} does not say what it is for"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                assert node.end_lineno - node.lineno < 60, f"{name}: {node.name} has grown too long"


def test_models_are_small_enough_to_ship() -> None:
    machines = tracked("voiceprint/model/synthetic.npz")
    voices = [path for path in tracked("voiceprint/model") if path not in machines]
    for name, files in (("words", tracked("ivr/speech/model")), ("voices", voices), ("machines", machines)):
        size = sum(path.stat().st_size for path in files)
        assert 0 < size <= 12 * 2**20, f"{name}: {size} bytes"


def test_web_processes_load_no_model() -> None:
    program = "import sys, ops.app, ops.cli; print(*{'onnxruntime', 'vosk', 'torch', 'ops.jobs'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
