"""The genuine programs that are installed or fetched here, each beside the profile that plays it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from stacks.catalogue import not_fetched

HOST = "webmethods.example.test"
TO = "127.0.0.1:{port}"
_CHROMIUM = (
    "chromium --headless --no-sandbox --disable-gpu --ignore-certificate-errors --user-data-dir={folder} "
    f"--dump-dom https://{HOST}:{{port}}/"
)


@dataclass(frozen=True)
class Program:
    """A program and what it prints of its version; `stacks` have to be fetched for it. `renegotiates` is what
    makes it begin a renegotiation: more arguments, and a line on its standard input.
    """

    command: tuple[str, ...]
    version_command: tuple[str, ...] = ()
    version: str = ""
    package: str = ""
    stacks: tuple[str, ...] = ()
    renegotiates: tuple[tuple[str, ...], bytes] | None = None

    def skip_where_it_is_not(self) -> None:
        """Skip the test where the program is missing, or of another version."""
        if self.stacks and (missing := not_fetched(self.stacks)) is not None:
            pytest.skip(missing)
        if not self.version_command:
            return
        program = self.version_command[0]
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program} program; get it with: apt-get install {self.package}")
        ran = subprocess.run(self.version_command, capture_output=True, text=True, timeout=60)
        found = ran.stdout + ran.stderr
        if self.version not in found:
            pytest.skip(
                f"the profile is of {self.version}x, installed is {(found.splitlines() or [found])[0]!r}"
            )

    @contextmanager
    def running(self, port: int, folder: Path, *, begins: bool = False) -> Iterator[subprocess.Popen[bytes]]:
        """Let it connect to a port here; `folder` is for what it writes. Where it `begins` a renegotiation,
        the line for it is the caller's to write.
        """
        more = self.renegotiates[0] if begins and self.renegotiates else ()
        program = subprocess.Popen(
            [part.format(port=port, folder=folder) for part in (*self.command, *more)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENSSL_CONF": os.devnull, "GNUTLS_SYSTEM_PRIORITY_FILE": os.devnull},
        )
        try:
            yield program
        finally:
            program.kill()
            program.communicate()


def _openssl(level: str, *stacks: str) -> Program:
    return Program(
        (sys.executable, "-m", "tests.clients.openssl_program", level, "{port}", HOST), stacks=stacks
    )


def _s_client(*more: str) -> Program:
    return Program(
        ("openssl", "s_client", "-connect", TO, "-servername", HOST, *more),
        ("openssl", "version"),
        "OpenSSL 3.0.",
        "openssl",
        renegotiates=((), b"R\n"),
    )


def _java(level: str) -> Program:
    command = (sys.executable, "-m", "tests.clients.jsse_program", level, "{port}", HOST)
    begins = (("renegotiate",), b"")
    if level != "system":
        return Program(command, stacks=(f"jsse-{level}", "jpype"), renegotiates=begins)
    java = ("java", "-version")
    package = "openjdk-17-jre-headless"
    return Program(command, java, '"17.0.15"', package, stacks=("jpype",), renegotiates=begins)


PROGRAMS = {
    "chromium-156": Program(
        (*_CHROMIUM.split(), f"--host-resolver-rules=MAP {HOST} 127.0.0.1"),
        ("chromium", "--version"),
        "Chromium 156.",
        "chromium",
    ),
    "gnutls-3.7": Program(
        (
            "gnutls-cli",
            "--insecure",
            "--port",
            "{port}",
            "--sni-hostname",
            HOST,
            "--inline-commands",
            "127.0.0.1",
        ),
        ("gnutls-cli", "--version"),
        "gnutls-cli 3.7.",
        "gnutls-bin",
        renegotiates=((), b"^renegotiate^\n"),
    ),
    "java-11": _java("11.0.13"),
    "java-17": _java("system"),
    "java-17.0.9": _java("17"),
    "java-21": _java("21"),
    "java-25": _java("25"),
    "nss-3.87": Program(
        ("tstclnt", "-h", "127.0.0.1", "-p", "{port}", "-D", "-o", "-a", HOST),
        ("dpkg-query", "--show", "libnss3-tools"),
        "2:3.87.",
        "libnss3-tools",
    ),
    "openssl-1.1.1": _openssl("1.1.1l", "openssl-1.1.1l"),
    "openssl-3.0": _s_client(),
    "openssl-3.0-debian": _s_client(),
    "openssl-3.0-seclevel0": _s_client("-cipher", "DEFAULT@SECLEVEL=0"),
    "openssl-3.4": _openssl("3.4.1", "openssl-3.4.1"),
    "openssl-4.0": _openssl("4.0.3"),
}
