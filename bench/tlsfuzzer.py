"""The probe of tlsfuzzer that is like one of `explain`: a hello, and the answer up to ServerHelloDone.

tlsfuzzer (GPL-2.0, github.com/tlsfuzzer/tlsfuzzer) is in no package index and no part of this repository: the
folder of a checkout is named. It runs on the tlslite-ng that is installed here.
"""

import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

_SCHEMES = {"mldsa44": (9, 4), "mldsa65": (9, 5), "mldsa87": (9, 6)}
"""Names that tlsfuzzer of 2026 takes from a tlslite-ng newer than the one here."""


def milliseconds(folder: Path, port: int, seconds: float) -> float:
    """What a probe takes on average; the server at `port` on loopback has to take TLS 1.0 and RSA."""
    sys.path.insert(0, str(folder))
    constants: Any = import_module("tlslite.constants")
    for name, code in _SCHEMES.items():
        if not hasattr(constants.SignatureScheme, name):
            setattr(constants.SignatureScheme, name, code)
    runner: Any = import_module("tlsfuzzer.runner")
    messages: Any = import_module("tlsfuzzer.messages")
    expect: Any = import_module("tlsfuzzer.expect")
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        first = messages.Connect("127.0.0.1", port)
        suites = [constants.CipherSuite.TLS_RSA_WITH_AES_128_CBC_SHA]
        node = first.add_child(messages.ClientHelloGenerator(suites, version=(3, 1)))
        node = node.add_child(expect.ExpectServerHello(version=(3, 1)))
        node = node.add_child(expect.ExpectCertificate())
        node.add_child(expect.ExpectServerHelloDone()).add_child(messages.Close())
        runner.Runner(first).run()
        count += 1
    return 1000 * (time.perf_counter() - began) / count
