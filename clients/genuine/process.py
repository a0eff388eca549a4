"""Running a program of somebody else's: with a deadline, its words kept and bounded, and nothing of it left.

A program has a session of its own, so that it has no terminal to ask a question on. A supervisor
(`drivers/supervisor.py`) starts it and ends all that has come of it, whatever that has left or cleared. What
outlives the supervisor, because somebody has killed that, is found by a word in its environment, which
processes inherit.
"""

import os
import secrets
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

MAX_WORDS = 32_768
"""Bytes of a program's words that are kept: half of them its first, half its last."""
LEFT_OUT = b"\n[...]\n"
MARK = "TLS_MATRIX_CLIENT"
"""The variable that finds what a program has left behind."""
SUPERVISOR = (sys.executable, "-I", "-m", "clients.genuine.drivers.supervisor")
END_SECONDS = 5.0
"""In which a supervisor ends what it has started; it takes milliseconds."""
LAST_WORDS_SECONDS = 0.1
"""In which the output of a program that has ended is read to its end; a child may hold it open."""


class Words:
    """What a program says, bounded: the first bytes and the last."""

    def __init__(self) -> None:
        self._first = bytearray()
        self._last = bytearray()
        self._is_cut = False

    def add(self, said: bytes) -> None:
        """Take more of it."""
        room = MAX_WORDS // 2 - len(self._first)
        self._first += said[:room]
        self._last += said[room:]
        if len(self._last) > MAX_WORDS // 2:
            self._is_cut = True
            del self._last[: -MAX_WORDS // 2]

    @property
    def text(self) -> str:
        """The words; what is no UTF-8 is escaped."""
        said = bytes(self._first) + (LEFT_OUT if self._is_cut else b"") + bytes(self._last)
        return said.decode("utf-8", "backslashreplace")


class Ended(Struct, frozen=True):
    """How a program ended: `status` as `subprocess` has it, None where the deadline ended it."""

    words: str
    status: int | None

    @property
    def how(self) -> str:
        """Say it."""
        if self.status is None:
            return "did not end by itself"
        if self.status < 0:
            return f"was ended by the signal {signal.Signals(-self.status).name}"
        return f"ended with status {self.status}"


def run(
    command: Sequence[str],
    deadline: float,
    standard_input: bytes = b"",
    environment: Mapping[str, str] | None = None,
    files: Sequence[int] = (),
    *,
    closes_input: bool = False,
) -> Ended:
    """Run a command until it ends or `deadline` (`time.monotonic` seconds) has come; then nothing of it runs.

    What `standard_input` has is all that comes: the pipe stays open, so that a program that would end at the
    end of its input does not, unless `closes_input`; without any, it is /dev/null. `files` are descriptors
    that it inherits. Raises OSError where it cannot be started.
    """
    mark = secrets.token_hex(16)
    process = subprocess.Popen(
        ended_with_us((*SUPERVISOR, *command), "TERM"),
        stdin=subprocess.PIPE if standard_input else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**(os.environ if environment is None else environment), MARK: mark},
        start_new_session=True,
        pass_fds=files,
    )
    words = Words()
    try:
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            with suppress(BrokenPipeError, BlockingIOError):
                process.stdin.write(standard_input)
                process.stdin.flush()
            if closes_input:
                with suppress(BrokenPipeError):
                    process.stdin.close()
        status = _watch(process, words, deadline)
    finally:
        _end(process, mark)
    return Ended(words.text, status)


def ended_with_us(command: Sequence[str], with_signal: str = "KILL") -> list[str]:
    """The command, ended by the kernel when the thread that starts it ends (prctl PR_SET_PDEATHSIG, through
    util-linux).
    """
    setpriv = shutil.which("setpriv")
    return [*([setpriv, "--pdeathsig", with_signal, "--"] if setpriv else []), *command]


def _watch(process: subprocess.Popen[bytes], words: Words, deadline: float) -> int | None:
    """Read its words until it ends; None when the deadline came first."""
    assert process.stdout is not None
    output, life = process.stdout.fileno(), os.pidfd_open(process.pid)
    os.set_blocking(output, False)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            selector.register(life, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                ready = {key.fd for key, _ in selector.select(left)}
                if output in ready and not _read(output, words):
                    selector.unregister(output)
                if life in ready:
                    _read_to_end(output, words)
                    return process.wait()
    finally:
        os.close(life)
    return None


def _read(output: int, words: Words) -> bool:
    """Read what is there; False at the end."""
    try:
        said = os.read(output, 65_536)
    except BlockingIOError:
        return True
    words.add(said)
    return bool(said)


def _read_to_end(output: int, words: Words) -> None:
    until = time.monotonic() + LAST_WORDS_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0 and selector.select(left):
            if not _read(output, words):
                return


def _end(process: subprocess.Popen[bytes], mark: str) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(BrokenPipeError):
                stream.close()
    process.wait()
    while left := _left_behind(mark):
        for each in left:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)


def _left_behind(mark: str) -> list[int]:
    """The processes of ours that have the mark in their environment and still run."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):  # it has ended, or is somebody else's
                if wanted in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
    return found
