"""Stacks in one file, to carry to a machine that reaches no registry.

A bundle is a tar archive: first `stacks.json`, which names the stacks, then their files as the registries
have them, for every Python that they are pinned for. It is not trusted: what is read of it are the files
that `stacks.toml` pins, each held against its size and digest, and nothing is put into the cache before all
of them are known to be right. From then on an import is a fetch that finds its files there already.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from stacks.catalogue import Stack, StackFile, cache_folder, stacks, with_needs
from stacks.download import DownloadError
from stacks.fetch import FetchError, disk_error, fetch, kept_path, opened_file, partial_folder
from stacks.temporary_folder import remove_abandoned_folders, temporary_folder

SCHEMA = "tls-matrix/stacks/1"
LISTING = "stacks.json"
MAX_LISTING_BYTES = 1 << 18
_CHUNK = 1 << 20
_AROUND_A_MEMBER = 1 << 16

Told = Callable[[Stack, Path], None]
"""Told of each stack that is in its place, and of its folder."""


class BundleError(Exception):
    """A bundle that cannot be read or written; the message is one line that names the file."""


def export(chosen: Iterable[Stack], target: Path, tell: Callable[[StackFile], None]) -> None:
    """Write a bundle of stacks, downloading their files; `tell` is told each file before it is downloaded.

    The bundle gets its name when it is complete. Raises BundleError, FetchError.
    """
    chosen = tuple(chosen)
    check_new(target)
    files = carried(chosen)
    with _written(target) as archive:
        listing = {
            "schema": SCHEMA,
            "stacks": [stack.id for stack in chosen],
            "files": [{"name": file.name, "sha256": digest} for digest, file in files.items()],
        }
        content = json.dumps(listing, indent=1).encode()
        archive.addfile(_member(LISTING, len(content)), io.BytesIO(content))
        for file in files.values():
            tell(file)
            with _downloaded(file) as source:
                archive.addfile(_member(file.name, file.size), source)


def check_new(target: Path) -> None:
    """Raise BundleError where a bundle would take the place of something."""
    if target.exists():
        raise BundleError(f"{target}: is there already; remove it or name another file")


def carried(chosen: Iterable[Stack]) -> Mapping[str, StackFile]:
    """The files of a bundle of stacks, by digest; one that several stacks share is carried once."""
    return {file.sha256: file for stack in chosen for file in stack.files}


def import_bundle(source: Path, tell: Told) -> None:
    """Put every stack of a bundle into the cache; those that are there already are kept.

    Raises BundleError, before the cache is changed, for a bundle that is not as it must be, and FetchError.
    """
    cache = cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with partial_folder(cache) as (partial, _lock):
            chosen, checked = _checked(source, partial)
            for stack in chosen:
                tell(stack, _put(stack, checked))
    except OSError as error:
        raise FetchError(f"{source}: {disk_error(error, cache)}") from error


def _checked(source: Path, partial: Path) -> tuple[list[Stack], dict[str, Path]]:
    """The stacks of a bundle, and its files by digest, copied into a folder and found to be right."""
    try:
        opened = source.open("rb")
    except OSError as error:
        raise BundleError(
            f"{source}: cannot be read ({error.strerror}); name a file of `stacks export`"
        ) from error
    try:
        reader = _Bounded(opened)
        with opened, tarfile.open(fileobj=reader, mode="r|") as archive:  # type: ignore[call-overload]
            members = iter(archive)
            chosen, pins = _listed(source, archive, next(members, None))
            checked: dict[str, Path] = {}
            for member in members:
                file = pins.get(member.name)
                if file is None or not member.isreg() or file.sha256 in checked:
                    raise _foreign(source, member.name)
                reader.allow(file.size)
                checked[file.sha256] = partial / file.sha256
                _copy(source, archive, member, file, checked[file.sha256])
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise BundleError(
            f"{source}: is damaged or no file of `stacks export` ({error}); copy it again"
        ) from error
    for file in pins.values():
        if file.sha256 not in checked:
            raise BundleError(f"{source}: ends before {file.name}; copy it again")
    return chosen, checked


def _listed(
    source: Path, archive: tarfile.TarFile, member: tarfile.TarInfo | None
) -> tuple[list[Stack], Mapping[str, StackFile]]:
    """The stacks that a bundle says it has, and their files by name, as this program pins them."""
    if member is None or member.name != LISTING or not member.isreg() or member.size > MAX_LISTING_BYTES:
        raise _foreign(source, member.name if member else "nothing")
    said: Any = json.loads(_content(archive, member).read(MAX_LISTING_BYTES))
    schema = said.get("schema") if isinstance(said, dict) else None
    if schema != SCHEMA:
        raise BundleError(
            f"{source}: has the form {str(schema)[:60]!r}, not {SCHEMA}; use the version that wrote it"
        )
    names, files = said.get("stacks"), said.get("files")
    known = stacks()
    if not isinstance(names, list) or not all(isinstance(name, str) and name in known for name in names):
        raise BundleError(
            f"{source}: has stacks that this version does not know; export it with this version"
        )
    chosen = [known[name] for name in with_needs(names)]
    pins = {file.name: file for stack in chosen for file in stack.files}
    listed = {(each.get("name"), each.get("sha256")) for each in files or () if isinstance(each, dict)}
    if listed != {(file.name, file.sha256) for file in pins.values()}:
        raise BundleError(f"{source}: has other files than this version pins; export it with this version")
    return chosen, pins


def _copy(
    source: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, file: StackFile, target: Path
) -> None:
    """Copy a member, of which no more is read than the file that is pinned has."""
    digest = hashlib.sha256()
    with target.open("wb") as sink:
        if member.size == file.size:
            content = _content(archive, member)
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
                sink.write(chunk)
    if digest.hexdigest() != file.sha256:
        raise BundleError(f"{source}: its {file.name} is not the one that is pinned; nothing is imported")


def _put(stack: Stack, checked: Mapping[str, Path]) -> Path:
    """Unpack a stack for every Python it is pinned for; gives the folder for the running one, or the last."""
    pythons: list[str | None] = [*sorted({file.python for file in stack.files if file.python})] or [None]
    folders = []
    for python in pythons:
        files = stack.files_for(python)
        if stack.folder(python) is None:
            for file in files:
                # A fetch removes what it has used, and another stack or Python may need the same file.
                with suppress(FileExistsError):
                    os.link(checked[file.sha256], kept_path(file))
        if files:
            folders.append(fetch(stack, python))
    return stack.folder() or folders[-1]


class _Bounded:
    """Reads a bundle as far as there is reason to: a header, of whatever length, is held in memory."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self._left = MAX_LISTING_BYTES + _AROUND_A_MEMBER

    def allow(self, size: int) -> None:
        """Let a member of that size be read, and what stands around it."""
        self._left += size + _AROUND_A_MEMBER

    def read(self, size: int) -> bytes:
        data = self._content.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise tarfile.ReadError("it goes on and on")
        return data


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member)
    assert content is not None, "the member is a file"
    return content


def _foreign(source: Path, name: str) -> BundleError:
    return BundleError(
        f"{source}: has {name[:100]!r} in it, so it is no file of `stacks export`; nothing is imported"
    )


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    return member


@contextmanager
def _downloaded(file: StackFile) -> Iterator[IO[bytes]]:
    """A file as the registry has it, checked: what an earlier fetch has left, or downloaded."""
    cache = cache_folder()
    with ExitStack() as stack:
        try:
            cache.mkdir(parents=True, exist_ok=True)
            partial, lock = stack.enter_context(partial_folder(cache))
            content = stack.enter_context(opened_file(file, partial / "0", file.python, lock))
        except DownloadError as error:
            raise FetchError(str(error)) from error
        except OSError as error:
            raise FetchError(disk_error(error, cache)) from error
        yield content
    with suppress(OSError):
        kept_path(file).unlink()


@contextmanager
def _written(target: Path) -> Iterator[tarfile.TarFile]:
    """An archive that gets its name once all of it is on the disk, and is removed where it does not."""
    try:
        remove_abandoned_folders(target.parent)
        with temporary_folder("bundle", target.parent) as folder:
            new = folder / target.name
            with new.open("wb") as file:
                with tarfile.open(fileobj=file, mode="w") as archive:
                    yield archive
                file.flush()
                os.fsync(file.fileno())
            new.chmod(0o644)
            new.replace(target)
    except OSError as error:
        raise BundleError(f"{target}: cannot be written ({error.strerror}); name another file") from error
