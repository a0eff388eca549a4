"""Erlang's ssl application, as the system has it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from servers import contract
from servers.native.process import NativeProcess, NativeProgram, settings_of
from servers.system.command import find_program, not_installed

SOURCE = Path(__file__).with_name("serve.escript")
PACKAGE = "erlang-ssl"
HOME = "/tmp"
"""Erlang does not start without one; it puts nothing there."""


def term(value: Any) -> str:
    """A value of JSON types as an Erlang term: the keys of objects are atoms, texts are binaries."""
    match value:
        case str():
            return f"<<{','.join(map(str, value.encode()))}>>"
        case int():
            return str(value)
        case list():
            return f"[{','.join(map(term, value))}]"
        case dict():
            fields = [f"'{key}'=>{term(each)}" for key, each in value.items()]
            return f"#{{{','.join(fields)}}}"
    raise TypeError(f"{value!r} has no term")


def process() -> NativeProcess:
    """The one process."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", HOME),
        "ERL_CRASH_DUMP_SECONDS": "0",  # no erl_crash.dump in the current folder (erl(1))
    }
    return NativeProcess("erl", ["escript", str(SOURCE)], environment, line=lambda told: f"{term(told)}.")


PROGRAM = NativeProgram(process)


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Listen in the one process."""
    for program in ("erl", "escript"):
        if find_program(program) is None:
            yield not_installed(configuration.id, program, PACKAGE)
            return
    with PROGRAM.serving(configuration, settings_of(configuration)) as event:
        yield event


if __name__ == "__main__":
    sys.exit(contract.run(start))
