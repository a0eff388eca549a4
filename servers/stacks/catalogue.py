"""What real servers are made of (`stacks.toml`), and where each lies once it is fetched.

Only the standard library is imported here, because server programs read it too and must start quickly.
"""

import os
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).with_name("stacks.toml")


@dataclass(frozen=True, slots=True)
class StackFile:
    """One file of a distribution; `python` is the interpreter tag it is for ("cp311"), None for any."""

    name: str
    sha256: str
    python: str | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """A distribution of a package registry, pinned.

    `purpose` says what it is for; `platform` is what `sysconfig.get_platform()` says where it runs; `needs`
    are the ids of stacks it is of no use without.
    """

    id: str
    title: str
    purpose: str
    registry: str
    distribution: str
    version: str
    platform: str
    files: tuple[StackFile, ...]
    needs: tuple[str, ...] = ()

    def file(self) -> StackFile | None:
        """The file for the running interpreter, None when there is none."""
        tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
        return next((file for file in self.files if file.python in (None, tag)), None)

    def folder(self) -> Path | None:
        """Where the stack is unpacked, None while it is not."""
        file = self.file()
        if file is None:
            return None
        folder = unpacked(self, file)
        return folder if folder.is_dir() else None


def unpacked(stack: Stack, file: StackFile) -> Path:
    """The folder a file is unpacked into, named by its digest: another version never takes its place."""
    return cache_folder() / f"{stack.id}-{file.sha256[:16]}"


def cache_folder() -> Path:
    """Where fetched stacks lie: `tls-matrix/stacks` in $XDG_CACHE_HOME, or in ~/.cache (XDG Base Directory
    Specification: a path that is not absolute is passed over).
    """
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".cache") / "tls-matrix" / "stacks"


@cache
def stacks() -> Mapping[str, Stack]:
    """Every stack by id."""
    data = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return {identity: _stack(identity, entry) for identity, entry in data.items()}


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
