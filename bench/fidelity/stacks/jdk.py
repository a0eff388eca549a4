"""SunJSSE of the machine's Java 17: the one place that says how the bench gets at it.

Settings as in the measurements (research note on servers, section 7): no algorithm disabled, SSLv2Hello,
SSLv3 and TLSv1 enabled.
"""

import base64
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.fidelity.questions import Address
from bench.fidelity.stacks.running import Missing, Running, bound_to_us
from servers.contract import PrivateKeyAndChain

LEVEL = "17"
PROGRAM = Path(__file__).parent / "SunJSSE.java"
LOOPBACK = "127.0.0.1"
AT_ONCE = 16
ADVICE = "get it with: apt-get install openjdk-17-jdk-headless"


@contextmanager
def start(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[Running | Missing]:
    """Start the program, if Java is there and is the one that is emulated."""
    java = shutil.which("java")
    if java is None:
        yield Missing(f"there is no java program; {ADVICE}")
        return
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    if f'version "{LEVEL}.' not in said:
        yield Missing(f"java is {(said.splitlines() or [said])[0]!r}, not {LEVEL}; {ADVICE}")
        return
    pem = credentials["rsa"]
    key = re.sub(r"-----[A-Z ]+-----|\s", "", pem.private_key)
    leaf = base64.b64encode(ssl.PEM_cert_to_DER_cert(pem.chain)).decode()
    with subprocess.Popen(
        bound_to_us([java, str(PROGRAM)]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{key}\n{leaf}\n")
        port, _, version = process.stdout.readline().partition(" ")
        if not port:
            raise SystemExit(f"{PROGRAM.name} does not start")
        yield Running(Address(LOOPBACK, [int(port)], AT_ONCE), f"SunJSSE of Java {version.strip()}")
        process.stdin.close()
        process.wait(5)
