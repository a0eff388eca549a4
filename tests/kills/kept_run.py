"""One run behind the keeper, with a folder for temporary files, a history and reports of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from matrix.history.place import VARIABLE

ROOT = Path(__file__).parents[2]
RUN = ("matrix", "run")
PYTEST = ("pytest", "-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "no:tmpdir")
"""The two ways to start the grid: the first runs cells in forks, the second in workers of pytest-xdist.
pytest's own temporary folders are left out: it keeps those of the last three times (`tmpdir`).
"""
GRACE = 30.0
"""For what is just ending: a cell that runs has the deadlines of all attempts of its client."""
END_SECONDS = 120.0
"""Far more than any of these runs takes; who waits longer waits for something that hangs."""


class KeptRun:
    """A run that is going on. `folder` has its files: `run` (or what is left of it), `tmp`, `history`."""

    def __init__(self, folder: Path, process: "subprocess.Popen[bytes]", says: IO[str]) -> None:
        self.folder = folder
        self.began = time.monotonic()
        self._process = process
        self._says = says
        self.pid: int = self._said()["pid"]

    @property
    def unfinished(self) -> Path:
        """Where it is written while it lasts."""
        return self.folder / "run.unfinished"

    def has_ended(self) -> bool:
        """Whether the controlling process has."""
        with suppress(OSError):
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return True

    def end(self) -> dict[str, Any]:
        """Wait until nothing of it runs, and give what the keeper says."""
        said = self._said()
        self._process.wait(END_SECONDS)
        return said

    def errors(self) -> str:
        """What it has said on standard error."""
        return (self.folder / "errors").read_text(encoding="utf-8", errors="replace")

    def _said(self) -> dict[str, Any]:
        line = self._says.readline()
        return dict(json.loads(line)) if line else {}


def environment(folder: Path) -> dict[str, str]:
    """What makes a command use that folder alone."""
    own = {"TMPDIR": str(folder / "tmp"), VARIABLE: str(folder / "history" / "history.sqlite")}
    return {**os.environ, **own}


def prepared(folder: Path) -> Path:
    """The folder, with what a run is to find there."""
    for name in ("tmp", "history"):
        (folder / name).mkdir(parents=True)
    return folder


@contextmanager
def kept_run(folder: Path, arguments: Sequence[str], by: Sequence[str] = RUN) -> Iterator[KeptRun]:
    """Start a run that writes to `run` in the folder."""
    module, *first = by
    command = [sys.executable, "-m", module, *first, *arguments, "--out", str(folder / "run")]
    with (folder / "shown").open("w") as shown, (folder / "errors").open("w") as errors:
        # What the keeper says comes by a pipe of its own: its standard output is what the run inherits.
        said, says = os.pipe()
        keeper = [sys.executable, "-m", "tests.kills.keeper", str(says), str(GRACE), *command]
        process = subprocess.Popen(
            keeper,
            cwd=ROOT,
            env=environment(folder),
            stdout=shown,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            pass_fds=[says],
        )
    os.close(says)
    with process, open(said, encoding="utf-8") as lines:
        yield KeptRun(folder, process, lines)


def told(folder: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Let another command of the program end."""
    return subprocess.run(
        [sys.executable, "-m", "matrix", *map(str, arguments)],
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=END_SECONDS + GRACE,
        check=False,
    )
