"""The Python packages that server programs import, or all that this program does, for the Python of an image:
of the versions and digests that this program is locked to, brought and unpacked by pip, once for each Python.
"""

import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from servers.running import one_line
from stacks.catalogue import cache_folder
from stacks.temporary_folder import remove_abandoned_folders, temporary_folder

Packages = tuple[str, ...]

# A link to the checkout's, so that it is there in an installed package too.
LOCK_FILE = Path(__file__).with_name("requirements.lock.txt")
# What `handshake` and the programs of servers import, and what that needs.
PACKAGES = (
    "annotated-types",
    "brotli",
    "cffi",
    "cryptography",
    "ecdsa",
    "gmpy2",
    "msgspec",
    "pycparser",
    "pycryptodomex",
    "pydantic",
    "pydantic-core",
    "pyopenssl",
    "six",
    "tlslite-ng",
    "typing-extensions",
    "typing-inspection",
    "zstandard",
)
# glibc's versions that manylinux wheels are made for, up to that of Debian 12 (PEP 600); pip does not take a
# newer one to include the older.
GLIBC = ("2_34", "2_28", "2_17")
PIP_SECONDS = 600.0


class PackagesError(Exception):
    """Packages that cannot be had; the message is one line."""


class Pin(Struct, frozen=True):
    """A package as it is locked; `hashes` are the lines with the digest of each of its files."""

    name: str
    version: str
    hashes: str

    @property
    def lines(self) -> str:
        """What pip is told to install exactly this."""
        return f"{self.name}=={self.version} \\\n{self.hashes}"

    @property
    def sha256(self) -> list[str]:
        """The digest of each of its files: one for each platform and Python, and its source."""
        return re.findall(r"--hash=sha256:([0-9a-f]{64})", self.hashes)


@cache
def pinned() -> Mapping[str, Pin]:
    """What the lock file pins, by name."""
    entries = re.findall(
        r"^([a-z0-9-]+)==(\S+) \\\n((?: +--hash=\S+(?: \\)?\n)+)", LOCK_FILE.read_text(), re.M
    )
    return {name: Pin(name, version, hashes) for name, version, hashes in entries}


def all_packages() -> Packages:
    """The names of all that this program needs."""
    return tuple(pinned())


def locked(packages: Packages = PACKAGES) -> str:
    """The lines of the lock file that pin the packages."""
    return "".join(pinned()[name].lines for name in packages)


def packages_key(python: str, machine: str, packages: Packages = PACKAGES) -> str:
    """What decides the packages for a Python ("cp311") and a machine ("x86_64"), as a folder's name."""
    return f"{python}-{machine}-{sha256(locked(packages).encode()).hexdigest()[:16]}"


def packages_folder(python: str, machine: str, packages: Packages = PACKAGES) -> Path:
    """The folder with the packages unpacked, brought first where it is missing; raises PackagesError."""
    folder = cache_folder().parent / "packages" / packages_key(python, machine, packages)
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned_folders(folder.parent)
        with temporary_folder("packages", folder.parent) as partial:
            _install(partial, python, machine, packages)
            _give_name(partial / "packages", folder)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PackagesError(f"the packages for {python} cannot be had: {one_line(str(error))}") from error
    return folder


def _install(partial: Path, python: str, machine: str, packages: Packages) -> None:
    requirements = partial / "requirements.txt"
    requirements.write_text(locked(packages))
    platforms = [f"--platform=manylinux_{glibc}_{machine}" for glibc in GLIBC]
    target = [f"--python-version={python.removeprefix('cp')}", "--implementation=cp", *platforms]
    strict = ["--only-binary=:all:", "--no-deps", "--require-hashes", "--no-compile", "--quiet"]
    pip = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    done = subprocess.run(
        [*pip, *strict, *target, f"--target={partial / 'packages'}", f"--requirement={requirements}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PIP_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")] or [
            "it said nothing"
        ]
        raise PackagesError(f"the packages for {python} cannot be had: pip: {one_line(errors[0])}")


def _give_name(complete: Path, folder: Path) -> None:
    try:
        complete.rename(folder)
    except OSError:
        # Another build was first; what it has put there is the same.
        if not folder.is_dir():
            raise
