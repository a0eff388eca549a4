"""Many TOML files at once, with what was parsed before kept in a folder.

Python's TOML parser takes longer than everything else that is done with a profile, and its result depends on
the bytes of the files and on Python's version alone. So the result is kept under the digest of both, as JSON:
what is kept can be missing or unreadable, and is then parsed again, but it cannot be out of date.
"""

import fcntl
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from definitions.document import MAX_TOML_BYTES, Document, bounded, toml_content
from definitions.fault import UnusableFile
from definitions.lines import toml_places

MAX_KEPT = 6
"""How many results stay. Clients and servers have one in use each; a file that is edited makes another."""

NEW = ".new"
"""The name under which a result is written."""

Contents = dict[str, Any]
"""What was parsed, by the name of the file and of its folder: a server is a folder with a server.toml."""


def toml_documents(paths: Sequence[Path], folder: Path) -> dict[Path, Document]:
    """The documents of those files that are TOML, each as `definitions.document.toml_document` gives it.

    A file that is missing here is for `toml_document` to tell what is wrong with. `folder` is made where
    there is none; where it cannot be written, nothing is kept.
    """
    read = {path: data for path in paths if (data := _bytes(path)) is not None}
    kept = folder / f"{_digest(read)}.json"
    contents = _kept(kept)
    if contents is None:
        contents = _parsed(read)
        if len(contents) == len(paths):
            _keep(contents, kept)
    documents = {}
    for path, data in read.items():
        if _name(path) in contents:
            with suppress(UnusableFile):
                text = data.decode("utf-8-sig")
                documents[path] = bounded(Document(str(path), contents[_name(path)], text, toml_places))
    return documents


def _name(path: Path) -> str:
    return "/".join(path.parts[-2:])


def _bytes(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TOML_BYTES + 1)
    except (OSError, ValueError):
        return None
    return data if len(data) <= MAX_TOML_BYTES else None


def _digest(read: Mapping[Path, bytes]) -> str:
    digest = sha256(sys.version.encode())
    for path, data in read.items():
        digest.update(f"\n{_name(path)}\n{len(data)}\n".encode(errors="surrogateescape"))
        digest.update(data)
    return digest.hexdigest()


def _parsed(read: Mapping[Path, bytes]) -> Contents:
    """What the files hold, without those that are no TOML."""
    contents = {}
    for path, data in read.items():
        with suppress(ValueError, RecursionError):
            contents[_name(path)] = toml_content(data.decode("utf-8-sig"))
    return contents


def _kept(file: Path) -> Contents | None:
    try:
        contents = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return contents if isinstance(contents, dict) else None


def _keep(contents: Contents, file: Path) -> None:
    """Keep what JSON can say without a change (it has no dates), and no more than the newest few."""
    with suppress(OSError, TypeError, ValueError, RecursionError):
        text = json.dumps(contents, ensure_ascii=False)
        if json.loads(text) != contents:
            return
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_whole(file, text)
        others = sorted(file.parent.glob("*.json"), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in others[MAX_KEPT:]:
            old.unlink(missing_ok=True)


def _write_whole(file: Path, text: str) -> None:
    """Write a file in one step. All are written under one name, by one process at a time, so that of those
    that are killed at it no more is left than the next one needs. Raises OSError where another is at it.
    """
    new = file.with_name(NEW)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), new.stat()):  # else it has just got its place
            stream.truncate(0)
            stream.write(text)
            stream.flush()
            new.replace(file)
