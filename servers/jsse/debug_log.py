"""What the JDK prints about its connections (javax.net.debug), told apart by connection.

Everything it prints goes through a pipe. A message begins with a line as
`javax.net.ssl|DEBUG|10|client-54058|2026-11-24 11:05:39.225 UTC|null:-1|WRITE: ...` (the same from JDK 11 to
25 [measured]), whose fourth part is the name of the thread, and each connection has a thread of its own.
"""

import os
import re
import threading
from collections import deque
from typing import Any

from servers.contract import MAX_LOG_CHARACTERS
from stacks.java import JavaMachine

MESSAGE = re.compile(r"javax\.net\.ssl\|[^|]*\|[^|]*\|(?P<thread>[^|]*)\|")
END = re.compile(r"tls-matrix\|end\|(?P<thread>[^|]*)\|$")
MAX_LINE = 1 << 14
END_SECONDS = 1.0


class _Pages:
    """The lines of one connection: the first and the last are kept where there are too many."""

    def __init__(self) -> None:
        self.complete = threading.Event()
        self._first: list[str] = []
        self._last: deque[str] = deque()
        self._first_size = self._last_size = 0
        self._left_out = 0

    def add(self, line: str) -> None:
        if self._first_size < MAX_LOG_CHARACTERS // 2:
            self._first.append(line)
            self._first_size += len(line)
            return
        self._last.append(line)
        self._last_size += len(line)
        while self._last_size > MAX_LOG_CHARACTERS // 2 - MAX_LINE:
            self._last_size -= len(self._last.popleft())
            self._left_out += 1

    def text(self) -> str:
        gap = [f"[{self._left_out} lines left out]\n"] if self._left_out else []
        return "".join((*self._first, *gap, *self._last))


class DebugLog:
    """Reads what a machine prints, from when it is made."""

    def __init__(self, machine: JavaMachine) -> None:
        self._pages: dict[str, _Pages] = {}
        reading, writing = os.pipe()
        sink = machine.find("java.io.FileOutputStream")(f"/proc/self/fd/{writing}")
        os.close(writing)  # Java has opened it anew
        self._printer: Any = machine.find("java.io.PrintStream")(sink, True)
        system = machine.find("java.lang.System")
        system.setErr(self._printer)
        system.setOut(self._printer)
        threading.Thread(target=self._read, args=(reading,), name="debug-log", daemon=True).start()

    def begin(self, name: str) -> str:
        """Keep what a thread prints from now on. It must be called as is returned: `name`, if no other is."""
        pages, thread, number = _Pages(), name, 1
        while self._pages.setdefault(thread, pages) is not pages:
            number += 1
            thread = f"{name}-{number}"
        return thread

    def end(self, thread: str) -> str:
        """What the thread has printed, to the last line; to be called in that thread."""
        pages = self._pages[thread]
        self._printer.println(f"tls-matrix|end|{thread}|")
        pages.complete.wait(END_SECONDS)
        del self._pages[thread]
        return pages.text()

    def _read(self, reading: int) -> None:
        current: _Pages | None = None
        with open(reading, encoding="utf-8", errors="backslashreplace", newline="\n") as lines:
            while line := lines.readline(MAX_LINE):
                if found := MESSAGE.match(line):
                    current = self._pages.get(found["thread"])
                elif (found := END.match(line)) and (ended := self._pages.get(found["thread"])):
                    ended.complete.set()
                    current = None
                if current is not None:
                    current.add(line)
