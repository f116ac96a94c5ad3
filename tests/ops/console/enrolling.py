"""Enrolling somebody at the counter in a real browser: the pages gone through, and a microphone that plays a file.

with launched(*microphone(file)) as browser: …
enrols_at_the_microphone(desk, person)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from playwright.sync_api import expect

from certification.runtime import Runtime
from ops import jobs
from tests.conversations.speakers import Speaker, groups
from tests.ops.console.chromium import Desk
from tests.ops.sitting import wav
from voiceprint.audio import Samples


class Identified(Protocol):
    """Somebody with an identifier of ours."""

    @property
    def id(self) -> str:
        """Theirs."""


SAMPLE_MS = 6_000  # in which the microphone plays about four words


def microphone(file: Path) -> tuple[str, ...]:
    """What Chromium is started with so that its microphone plays a WAV file, from the first time it is opened."""
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={file}",
    )


def played(speaker: Speaker, file: Path, rounds: int = 12) -> Path:
    """A WAV file in which a real speaker goes on saying challenge words, from takes kept for enrolment."""
    said: list[Samples] = [speaker.enrols(words) for words in groups(rounds, 4)]
    file.write_bytes(wav(np.concatenate(said)))
    return file


def prompt_worker(rt: Runtime) -> Runtime:
    """The same runtime with a worker that does at once what is asked of it; `jobs.use` comes first."""
    done: dict[str, Callable[[str], None]] = {"ops.jobs.listen": jobs.listen, "ops.jobs.assess": jobs.assess}
    return replace(rt, enqueue=lambda name, identifier: done[name](identifier) if name in done else None)


def agrees(desk: Desk, person: Identified) -> None:
    """From the person's page to the step of the voice, by keys alone: they heard the text, and agree."""
    desk.page.goto(f"{desk.url}people/{person.id}")
    desk.goes_to("一步一步登记")
    desk.reaches("念出来", "button")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_function("() => document.getElementById('spoken').currentTime > 0")
    desk.ticks("本人已经听完")
    desk.goes_to("1 同意")
    desk.page.wait_for_url("**/enrol?step=voice")


def records(desk: Desk, ms: int) -> None:
    """Begin a recording by a key, and end it so many milliseconds later by the same one."""
    desk.reaches("开始录音", "button")
    desk.page.keyboard.press("Enter")
    desk.page.get_by_role("button", name="停止").wait_for()
    desk.page.wait_for_timeout(ms)
    desk.page.keyboard.press("Enter")


def says_samples(desk: Desk, samples: int = 3) -> None:
    """At the microphone: record, stop, and wait until the sample was found good; the last leads on by itself."""
    page = desk.page
    for n in range(1, samples + 1):
        page.get_by_text(f"第 {n} 段，共").wait_for()
        records(desk, SAMPLE_MS)
        if n < samples:
            expect(page.locator("[data-said]")).to_contain_text(f"第 {n} 段很好", timeout=20_000)
    page.wait_for_url("**/enrol?step=voice")


def enrols_at_the_microphone(desk: Desk, person: Identified) -> None:
    """All of it, up to the template that the person's own phone must confirm."""
    agrees(desk, person)
    desk.goes_to("用窗口的话筒")
    says_samples(desk)
    desk.page.get_by_text("声音登记好了").wait_for()
    desk.page.get_by_role("img").wait_for()


def code_shown(desk: Desk) -> str:
    """Have a code given that confirms the voice by the person's own phone; its digits."""
    desk.goes_to("下一步")
    desk.goes_to("现在核对")
    return desk.page.locator(".code").inner_text().replace(" ", "")
