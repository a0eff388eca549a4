"""Firefox ESR without a screen, as Debian has it (NSS). Its key log opens all that is encrypted."""

from collections.abc import Iterator

from clients.genuine.driver import Driven
from clients.genuine.found import version_of
from clients.genuine.program import Missing, Program
from clients.genuine.stack_of import python_driver

_TITLE = "Firefox ESR"
_PROGRAM = "firefox-esr"
START_SECONDS = 60.0


def programs() -> Iterator[Program]:
    """The one of the system."""
    version = version_of(_PROGRAM, "--version", pattern=r"^Mozilla Firefox (\d[\d.]*)")
    if version is None:
        advice = "there is no firefox-esr program; get it with: apt-get install firefox-esr"
        yield Missing("genuine-firefox", _TITLE, advice)
        return
    command = python_driver("firefox_client.py", _PROGRAM)
    yield Driven(f"genuine-firefox-{version}", f"{_TITLE} {version}", command, start_seconds=START_SECONDS)
