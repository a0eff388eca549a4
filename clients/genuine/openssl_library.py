"""OpenSSL's library, 1.0.0 to 4.0: as a context has it by default, inside old nodes and through pyOpenSSL.

1.1.1a's pyOpenSSL tells no secrets, nor do the old nodes, whose alerts are known as far as they are in the
clear; every pyOpenSSL tells its alerts.
"""

from collections.abc import Iterator

from clients.genuine.driver import Driven
from clients.genuine.found import version_of_library
from clients.genuine.program import Program
from clients.genuine.stack_of import driven, driver, python_driver

_TITLE = "OpenSSL library"
_FETCHED = ("1.1.1a", "1.1.1l", "3.0.5", "3.1.4", "3.4.1")
_DRIVER = "pyopenssl_client.py"
_IN_NODE = ("1.0.0f", "1.0.1e", "1.0.1u", "1.0.2d", "1.0.2o")
# Without AVX (bit 60, OPENSSL_ia32cap(3)), as the server of the same stack is started.
_OF_NODE = {"OPENSSL_ia32cap": f"~{1 << 60:#x}"}


def programs() -> Iterator[Program]:
    """Those of the stacks, and the one in this environment."""
    yield from driven(
        "openssl",
        _FETCHED,
        _TITLE,
        lambda version: f"openssl-{version}",
        lambda folder: python_driver(_DRIVER, str(folder)),
    )
    yield from driven(
        "openssl",
        _IN_NODE,
        _TITLE,
        lambda version: f"openssl-{version}",
        lambda folder: (str(folder / "bin" / "node"), driver("old_node_client.cjs")),
        _OF_NODE,
    )
    version = version_of_library()
    yield Driven(f"genuine-openssl-{version}", f"{_TITLE} {version}", python_driver(_DRIVER))
