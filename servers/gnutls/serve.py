"""The system's `gnutls-serv --http`, as many of them as there are connections at once.

gnutls-serv listens on every address, so it is kept in a network namespace. Keys are passed in memory, never
in a file.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from servers import contract
from servers.gnutls.view import LOG_LEVEL, ServView
from servers.system.backend import BackendProgram
from servers.system.banner import banner, stack_name
from servers.system.command import (
    authorities_in_memory,
    chosen_program,
    credentials_in_memory,
    ended_with_us,
    not_installed,
)
from servers.system.namespaces import Namespaces, run
from servers.system.pool import serve_with_backends

PRIORITIES = {
    "default": "NORMAL",
    # All that a server with certificates can use. NULL stays off, because no client of a matrix would be
    # better for meeting it. SSLv3 is not in Debian's build.
    "legacy": "NORMAL:+3DES-CBC:+ARCFOUR-128:+CAMELLIA-256-GCM:+CAMELLIA-256-CBC:+CAMELLIA-128-GCM"
    ":+CAMELLIA-128-CBC:+AES-256-CCM-8:+AES-128-CCM-8:+SHA384:+SHA256:+MD5:+DHE-DSS"
    ":+SIGN-DSA-SHA1:+SIGN-DSA-SHA256",
}
RENEGOTIATION = {"secure": "", "legacy": ":%UNSAFE_RENEGOTIATION"}
CLIENT_CERTIFICATE = {
    "no": ["--disable-client-cert"],
    "request": ["--verify-client-cert"],
    "require": ["--require-client-cert", "--verify-client-cert"],
}
# A session lives in one process, and a client's next connection may come to another: better never than
# now and then.
NO_SESSIONS = ["--nodb", "--noticket"]
BANNER = re.compile(r"^gnutls-serv (?P<version>\d\S*)$", re.MULTILINE)
LISTENING = re.compile(rb"^HTTP Server listening on IPv4 .*done$")


def priority(configuration: contract.Configuration) -> str:
    """GnuTLS's priority string for the toggles."""
    suites = PRIORITIES[configuration.toggles["configuration"]]
    return suites + RENEGOTIATION[configuration.declared.renegotiation.allowed]


@contextmanager
def start(configuration: contract.Configuration, namespaces: Namespaces) -> Iterator[contract.Event]:
    """Listen outside, and have gnutls-serv listen inside."""
    program = chosen_program(configuration, "gnutls-serv")
    if program is None:
        yield not_installed(configuration.id, "gnutls-serv", "gnutls-bin")
        return
    said = banner([program, "--version"])
    with ExitStack() as closing:
        keys = credentials_in_memory(configuration, closing)
        authorities = authorities_in_memory(configuration, closing)
        options = [*CLIENT_CERTIFICATE[configuration.declared.client_certificate], *NO_SESSIONS]
        for descriptor in keys.values():
            file = f"/dev/fd/{descriptor}"
            options += ["--x509certfile", file, "--x509keyfile", file]
        if configuration.client_certificates:
            options += ["--x509cafile", f"/dev/fd/{authorities}"]
        command = [program, "--http", "-d", LOG_LEVEL, "--priority", priority(configuration), *options]
        backend_program = BackendProgram(
            "gnutls-serv",
            lambda port: ended_with_us([*command, "--port", str(port)]),
            LISTENING,
            ServView,
            {},
            [*keys.values(), authorities],
            namespaces.ports,
        )
        outside = namespaces.outside_socket()
        yield closing.enter_context(
            serve_with_backends(configuration, backend_program, stack_of(said), outside)
        )


def stack_of(said: str) -> str:
    """What gnutls-serv is, by its banner: `GnuTLS 3.7.9 (gnutls-serv)`."""
    return stack_name(said, BANNER, "GnuTLS {version} (gnutls-serv)")


if __name__ == "__main__":
    sys.exit(run(start))
