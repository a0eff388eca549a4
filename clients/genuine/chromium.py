"""Chromium without a screen, as Debian has it (BoringSSL). Its key log opens all that is encrypted."""

from collections.abc import Iterator

from clients.genuine.driver import Driven
from clients.genuine.found import version_of
from clients.genuine.program import Missing, Program
from clients.genuine.stack_of import python_driver

_TITLE = "Chromium"
_PROGRAM = "chromium"
START_SECONDS = 60.0


def programs() -> Iterator[Program]:
    """The one of the system."""
    version = version_of(_PROGRAM, "--version", pattern=r"^Chromium (\d\S*)")
    if version is None:
        advice = "there is no chromium program; get it with: apt-get install chromium"
        yield Missing("genuine-chromium", _TITLE, advice)
        return
    command = python_driver("chromium_client.py", _PROGRAM)
    yield Driven(f"genuine-chromium-{version}", f"{_TITLE} {version}", command, start_seconds=START_SECONDS)
