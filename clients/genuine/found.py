"""Finding programs of the system, and which version they are."""

import re
import shutil
import subprocess
from functools import cache

VERSION_SECONDS = 5.0


@cache
def version_of(*command: str, pattern: str) -> str | None:
    """What the first group of `pattern` is in what a command says; None where there is no such program or it
    says nothing of the kind.
    """
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=VERSION_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(pattern, done.stdout.decode("utf-8", "replace"), re.MULTILINE)
    return None if found is None else found[1]


def version_of_library() -> str:
    """The version of the OpenSSL inside this environment's `cryptography`."""
    from cryptography.hazmat.backends.openssl import backend

    found = re.match(r"OpenSSL (\d\S*)", backend.openssl_version_text())
    return found[1] if found else backend.openssl_version_text()
