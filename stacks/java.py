"""The Java virtual machine in this process, through JPype. There is one a process, started once."""

import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from stacks.catalogue import put_on_path

LIBRARY = Path("lib", "server", "libjvm.so")


class MachineStarted(Exception):
    """A second machine was asked for; its settings could not differ from the first one's."""


class JavaMachine:
    """A running machine; Java's objects have no types here."""

    def __init__(
        self, jpype: Path, runtime: Path, options: Sequence[str], class_path: Iterable[Path] = ()
    ) -> None:
        put_on_path(jpype)
        self._jpype: Any = importlib.import_module("jpype")
        if self._jpype.isJVMStarted():
            raise MachineStarted("each variant needs a process of its own, and this one has a server already")
        self._jpype.startJVM(
            str(runtime / LIBRARY), *options, classpath=[str(jar) for jar in class_path], convertStrings=False
        )
        self.Throwable: Any = self._jpype.JException
        self._thread = self.find("java.lang.Thread")

    def find(self, name: str) -> Any:
        """The class of that name. (`jpype.imports` needs the module jdk.zipfs, which JDK 11's lacks.)"""
        return self._jpype.JClass(name)

    def array(self, name: str, items: Sequence[Any]) -> Any:
        """A Java array of a class."""
        return self._jpype.JArray(self.find(name))(items)

    def bytes(self, content: bytes | int) -> Any:
        """A Java byte[], with content or of a size."""
        return self._jpype.JArray(self._jpype.JByte)(content)

    def name_thread(self, name: str) -> None:
        """Name the thread this is called in, as Java's log will show it."""
        self._thread.currentThread().setName(name)

    def leave_thread(self) -> None:
        """Let Java forget the thread this is called in, which it knows since its first call of Java."""
        self._thread.detach()
