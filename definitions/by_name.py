"""Definitions of one kind by id, read when they are asked for.

The name of a definition's file, or of its folder, is its id, so nothing need be read to know which there are.
To read all that are shipped takes a while, and most commands need a few. What is shipped does not change
while a process runs and is read once in it.
"""

from abc import abstractmethod
from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from definitions.document import Document, toml_document
from definitions.fault import Fault, Together, UnusableFile
from definitions.former import Notes
from definitions.kept import toml_documents

Defined = TypeVar("Defined")
MANY = 60
"""Who has asked for so many, one by one, gets the others at once, which is quicker."""


class ByName(Mapping[str, Defined], Generic[Defined]):
    """Definitions by id, sorted. `values` and `items` read all at once, and so does whoever asks for many.

    Whatever reads raises the kind's error with the faults of all files that it reads.
    """

    error: ClassVar[type[UnusableFile]]
    shipped: ClassVar[Path]
    """The directory of those that come along."""
    _shipped_read: dict[Path, Defined]

    def __init_subclass__(cls) -> None:
        cls._shipped_read = {}

    def __init__(self, notes: Notes | None = None) -> None:
        self._files: dict[str, Path] = {}
        self._notes = notes
        self._read: dict[str, Defined] = {}

    @staticmethod
    @abstractmethod
    def identity_of(path: Path) -> str:
        """The id of the definition in a file."""

    @staticmethod
    @abstractmethod
    def directory_of(path: Path) -> Path:
        """The directory that was named for a file to be found in it."""

    @staticmethod
    @abstractmethod
    def load(path: Path, document: Document | None, notes: Notes | None) -> Defined:
        """Read the definition of a file, whose document is given where it was parsed already."""

    @staticmethod
    @abstractmethod
    def kept_in() -> Path:
        """The folder in which is kept what was parsed (`definitions.kept`)."""

    def add(self, path: Path) -> None:
        """Add the definition of a file. Raises the kind's error where its id is taken."""
        identity = self.identity_of(path)
        if identity in self._files:
            line = toml_document(path).line_of(("id",))
            text = f"{identity!r} is taken by {self._files[identity]}: choose another and rename"
            raise self.error(Fault(("id",), text, line).said_of(str(path)))
        self._files[identity] = path
        if path in self._shipped_read:
            self._read[identity] = self._shipped_read[path]

    def __getitem__(self, identity: str) -> Defined:
        """Read one. Raises KeyError and the kind's error."""
        if identity not in self._read and identity in self._files and len(self._read) >= MANY:
            self.read()
        if identity not in self._read:
            self._keep(identity, self.load(self._files[identity], None, self._notes))
        return self._read[identity]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._files))

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, identity: object) -> bool:
        return identity in self._files

    def values(self) -> ValuesView[Defined]:
        """All of them, read."""
        self.read()
        return super().values()

    def items(self) -> ItemsView[str, Defined]:
        """All of them, read, with their ids."""
        self.read()
        return super().items()

    def read(self, directory: Path | None = None) -> None:
        """Read what was not read yet, of all or of one directory."""
        places: dict[Path, dict[str, Path]] = {}
        for identity, path in self._files.items():
            places.setdefault(self.directory_of(path), {})[identity] = path
        together = Together()
        for place, files in places.items():
            left = files.keys() - self._read.keys() if directory in (None, place) else ()
            # What is kept is of whole directories: of those that are left it would be another each time.
            documents = toml_documents(tuple(files.values()), self.kept_in()) if left else {}
            for identity in sorted(left):
                with together:
                    path = files[identity]
                    self._keep(identity, self.load(path, documents.get(path), self._notes))
        together.end(self.error)

    def _keep(self, identity: str, definition: Defined) -> None:
        self._read[identity] = definition
        path = self._files[identity]
        if self.directory_of(path) == self.shipped:
            self._shipped_read[path] = definition
