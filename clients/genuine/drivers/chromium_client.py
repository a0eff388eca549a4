"""Chromium without a screen as a client, told what to do in the DevTools protocol through two pipes.

    python chromium_client.py PROGRAM

Every visit has a browser context of its own, which is thrown away: no session, cookie or connection of an
earlier one is there. Every name leads to this machine, so nothing of the network is reached. Chromium says
why a page was not loaded, as a code of its network stack; its key log opens the rest.
(https://chromedevtools.github.io/devtools-protocol/)
"""

import fcntl
import itertools
import json
import os
import selectors
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from clients.genuine.drivers.browser import Browser, address, loaded_by
from clients.genuine.drivers.loop import Says, Told, serve, warm_up

START_SECONDS = 50.0
CLOSE_SECONDS = 2.0
FIRST_DESCRIPTOR = 10
OPTIONS = (
    "--headless",
    "--no-sandbox",  # which root cannot have
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--ignore-certificate-errors",
    "--host-resolver-rules=MAP * 127.0.0.1",
    "--remote-debugging-pipe",  # it reads from 3 and writes to 4
)
# No connection on a guess (NetworkPredictionOptions::kDisabled): one that fails would be seen as an attempt,
# and sometimes the page has it, sometimes one of its own.
PREFERENCES = {"net": {"network_prediction_options": 2}}
NOTHING = "about:blank"
Message = dict[str, Any]


class DevTools:
    """A browser's end of the protocol: a message is JSON and a zero byte."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing
        self._received = bytearray()
        self._numbers = itertools.count(1)
        self.events: list[Message] = []

    def call(self, method: str, until: float, session: str | None = None, **parameters: Any) -> Message:
        """Have it do something, and give its result. Raises TimeoutError, EOFError where it has ended, or
        ValueError with what it says.
        """
        number = self.tell(method, session, **parameters)
        while (message := self.next(until)).get("id") != number:
            self.events.append(message)
        if "error" in message:
            raise ValueError(f"{method}: {message['error']['message']}")
        result: Message = message["result"]
        return result

    def tell(self, method: str, session: str | None = None, **parameters: Any) -> int:
        """Have it do something; the number that its answer will have."""
        number = next(self._numbers)
        told = {"id": number, "method": method, "params": parameters}
        if session is not None:
            told["sessionId"] = session
        os.write(self._writing, json.dumps(told).encode() + b"\0")
        return number

    def next(self, until: float) -> Message:
        """The next message."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reading, selectors.EVENT_READ)
            while b"\0" not in self._received:
                if not selector.select(max(0.0, until - time.monotonic())):
                    raise TimeoutError("no answer in time")
                part = os.read(self._reading, 65_536)
                if not part:
                    raise EOFError("the browser has ended")
                self._received += part
        message, _, rest = bytes(self._received).partition(b"\0")
        self._received = bytearray(rest)
        read: Message = json.loads(message)
        return read


class Client:
    """The browser, and the visits that it makes."""

    def __init__(self, program: str) -> None:
        (to_read, told), (said, to_write) = os.pipe(), os.pipe()
        inherited = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR) for end in (to_read, to_write)]
        self._browser = Browser(
            lambda folder: (program, *OPTIONS, f"--user-data-dir={_profile(folder)}", NOTHING), inherited
        )
        for end in (to_read, to_write, *inherited):
            os.close(end)
        self._tools = DevTools(said, told)
        self._context = self._page = ""

    def prepare(self) -> None:
        """Open an empty page in a context of its own, for the next visit."""
        tools, until = self._tools, time.monotonic() + START_SECONDS
        self._context = tools.call("Target.createBrowserContext", until)["browserContextId"]
        made = tools.call("Target.createTarget", until, url=NOTHING, browserContextId=self._context)
        attached = tools.call("Target.attachToTarget", until, targetId=made["targetId"], flatten=True)
        self._page = attached["sessionId"]
        tools.call("Network.enable", until, self._page)
        # Else an icon is asked for as soon as the page is there, and sometimes a connection is made for it.
        tools.call("Network.setBlockedURLs", until, self._page, urls=["*/favicon.ico"])
        tools.events.clear()

    def visit(self, told: Told, says: Says) -> None:
        """Load the page; leave nothing of it."""
        until = loaded_by(told)
        try:
            self._load(address(told), until, says)
        finally:
            self._close()
            says.key_log += self._browser.new_secrets()

    def _close(self) -> None:
        """Throw the context away, and so its connections. A browser that cannot has ended or hangs: then this
        process ends, too, which is told as the end of the visit.
        """
        until = time.monotonic() + CLOSE_SECONDS
        try:
            self._tools.call("Target.disposeBrowserContext", until, browserContextId=self._context)
        except (EOFError, OSError) as error:  # a TimeoutError is an OSError
            sys.exit(f"Chromium: {error}")

    def _load(self, url: str, until: float, says: Says) -> None:
        tools = self._tools
        tools.tell("Page.navigate", self._page, url=url)
        document = ""
        while True:
            message = tools.events.pop(0) if tools.events else tools.next(until)
            parameters = message.get("params", {})
            match message.get("method"):
                case "Network.requestWillBeSent":
                    document = document or parameters["requestId"]
                case "Network.responseReceivedExtraInfo" if parameters["requestId"] == document:
                    says.take(parameters.get("headersText", "").encode("latin-1", "replace"))
                case "Network.loadingFailed" if parameters["requestId"] == document:
                    says.words += parameters["errorText"] + "\n"
                    says.works = bool(says.answer)
                    return
                case "Network.loadingFinished" if parameters["requestId"] == document:
                    body = tools.call("Network.getResponseBody", until, self._page, requestId=document)
                    says.take(body["body"].encode("latin-1", "replace"))
                    return


def _profile(folder: Path) -> Path:
    """A profile with the preferences."""
    profile = folder / "profile"
    (profile / "Default").mkdir(parents=True)
    (profile / "Default" / "Preferences").write_text(json.dumps(PREFERENCES))
    return profile


if __name__ == "__main__":
    client = Client(sys.argv[1])
    client.prepare()
    warm_up(client.visit, START_SECONDS)
    serve(client.visit, client.prepare)
