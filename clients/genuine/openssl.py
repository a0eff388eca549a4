"""OpenSSL's `s_client`, as Debian has it. Its key log opens all that is encrypted."""

import re
from collections.abc import Iterator

from clients.genuine.command import Command
from clients.genuine.found import version_of
from clients.genuine.program import Missing, Program

_TITLE = "OpenSSL s_client"


def programs() -> Iterator[Program]:
    """The one of the system."""
    version = version_of("openssl", "version", pattern=r"^OpenSSL (\d\S*)")
    if version is None:
        advice = "there is no openssl program; get it with: apt-get install openssl"
        yield Missing("genuine-openssl", _TITLE, advice)
        return
    yield Command(
        f"genuine-openssl-{version}",
        f"{_TITLE} {version}",
        (
            "openssl",
            "s_client",
            "-connect",
            "{host}:{port}",
            "-servername",
            "{name}",
            "-nbio",  # else a warning after the handshake ends the reading of what follows it
            "-ign_eof",  # else its standard input is a dialogue, and the end of it the end of the program
            "-keylogfile",
            "{keylog}",
        ),
        # Without a configuration file the machine's own settings play no part, and the library's do.
        {"OPENSSL_CONF": "/dev/null"},
        alert_received=re.compile(r"SSL alert number (\d+)"),
        prints_answer=True,
    )
