"""The system's stunnel, one process for each server asked for, which serves all connections itself.

It inherits the listening socket as from systemd (sd_listen_fds(3)). Behind it is a thread of this program
that answers HTTP. Keys and configuration are passed in memory.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from servers import contract
from servers.stunnel.view import LOG
from servers.system import DH_PARAMETERS
from servers.system.banner import banner, stack_name
from servers.system.behind import http_behind
from servers.system.command import (
    OPENSSL_ENVIRONMENT,
    authorities_in_memory,
    ended_with_us,
    find_program,
    in_memory,
    not_installed,
)
from servers.system.daemon import Daemon
from servers.system.port import listening_socket
from servers.system.template import ConfigurationFile

CONFIGURATION = ConfigurationFile(Path(__file__).with_name("stunnel.conf").read_text("utf-8"))
OPTIONS = {
    "configuration": {
        "default": (),
        # SSLv3 is not in Debian's OpenSSL.
        "legacy": ("sslVersionMin = TLSv1", "securityLevel = 0", "ciphers = ALL:!aNULL:!PSK:!SRP"),
    },
    "renegotiation": {
        "off": ("renegotiation = no",),
        "secure": (),
        "legacy": ("options = ALLOW_UNSAFE_LEGACY_RENEGOTIATION",),
    },
    "client-initiated": {"no": (), "yes": ("options = ALLOW_CLIENT_RENEGOTIATION",)},
    # Only the older option verify has a level (1) that takes clients without a certificate.
    "client-certificate": {
        "no": (),
        "request": ("verify = 1", "CAfile = @{authorities}"),
        "require": ("verifyPeer = yes", "CAfile = @{authorities}"),
    },
}
# sd_listen_fds(3): descriptor 3, and the process's own id in the environment. The socket comes as 0.
INHERIT_SOCKET = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&0 </dev/null'
# `stunnel -version` says "Compiled/running with" where both are the same (src/options.c).
BANNER = re.compile(
    r"^stunnel (?P<version>\S+).*?^(?:Compiled/running|Running) +with (?P<library>\S+ \S+)",
    re.MULTILINE | re.DOTALL,
)


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Listen, and have stunnel accept."""
    program = find_program("stunnel4")
    if program is None:
        yield not_installed(configuration.id, "stunnel4", "stunnel4")
        return
    with ExitStack() as closing:
        listening = closing.enter_context(listening_socket(configuration.host, configuration.port))
        http = closing.enter_context(http_behind("stunnel"))
        (pem,) = configuration.presented().values()
        # With Diffie-Hellman suites stunnel would make parameters of its own for minutes, unless the file
        # with the certificate has some.
        key_file = pem.private_key + pem.chain + DH_PARAMETERS.read_text("ascii")
        credential = in_memory("credential", key_file.encode(), closing)
        authorities = authorities_in_memory(configuration, closing)
        options = "\n".join(
            line for name, values in OPTIONS.items() for line in values[configuration.toggles[name]]
        )
        text = CONFIGURATION.substitute(
            http_port=http.port,
            credential=f"/dev/fd/{credential}",
            options=ConfigurationFile(options).substitute(authorities=f"/dev/fd/{authorities}"),
        )
        file = in_memory("stunnel.conf", text.encode(), closing)
        command = ["sh", "-c", INHERIT_SOCKET, "sh", program, "-fd", str(file)]
        daemon = Daemon(
            configuration.id,
            ended_with_us(command),
            LOG,
            environment=OPENSSL_ENVIRONMENT,
            descriptors=[credential, authorities, file],
            standard_input=listening.fileno(),
        )
        closing.enter_context(daemon)
        port = listening.getsockname()[1]
        said = banner([program, "-version"], OPENSSL_ENVIRONMENT)
        listening.close()  # stunnel's alone now, so that nobody waits in vain when it ends
        yield contract.Ready(configuration.id, port, stack_of(said), configuration.certificate_sha256())


def stack_of(said: str) -> str:
    """What stunnel is and runs with, by its banner: `stunnel 5.68, OpenSSL 3.0.22`."""
    return stack_name(said, BANNER, "stunnel {version}, {library}")


if __name__ == "__main__":
    sys.exit(contract.run(start))
