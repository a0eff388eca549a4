"""Commands of the system: where a program is, what it is given in memory, and its end with ours."""

import os
import shutil
import signal
from collections.abc import Iterable
from contextlib import ExitStack

from servers import contract
from servers.own_program import PROGRAM, SYSTEM, from_id

# Debian has servers here, and leaves the folder out of an ordinary user's path.
SERVER_FOLDER = "/usr/sbin"
# Without a configuration file of OpenSSL's the machine's own settings play no part.
OPENSSL_ENVIRONMENT = {"OPENSSL_CONF": "/dev/null"}


def find_program(name: str) -> str | None:
    """Where a program of the system is, None when there is none."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), SERVER_FOLDER)))


def chosen_program(configuration: contract.Configuration, name: str) -> str | None:
    """The program of the user's own that a server is to run, else where that of the system is, if any."""
    value = configuration.toggles.get(PROGRAM, SYSTEM)
    return find_program(name) if value == SYSTEM else from_id(value)


def not_installed(server_id: str, program: str, package: str) -> contract.NotInstalled:
    """The event of a server whose program is missing."""
    message = f"there is no {program} program; get it with: apt-get install {package}"
    return contract.NotInstalled(server_id, message)


def ended_with_us(command: Iterable[str]) -> list[str]:
    """The command, killed by the kernel when the thread that starts it ends (prctl PR_SET_PDEATHSIG, through
    util-linux).
    """
    setpriv = shutil.which("setpriv")
    before = [setpriv, "--pdeathsig", signal.SIGKILL.name.removeprefix("SIG"), "--"] if setpriv else []
    return [*before, *command]


def in_memory(name: str, data: bytes, closing: ExitStack) -> int:
    """A descriptor of a file in memory that holds the data; a program opens it as /dev/fd/<descriptor>."""
    descriptor = os.memfd_create(name)
    closing.callback(os.close, descriptor)
    os.fchmod(descriptor, 0o600)
    os.pwrite(descriptor, data, 0)  # which leaves the offset at the start
    return descriptor


def credentials_in_memory(configuration: contract.Configuration, closing: ExitStack) -> dict[str, int]:
    """A descriptor of a file in memory for each credential presented, by kind, its key before its chain."""
    return {
        kind: in_memory(kind, (pem.private_key + pem.chain).encode(), closing)
        for kind, pem in configuration.presented().items()
    }


def authorities_in_memory(configuration: contract.Configuration, closing: ExitStack) -> int:
    """A descriptor of a file in memory with the certificates of clients that the server trusts.

    Some programs insist on having some. Where no client is trusted these are the server's own, which nobody
    else could use.
    """
    own = (pem.chain for pem in configuration.presented().values())
    trusted = configuration.client_certificates.values() or own
    return in_memory("authorities", "".join(trusted).encode(), closing)
