"""What listening to a call costs, against decoding every frame of it as vosk-server does, with the same model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import psutil
from websockets.sync.client import ClientConnection, connect

from certification.regions import Regions
from ivr.prompts import Prompts
from ivr.speech.endpoint import Endpointer
from ivr.speech.g711 import Pcm
from ivr.speech.gate import Gated
from ivr.speech.recogniser import SAMPLE_RATE, VoskRecogniser, challenge_alone
from ivr.speech.training.channel import resample
from ivr.speech.training.espeak import Voice, say
from ivr.speech.vocabulary import CHALLENGE, labels
from ops.demo.callers import Caller
from ops.embedded import free_port
from voiceprint.audio import Samples

FRAME = 160  # samples, 20 ms: as the carrier sends them
CHUNK = 1600  # samples: vosk-server's own clients send 0.2 s at once
ROUNDS = 9
START_S = 30.0
NOISE = 10  # of 32767: the line's own
COMMAND = ("zen3", "me5", "ban4")  # how to certify: the answer leads back to the menu
# vosk-server hands its handler two arguments, which only the older interface of websockets still does.
_AS_OF_OLD = """
import runpy, sys, websockets
from websockets.legacy.server import serve
websockets.serve = serve
sys.path.insert(0, sys.argv[1].rpartition("/")[0])
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """The caller's side of one spoken turn: quiet while the prompt is played, then words, then the pause."""

    grammar: str
    pcm: Pcm


def command() -> Samples:
    """A command of the menu in a synthetic voice, at 8 kHz. Raises EspeakMissing."""
    spoken = say(Voice("cmn-latn-pinyin+f4", rate=130), COMMAND)
    voice = resample(spoken.samples, SAMPLE_RATE / spoken.sample_rate)
    loud = np.flatnonzero(np.abs(voice) > 0.02 * np.abs(voice).max())
    return voice[loud[0] : loud[-1] + 1]


def turns(caller: Caller) -> list[Heard]:
    """A certifying call: the menu answered by voice, and two groups of three words repeated."""
    groups = [["word.shuzi", "word.yuyan", "word.fandian"], ["word.shanghai", "word.shibie", "word.backdrop"]]
    found = [_turn("menu", ["menu.main"], command(), 0.9)]
    return found + [_turn(CHALLENGE, ["challenge.repeat", *words], caller.repeats(words), 1.5) for words in groups]


def _turn(grammar: str, prompts: list[str], speech: Samples, pause_s: float) -> Heard:
    ours = Prompts(None, Regions.load())
    played = [ours.audio("mandarin", name) or b"" for name in prompts]
    before_s = sum(map(len, played)) / SAMPLE_RATE + 0.5 * len(played)
    whole = np.pad(32767 * speech, (round(before_s * SAMPLE_RATE), round(pause_s * SAMPLE_RATE)))
    noise = NOISE * np.random.default_rng(1).standard_normal(len(whole))
    return Heard(grammar, np.clip(whole + noise, -32768, 32767).astype(np.int16))


def compared(caller: Caller, vosk_server: Path | None = None) -> dict[str, float]:
    """CPU seconds for a second of a call: as we listen, decoding every frame of it, and the ratio of the two.

    With `vosk_server`, an asr_server.py, that decodes it in a process of its own. Raises EspeakMissing.
    """
    call, recogniser = turns(caller), VoskRecogniser.open()
    seconds = sum(len(turn.pcm) for turn in call) / SAMPLE_RATE
    ours = _cpu(lambda: _listen(call, recogniser))
    theirs = _cpu_of_server(vosk_server, call) if vosk_server else _cpu(lambda: _decode(call, recogniser))
    return {
        "listening_cpu_s": ours / seconds,
        "decoding_every_frame_cpu_s": theirs / seconds,
        "listening_cpu_ratio": ours / theirs,
    }


def _cpu(work: Callable[[], None], clock: Callable[[], float] = time.process_time) -> float:
    """CPU seconds of one round: the median of some, after one that does not count."""
    work()
    moments = [clock()]
    for _ in range(ROUNDS):
        work()
        moments.append(clock())
    return float(np.median(np.diff(moments)))


def _listen(call: Sequence[Heard], recogniser: VoskRecogniser) -> None:
    """As the media process does: every frame is weighed, and what may be a voice is decoded."""
    for turn in call:
        ears, listening = Endpointer(0.9), Gated(recogniser.listen(turn.grammar))
        for at in range(0, len(turn.pcm) - FRAME + 1, FRAME):
            frame = turn.pcm[at : at + FRAME]
            ears.feed(frame)
            listening.feed(frame.tobytes())
        listening.finish()


def _decode(call: Sequence[Heard], recogniser: VoskRecogniser) -> None:
    """Everything is decoded, and after each piece is said what was heard so far."""
    for turn in call:
        listening = recogniser.listen(turn.grammar)
        for at in range(0, len(turn.pcm), CHUNK):
            listening.feed(turn.pcm[at : at + CHUNK].tobytes())
            listening.partial()
        listening.finish()


def _cpu_of_server(script: Path, call: Sequence[Heard]) -> float:
    """CPU seconds of vosk-server for one round. The challenge has a graph of its own, and so a server of its own."""
    found = 0.0
    with as_file(files("ivr.speech") / "model") as model, challenge_alone(model) as challenge:
        for folder, mine in (
            (model, [turn for turn in call if turn.grammar != CHALLENGE]),
            (challenge, [turn for turn in call if turn.grammar == CHALLENGE]),
        ):
            with _server(script, folder) as (process, url):
                found += _cpu(partial(_ask, url, mine), partial(_used, process))
    return found


def _used(process: psutil.Process) -> float:
    """CPU seconds that a process has taken."""
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _server(script: Path, model: Path) -> Iterator[tuple[psutil.Process, str]]:
    port = free_port()
    environment = os.environ | {"VOSK_SERVER_INTERFACE": "127.0.0.1", "VOSK_SERVER_PORT": str(port), "VOSK_FILTER": ""}
    arguments = [sys.executable, "-c", _AS_OF_OLD, str(script.resolve()), str(model)]
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield psutil.Process(process.pid), f"ws://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _ask(url: str, call: Sequence[Heard]) -> None:
    for turn in call:
        with _connected(url) as socket:
            config: dict[str, object] = {"sample_rate": SAMPLE_RATE}
            if turn.grammar != CHALLENGE:
                config["phrase_list"] = list(labels(turn.grammar))
            socket.send(json.dumps({"config": config}, ensure_ascii=False))
            for at in range(0, len(turn.pcm), CHUNK):
                socket.send(turn.pcm[at : at + CHUNK].tobytes())
                socket.recv()
            socket.send('{"eof" : 1}')
            socket.recv()


def _connected(url: str) -> ClientConnection:
    """Wait until the server has loaded its model. Raises ConnectionRefusedError when it does not come up."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            return connect(url, compression=None, proxy=None)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
