"""tlslite-ng: 0.7.6 of a stack, and the one in this environment."""

from collections.abc import Iterator
from importlib.metadata import version

from clients.genuine.driver import Driven
from clients.genuine.program import Program
from clients.genuine.stack_of import driven, python_driver

_TITLE = "tlslite-ng"
_DRIVER = "tlslite_client.py"


def programs() -> Iterator[Program]:
    """Both."""
    yield from driven(
        "tlslite",
        ("0.7.6",),
        _TITLE,
        lambda version: f"tlslite-{version}",
        lambda folder: python_driver(_DRIVER, str(folder)),
    )
    here = version("tlslite-ng")
    yield Driven(f"genuine-tlslite-{here}", f"{_TITLE} {here}", python_driver(_DRIVER))
