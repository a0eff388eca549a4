"""Namespaces of our own (namespaces(7)) for programs that listen on every address of the machine.

Nothing in a network namespace is reached from outside of it. A socket, though, belongs to the namespace it
was made in, so a few are made before, and connections that come to these are carried inside (`servers.system.
relay`). Where a container isolates us already, nothing is done.
"""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import cycle
from pathlib import Path

from servers import contract

MAX_SERVERS = 64
# Nobody else binds ports in there; these are below those the kernel takes for connections.
PORTS = range(20_000, 32_000)

# linux/sched.h, sys/mount.h
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x0002_0000, 0x1000_0000, 0x4000_0000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 1 << 12, 1 << 14, 1 << 18
# linux/sockios.h, linux/if.h
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40

_libc = ctypes.CDLL(None, use_errno=True)


class NamespaceError(Exception):
    """The system does not let us have namespaces; the message is one line that says what to do."""


class Namespaces:
    """What this process is in. `is_alone`: whether they are ours, and not those of a container; `ports`:
    ports for one process of a program after the other.
    """

    def __init__(self, outside: list[socket.socket], *, is_alone: bool) -> None:
        self._outside = outside
        self.is_alone = is_alone
        self.ports: Iterator[int] = cycle(PORTS)

    def outside_socket(self) -> socket.socket:
        """A TCP socket (IPv4) in the network namespace we came from; there are MAX_SERVERS of them."""
        if not self._outside:
            raise NamespaceError(f"one process of the program has no more than {MAX_SERVERS} servers")
        return self._outside.pop()


def enter() -> Namespaces:
    """Move this process, which must have only one thread yet, into namespaces of its own; raises
    NamespaceError.
    """
    outside = [socket.socket() for _ in range(MAX_SERVERS)]
    if contract.is_in_container():
        return Namespaces(outside, is_alone=False)
    user, group = os.geteuid(), os.getegid()
    try:
        if user == 0:
            _call("unshare", CLONE_NEWNET | CLONE_NEWNS)
        else:
            _call("unshare", CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS)
            # A user who is none of the system's cannot map groups otherwise (user_namespaces(7)).
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        _call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
        _bring_loopback_up()
    except OSError as error:
        raise NamespaceError(
            f"it listens on every address of the machine and is kept in a network namespace, which the "
            f"system refuses ({error.strerror}); allow user namespaces (sysctl user.max_user_namespaces, "
            "kernel.apparmor_restrict_unprivileged_userns) or use --backend docker"
        ) from error
    return Namespaces(outside, is_alone=True)


def run(start: Callable[[contract.Configuration, Namespaces], AbstractContextManager[contract.Event]]) -> int:
    """A server program's main (`contract.run`) inside namespaces; where the system refuses them, every server
    has failed.
    """
    try:
        namespaces = enter()
    except NamespaceError as error:
        message = str(error)
        return contract.run(lambda asked: nullcontext(contract.Failed(asked.id, message)))
    return contract.run(lambda asked: start(asked, namespaces))


def mount_memory(folder: Path) -> None:
    """Lay an empty file system in memory over the folder, for this process and its children; it is gone with
    the last of them.
    """
    _call("mount", b"tmpfs", os.fsencode(folder), b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=0700")


def mount_again(path: Path, at: Path) -> None:
    """Let the folder or file be seen at another place too, by this process and its children."""
    _call("mount", os.fsencode(path), os.fsencode(at), None, MS_BIND | MS_REC, None)


def _bring_loopback_up() -> None:
    with socket.socket() as inside:
        request = struct.pack("16sh14x", b"lo", IFF_UP | IFF_RUNNING)
        fcntl.ioctl(inside, SIOCSIFFLAGS, request)


def _call(function: str, *arguments: object) -> None:
    if getattr(_libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
