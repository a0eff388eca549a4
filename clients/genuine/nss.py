"""NSS's `tstclnt`, as Debian has it.

It writes no key log (Debian builds NSS without), so an alert in TLS 1.3 behind the ServerHello has no name
here: its words name NSS's error, not the alert. The request is read from a file, since it never ends by
itself while its standard input is a pipe (3.87.1; measured).
"""

import re
from collections.abc import Iterator

from clients.genuine.command import Command
from clients.genuine.found import version_of
from clients.genuine.program import Missing, Program

_TITLE = "NSS tstclnt"


def programs() -> Iterator[Program]:
    """The one of the system."""
    # tstclnt does not say its version; that of Debian's package is the library's, too.
    package = ("dpkg-query", "-W", "-f", "${Version}", "libnss3-tools")
    version = version_of(*package, pattern=r"^(?:\d+:)?(\d[\d.]*)")
    if version is None or version_of("tstclnt", pattern=r"(Usage)") is None:
        advice = "there is no tstclnt program; get it with: apt-get install libnss3-tools"
        yield Missing("genuine-nss", _TITLE, advice)
        return
    yield Command(
        f"genuine-nss-{version}",
        f"{_TITLE} {version}",
        # -D: no database of certificates; -o: any certificate will do.
        ("tstclnt", "-h", "{host}", "-p", "{port}", "-a", "{name}", "-D", "-o", "-A", "{request_file}"),
        says_request=False,
        alert_received=re.compile(r"SSL_ERROR_(\w+)_ALERT"),
        prints_answer=True,
    )
