"""The system's `openssl s_server -tls1` with every cipher suite, several processes alike.

An s_server serves one connection after another, so there are some, each with its own port. Without a
configuration file the machine's own settings play no part.
"""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from bench.fidelity.questions import Address
from bench.fidelity.stacks.running import Missing, Running, bound_to_us
from servers.contract import PrivateKeyAndChain

PROCESSES = 8
LOOPBACK = "127.0.0.1"
OPTIONS = ("-accept", f"{LOOPBACK}:0", "-www", "-tls1", "-cipher", "ALL:@SECLEVEL=0")
ENVIRONMENT = {"OPENSSL_CONF": "/dev/null", "PATH": os.environ.get("PATH", os.defpath)}


@contextmanager
def start(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[Running | Missing]:
    """Start the processes."""
    program = shutil.which("openssl")
    if program is None:
        yield Missing("there is no openssl program; get it with: apt-get install openssl")
        return
    version = subprocess.run(
        [program, "version"], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    with ExitStack() as closing:
        descriptor = os.memfd_create("rsa")
        closing.callback(os.close, descriptor)
        os.write(descriptor, (credentials["rsa"].private_key + credentials["rsa"].chain).encode())
        file = f"/dev/fd/{descriptor}"
        command = bound_to_us([program, "s_server", *OPTIONS, "-cert", file, "-key", file])
        ports = [closing.enter_context(_process(command, descriptor)) for _ in range(PROCESSES)]
        described = f"{' '.join(version.stdout.split()[:2])} (s_server {' '.join(OPTIONS[3:])})"
        yield Running(Address(LOOPBACK, ports, 1), described)


@contextmanager
def _process(command: list[str], descriptor: int) -> Iterator[int]:
    """One s_server; gives its port, and reads what it prints until it is ended."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=ENVIRONMENT,
        pass_fds=[descriptor],
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            said = ""
            for line in process.stdout:
                said = line
                if found := re.match(r"ACCEPT .*:(\d+)$", line):
                    break
            else:
                raise SystemExit(f"openssl s_server does not listen: {said.strip()}")
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield int(found[1])
        finally:
            process.kill()
