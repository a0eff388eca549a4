"""mbedTLS, the library inside a fetched python-mbedtls, up to TLS 1.2. It tells no secrets; its alerts before
the last messages of a handshake are in the clear.
"""

from collections.abc import Iterator

from clients.genuine.program import Program
from clients.genuine.stack_of import driven, python_driver

# What mbedtls.version says of the library in python-mbedtls 2.10.1.
_VERSIONS = ("2.28.8",)


def programs() -> Iterator[Program]:
    """The one of the stack."""
    return driven(
        "mbedtls",
        _VERSIONS,
        "mbedTLS",
        lambda _: "mbedtls",
        lambda folder: python_driver("mbedtls_client.py", str(folder)),
    )
