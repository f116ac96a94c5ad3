"""The console as people see it: a web server around it, and Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from werkzeug.serving import make_server

from certification.runtime import Runtime
from ops.app import create_app
from ops.embedded import free_port
from tests.ops.console.browser import PASSWORD, Account
from tests.peers import node_modules

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SIZE = ViewportSize(width=1366, height=768)  # an old office PC
TABLET = ViewportSize(width=800, height=1180)
MOST = 90  # Tabs: no page has more stops before what is sought
_FOCUSED = """(at) => {
  const one = document.activeElement, label = one.labels && one.labels[0];
  if (one === document.body || one.id === "content") return ["", true];
  const name = one.getAttribute("aria-label") || (label && label.innerText) || one.innerText || "";
  return [one.matches(at) ? name.trim().replace(/\\s+/g, " ") : "", getComputedStyle(one).outlineStyle !== "none"];
}"""
_WHERE = "document.activeElement.outerHTML.slice(0, 200)"
_SELECTED = "document.activeElement.selectedOptions[0].text.trim()"


@contextmanager
def launched(*more: str) -> Iterator[Browser]:
    """A browser without a window, with `more` switches; the test is skipped where there is none."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("Chromium is not here: install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", *more])
        yield browser
        browser.close()


@contextmanager
def served(rt: Runtime) -> Iterator[str]:
    """The web process on a port of this machine; its console's address."""
    port = free_port()
    here = replace(rt, settings=replace(rt.settings, public_base_url=f"http://127.0.0.1:{port}"))
    server = make_server("127.0.0.1", port, create_app(here), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/console/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(slots=True)
class Desk:
    """Somebody before a screen. `faults`: what the browser complained of."""

    page: Page
    rt: Runtime
    url: str
    faults: list[str]

    @classmethod
    def at(cls, browser: Browser, rt: Runtime, url: str) -> Desk:
        """A new screen, whose browser knows nobody yet."""
        page, faults = browser.new_context(viewport=SIZE).new_page(), list[str]()
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        return cls(page, rt, url, faults)

    def signs_in(self, who: Account) -> None:
        """Sign in with keys alone: the first field waits for them."""
        self.page.goto(self.url)
        self.page.wait_for_function("() => document.activeElement.id === 'name'")
        for part in (who.name, PASSWORD, who.otp.at(self.rt.now())):
            self.page.keyboard.insert_text(part)
            self.page.keyboard.press("Tab")
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(self.url)

    def reaches(self, name: str, at: str = "*") -> None:
        """Go on by Tab until what has this name, and is this (a selector), has the focus; each focus is seen."""
        for _ in range(MOST):
            self.page.keyboard.press("Tab")
            focused, seen = self.page.evaluate(_FOCUSED, at)
            assert seen, f"on the way to {name} a focus is not seen: {self.page.evaluate(_WHERE)}"
            if focused and focused.startswith(name):
                return
        pytest.fail(f"{name} is reached by no Tab")

    def goes_to(self, name: str, at: str = "*", key: str = "Enter") -> None:
        """Go on by Tab to what has this name, press it, and wait for the page that follows."""
        self.reaches(name, at)
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def types(self, name: str, text: str) -> None:
        """Go on by Tab to a field, and have this in it."""
        self.reaches(name, ":is(input, textarea)")
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def dates(self, name: str, day: date) -> None:
        """Go on by Tab to a field for a day, and key it in."""
        self.reaches(name, "[type=date]")
        self.page.keyboard.type(f"{day:%m%d%Y}")  # in the order of the browser's language, which is American
        assert self.page.evaluate("document.activeElement.value") == day.isoformat()

    def ticks(self, name: str, within: str = "main") -> None:
        """Go on by Tab to a box or the first of several choices in a part of the page, and tick it."""
        self.reaches(name, f"{within} :is([type=checkbox], [type=radio])")
        self.page.keyboard.press("Space")
        assert self.page.evaluate("document.activeElement.checked")

    def chooses(self, name: str, wanted: str) -> None:
        """Go on by Tab to a list of choices, and down it to the one that begins so."""
        self.reaches(name, "select")
        for _ in range(MOST):
            if str(self.page.evaluate(_SELECTED)).startswith(wanted):
                return
            self.page.keyboard.press("ArrowDown")
        pytest.fail(f"{wanted} is not among {name}")

    def violations(self) -> list[str]:
        """What axe-core finds on the page, each with where."""
        source = (node_modules() / "axe-core" / "axe.min.js").read_text("utf-8")
        self.page.evaluate(source)  # past the page's policy, which lets no script of others in
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((one) => one.violations)")
        return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]

    def shot(self, path: Path) -> None:
        """A picture of the whole page."""
        self.page.screenshot(path=path, full_page=True)
