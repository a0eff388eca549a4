"""What the drivers of browsers share: a browser in a folder of its own (`keeper`), and what it adds to its
key log.

Imports the standard library alone.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from clients.genuine.drivers.loop import Told
from stacks.temporary_folder import held_folder

LOADING_SHARE = 0.8
KEEPER = Path(__file__).with_name("keeper.py")


class Browser:
    """A browser that runs for as long as this process, or until it ends itself. `command` is told its
    folder, which is its home, too.
    """

    def __init__(self, command: Callable[[Path], Sequence[str]], descriptors: Sequence[int] = ()) -> None:
        self.folder, self._lock = held_folder("browser")  # removed by the keeper
        self._key_log = self.folder / "keylog"
        self._read = 0
        own = {name: str(self.folder) for name in ("HOME", "TMPDIR", "XDG_RUNTIME_DIR")}
        self._keeper = subprocess.Popen(
            [
                sys.executable,
                str(KEEPER),
                str(self.folder),
                *map(str, descriptors),
                "--",
                *command(self.folder),
            ],
            stdin=subprocess.PIPE,
            env={**os.environ, **own, "SSLKEYLOGFILE": str(self._key_log)},
            pass_fds=descriptors,
            start_new_session=True,
        )

    def new_secrets(self) -> list[str]:
        """The lines of its key log since the last time."""
        if not self._key_log.exists():
            return []
        with self._key_log.open("rb") as file:
            file.seek(self._read)
            said = file.read()
        whole = said[: said.rfind(b"\n") + 1]
        self._read += len(whole)
        return whole.decode("latin-1").splitlines()


def loaded_by(told: Told) -> float:
    """When a page that is not loaded is given up, so that there is time to leave it."""
    return time.monotonic() + told.seconds * LOADING_SHARE


def address(told: Told) -> str:
    """What the browser is to open: of a request its path alone."""
    method, _, rest = told.request.partition(" ")
    path = rest.split(" ")[0] if method == "GET" and rest.startswith("/") else "/"
    return f"https://{told.server_name or told.host}:{told.port}{path}"
