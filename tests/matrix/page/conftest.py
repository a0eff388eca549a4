"""One browser for the tests of a module, and one run whose page all of them look at.

The browser is Debian's Chromium, driven by Playwright; without a network it opens files alone. It ends with
the module, because as long as it is open Playwright keeps an event loop running in the thread of the tests,
and no test of something else could start its own there.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from matrix.results.run_file import RunFile, load_run

CLIENTS = ("biztalk-ws2008", "firefox-9", "java-8", "openssl-0.9.8", "openssl-3.0", "chrome-101", "ie8-winxp")
WIDE = {"width": 1300, "height": 900}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the incident, with two scenarios, toggles, evidence and captures of every cell."""
    made = tmp_path_factory.mktemp("page") / "run"
    asked = [f"--client={client}" for client in CLIENTS]
    asked += [
        "--server=webmethods-8.0.1@*",
        "--server=jsse6@6u45",
        "--server=jsse6@6u45,ec=yes",
    ]
    asked += ["--scenario=connect", "--scenario=renegotiate-client", "--evidence=all", f"--out={made}"]
    done = subprocess.run(
        [sys.executable, "-m", "matrix", "run", *asked], capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return made


@pytest.fixture(scope="session")
def found(folder: Path) -> RunFile:
    """What the run found."""
    return load_run(folder)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("there is no chromium program; get it with: apt-get install chromium")
    with sync_playwright() as playwright:
        # Root has no sandbox; the pages are our own.
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """The one tab; what goes wrong in it is an error of the test that sees it."""
    page = browser.new_page(viewport=WIDE)
    page.set_default_timeout(10_000)
    yield page
    page.close()


class Opened:
    """A page that is open, with what went wrong in it and what it asked the network for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", self._error)
        page.on("console", self._said)
        page.on("request", self._request)

    def _error(self, error: object) -> None:
        self.errors.append(str(error))

    def _said(self, message: object) -> None:
        self.errors.append(str(message))

    def _request(self, request: object) -> None:
        self.requests.append(getattr(request, "url", ""))

    def close(self) -> None:
        self.page.remove_listener("pageerror", self._error)
        self.page.remove_listener("console", self._said)
        self.page.remove_listener("request", self._request)


@pytest.fixture
def opened(tab: Page) -> Iterator[Opened]:
    """The tab, listened to; nothing may have gone wrong in it at the end of a test."""
    tab.goto("about:blank")
    tab.emulate_media(media="screen", color_scheme="light")
    tab.set_viewport_size(WIDE)
    listening = Opened(tab)
    yield listening
    listening.close()
    assert listening.errors == []


@pytest.fixture
def page(opened: Opened, folder: Path) -> Page:
    """The page of the run."""
    opened.page.goto((folder / "grid.html").as_uri())
    return opened.page
