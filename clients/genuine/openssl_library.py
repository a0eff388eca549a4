"""OpenSSL's library, 1.1.1 to 4.0: as a context has it by default, through pyOpenSSL.

1.1.1a's pyOpenSSL tells no secrets; all of them tell their alerts.
"""

from collections.abc import Iterator

from clients.genuine.driver import Driven
from clients.genuine.found import version_of_library
from clients.genuine.program import Program
from clients.genuine.stack_of import driven, python_driver

_TITLE = "OpenSSL library"
_FETCHED = ("1.1.1a", "1.1.1l", "3.0.5", "3.1.4", "3.4.1")
_DRIVER = "pyopenssl_client.py"


def programs() -> Iterator[Program]:
    """Those of the stacks, and the one in this environment."""
    yield from driven(
        "openssl",
        _FETCHED,
        _TITLE,
        lambda version: f"openssl-{version}",
        lambda folder: python_driver(_DRIVER, str(folder)),
    )
    version = version_of_library()
    yield Driven(f"genuine-openssl-{version}", f"{_TITLE} {version}", python_driver(_DRIVER))
