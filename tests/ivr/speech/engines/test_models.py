"""`stillhere models`: pulled with its licence, kept by its checksum, checked, and never half there."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.dialects import dialects
from ivr.speech.engines.catalogue import catalogue
from ivr.speech.engines.sherpa import KINDS
from ops.cli import main
from tests.ivr.speech.engines.foreign import sherpa_model, vosk_model


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Path]:
    """A folder that a web server hands out; its address is in the file ADDRESS."""
    folder = tmp_path / "publisher"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        (folder / "ADDRESS").write_text(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield folder
        server.shutdown()
        thread.join()


def published(publisher: Path, model: Path, kind: str) -> str:
    """An archive of the model, in a folder of its own as publishers have it; gives its address."""
    archive = shutil.make_archive(str(publisher / "model"), kind, model.parent, model.name)
    return f"{(publisher / 'ADDRESS').read_text()}/{Path(archive).name}"


def models(*arguments: str, said: str | None = None) -> Result:
    return CliRunner().invoke(main, ["models", *arguments], input=said)


def test_the_catalogue_is_whole() -> None:
    for name, entry in catalogue().items():
        assert name.replace("-", "").isalnum()
        assert entry.url.startswith("https://") and entry.source.startswith("https://")
        assert set(entry.dialects) <= set(dialects())
        assert (entry.engine == "vosk") == (entry.model is None)
        assert entry.model is None or entry.model["kind"] in KINDS


def test_the_list_names_every_model_and_its_licence() -> None:
    listed = models("list").output
    assert all(name in listed and entry.licence in listed for name, entry in catalogue().items())


def test_a_vosk_model_is_pulled_kept_and_heard(publisher: Path, tmp_path: Path) -> None:
    url = published(publisher, vosk_model(tmp_path / "made" / "vosk-model"), "zip")
    place = tmp_path / "models"
    pulled = models("pull", "vosk-small-cn", "--to", str(place), "--url", url, said="y\n")
    assert pulled.exit_code == 0, pulled.output
    assert "Apache-2.0" in pulled.output and "gives no checksum" in pulled.output
    kept = json.loads((place / "pins.json").read_text())["vosk-small-cn"]
    assert kept["url"] == url and kept["sha256"] in pulled.output
    checked = models("check", str(place / "vosk-small-cn"))
    assert checked.exit_code == 0, checked.output
    assert "VoskWordsRecogniser" in checked.output
    again = models("pull", "vosk-small-cn", "--to", str(place), "--url", url, "--yes")
    assert again.exit_code == 0 and "gives no checksum" not in again.output


def test_a_sherpa_model_is_pulled_with_its_engine_file(
    publisher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sherpa_model(tmp_path / "made" / "dolphin", "是", "不")
    (made / "engine.toml").unlink()
    (made / "model.onnx").rename(made / "model.int8.onnx")
    monkeypatch.setenv("STILLHERE_DATA", str(tmp_path / "data"))
    pulled = models("pull", "fire-red-asr2", "--url", published(publisher, made, "bztar"), "--yes")
    assert pulled.exit_code == 0, pulled.output
    engine = (tmp_path / "data" / "models" / "fire-red-asr2" / "engine.toml").read_text()
    assert 'kind = "fire_red_asr_ctc"' in engine and 'model = "model.int8.onnx"' in engine


def test_who_does_not_accept_the_licence_pulls_nothing(tmp_path: Path) -> None:
    refused = models("pull", "telespeech", "--to", str(tmp_path / "models"), said="n\n")
    assert refused.exit_code == 1
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("given", [True, False], ids=["said", "kept"])
def test_another_file_under_the_same_address_is_refused(publisher: Path, tmp_path: Path, given: bool) -> None:
    made, place = tmp_path / "made" / "model", tmp_path / "models"
    url = published(publisher, sherpa_model(made, "是", "不"), "gztar")
    arguments = ["pull", "dolphin", "--to", str(place), "--url", url, "--yes"]
    if not given:
        assert models(*arguments).exit_code == 0
    before = sorted(place.rglob("*"))
    (made / "tokens.txt").write_text("<blk> 0\n坏 1\n人 2\n", "utf-8")
    published(publisher, made, "gztar")
    refused = models(*arguments, *(["--sha256", "0" * 64] if given else []))
    assert refused.exit_code == 1
    assert "nothing was installed" in refused.output
    assert sorted(place.rglob("*")) == before, "what was there is as it was"


@pytest.mark.parametrize("name", ["nothing.zip", "rubbish.zip"])
def test_a_pull_that_fails_says_so_and_leaves_nothing(publisher: Path, tmp_path: Path, name: str) -> None:
    (publisher / "rubbish.zip").write_bytes(b"no archive")
    url = f"{(publisher / 'ADDRESS').read_text()}/{name}"
    failed = models("pull", "dolphin", "--to", str(tmp_path / "models"), "--url", url, "--yes")
    assert failed.exit_code == 1
    assert "untouched" in failed.output
    assert list((tmp_path / "models").iterdir()) == []


def test_a_changed_file_is_found(publisher: Path, tmp_path: Path) -> None:
    url = published(publisher, sherpa_model(tmp_path / "made" / "model", "是", "不"), "tar")
    place = tmp_path / "models"
    assert models("pull", "dolphin", "--to", str(place), "--url", url, "--yes").exit_code == 0
    (place / "dolphin" / "tokens.txt").write_text("<blk> 0\n", "utf-8")
    changed = models("check", str(place / "dolphin"))
    assert changed.exit_code == 1
    assert "tokens.txt" in changed.output


def test_a_model_that_nobody_knows() -> None:
    unknown = models("pull", "nonsense", "--yes")
    assert unknown.exit_code == 1
    assert "vosk-small-cn" in unknown.output
