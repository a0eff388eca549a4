"""Plays any number of emulated servers; their configurations come on standard input (`servers.contract`)."""

import sys

from servers import contract
from servers.emulated.host import Host

if __name__ == "__main__":
    with Host() as host:
        status = contract.run(host.start)
    sys.exit(status)
