"""Downloads one file of a package registry with the registry's own client, pip or npm.

Which index, mirror or proxy is used is that client's configuration. Whatever the client writes lies in the
folder it is given, its temporary files and its cache too, so that nothing is left elsewhere by a full disk or
a kill.
"""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile

from stacks.catalogue import StackFile, running_python

Progress = Callable[[int], None]
"""Told now and then how many bytes there are."""

DOWNLOAD_SECONDS = 1800.0
WATCH_SECONDS = 0.1
MAX_SAID = 64 << 10


class DownloadError(Exception):
    """A file that could not be downloaded; the message is one line that says why."""


def download(
    file: StackFile, folder: Path, python: str | None, keep_open: Sequence[int], tell: Progress
) -> Path:
    """Download a file into a folder and give its path; raises DownloadError.

    `python` is the interpreter tag it is for, None for the running one; the client inherits the file
    descriptors of `keep_open`.
    """
    command = _COMMANDS[file.registry](file, folder, python or running_python())
    environment = {**os.environ, "TMPDIR": str(folder)}
    with TemporaryFile(dir=folder) as output:
        with _running(command, environment, keep_open, output.fileno()) as client:
            deadline = time.monotonic() + DOWNLOAD_SECONDS
            while client.poll() is None:
                if time.monotonic() > deadline:
                    raise DownloadError(f"{file.registry}: no end within {DOWNLOAD_SECONDS:.0f} s")
                with suppress(subprocess.TimeoutExpired):
                    client.wait(WATCH_SECONDS)
                tell(min(_bytes_in(folder), file.size))
        output.seek(0)
        said = output.read(MAX_SAID).decode(errors="replace")
    downloaded = folder / file.name
    if client.returncode != 0 or not downloaded.is_file():
        raise DownloadError(_why(file, said))
    return downloaded


def _pip(file: StackFile, folder: Path, python: str) -> list[str]:
    """Let pip take exactly the file that is pinned, for any interpreter; pip checks the digest too."""
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{file.distribution}=={file.version} --hash=sha256:{file.sha256}\n")
    if file.name.endswith(".whl"):
        platforms = file.name.removesuffix(".whl").rpartition("-")[2].split(".")
        which = ["--only-binary", ":all:", "--python-version", python.removeprefix("cp")]
        which += [option for platform in platforms for option in ("--platform", platform)]
    else:
        # pip asks setup.py of a source distribution for its metadata, once the digest is checked; what that
        # takes is in this environment and is not downloaded.
        which = ["--no-binary", ":all:", "--no-build-isolation"]
    pip = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "--no-cache-dir"]
    download = ["--quiet", "download", "--no-deps", "--require-hashes", "--progress-bar", "off"]
    return [*pip, *download, *which, "--dest", str(folder), "--requirement", str(requirement)]


def _npm(file: StackFile, folder: Path, _python: str) -> list[str]:
    quietly = ["--ignore-scripts", "--no-update-notifier", "--no-progress", "--loglevel", "error"]
    where = ["--cache", str(folder / "npm-cache"), "--pack-destination", str(folder)]
    return ["npm", "pack", *quietly, *where, f"{file.distribution}@{file.version}"]


_COMMANDS: Mapping[str, Callable[[StackFile, Path, str], list[str]]] = {"pypi": _pip, "npm": _npm}


@contextmanager
def _running(
    command: list[str], environment: Mapping[str, str], keep_open: Sequence[int], output: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a client that ends with this process, by whatever that ends, and with this context."""
    if shutil.which(command[0]) is None:
        raise DownloadError(f"there is no {command[0]} here; get it with: apt-get install {command[0]}")
    if setpriv := shutil.which("setpriv"):
        command = [setpriv, "--pdeathsig", "KILL", "--", *command]
    client = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=keep_open,
        start_new_session=True,
    )
    try:
        yield client
    finally:
        with suppress(ProcessLookupError):
            os.killpg(client.pid, signal.SIGKILL)
        client.wait()


def _bytes_in(folder: Path) -> int:
    size = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                size += os.stat(os.path.join(path, name)).st_size
    return size


_NO_ROOM = ("No space left on device", "Disk quota exceeded", "File too large", "ENOSPC", "EDQUOT", "EFBIG")
_NO_NETWORK = (
    "Failed to establish a new connection",
    "Connection refused",
    "name resolution",
    "timed out",
    "ProxyError",
    "SSLError",
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ETIMEDOUT",
)
_NOT_TELLING = ("code ", "errno ", "syscall ", "path ", "A complete log", "Exception:", "Traceback")


def _why(file: StackFile, said: str) -> str:
    """Say in a line why the client failed; raises OSError where the reason is the disk."""
    client = {"pypi": "pip", "npm": "npm"}[file.registry]
    what = f"{client} could not download {file.distribution} {file.version}"
    if any(words in said for words in _NO_ROOM):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "No module named pip" in said:
        return f"there is no pip in {sys.prefix}; get it with: {sys.executable} -m ensurepip"
    if "DO NOT MATCH THE HASHES" in said:
        return f"{what}: what the index has is not {file.name} with the SHA-256 {file.sha256}"
    if any(words in said for words in _NO_NETWORK):
        return f"{what}: it cannot reach its registry; check the network and what `{client} config list` says"
    return f"{what}: {_first_error(said)}"


def _first_error(said: str) -> str:
    """A client's first error, which says more than its last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    marked = [
        line.removeprefix(mark).strip()
        for line in lines
        for mark in ("ERROR: ", "npm error ", "npm ERR! ")
        if line.startswith(mark)
    ]
    telling = [line for line in marked if not line.startswith(_NOT_TELLING)]
    return (telling or lines[-1:] or ["it said nothing"])[0][:300]
