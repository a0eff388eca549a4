"""curl, as Debian has it (with OpenSSL). Its key log opens all that is encrypted."""

import re
from collections.abc import Iterator

from clients.genuine.command import Command
from clients.genuine.found import version_of
from clients.genuine.program import Missing, Program

_TITLE = "curl"


def programs() -> Iterator[Program]:
    """The one of the system."""
    version = version_of("curl", "--version", pattern=r"^curl (\d\S*)")
    if version is None:
        yield Missing("genuine-curl", _TITLE, "there is no curl program; get it with: apt-get install curl")
        return
    library = version_of("curl", "--version", pattern=r"((?:OpenSSL|GnuTLS|LibreSSL)/\S+)")
    yield Command(
        f"genuine-curl-{version}",
        f"{_TITLE} {version} with {library}",
        (
            "curl",
            "--disable",  # no file of the user's with settings
            "--noproxy",
            "*",
            "--silent",
            "--show-error",
            "--verbose",
            "--include",
            "--insecure",
            "--connect-to",
            "::{host}:{port}",
            "https://{name}/",
        ),
        {"SSLKEYLOGFILE": "{keylog}", "OPENSSL_CONF": "/dev/null"},
        says_request=False,
        works=(re.compile(r"^HTTP/[0-9.]+ +[1-5][0-9]{2}.*", re.DOTALL | re.MULTILINE),),
        alert_received=re.compile(r"TLSv?\S+ \(IN\), TLS alert, [^(]*\((\d+)\)"),
        prints_answer=True,
    )
