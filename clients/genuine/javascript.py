"""The JavaScript runtimes: node (OpenSSL), bun (BoringSSL), deno (rustls), through their tls module.

node and bun tell their secrets, deno tells none.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from clients.genuine.driver import Driven
from clients.genuine.found import version_of
from clients.genuine.program import Missing, Program
from clients.genuine.stack_of import driver
from stacks.catalogue import not_fetched, stacks

# Without a configuration file the machine's own settings play no part, and the library's do.
_ENVIRONMENT = {"OPENSSL_CONF": "/dev/null", "NODE_OPTIONS": "", "NODE_NO_WARNINGS": "1", "NO_COLOR": "1"}
# The stack -> the program, what it is in the package, what stands before the driver's file.
_STACKS: Mapping[str, tuple[str, Path, tuple[str, ...]]] = {
    "node-24": ("node", Path("bin", "node"), ()),
    "node-26": ("node", Path("bin", "node"), ()),
    "bun": ("bun", Path("bin", "bun"), ("run",)),
    "deno": ("deno", Path("deno"), ("run", "--no-config", "--allow-all", "--no-remote")),
}


def programs() -> Iterator[Program]:
    """The node of the system, and the runtimes of the stacks."""
    version = version_of("node", "--version", pattern=r"^v(\d\S*)")
    if version is None:
        advice = "there is no node program; get it with: apt-get install nodejs"
        yield Missing("genuine-node", "node", advice)
    else:
        here = ("node", driver("node_client.cjs"))
        yield Driven(f"genuine-node-{version}", f"node {version}", here, _ENVIRONMENT)
    for identity, (program, file, arguments) in _STACKS.items():
        stack, missing = stacks()[identity], not_fetched([identity])
        folder, release = stack.folder(), stack.files[0].version
        name = f"genuine-{program}-{release}"
        command: tuple[str, ...] = ()
        if folder is not None:
            command = (str(folder / file), *arguments, driver("node_client.cjs"))
        yield Driven(name, stack.title, command, _ENVIRONMENT, missing=missing)
