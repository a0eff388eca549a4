"""The system's `openssl s_server -www`, as many of them as there are connections at once.

What an s_server prints about its messages (-msg) gives its view of the connection. Keys are passed in memory,
never in a file.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from view import ServerView  # a sibling of this file

from servers import contract
from servers.system.backend import BackendProgram
from servers.system.banner import banner, stack_name
from servers.system.command import (
    OPENSSL_ENVIRONMENT,
    authorities_in_memory,
    chosen_program,
    credentials_in_memory,
    ended_with_us,
    not_installed,
)
from servers.system.pool import serve_with_backends

# Without DSA: s_server takes two certificates, and a third ("extended") only where a client names its
# algorithms.
CIPHER_LIST_LEGACY = "ALL:COMPLEMENTOFALL:!aNULL:!aDSS:!PSK:!SRP:@SECLEVEL=0"
RENEGOTIATION = {"off": ("-no_renegotiation",), "secure": (), "legacy": ("-legacy_renegotiation",)}
CLIENT_INITIATED: dict[bool, tuple[str, ...]] = {False: (), True: ("-client_renegotiation",)}
CLIENT_CERTIFICATE = {"no": None, "request": "-verify", "require": "-Verify"}
VERIFY_DEPTH = "1"
# A session lives in one process, and a client's next connection may come to another: better never than
# now and then.
NO_SESSIONS = ("-no_cache", "-no_ticket", "-num_tickets", "0")
CONFIGURATIONS = {"default": (), "legacy": ("-cipher", CIPHER_LIST_LEGACY, "-min_protocol", "TLSv1")}
CREDENTIAL_OPTIONS = (("-cert", "-key"), ("-dcert", "-dkey"))
ENVIRONMENT = {**OPENSSL_ENVIRONMENT, "PATH": os.environ.get("PATH", os.defpath)}
# `openssl version`: the version the program was built with, and behind it the library's, which it runs with.
# Before 3.0 only the former where both are the same (apps/version.c).
BANNER = re.compile(r"^(?:.*\(Library: )?(?P<library>OpenSSL \d[^()\n]*?) *(?:\)|$)", re.MULTILINE)
LISTENING = re.compile(rb"^ACCEPT .*:(\d+)$")


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Start one s_server, to see that it can be, and listen."""
    program = chosen_program(configuration, "openssl")
    if program is None:
        yield not_installed(configuration.id, "openssl", "openssl")
        return
    said = banner([program, "version"], ENVIRONMENT)
    with ExitStack() as closing:
        keys = credentials_in_memory(configuration, closing)
        authorities = authorities_in_memory(configuration, closing)
        descriptors = [*keys.values()]
        command = [program, "s_server", "-accept", "127.0.0.1:0", "-www", "-msg"]
        command = ended_with_us([*command, *_options(configuration, descriptors, authorities)])
        backend_program = BackendProgram(
            "openssl s_server",
            lambda _: command,
            LISTENING,
            ServerView,
            ENVIRONMENT,
            [*descriptors, authorities],
        )
        yield closing.enter_context(serve_with_backends(configuration, backend_program, stack_of(said)))


def stack_of(said: str) -> str:
    """What s_server runs with, by its banner: `OpenSSL 3.0.22 25 Aug 2026 (s_server)`."""
    return stack_name(said, BANNER, "{library} (s_server)")


def _options(configuration: contract.Configuration, descriptors: list[int], authorities: int) -> list[str]:
    options = [
        *CONFIGURATIONS[configuration.toggles["configuration"]],
        *RENEGOTIATION[configuration.declared.renegotiation.allowed],
        *CLIENT_INITIATED[configuration.declared.renegotiation.client_initiated],
    ]
    options += NO_SESSIONS
    verify = CLIENT_CERTIFICATE[configuration.declared.client_certificate]
    if verify is not None:
        options += [verify, VERIFY_DEPTH, "-verify_return_error"]
        if configuration.client_certificates:
            options += ["-CAfile", f"/dev/fd/{authorities}"]
    for (certificate, key), descriptor in zip(CREDENTIAL_OPTIONS, descriptors, strict=False):
        options += [key, f"/dev/fd/{descriptor}", certificate, f"/dev/fd/{descriptor}"]
    return options


if __name__ == "__main__":
    sys.exit(contract.run(start))
