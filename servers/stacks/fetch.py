"""Gets a stack: download by pinned name, version and digest, check, unpack, and only then give it its name.

The registry's own client does the download, so which index or mirror is used is that client's configuration.
A stack appears in the cache folder by one rename of a complete folder, so several fetches at once, and one
that is killed, never leave half a stack under its name.
"""

import hashlib
import shutil
import stat
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from servers.stacks.catalogue import Stack, StackFile, unpacked

PARTIAL = ".partial-"
UNPACKED = "unpacked"
ABANDONED_SECONDS = 24 * 3600.0
DOWNLOAD_SECONDS = 1800.0


class FetchError(Exception):
    """A stack that cannot be had; the message is one line that names it and says why."""


def fetch(stack: Stack) -> Path:
    """Give the stack's folder, fetching it unless it is there; raises FetchError."""
    folder = stack.folder()
    if folder is not None:
        return folder
    file = stack.file()
    here = sysconfig.get_platform()
    if file is None or stack.platform != here:
        what = f"Python {sys.version_info.major}.{sys.version_info.minor} on {here}"
        raise FetchError(f"{stack.id}: {stack.title} is not pinned for {what}; there is {_there_is(stack)}")
    target = unpacked(stack, file)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target.parent)
        with TemporaryDirectory(prefix=PARTIAL, dir=target.parent, ignore_cleanup_errors=True) as partial:
            downloaded = _DOWNLOADS[stack.registry](stack, file, Path(partial))
            _check(stack, file, downloaded)
            unpack_zip(downloaded, Path(partial) / UNPACKED)
            _give_name(Path(partial) / UNPACKED, target)
    except (OSError, zipfile.BadZipFile) as error:
        raise FetchError(f"{stack.id}: cannot be unpacked into {target.parent}: {error}") from error
    return target


def unpack_zip(archive: Path, folder: Path) -> None:
    """Unpack a zip file, with permissions; BadZipFile when a member is no plain file inside the folder."""
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            path = PurePosixPath(member.filename)
            mode = member.external_attr >> 16
            odd_kind = stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR)
            if path.is_absolute() or ".." in path.parts or "\\" in member.filename or odd_kind:
                raise zipfile.BadZipFile(f"it has a member that is not allowed: {member.filename!r}")
            target = folder / path
            if member.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(member) as source, target.open("xb") as sink:
                shutil.copyfileobj(source, sink)
            if mode & stat.S_IXUSR:
                target.chmod(0o755)


def _download_from_pypi(stack: Stack, file: StackFile, folder: Path) -> Path:
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{stack.distribution}=={stack.version} --hash=sha256:{file.sha256}\n")
    pip = [
        sys.executable,
        "-I",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "--quiet",
        "download",
    ]
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--progress-bar", "off"]
    command = [*pip, *options, "--dest", str(folder), "--requirement", str(requirement)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DOWNLOAD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FetchError(f"{stack.id}: pip did not end within {DOWNLOAD_SECONDS:.0f} s") from None
    downloaded = folder / file.name
    if done.returncode != 0 or not downloaded.is_file():
        raise FetchError(
            f"{stack.id}: pip could not download {stack.distribution} {stack.version}: {_said(done.stderr)}"
        )
    return downloaded


_DOWNLOADS: Mapping[str, Callable[[Stack, StackFile, Path], Path]] = {"pypi": _download_from_pypi}


def _said(output: str) -> str:
    """Pip's first error, which says more than its last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["it said nothing"])[0]


def _check(stack: Stack, file: StackFile, downloaded: Path) -> None:
    with downloaded.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    if digest != file.sha256:
        raise FetchError(f"{stack.id}: {file.name} has the SHA-256 {digest}, not {file.sha256}; not used")


def _give_name(complete: Path, target: Path) -> None:
    try:
        complete.rename(target)
    except OSError:
        # Another fetch was first; what it has put there is the same.
        if not target.is_dir():
            raise


def _there_is(stack: Stack) -> str:
    pythons = ", ".join(file.python for file in stack.files if file.python)
    return f"{stack.platform}, {pythons}" if pythons else stack.platform


def _remove_abandoned(cache: Path) -> None:
    """Remove what fetches that were killed have left: nothing that is still at work is that old."""
    for partial in cache.glob(f"{PARTIAL}*"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(partial, ignore_errors=True)
