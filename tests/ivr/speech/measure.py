"""Counts what the line takes for speech: noises that are none, and real voices that are.

python -m tests.ivr.speech.measure noises --count 1000    by the end-pointer, and in turns of every grammar
python -m tests.ivr.speech.measure voices                 training and tuning speakers of ../shared/data/dsp20
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from ivr.listening import Finished, Turn
from ivr.speech.endpoint import Endpointer
from ivr.speech.evaluation import read
from ivr.speech.g711 import Pcm, decode_mulaw, encode_mulaw
from ivr.speech.gate import Gated
from ivr.speech.recogniser import Challenged, Listening, VoskRecogniser
from ivr.speech.tones import FRAME
from ivr.speech.vocabulary import ASIDE, CHALLENGE, COMMANDS, DIGITS, challenge_words
from ivr.spoken import Plan
from tests.ivr.hearing import SILENCE, frames, silence
from tests.ivr.speech.noises import RATE, Random, Wave, noise

SPEAKERS = {"training": range(1, 23), "tuning": range(23, 29)}  # the others are for reporting alone
CONDITIONS = {"usual": (-26.0, -66.0), "low": (-45.0, -72.0), "10 dB SNR": (-26.0, -36.0)}  # voice, noise (dBFS)
PAUSE_S = 1.0
GRAMMARS = (CHALLENGE, DIGITS, *COMMANDS)
Ears = Callable[[float], Endpointer]


def noises(seeds: Iterable[int], recogniser: VoskRecogniser | None) -> dict[str, Counter[str]]:
    """Of so many noises, how many are heard as speech, as half a second of it, and understood in a turn of a grammar.

    What is no speech in the whole of it begins no words in a turn.
    """
    found: dict[str, Counter[str]] = {name: Counter() for name in ("spoken", "begun", *GRAMMARS)}
    for seed in seeds:
        kind, pcm = noise(seed)
        ears = Endpointer(30.0, 30.0, 30.0)
        for at in range(0, len(pcm) - FRAME + 1, FRAME):
            ears.feed(pcm[at : at + FRAME])
        found["spoken"][kind] += ears.spoken
        found["begun"][kind] += ears.begun
        if recogniser is not None and ears.spoken:
            for grammar in GRAMMARS:
                found[grammar][kind] += _understood(recogniser, grammar, pcm)
    return found


def _understood(recogniser: VoskRecogniser, grammar: str, pcm: Pcm) -> bool:
    """Whether a turn, as the media process holds it, hears words in a sound that comes after its prompt."""
    asked = tuple(challenge_words().values())[:3] if grammar == CHALLENGE else ()
    plan = Plan("mandarin", ("digit.1",), grammar, 1.5 if asked else 0.9, keep=False, asked=asked)

    def listen() -> Listening:
        listening = recogniser.listen(grammar)
        return Gated(Challenged(listening, lambda: recogniser.listen(ASIDE)) if asked else listening)

    turn = Turn(plan, [("digit.1", SILENCE)], listen)
    turn.start()
    for frame in [*silence(0.2), *frames(encode_mulaw(pcm)), *silence(9)]:
        for out in turn.on_frame(frame):
            if isinstance(out, Finished):
                return out.result.understood
    return False


def _words(folder: Path, group: str) -> Iterator[Wave]:
    """Real words, as loud as one another, cut to what is heard of them."""
    for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if int(entry["speaker"][1:]) in SPEAKERS[group]:
            wave = read(folder / entry["audio_filepath"]).astype(float) / 32768
            loud = np.flatnonzero(np.abs(wave) > 0.1 * np.abs(wave).max(initial=1e-9))
            cut = wave[max(loud[0] - RATE // 20, 0) : loud[-1] + RATE // 20]
            yield cut / np.sqrt(np.mean(np.square(wave[loud])))


def _line(wave: Wave, voice_db: float, noise_db: float, random: Random) -> Pcm:
    """A telephone line: 300 to 3400 Hz, noise, µ-law."""
    sent = wave * 10 ** (voice_db / 20) + random.standard_normal(len(wave)) * 10 ** (noise_db / 20)
    spectrum, hertz = np.fft.rfft(sent), np.fft.rfftfreq(len(sent), 1 / RATE)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    pcm = np.clip(np.rint(np.fft.irfft(spectrum, len(sent)) * 32767), -32768, 32767).astype(np.int16)
    return decode_mulaw(encode_mulaw(pcm))


def _ends(ears: Endpointer, pcm: Pcm) -> float | None:
    """When the turn ends, in seconds; None where nothing is heard to the end of it."""
    for at in range(0, len(pcm) - FRAME + 1, FRAME):
        if ears.feed(pcm[at : at + FRAME]) == "speech":
            return (at + FRAME) / RATE
    return None


def voices(
    folder: Path, group: str, every: int, ears: Ears = lambda silence: Endpointer(silence, 60, 60)
) -> Iterator[str]:
    """Each `every`th word alone, and three words as one command and as a challenge with pauses of a second."""
    words = list(_words(folder, group))
    chosen = np.random.default_rng(0).permutation(len(words))[::every]
    gap, pause, before, after = (np.zeros(int(s * RATE)) for s in (0.1, PAUSE_S, 1.0, 4.0))
    for condition, (voice_db, noise_db) in CONDITIONS.items():
        random = np.random.default_rng(1)
        noticed, interrupts, cut, late = [], [], [], []
        for at in range(0, len(chosen) - 2, 3):
            one, two, three = (words[n] for n in chosen[at : at + 3])
            for word in (one, two, three):
                heard = ears(0.9)
                end = _ends(heard, _line(np.concatenate([before, word, after]), voice_db, noise_db, random))
                noticed.append(heard.spoken)
                if end is not None:
                    late.append(end - (len(before) + len(word)) / RATE - 0.9)
            heard = ears(0.9)
            _ends(heard, _line(np.concatenate([before, one, gap, two, gap, three, after]), voice_db, noise_db, random))
            interrupts.append(heard.begun)
            parts = [before, one, pause, two, pause, three]
            end = _ends(ears(1.5), _line(np.concatenate([*parts, after]), voice_db, noise_db, random))
            cut.append(end is None or end < sum(map(len, parts)) / RATE)
        yield (
            f"{group} {condition}: {len(noticed)} words, noticed {np.mean(noticed):.1%}, end late by "
            f"{np.median(late):.2f} s (5 to 95 %: {np.quantile(late, 0.05):.2f} to {np.quantile(late, 0.95):.2f}); "
            f"three words interrupt {np.mean(interrupts):.1%}, with pauses cut short {np.mean(cut):.1%} of {len(cut)}"
        )


def main() -> None:
    """Print what was counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["noises", "voices"])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed; thresholds were chosen with 0 to 999")
    parser.add_argument("--every", type=int, default=3)
    parser.add_argument("--ears-alone", action="store_true", help="without the recogniser")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/dsp20"))
    asked = parser.parse_args()
    if asked.what == "noises":
        recogniser = None if asked.ears_alone else VoskRecogniser.open()
        for name, found in noises(range(asked.first, asked.first + asked.count), recogniser).items():
            print(name, found.total(), dict(+found), flush=True)
    else:
        for group in SPEAKERS:
            for line in voices(asked.data, group, asked.every):
                print(line, flush=True)


if __name__ == "__main__":
    main()
