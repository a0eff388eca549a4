"""GnuTLS's `gnutls-cli`, as Debian has it. Its key log opens all that is encrypted."""

import re
from collections.abc import Iterator

from clients.genuine.command import Command
from clients.genuine.found import version_of
from clients.genuine.program import Missing, Program

_TITLE = "GnuTLS gnutls-cli"


def programs() -> Iterator[Program]:
    """The one of the system."""
    version = version_of("gnutls-cli", "--version", pattern=r"^gnutls-cli (\d\S*)")
    if version is None:
        advice = "there is no gnutls-cli program; get it with: apt-get install gnutls-bin"
        yield Missing("genuine-gnutls", _TITLE, advice)
        return
    yield Command(
        f"genuine-gnutls-{version}",
        f"{_TITLE} {version}",
        ("gnutls-cli", "--insecure", "--sni-hostname", "{name}", "--port", "{port}", "{host}"),
        # Without a configuration file the machine's own settings play no part, and the library's do.
        {"SSLKEYLOGFILE": "{keylog}", "GNUTLS_SYSTEM_PRIORITY_FILE": "/dev/null"},
        alert_received=re.compile(r"Received alert \[(\d+)\]"),
        prints_answer=True,
    )
