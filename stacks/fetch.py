"""Gets a stack: download its files, check them, unpack them, and only then give the folder its name.

A stack appears in the cache folder by one rename of a complete folder, so several fetches at once, and one
that is killed, never leave half a stack under its name. A file that is downloaded and checked stays in the
cache folder until its stack is complete: a fetch that is interrupted goes on from there.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import IO

from stacks.catalogue import Stack, StackFile, cache_folder, unpacked
from stacks.download import DownloadError, Progress, download
from stacks.unpack import UnpackError, unpack

PARTIAL = ".partial-"
DOWNLOADED = ".downloaded-"
LOCK = "lock"
UNPACKED = "unpacked"
ABANDONED_SECONDS = 7 * 24 * 3600.0


class FetchError(Exception):
    """A stack that cannot be had; the message is one line that names it and says why."""


def fetch(stack: Stack, python: str | None = None, tell: Progress = lambda size: None) -> Path:
    """Give the stack's folder for an interpreter tag (the running one's if None), fetching it where need be.

    `tell` is told how many bytes of the stack's files there are. Raises FetchError.
    """
    folder = stack.folder(python)
    if folder is not None:
        return folder
    files = stack.files_for(python)
    here = sysconfig.get_platform()
    if not files or stack.platform != here:
        what = f"Python {sys.version_info.major}.{sys.version_info.minor}" if python is None else python
        raise FetchError(f"{stack.id}: {stack.title} is not pinned for {what} on {here}; {_there_is(stack)}")
    target = unpacked(stack, files)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target.parent)
        with partial_folder(target.parent) as (partial, lock):
            _unpack_all(files, partial, python, lock, tell)
            _give_name(partial / UNPACKED, target)
    except (DownloadError, UnpackError) as error:
        raise FetchError(f"{stack.id}: {error}") from error
    except OSError as error:
        raise FetchError(f"{stack.id}: {disk_error(error, target.parent)}") from error
    for file in files:
        with suppress(OSError):
            kept_path(file).unlink()
    return target


def _unpack_all(
    files: tuple[StackFile, ...], partial: Path, python: str | None, lock: IO[str], tell: Progress
) -> None:
    """Have every file, and then unpack each; open files, because another fetch may remove what is kept."""
    with ExitStack() as opened:
        archives, size = [], 0
        for number, file in enumerate(files):
            folder = partial / str(number)
            archive = opened_file(file, folder, python, lock, _from(size, tell))
            archives.append(opened.enter_context(archive))
            size += file.size
            tell(size)
        (partial / UNPACKED).mkdir()
        for file, archive in zip(files, archives, strict=True):
            unpack(archive, file.name, partial / UNPACKED, file.inner)


def opened_file(
    file: StackFile, folder: Path, python: str | None, lock: IO[str], tell: Progress = lambda size: None
) -> IO[bytes]:
    """Open a file that is checked: what an earlier fetch has left, or downloaded into a new folder.

    Raises DownloadError.
    """
    return _open_kept(file) or _open_downloaded(file, folder, python, lock, tell)


def _from(size: int, tell: Progress) -> Progress:
    return lambda more: tell(size + more)


def kept_path(file: StackFile) -> Path:
    """Where a file lies that is downloaded and checked, until its stack is complete."""
    return cache_folder() / f"{DOWNLOADED}{file.sha256}"


def _open_kept(file: StackFile) -> IO[bytes] | None:
    """Open what an earlier fetch has downloaded, None when it has not or when it is not whole any more."""
    try:
        archive = kept_path(file).open("rb")
    except FileNotFoundError:
        return None
    if _digest(archive) == file.sha256:
        return archive
    archive.close()
    kept_path(file).unlink(missing_ok=True)
    return None


def _open_downloaded(
    file: StackFile, folder: Path, python: str | None, lock: IO[str], tell: Progress
) -> IO[bytes]:
    folder.mkdir()
    downloaded = download(file, folder, python, [lock.fileno()], tell)
    archive = downloaded.open("rb")
    digest = _digest(archive)
    if digest != file.sha256:
        archive.close()
        raise DownloadError(f"{file.name} has the SHA-256 {digest}, not {file.sha256}; not used")
    downloaded.replace(kept_path(file))
    shutil.rmtree(folder, ignore_errors=True)
    return archive


def _digest(archive: IO[bytes]) -> str:
    digest = hashlib.file_digest(archive, "sha256").hexdigest()  # type: ignore[arg-type]
    archive.seek(0)
    return digest


@contextmanager
def partial_folder(cache: Path) -> Iterator[tuple[Path, IO[str]]]:
    """A folder for one fetch, locked as long as this process, or a client it has started, lives."""
    folder, lock = _lock_new_folder(cache)
    try:
        yield folder, lock
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()


def _lock_new_folder(cache: Path) -> tuple[Path, IO[str]]:
    while True:
        folder = Path(mkdtemp(prefix=PARTIAL, dir=cache))
        # Another fetch may take it for abandoned, and remove it, before it is locked.
        with suppress(FileNotFoundError):
            lock = (folder / LOCK).open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.fstat(lock.fileno()).st_nlink:
                return folder, lock
            lock.close()


def _remove_abandoned(cache: Path) -> None:
    """Remove the folders of fetches that were killed, and files that no fetch has come back for."""
    for partial in cache.glob(f"{PARTIAL}*"):
        with suppress(OSError):
            try:
                with (partial / LOCK).open("r+") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(partial, ignore_errors=True)
            except FileNotFoundError:
                partial.rmdir()
    for kept in cache.glob(f"{DOWNLOADED}*"):
        with suppress(OSError):
            if time.time() - kept.stat().st_mtime > ABANDONED_SECONDS:
                kept.unlink()


def _give_name(complete: Path, target: Path) -> None:
    try:
        complete.rename(target)
    except OSError:
        # Another fetch was first; what it has put there is the same.
        if not target.is_dir():
            raise


def _there_is(stack: Stack) -> str:
    pythons = ", ".join(file.python for file in stack.files if file.python)
    return f"there is {stack.platform}, {pythons}" if pythons else f"there is {stack.platform}"


def disk_error(error: OSError, cache: Path) -> str:
    """Say why the cache folder cannot be written, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"no room left in {cache}; make some, or choose another folder with XDG_CACHE_HOME"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{cache} cannot be written; make it writable, or choose another folder with XDG_CACHE_HOME"
    return f"cannot be put into {cache}: {error}"
