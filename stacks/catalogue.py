"""What real servers are made of (`stacks.toml`), and where each lies once it is fetched.

Nothing but the standard library is imported here, because server programs read it too and must start quickly;
what is wrong with the file is told by `stacks.check`.
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from definitions.document import toml_document
from definitions.fault import UnusableFile

CATALOGUE = Path(__file__).with_name("stacks.toml")


class CatalogueError(UnusableFile):
    """A catalogue that cannot be used: one line a fault, with the file, the key and what to do."""


@dataclass(frozen=True, slots=True)
class StackFile:
    """One file of a package registry ("pypi" or "npm"), pinned.

    `size` is in bytes; `python` is the interpreter tag it is for ("cp311"), None for any; `inner` names the
    archive among its members that holds what is wanted, None where that is the file itself.
    """

    registry: str
    distribution: str
    version: str
    name: str
    size: int
    sha256: str
    python: str | None = None
    inner: str | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """Files that are unpacked on top of each other into one folder.

    `purpose` says what it is for; `platform` is what `sysconfig.get_platform()` says where it runs; `needs`
    are the ids of stacks it is of no use without.
    """

    id: str
    title: str
    purpose: str
    platform: str
    files: tuple[StackFile, ...]
    needs: tuple[str, ...] = ()

    def files_for(self, python: str | None = None) -> tuple[StackFile, ...]:
        """The files for an interpreter tag, the running one's if None; empty when one is missing for it."""
        fitting = tuple(file for file in self.files if file.python in (None, python or running_python()))
        complete = {file.distribution for file in fitting} == {file.distribution for file in self.files}
        return fitting if complete else ()

    def folder(self, python: str | None = None) -> Path | None:
        """Where the stack is unpacked for an interpreter tag (the running one's if None), or None."""
        files = self.files_for(python)
        folder = unpacked(self, files)
        return folder if files and folder.is_dir() else None


def running_python() -> str:
    """The tag of the running interpreter (PEP 425), for example "cp311"."""
    return f"cp{sys.version_info.major}{sys.version_info.minor}"


def put_on_path(folder: Path) -> None:
    """Let the modules in a stack's folder be found before any that are installed."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def unpacked(stack: Stack, files: Iterable[StackFile]) -> Path:
    """The folder that files are unpacked into, named by their digests: other files never take its place."""
    digests = "".join(file.sha256 for file in files)
    return cache_folder() / f"{stack.id}-{hashlib.sha256(digests.encode()).hexdigest()[:16]}"


def cache_folder() -> Path:
    """Where fetched stacks lie: `tls-matrix/stacks` in $XDG_CACHE_HOME, or in ~/.cache (XDG Base Directory
    Specification: a path that is not absolute is passed over).
    """
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".cache") / "tls-matrix" / "stacks"


def parsed_folder() -> Path:
    """Where what was parsed of the shipped definitions is kept (`definitions.kept`), beside the stacks."""
    return cache_folder().parent / "parsed"


@cache
def stacks() -> Mapping[str, Stack]:
    """Every stack by id. Raises UnusableFile."""
    entries = toml_document(CATALOGUE).content
    try:
        return {identity: _stack(identity, entry) for identity, entry in entries.items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        from stacks.check import check_catalogue  # which takes pydantic to say what is wrong

        check_catalogue()
        raise


def with_needs(identities: Iterable[str]) -> list[str]:
    """The stacks named and those they need, each once, what is needed first."""
    ordered: dict[str, None] = {}
    for identity in identities:
        ordered |= dict.fromkeys([*with_needs(stacks()[identity].needs), identity])
    return list(ordered)


def not_fetched(identities: Iterable[str]) -> str | None:
    """Say what is missing of the stacks named and those they need, and the command that gets it.

    None when all is there; raises KeyError for an id that does not exist.
    """
    wanted = tuple(identities)
    for stack in (stacks()[identity] for identity in with_needs(wanted)):
        if stack.folder() is None:
            return f"{stack.title} is not fetched; get it with: tls-matrix stacks fetch {' '.join(wanted)}"
    return None


def _stack(identity: str, entry: Mapping[str, Any]) -> Stack:
    files = tuple(StackFile(**file) for file in entry["files"])
    return Stack(**{**entry, "id": identity, "files": files, "needs": tuple(entry.get("needs", ()))})
