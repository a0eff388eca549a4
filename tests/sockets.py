"""Which sockets a process has, as the kernel tells it (proc(5))."""

import os
from pathlib import Path

_ESTABLISHED = "01"


def sockets_of(process: int) -> set[str]:
    """The inodes of the sockets that a process has open."""
    found = set()
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        try:
            kind, _, rest = os.readlink(descriptor).partition(":[")
        except OSError:
            continue  # it is closed
        if kind == "socket":
            found.add(rest.rstrip("]"))
    return found


def connections_to(port: int, process: int) -> set[str]:
    """The inodes of the sockets of a process that are connected to a port by IPv4."""
    own = sockets_of(process)
    found = set()
    for line in Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        remote_port = int(fields[2].partition(":")[2], 16)
        if remote_port == port and fields[3] == _ESTABLISHED and fields[9] in own:
            found.add(fields[9])
    return found
