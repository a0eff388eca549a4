"""Unpacks zip and tar archives that are not trusted.

What is made are plain files and folders inside the target folder, files with 0755 or 0644 less the umask. A
member that would lie outside, a device, a link that leads outside and an archive that grows beyond all reason
are refused; a link that stays inside is left out, since none of the stacks needs its own.

tarfile's data filter does not do this: it keeps links, has no bound, and is not in Debian 12's Python 3.11.2.
"""

import gzip
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

# The largest stack is a Java runtime of about 100 MB [measured].
MAX_UNPACKED_BYTES = 512 << 20
MAX_MEMBERS = 20_000

# The libraries check little: offsets before the file's begin are a ValueError, a member without a name is an
# IndexError, one that seems to be encrypted a RuntimeError [measured: every byte of an archive changed].
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    IndexError,
    RuntimeError,
)


class UnpackError(Exception):
    """An archive that is damaged or has in it what is not allowed; the message is one line that says what."""


def unpack(archive: IO[bytes], name: str, folder: Path, inner: str | None = None) -> None:
    """Unpack an archive into a folder, over what is there; its kind is what its name ends in.

    A tar archive loses the one folder that everything in it lies in. With `inner` only that member is
    unpacked, itself an archive. Raises UnpackError, and OSError where the folder cannot be written.
    """
    try:
        if name.endswith(".whl"):
            _unpack_zip(archive, folder)
        else:
            _unpack_tar(archive, folder, inner)
    except _DAMAGED as error:
        raise UnpackError(f"{name} is damaged: {error}") from error
    except OSError as error:
        if error.errno is not None:
            raise
        # Not the system's: gzip and bz2 say with it that they cannot read on.
        raise UnpackError(f"{name} is damaged: {error}") from error
    except UnpackError as error:
        raise UnpackError(f"{name} is not unpacked: {error}") from error


def _unpack_zip(archive: IO[bytes], folder: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        size = 0
        for count, member in enumerate(opened.infolist(), 1):
            path = _path_inside(member.filename)
            mode = member.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _not_allowed(member.filename, "it is a link or a device")
            size += member.file_size
            _check_bounds(count, size)
            if member.is_dir():
                (folder / path).mkdir(parents=True, exist_ok=True)
            else:
                with opened.open(member) as source:
                    _write(source, folder / path, mode)


def _unpack_tar(archive: IO[bytes], folder: Path, inner: str | None) -> None:
    with (
        gzip.open(archive) as content,
        tarfile.open(fileobj=_Bounded(content), mode="r|") as opened,  # type: ignore[call-overload]
    ):
        for count, member in enumerate(opened, 1):
            _check_bounds(count, 0)
            path = _path_inside(member.name)
            within = PurePosixPath(*path.parts[1:])
            if inner is not None:
                if within == PurePosixPath(inner) and (source := opened.extractfile(member)) is not None:
                    _unpack_tar(source, folder, None)
                    return
            elif member.isdir():
                (folder / within).mkdir(parents=True, exist_ok=True)
            elif member.issym() or member.islnk():
                _check_link(path, member)
            elif (source := opened.extractfile(member)) is not None:
                _write(source, folder / within, member.mode)
            else:
                raise _not_allowed(member.name, "it is a device")
    if inner is not None:
        raise UnpackError(f"it has no {inner} in it")


class _Bounded:
    """Reads on until too much has been read, whatever the headers of an archive announce."""

    def __init__(self, content: gzip.GzipFile) -> None:
        self._content = content
        self._size = 0

    def read(self, size: int) -> bytes:
        data = self._content.read(size)
        self._size += len(data)
        _check_bounds(0, self._size)
        return data


def _check_bounds(members: int, size: int) -> None:
    if members > MAX_MEMBERS:
        raise UnpackError(f"it has more than {MAX_MEMBERS} members")
    if size > MAX_UNPACKED_BYTES:
        raise UnpackError(f"it has more than {MAX_UNPACKED_BYTES >> 20} MiB in it")


def _path_inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise _not_allowed(name, "it would lie outside")
    return path


def _check_link(path: PurePosixPath, member: tarfile.TarInfo) -> None:
    start = path.parent if member.issym() else PurePosixPath()
    target = PurePosixPath(os.path.normpath(start / member.linkname))
    if target.is_absolute() or target.parts[:1] == ("..",):
        raise _not_allowed(member.name, "it is a link that leads outside")


def _not_allowed(member: str, why: str) -> UnpackError:
    return UnpackError(f"its member {member[:200]!r} is not allowed, {why}")


def _write(source: IO[bytes], path: Path, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    if mode & stat.S_IXUSR:
        path.chmod(0o755)
