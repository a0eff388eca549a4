"""The system's haproxy, one process for each server asked for, which serves all connections itself.

It inherits the listening socket. Behind it is a thread of this program that answers HTTP. Keys and
configuration are passed in memory.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from servers import contract
from servers.haproxy.view import LOG
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

CONFIGURATION = ConfigurationFile(Path(__file__).with_name("haproxy.conf").read_text("utf-8"))
OPTIONS = {
    "configuration": {
        "default": "",
        # SSLv3 is not in Debian's OpenSSL.
        "legacy": "ssl-min-ver TLSv1.0 ciphers ALL:!aNULL:!PSK:!SRP:@@SECLEVEL=0",
    },
    "server-name": {"any": "", "strict": "strict-sni"},
    "alpn": {"no": "", "http-1.1": "alpn http/1.1"},
    "tickets": {"yes": "", "no": "no-tls-tickets"},
    "client-certificate": {
        "no": "",
        "request": "verify optional ca-file @{authorities}",
        "require": "verify required ca-file @{authorities}",
    },
}
BANNER = re.compile(
    r"^HA-?Proxy version (?P<version>[^\s-]+).*?^Running on OpenSSL version : (?P<library>\S+ \S+)",
    re.MULTILINE | re.DOTALL,
)


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Listen, and have haproxy accept."""
    program = find_program("haproxy")
    if program is None:
        yield not_installed(configuration.id, "haproxy", "haproxy")
        return
    with ExitStack() as closing:
        listening = closing.enter_context(listening_socket(configuration.host, configuration.port))
        http = closing.enter_context(http_behind("haproxy"))
        (pem,) = configuration.presented().values()
        parts = [pem.private_key, pem.chain]
        if configuration.toggles["configuration"] == "legacy":
            parts.append(DH_PARAMETERS.read_text("ascii"))
        credential = in_memory("credential", "".join(parts).encode(), closing)
        authorities = authorities_in_memory(configuration, closing)
        options = " ".join(values[configuration.toggles[name]] for name, values in OPTIONS.items())
        text = CONFIGURATION.substitute(
            listening=f"fd@{listening.fileno()}",
            http_port=http.port,
            credential=f"/dev/fd/{credential}",
            options=ConfigurationFile(options).substitute(authorities=f"/dev/fd/{authorities}"),
        )
        file = in_memory("haproxy.conf", text.encode(), closing)
        command = ended_with_us([program, "-db", "-V", "-f", f"/dev/fd/{file}"])
        descriptors = [listening.fileno(), credential, authorities, file]
        daemon = Daemon(
            configuration.id, command, LOG, environment=OPENSSL_ENVIRONMENT, descriptors=descriptors
        )
        closing.enter_context(daemon)
        port = listening.getsockname()[1]
        said = banner([program, "-vv"], OPENSSL_ENVIRONMENT)
        listening.close()  # haproxy's alone now, so that nobody waits in vain when it ends
        yield contract.Ready(configuration.id, port, stack_of(said), configuration.certificate_sha256())


def stack_of(said: str) -> str:
    """What haproxy is and runs with, by its banner: `haproxy 2.6.12, OpenSSL 3.0.22`."""
    return stack_name(said, BANNER, "haproxy {version}, {library}")


if __name__ == "__main__":
    sys.exit(contract.run(start))
