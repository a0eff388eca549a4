"""Go's crypto/tls, at two `go` lines of a go.mod, which say what a program's defaults are (`stacks.go`).

Its key log opens all that is encrypted.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from clients.genuine.driver import Driven
from clients.genuine.program import Program
from clients.genuine.stack_of import DRIVERS
from stacks.catalogue import not_fetched
from stacks.go import COMPILE_SECONDS, LINES, STACK, compiled, compiler_version

_SOURCE = DRIVERS / "go_client.go"


def programs() -> Iterator[Program]:
    """One for each line."""
    for line in LINES:
        command = (sys.executable, "-m", __name__, line)
        title = f"Go {compiler_version()} crypto/tls, go {line} in go.mod"
        environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
        missing = not_fetched([STACK])
        yield Driven(f"genuine-go-{line}", title, command, environment, missing, COMPILE_SECONDS)


if __name__ == "__main__":
    made = str(compiled(_SOURCE, sys.argv[1]))
    os.execv(made, [made])
