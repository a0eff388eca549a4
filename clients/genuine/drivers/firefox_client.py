"""Firefox without a screen as a client, told what to do in the Marionette protocol on loopback.

    python firefox_client.py PROGRAM

Every name leads to this machine, so nothing of the network is reached. After a visit no connection and no
session of it is left. Firefox says why a page was not loaded, as a code of NSS or of its network library; its
key log opens the rest.
(https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html)
"""

import json
import re
import socket
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from clients.genuine.drivers.browser import Browser, address, loaded_by
from clients.genuine.drivers.loop import Says, Told, serve, warm_up

START_SECONDS = 50.0
CLOSE_SECONDS = 2.0
PORT_FILE = "MarionetteActivePort"
POLL_SECONDS = 0.02
NOTHING = "about:blank"
OPTIONS = ("--headless", "--no-remote", "--marionette", "--remote-allow-system-access")
PREFERENCES: dict[str, bool | int | str] = {
    "marionette.port": 0,  # any; it is in PORT_FILE then
    "network.dns.forceResolve": "127.0.0.1",
    "network.trr.mode": 5,  # no DNS over HTTPS
    # Nothing is looked up beside the page that is asked for, and no connection made on a guess.
    "network.http.speculative-parallel-limit": 0,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.predictor.enabled": False,
    "network.prefetch-next": False,
    "browser.chrome.site_icons": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "browser.tabs.remote.warmup.enabled": False,
    "app.update.auto": False,
    "app.normandy.enabled": False,
    "extensions.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
}
# The answer is shown as it came, in a page of Firefox's own.
READ_PAGE = "return document.body ? document.body.textContent : ''"
ERROR_PAGE = re.compile(r"error page: about:neterror\?e=(\w+)")
READ_ERROR = "return document.getNetErrorInfo().errorCodeString"
# For the system's context.
FORGET = """
Services.obs.notifyObservers(null, "net:prune-all-connections");
Cc["@mozilla.org/psm;1"].getService(Ci.nsINSSComponent).clearSSLExternalAndInternalSessionCache();
"""


class MarionetteError(Exception):
    """What Firefox says it could not do; the message begins with the kind of the error."""


class Marionette:
    """A browser's end of the protocol: a message is its length, a colon, and JSON."""

    def __init__(self, port: int) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port))
        self._received = bytearray()
        self._number = 0

    def greeting(self, until: float) -> None:
        """What it says first."""
        self._next(until)

    def call(self, command: str, until: float, **parameters: Any) -> Any:
        """Have it do something, and give the value of the result. Raises TimeoutError, EOFError where it has
        ended, or MarionetteError.
        """
        self._number += 1
        told = json.dumps([0, self._number, command, parameters]).encode()
        self._connection.sendall(b"%d:%s" % (len(told), told))
        while (said := self._next(until))[:2] != [1, self._number]:
            pass  # the answer to something that took too long
        _, _, error, result = said
        if error is not None:
            raise MarionetteError(f"{error['error']}: {error['message']}")
        return result.get("value") if isinstance(result, dict) else result

    def _next(self, until: float) -> Any:
        while b":" not in self._received:
            self._receive(until)
        length, _, rest = bytes(self._received).partition(b":")
        self._received = bytearray(rest)
        while len(self._received) < int(length):
            self._receive(until)
        message, self._received = self._received[: int(length)], self._received[int(length) :]
        return json.loads(message)

    def _receive(self, until: float) -> None:
        self._connection.settimeout(max(0.001, until - time.monotonic()))
        part = self._connection.recv(65_536)
        if not part:
            raise EOFError("the browser has ended")
        self._received += part


class Client:
    """The browser, and the visits that it makes."""

    def __init__(self, program: str) -> None:
        until = time.monotonic() + START_SECONDS
        self._browser = Browser(
            lambda folder: (program, *OPTIONS, "--profile", str(_profile(folder)), NOTHING)
        )
        self._firefox = Marionette(_port(self._browser, until))
        self._firefox.greeting(until)
        self._firefox.call("WebDriver:NewSession", until, acceptInsecureCerts=True)

    def visit(self, told: Told, says: Says) -> None:
        """Open the page; leave nothing of it."""
        until = loaded_by(told)
        try:
            self._load(address(told), until, says)
        finally:
            self._leave()
            says.key_log += self._browser.new_secrets()

    def _load(self, url: str, until: float, says: Says) -> None:
        firefox = self._firefox
        firefox.call("WebDriver:SetTimeouts", until, pageLoad=max(1, int((until - time.monotonic()) * 1000)))
        try:
            firefox.call("WebDriver:Navigate", until + CLOSE_SECONDS, url=url)
        except MarionetteError as error:
            says.works = False
            page = ERROR_PAGE.search(str(error))  # its whole address has the port, which differs each time
            says.words += f"{error}\n" if page is None else f"{page[1]} {self._run(READ_ERROR)}\n"
            return
        says.take(str(self._run(READ_PAGE)).encode("latin-1", "replace"))

    def _leave(self) -> None:
        """Leave the page, its connections and its sessions. A browser that cannot has ended or hangs: then
        this process ends, too, which is told as the end of the visit.
        """
        firefox, until = self._firefox, time.monotonic() + CLOSE_SECONDS
        try:
            firefox.call("WebDriver:Navigate", until, url=NOTHING)
            firefox.call("Marionette:SetContext", until, value="chrome")
            self._run(FORGET)
            firefox.call("Marionette:SetContext", until, value="content")
        except (EOFError, OSError, MarionetteError) as error:  # a TimeoutError is an OSError
            sys.exit(f"Firefox: {error}")

    def _run(self, script: str) -> Any:
        until = time.monotonic() + CLOSE_SECONDS
        return self._firefox.call("WebDriver:ExecuteScript", until, script=script, args=[])


def _profile(folder: Path) -> Path:
    """A profile with the preferences."""
    profile = folder / "profile"
    profile.mkdir()
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
    (profile / "user.js").write_text("".join(lines))
    return profile


def _port(browser: Browser, until: float) -> int:
    """The port that Firefox listens on, once it does."""
    file = browser.folder / "profile" / PORT_FILE
    while time.monotonic() < until:
        if file.exists() and (said := file.read_text().strip()):
            return int(said)
        time.sleep(POLL_SECONDS)
    raise TimeoutError("Firefox does not listen")


if __name__ == "__main__":
    client = Client(sys.argv[1])
    warm_up(client.visit, START_SECONDS)
    serve(client.visit)
