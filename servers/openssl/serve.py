"""OpenSSL at many levels: the library inside an old node, or inside a `cryptography` package.

A library can be loaded only once a process, so each level has a process of its own; the first configuration
says which library it is.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from servers import contract
from stacks.catalogue import not_fetched, put_on_path, stacks


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Listen with the level's library, if it is on this machine."""
    stack = stacks().get(f"openssl-{configuration.level}")
    if stack is not None and (missing := not_fetched([stack.id])) is not None:
        yield contract.NotInstalled(configuration.id, missing)
        return
    # Without a stack it is the library that is installed in this environment.
    folder = None if stack is None else stack.folder()
    if folder is not None and (folder / "bin" / "node").is_file():
        from servers.openssl import node  # the other levels need none of it

        with node.start(configuration, folder) as event:
            yield event
        return
    if folder is not None:
        put_on_path(folder)
    from servers.openssl import pyopenssl  # its import loads the library

    with pyopenssl.start(configuration) as event:
        yield event


if __name__ == "__main__":
    sys.exit(contract.run(start))
