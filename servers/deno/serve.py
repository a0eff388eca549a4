"""deno's own TLS (Deno.listenTls), and with it rustls."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import contract
from servers.native.process import NativeProcess, NativeProgram, settings_of
from stacks.catalogue import not_fetched, stacks

STACK = "deno"
SOURCE = Path(__file__).with_name("serve.mjs")
# It may listen and nothing else, keeps nothing, and asks nobody for a newer version.
OPTIONS = ("run", "--quiet", "--no-config", "--no-remote", "--no-lock", "--no-prompt", "--allow-net")
ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1"}


def process() -> NativeProcess:
    """The one process."""
    folder = stacks()[STACK].folder()
    if folder is None:
        raise contract.CannotStart(str(not_fetched([STACK])))
    return NativeProcess("deno", [str(folder / "deno"), *OPTIONS, str(SOURCE)], ENVIRONMENT)


PROGRAM = NativeProgram(process)


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Listen in the one process."""
    if (missing := not_fetched([STACK])) is not None:
        yield contract.NotInstalled(configuration.id, missing)
        return
    with PROGRAM.serving(configuration, settings_of(configuration)) as event:
        yield event


if __name__ == "__main__":
    sys.exit(contract.run(start))
