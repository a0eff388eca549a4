"""What took part in a run, in versions that stay the same on one machine: Python, this tool, the TLS
libraries.
"""

import hashlib
import json
import platform
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.backends.openssl import backend

from clients.profile import Profile

_ROOT = Path(__file__).parents[2]
CHECKOUT: Path | None = _ROOT if (_ROOT / "tls-matrix").is_file() else None
"""The checkout this runs from; None where it is installed without one."""

_DISTRIBUTION = "tls-interop-matrix"
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
