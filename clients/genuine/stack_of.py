"""Where the stack of a program lies, or the command that gets it."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from clients.genuine.driver import Driven
from stacks.catalogue import not_fetched, stacks

DRIVERS = Path(__file__).with_name("drivers")


def driver(name: str) -> str:
    """The file of a driver."""
    return str(DRIVERS / name)


def python_driver(name: str, *arguments: str) -> tuple[str, ...]:
    """The command of a driver in Python, in this environment."""
    return (sys.executable, driver(name), *arguments)


def driven(
    program: str,
    versions: Sequence[str],
    title: str,
    stack: Callable[[str], str],
    command: Callable[[Path], Sequence[str]],
    environment: Mapping[str, str] | None = None,
) -> Iterator[Driven]:
    """A program for each version whose stack `stack` names; `command` gets the folder of the stack."""
    for version in versions:
        identity = stack(version)
        missing, folder = not_fetched([identity]), stacks()[identity].folder()
        yield Driven(
            f"genuine-{program}-{version}",
            f"{title} {version}",
            () if folder is None else tuple(command(folder)),
            environment or {},
            missing,
        )
