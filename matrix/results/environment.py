"""What took part in a run, in versions that stay the same on one machine: Python, this tool, the TLS
libraries.
"""

import hashlib
import json
import os
import platform
import re
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.backends.openssl import backend

from clients.profile import Profile
from matrix.results.places import CHECKOUT

_DISTRIBUTION = "tls-interop-matrix"
_OURS = "tls-matrix"
_LIBRARIES = ("cryptography", "gmpy2", "pycryptodomex", "pyopenssl", "tlslite-ng")


def environment() -> dict[str, str]:
    """Name what took part and its version."""
    found = {name: version(name) for name in _LIBRARIES}
    return {
        "python": platform.python_version(),
        "openssl": library_version(backend.openssl_version_text()),
        **found,
    }


def library_version(said: str) -> str:
    """The version in the text of the library under `cryptography`; the whole text where it is not OpenSSL."""
    found = re.match(r"OpenSSL (\d\S*)", said)
    return found[1] if found else said


def command() -> list[str]:
    """The command that started this process, as a person typed it; what is not UTF-8 is escaped."""
    program = Path(sys.argv[0])
    name = program.parent.name if program.stem == "__main__" else program.name
    given = [os.fsencode(argument).decode("utf-8", "backslashreplace") for argument in sys.argv[1:]]
    return [_OURS if name in ("matrix", _OURS) else name, *given]


@cache
def tool_version() -> str:
    """This tool's version: what a checkout's pyproject.toml says, which may have changed since it was
    installed; elsewhere that of the installed package.
    """
    if CHECKOUT is None:
        return version(_DISTRIBUTION)
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def profiles_digest(profiles: Iterable[Profile]) -> str:
    """Give a SHA-256 over what the client profiles say, whatever their order; comments and layout do not
    count.
    """
    content = sorted(
        json.dumps(profile.model_dump(), sort_keys=True, default=bytes.hex) for profile in profiles
    )
    return hashlib.sha256("\n".join(content).encode()).hexdigest()
