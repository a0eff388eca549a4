"""Go's crypto/tls; a level is the `go` line of a go.mod. The program is compiled when it is first started."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from handshake.wire.registry import alert_name
from servers import contract
from servers.native.process import NativeProcess, NativeProgram, connection_by_names, settings_of
from stacks.catalogue import not_fetched
from stacks.go import STACK, compiled

SOURCE = Path(__file__).with_name("serve.go")


@cache
def program(line: str) -> NativeProgram:
    """The one process of a line."""
    return NativeProgram(
        lambda: NativeProcess("the Go program", [str(compiled(SOURCE, line))], {}, connection)
    )


def connection(event: Mapping[str, Any]) -> contract.Connection:
    """A connection as serve.go saw it, which has a number for an alert."""
    number = event["alert_sent"]
    return connection_by_names({**event, "alert_sent": None if number is None else alert_name(number)})


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Listen in the program of the level's line."""
    if (missing := not_fetched([STACK])) is not None:
        yield contract.NotInstalled(configuration.id, missing)
        return
    try:
        serving = program(configuration.level).serving(configuration, settings_of(configuration))
        with serving as event:
            yield event
    except subprocess.CalledProcessError as error:
        raise contract.CannotStart(
            f"{SOURCE.name} cannot be compiled (exit status {error.returncode})"
        ) from error


if __name__ == "__main__":
    sys.exit(contract.run(start))
