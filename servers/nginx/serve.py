"""The system's nginx, one process for each server asked for, which serves all connections itself.

nginx binds the port itself; until then, and as long as it runs, the port is kept for it by a socket of ours
that does not listen. Keys and configuration are passed in memory.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from servers import contract
from servers.nginx.view import LOG
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

CONFIGURATION = ConfigurationFile(Path(__file__).with_name("nginx.conf").read_text("utf-8"))
PROTOCOLS = "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"
# nginx reads certificates before the security level, so a DSA key of 1024 bits is never taken. SSLv3 is not
# in Debian's OpenSSL.
CIPHERS = {"default": "HIGH:!aNULL:!MD5", "legacy": "ALL:!aNULL:!PSK:!SRP:@SECLEVEL=0"}
PARAMETERS = {"default": "", "legacy": f"ssl_dhparam {DH_PARAMETERS};"}
VERIFY = {"no": "off", "request": "optional", "require": "on"}
# `nginx -V` names the library it runs with only where that is another than the one it was built with
# (src/core/nginx.c, ngx_show_version_info).
BANNER = re.compile(
    r"^nginx version: (?P<program>[^/\s]+)/(?P<version>\S+).*?"
    r"^built with (?:[^\n]*\(running with )?(?P<library>[^\s()]+ [^\s()]+)",
    re.MULTILINE | re.DOTALL,
)


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Keep a port, and have nginx listen on it."""
    program = find_program("nginx")
    if program is None:
        yield not_installed(configuration.id, "nginx", "nginx-light")
        return
    with ExitStack() as closing:
        kept = closing.enter_context(keep_port(configuration.host, configuration.port))
        port = kept.getsockname()[1]
        keys = credentials_in_memory(configuration, closing)
        authorities = authorities_in_memory(configuration, closing)
        pid_file = in_memory("pid", b"", closing)
        chosen = configuration.toggles["configuration"]
        text = CONFIGURATION.substitute(
            pid_file=f"/dev/fd/{pid_file}",
            address=address_text(configuration.host, port),
            credentials="\n".join(map(credential_directives, keys.values())),
            protocols=PROTOCOLS,
            ciphers=CIPHERS[chosen],
            parameters=PARAMETERS[chosen],
            verify=VERIFY[configuration.toggles["client-certificate"]],
            authorities=f"/dev/fd/{authorities}",
        )
        file = in_memory("nginx.conf", text.encode(), closing)
        command = ended_with_us([program, "-p", "/", "-e", "stderr", "-c", f"/dev/fd/{file}"])
        descriptors = [*keys.values(), authorities, pid_file, file]
        daemon = Daemon(
            configuration.id, command, LOG, environment=OPENSSL_ENVIRONMENT, descriptors=descriptors
        )
        closing.enter_context(daemon)
        stack = stack_of(banner([program, "-V"], OPENSSL_ENVIRONMENT))
        yield contract.Ready(configuration.id, port, stack, configuration.certificate_sha256())


def credential_directives(descriptor: int) -> str:
    """nginx's directives for one key and certificate."""
    file = f"/dev/fd/{descriptor}"
    return f"        ssl_certificate {file};\n        ssl_certificate_key {file};"


def stack_of(said: str) -> str:
    """What nginx is and runs with, by its banner: `nginx 1.22.1, OpenSSL 3.0.22`."""
    return stack_name(said, BANNER, "{program} {version}, {library}")


if __name__ == "__main__":
    sys.exit(contract.run(start))
