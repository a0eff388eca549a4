"""The system's `openssl s_server -www`, as many of them as there are connections at once.

An s_server serves one connection after another, so a stuck one would hold up all others. Here a listener of
our own hands each connection to an s_server that is idle, or starts one more, and carries the bytes both
ways, the end and the reset of a stream included. What an s_server prints about its messages (-msg) gives its
view of the connection. One that cannot be trusted to be idle again is killed. Keys are passed in memory,
never in a file.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from relay import BackendPool, StartError, View  # a sibling of this file

from servers import contract
from servers.listener import Listener

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
# Without a configuration file the machine's own settings play no part.
ENVIRONMENT = {"OPENSSL_CONF": "/dev/null", "PATH": os.environ.get("PATH", os.defpath)}


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Start one s_server, to see that it can be, and listen."""
    program = shutil.which("openssl")
    if program is None:
        yield contract.NotInstalled(
            configuration.id, "there is no openssl program; get it with: apt-get install openssl"
        )
        return
    version = subprocess.run(
        [program, "version"], env=ENVIRONMENT, capture_output=True, text=True, check=True
    ).stdout
    with ExitStack() as closing:
        descriptors, digests = _credentials(configuration, closing)
        authorities = _in_memory("authorities", "".join(configuration.client_certificates.values()), closing)
        command = [
            program,
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-www",
            "-msg",
            *_options(configuration, descriptors, authorities),
        ]
        try:
            passed = [*descriptors, authorities]
            pool = closing.enter_context(BackendPool(_bound_to_us(command), ENVIRONMENT, passed))
        except StartError as error:
            yield contract.Failed(configuration.id, str(error))
            return

        def report(peer_port: int, view: View) -> None:
            seen = (view.version, view.cipher_suite, view.alert_sent, view.reason)
            contract.emit(contract.Connection(configuration.id, peer_port, *seen))

        def serve(connection: socket.socket, peer_port: int) -> None:
            pool.serve(connection, peer_port, report)

        listener = closing.enter_context(Listener(configuration.host, configuration.port, serve))
        stack = f"{version.partition('(')[0].strip()} (s_server)"
        yield contract.Ready(configuration.id, listener.port, stack, digests)


def _credentials(
    configuration: contract.Configuration, closing: ExitStack
) -> tuple[list[int], frozenset[str]]:
    """A descriptor of a file in memory for each credential, and the digests of the leaf certificates."""
    descriptors, digests = [], set()
    for kind in configuration.declared.certificates:
        if kind in configuration.credentials:
            pem = configuration.credentials[kind]
            descriptors.append(_in_memory(kind, pem.private_key + pem.chain, closing))
            digests.add(pem.leaf_sha256())
    return descriptors, frozenset(digests)


def _in_memory(name: str, text: str, closing: ExitStack) -> int:
    """A descriptor of a file in memory that holds the text."""
    descriptor = os.memfd_create(name)
    closing.callback(os.close, descriptor)
    os.write(descriptor, text.encode())
    return descriptor


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


def _bound_to_us(command: list[str]) -> list[str]:
    """The command, killed by the kernel when we are (prctl PR_SET_PDEATHSIG, through util-linux)."""
    setpriv = shutil.which("setpriv")
    return (
        [setpriv, "--pdeathsig", signal.SIGKILL.name.removeprefix("SIG"), "--", *command]
        if setpriv
        else command
    )


if __name__ == "__main__":
    sys.exit(contract.run(start))
