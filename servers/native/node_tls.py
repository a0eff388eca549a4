"""A server on node's tls module: what node_tls.cjs is told, in node and in the runtimes that imitate it."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from servers import contract
from servers.native.process import NativeProcess, NativeProgram, settings_of
from stacks.catalogue import not_fetched, stacks

PROGRAM = Path(__file__).with_name("node_tls.cjs")
# Without a configuration file the machine's own settings play no part, and the library's do.
ENVIRONMENT = {"OPENSSL_CONF": "/dev/null", "NODE_OPTIONS": "", "NODE_NO_WARNINGS": "1", "NO_COLOR": "1"}
# The toggle alpn -> the protocols of the server (RFC 7301).
APPLICATION_PROTOCOLS: Mapping[str, Sequence[str]] = {"no": (), "http-1.1": ("http/1.1",)}
Options = Callable[[contract.Configuration], Mapping[str, Any]]
"""The options of `tls.createServer` that a configuration asks for."""


def run(
    runtime: str,
    command: Callable[[Path], Sequence[str]],
    options: Options,
    libraries: Mapping[str, str] | None = None,
) -> int:
    """A server program's main for a runtime, as process.versions calls it. `command` gets the folder of the
    stack, whose id is that of the runtime and the level. `libraries` are files that the runtime loads and not
    every machine has, with Debian's package of each.
    """
    programs: dict[str, NativeProgram] = {}

    @contextmanager
    def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
        stack = stack_of(runtime, configuration.level)
        folder = stacks()[stack].folder()
        if folder is None:
            yield contract.NotInstalled(configuration.id, str(not_fetched([stack])))
            return
        arguments = [*command(folder), str(PROGRAM)]
        environment = {**ENVIRONMENT, "PATH": os.environ.get("PATH", os.defpath)}
        program = programs.setdefault(
            stack, NativeProgram(lambda: NativeProcess(runtime, arguments, environment))
        )
        settings = {**settings_of(configuration), "runtime": runtime, "options": options(configuration)}
        with program.serving(configuration, settings) as event:
            yield without_library(event, libraries or {})

    return contract.run(start)


def without_library(event: contract.Event, libraries: Mapping[str, str]) -> contract.Event:
    """The event of a start that failed for a library: what is missing, and the command that gets it."""
    if isinstance(event, contract.Failed):
        for file, package in libraries.items():
            if f"{file}: cannot open shared object file" in event.message:
                return contract.NotInstalled(
                    event.id, f"there is no {file}; get it with: apt-get install {package}"
                )
    return event


def stack_of(runtime: str, level: str) -> str:
    """The id of the stack that a runtime is at a level."""
    return f"{runtime}-{level}" if f"{runtime}-{level}" in stacks() else runtime


def application_protocols(configuration: contract.Configuration) -> Mapping[str, Any]:
    """The option for the toggle alpn."""
    protocols = APPLICATION_PROTOCOLS[configuration.toggles["alpn"]]
    return {"ALPNProtocols": list(protocols)} if protocols else {}
