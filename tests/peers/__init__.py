"""Programs that none of us wrote, which the tests speak with: npm packages in a cache of the user, and Debian's Kannel.

A test whose program is not here is skipped, with what to install.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

import pytest

HERE = Path(__file__).parent
PACKAGES = ("package.json", "package-lock.json")
WAIT_S = 30


def node_modules() -> Path:
    """The folder of the npm packages that are locked here; installed at its first use, outside the repository."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not here: install nodejs and npm")
    lock = HERE / "package-lock.json"
    name = sha256(lock.read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stillhere-peers"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{name}.lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not (cache / name).is_dir():
            _install(npm, cache, cache / name)
    return cache / name / "node_modules"


def _install(npm: str, cache: Path, target: Path) -> None:
    draft = Path(mkdtemp(dir=cache))
    for package in PACKAGES:
        shutil.copy(HERE / package, draft)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=draft, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(draft)
        pytest.skip(f"npm ci found no packages: {done.stderr.strip()[-300:]}")
    draft.rename(target)


@contextmanager
def running(log: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program with its output in `log`, and end it with the context."""
    with log.open("ab") as output:
        process = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=5)


def wait_until(happened: Callable[[], object], what: str, log: Path | None = None) -> None:
    """Wait for something that another program does; the test fails, with its log, when it does not."""
    deadline = time.monotonic() + WAIT_S
    while not happened():
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {WAIT_S} s\n{log.read_text(errors='replace')[-3000:] if log else ''}")
        time.sleep(0.05)
