"""The console as people see it: a web server around it, and Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
_FOCUSED = "((one) => (one.getAttribute('aria-label') || one.innerText || '').trim())(document.activeElement)"


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
        self.page.wait_for_function("document.activeElement.id === 'name'")
        for part in (who.name, PASSWORD, who.otp.at(self.rt.now())):
            self.page.keyboard.insert_text(part)
            self.page.keyboard.press("Tab")
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(self.url)

    def goes_to(self, name: str) -> None:
        """Go on by Tab until what has this name is reached, press it, and wait for the page that follows."""
        for _ in range(60):
            self.page.keyboard.press("Tab")
            if str(self.page.evaluate(_FOCUSED)).startswith(name):
                with self.page.expect_navigation():
                    self.page.keyboard.press("Enter")
                return
        pytest.fail(f"{name} is reached by no Tab")

    def violations(self) -> list[str]:
        """What axe-core finds on the page, each with where."""
        source = (node_modules() / "axe-core" / "axe.min.js").read_text("utf-8")
        self.page.evaluate(source)  # past the page's policy, which lets no script of others in
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((one) => one.violations)")
        return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]

    def shot(self, path: Path) -> None:
        """A picture of the whole page."""
        self.page.screenshot(path=path, full_page=True)
