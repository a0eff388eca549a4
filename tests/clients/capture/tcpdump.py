"""tcpdump on loopback, while a test's connections are made."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WAIT_SECONDS = 60
LAST = os.urandom(16)
"""A datagram that tcpdump has written when all before it is written."""


@contextmanager
def captured(file: Path, port: int, *options: str) -> Iterator[None]:
    """Let tcpdump write what goes to and from a port into a file; it is complete when the context ends."""
    if shutil.which("tcpdump", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
        pytest.skip("there is no tcpdump program; get it with: apt-get install tcpdump")
    if os.geteuid() != 0:
        pytest.skip("packets are captured by root only; start the tests as root")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.bind(("127.0.0.1", 0))
        own = last.getsockname()
        # -Z: else it writes as a user who may have no right to the folder.
        command = ["tcpdump", "-i", "lo", "-U", "--immediate-mode", "-Z", "root", *options, "-w", str(file)]
        command.append(f"tcp port {port} or udp port {own[1]}")
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
            assert program.stderr is not None
            try:
                said = ""
                while "listening on" not in said:
                    said = program.stderr.readline()
                    assert said, "tcpdump does not listen"
                yield
                until = time.monotonic() + WAIT_SECONDS
                while LAST not in file.read_bytes():
                    assert time.monotonic() < until, "tcpdump has not written all"
                    last.sendto(LAST, own)
                    time.sleep(0.05)
            finally:
                program.send_signal(signal.SIGINT)
                program.communicate(timeout=WAIT_SECONDS)
