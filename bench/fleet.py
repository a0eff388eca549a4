"""A fleet: 1,000 targets on loopback, the 23 clients of set:core at each, in one command, with a rate limit.

The targets are listeners of one server process (OpenSSL, through asyncio), and stand in a file for
`--matrix`. Measured are the command's time; the memory of its processes, which are the controlling one and
the workers (the peak of each, VmHWM, and the most that all have together, Pss; both of proc(5)); and by the
server how many connections one target got within any second. Prints one JSON object.

    python -m bench.fleet [--targets N] [--rate CONNECTIONS_A_SECOND]
"""

import argparse
import asyncio
import json
import os
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.machine import machine
from matrix.results.run_file import load_run
from servers.credentials import make_credentials

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
CLIENTS = "set:core"
LIMIT_MB = 200
SAMPLE_SECONDS = 0.2
FILES = 8192


class _Answering(asyncio.Protocol):
    """Answers a request and closes."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._request = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is complete."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Collect the request."""
        self._request += data
        if b"\r\n\r\n" in self._request and self._transport is not None:
            self._transport.write(ANSWER)
            self._transport.close()


async def _serve(count: int) -> None:
    """Listen on so many ports until standard input ends; says the ports, then the most that one port got."""
    context = _context()
    began: dict[int, list[float]] = defaultdict(list)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)  # a handshake that fails is what many cells are about

    async def accept(listener: socket.socket) -> None:
        port = listener.getsockname()[1]
        while True:
            connection, _ = await loop.sock_accept(listener)
            began[port].append(loop.time())
            handling.add(loop.create_task(handle(connection)))

    async def handle(connection: socket.socket) -> None:
        with suppress(OSError):
            await loop.connect_accepted_socket(_Answering, connection, ssl=context)

    handling: set[asyncio.Task[None]] = set()
    listeners = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in range(count)]
    for listener in listeners:
        listener.setblocking(False)
        handling.add(loop.create_task(accept(listener)))
    print(json.dumps([listener.getsockname()[1] for listener in listeners]), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(max((_most_within_a_second(times) for times in began.values()), default=0), flush=True)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    pem = make_credentials()["rsa"]
    with tempfile.TemporaryDirectory() as folder:
        key, chain = Path(folder, "key.pem"), Path(folder, "chain.pem")
        key.write_text(pem.private_key)
        chain.write_text(pem.chain)
        context.load_cert_chain(chain, key)
    return context


def _most_within_a_second(times: list[float]) -> int:
    ordered = sorted(times)
    return max(sum(first <= each < first + 1 for each in ordered[at:]) for at, first in enumerate(ordered))


@contextmanager
def fleet(count: int) -> Iterator[tuple[list[int], list[int]]]:
    """Servers in one process: their ports, and once they have ended the most that one got within a second."""
    program = [sys.executable, "-m", "bench.fleet", "--serve", str(count)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        most: list[int] = []
        try:
            yield json.loads(process.stdout.readline()), most
        finally:
            process.stdin.close()
            most.append(json.loads(process.stdout.readline() or "0"))


def site_of(ports: list[int], rate: float) -> str:
    """The file for `--matrix`."""
    targets = "".join(f'host-{number:04} = "127.0.0.1:{port}"\n' for number, port in enumerate(ports))
    return f'clients = ["{CLIENTS}"]\nrate = {rate}\n\n[targets]\n{targets}'


class Memory:
    """The memory of a command and of all that it has started, looked at again and again while it runs."""

    def __init__(self, process_id: int) -> None:
        self.peaks: dict[int, int] = {}
        self.together = 0
        self._root = process_id
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            together = 0
            for process_id in self._family():
                try:
                    status = Path(f"/proc/{process_id}/status").read_text()
                    rollup = Path(f"/proc/{process_id}/smaps_rollup").read_text()
                except OSError:
                    continue
                self.peaks[process_id] = max(self.peaks.get(process_id, 0), _kilobytes(status, "VmHWM"))
                together += _kilobytes(rollup, "Pss")
            self.together = max(self.together, together)

    def _family(self) -> list[int]:
        family = [self._root]
        for process_id in family:
            try:
                children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text()
            except OSError:
                continue
            family += map(int, children.split())
        return family


def _kilobytes(text: str, name: str) -> int:
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:")), 0)


def measure(count: int, rate: float, scratch: Path) -> dict[str, object]:
    """Run the command and say what it took."""
    with fleet(count) as (ports, most):
        (scratch / "site.toml").write_text(site_of(ports, rate))
        out = ("--out", str(scratch / "run"), "--history", str(scratch / "history.sqlite"), "--quiet")
        command = [sys.executable, "-m", "matrix", "run", "--matrix", str(scratch / "site.toml"), *out]
        began = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
            memory = Memory(run.pid)
            _, said = run.communicate()
            memory.end()
        seconds = time.monotonic() - began
    if run.returncode != 0:
        raise SystemExit(f"the run ended with {run.returncode}: {said}")
    cells = load_run(scratch / "run").cells
    largest = round(max(memory.peaks.values()) / 1024)
    return {
        "targets": count,
        "cells": len(cells),
        "not_measured": sum(cell.outcome is None for cell in cells),
        "seconds": round(seconds, 1),
        "cells_per_second": round(len(cells) / seconds),
        "processes_mb": sorted((round(peak / 1024) for peak in memory.peaks.values()), reverse=True),
        "largest_process_mb": {"value": largest, "target": LIMIT_MB, "met": largest <= LIMIT_MB},
        "all_processes_mb": round(memory.together / 1024),
        "rate": rate,
        "most_within_a_second_at_one_target": most[0],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard), hard))
    if asked.serve is not None:
        asyncio.run(_serve(asked.serve))
        os._exit(0)  # connections that clients have left open are nobody's any more
    with tempfile.TemporaryDirectory() as scratch:
        result = measure(asked.targets, asked.rate, Path(scratch))
    print(json.dumps({"bench": "fleet", "machine": machine(), **result}, indent=1))


if __name__ == "__main__":
    main()
