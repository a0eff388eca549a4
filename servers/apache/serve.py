"""The system's Apache httpd with mod_ssl, one process for each server asked for.

Apache binds the port itself; until then, and as long as it runs, the port is kept for it by a socket of ours
that does not listen. Keys and configuration are passed in memory; the folder for its pid file is gone once it
runs.
"""

import ctypes
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import rmtree

from servers import contract
from servers.apache.view import LOG
from servers.system import DH_PARAMETERS
from servers.system.banner import banner, stack_name
from servers.system.command import (
    OPENSSL_ENVIRONMENT,
    authorities_in_memory,
    credentials_in_memory,
    ended_with_us,
    find_program,
    in_memory,
    not_installed,
)
from servers.system.daemon import Daemon
from servers.system.port import address_text, keep_port
from servers.system.template import ConfigurationFile
from stacks.temporary_folder import temporary_folder

CONFIGURATION = ConfigurationFile(Path(__file__).with_name("apache.conf").read_text("utf-8"))
MODULES = Path("/usr/lib/apache2/modules")
PACKAGE = "apache2-bin"
# SSLv3 is not in Debian's OpenSSL.
OPTIONS = {
    "configuration": {
        "default": (),
        "legacy": (
            "SSLProtocol all",
            "SSLCipherSuite ALL:!aNULL:!PSK:!SRP:@SECLEVEL=0",
            f"SSLOpenSSLConfCmd DHParameters {DH_PARAMETERS}",
        ),
    },
    "renegotiation": {"secure": (), "legacy": ("SSLInsecureRenegotiation on",)},
    "tickets": {"yes": (), "no": ("SSLSessionTickets off",)},
    "client-certificate": {
        "no": (),
        "request": ("SSLVerifyClient optional",),
        "require": ("SSLVerifyClient require",),
        "request-later": (),
        "require-later": (),
    },
}
# What stands at the path /reneg: a certificate that is asked for there makes mod_ssl renegotiate, and so does
# another list of cipher suites, of which this one lacks a suite that nobody needs (documentation of
# SSLVerifyClient and SSLCipherSuite).
LATER = {
    "request-later": "SSLVerifyClient optional",
    "require-later": "SSLVerifyClient require",
}
OTHER_SUITES = {
    "default": "SSLCipherSuite DEFAULT:!ECDHE-ECDSA-AES128-SHA256",
    "legacy": "SSLCipherSuite ALL:!aNULL:!PSK:!SRP:!ECDHE-ECDSA-CAMELLIA128-SHA256:@SECLEVEL=0",
}
# Apache as root becomes somebody else, and then the kernel forgets that it is to end with us (prctl(2),
# PR_SET_PDEATHSIG). In a user namespace without users (user_namespaces(7)) it never is root.
WITHOUT_USERS = ["unshare", "--user", "--"]
NO_PROCESS = 1 << 22  # PID_MAX_LIMIT of Linux, which no process has (proc(5))
BANNER = re.compile(r"^Server version: (?P<name>Apache)/(?P<version>\S+)", re.MULTILINE)
LIBRARY = "libcrypto.so.3"


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Keep a port, and have Apache listen on it."""
    program = find_program("apache2")
    if program is None or not MODULES.is_dir():
        yield not_installed(configuration.id, "apache2", PACKAGE)
        return
    with ExitStack() as closing:
        kept = closing.enter_context(keep_port(configuration.host, configuration.port))
        port = kept.getsockname()[1]
        keys = credentials_in_memory(configuration, closing)
        authorities = authorities_in_memory(configuration, closing)
        folder = closing.enter_context(temporary_folder("apache"))
        # That it is there is what Apache tells when it listens.
        (folder / "pid").write_text(f"{NO_PROCESS}\n")
        text = CONFIGURATION.substitute(
            address=address_text(configuration.host, port),
            folder=folder,
            modules=MODULES,
            credentials="\n".join(map(credential_directives, keys.values())),
            authorities=f"/dev/fd/{authorities}",
            options="\n".join(options(configuration)),
            once_connected=once_connected(configuration),
        )
        file = in_memory("apache.conf", text.encode(), closing)
        command = ended_with_us([program, "-X", "-f", f"/dev/fd/{file}"])
        if os.geteuid() == 0:
            command = [*WITHOUT_USERS, *command]
        descriptors = [*keys.values(), authorities, file]
        daemon = Daemon(
            configuration.id, command, LOG, environment=OPENSSL_ENVIRONMENT, descriptors=descriptors
        )
        closing.enter_context(daemon)
        wait_for_other_text(folder / "pid", f"{NO_PROCESS}\n")
        rmtree(folder)
        stack = stack_of(banner([program, "-v"], OPENSSL_ENVIRONMENT), library_version())
        yield contract.Ready(configuration.id, port, stack, configuration.certificate_sha256())


def wait_for_other_text(file: Path, text: str) -> None:
    """Wait until a file has another text than this, as long as a program may take to start."""
    until = time.monotonic() + contract.START_SECONDS
    while file.read_text() == text and time.monotonic() < until:
        time.sleep(0.005)


def credential_directives(descriptor: int) -> str:
    """Apache's directives for one key and certificate."""
    file = f"/dev/fd/{descriptor}"
    return f"SSLCertificateFile {file}\nSSLCertificateKeyFile {file}"


def options(configuration: contract.Configuration) -> list[str]:
    """The directives for the toggles, those of the first handshake."""
    return [line for name, values in OPTIONS.items() for line in values[configuration.toggles[name]]]


def once_connected(configuration: contract.Configuration) -> str:
    """The directive for the path /reneg."""
    asked = LATER.get(configuration.toggles["client-certificate"])
    return asked or OTHER_SUITES[configuration.toggles["configuration"]]


def library_version() -> str:
    """The version of the OpenSSL that mod_ssl runs with, which it does not tell."""
    try:
        version = ctypes.CDLL(LIBRARY).OpenSSL_version
    except (OSError, AttributeError):
        return "OpenSSL of an unknown version"
    version.restype = ctypes.c_char_p
    return " ".join(version(0).decode().split()[:2])


def stack_of(said: str, library: str) -> str:
    """What Apache is, by its banner, and runs with: `Apache 2.4.71, OpenSSL 3.0.22`."""
    return f"{stack_name(said, BANNER, '{name} {version}')}, {library}"


if __name__ == "__main__":
    sys.exit(contract.run(start))
