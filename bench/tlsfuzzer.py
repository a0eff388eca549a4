"""The probes of tlsfuzzer that are like those of `explain`: a hello, and what the server answers to it.

tlsfuzzer (GPL-2.0, github.com/tlsfuzzer/tlsfuzzer) is in no package index and no part of this repository: the
folder of a checkout is named. It runs on the tlslite-ng that is installed here.
"""

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

_SCHEMES = {"mldsa44": (9, 4), "mldsa65": (9, 5), "mldsa87": (9, 6)}
"""Names that tlsfuzzer of 2026 takes from a tlslite-ng newer than the one here."""
_TLS_1_2 = 0x0303
_OFFERED = ("rsa_pss_rsae_sha256", "ecdsa_secp256r1_sha256", "rsa_pkcs1_sha256", "rsa_pkcs1_sha1")


class Tlsfuzzer:
    """tlsfuzzer of a checkout, for a server at `port` on loopback that takes `protocol`, up to TLS 1.2."""

    def __init__(self, folder: Path, port: int, protocol: int) -> None:
        sys.path.insert(0, str(folder))
        self._constants: Any = import_module("tlslite.constants")
        for name, code in _SCHEMES.items():
            if not hasattr(self._constants.SignatureScheme, name):
                setattr(self._constants.SignatureScheme, name, code)
        self._runner: Any = import_module("tlsfuzzer.runner")
        self._messages: Any = import_module("tlsfuzzer.messages")
        self._expect: Any = import_module("tlsfuzzer.expect")
        self._port = port
        self._protocol = divmod(protocol, 0x100)
        self.version = f"{_commit(folder)}, tlslite-ng {version('tlslite-ng')}"

    def answered(self, suite: int) -> Callable[[], None]:
        """A probe with a hello of one cipher suite, with key exchange by RSA, that the server takes."""

        def once() -> None:
            first, node = self._hello(suite)
            node = node.add_child(self._expect.ExpectServerHello(version=self._protocol))
            node = node.add_child(self._expect.ExpectCertificate())
            node.add_child(self._expect.ExpectServerHelloDone()).add_child(self._messages.Close())
            self._runner.Runner(first).run()

        return once

    def refused(self, suite: int) -> Callable[[], None]:
        """A probe with a hello of one cipher suite that the server refuses with an alert."""

        def once() -> None:
            first, node = self._hello(suite)
            node.add_child(self._expect.ExpectAlert()).add_child(self._expect.ExpectClose())
            self._runner.Runner(first).run()

        return once

    def _hello(self, suite: int) -> tuple[Any, Any]:
        """The beginning of a conversation, and its hello."""
        first = self._messages.Connect("127.0.0.1", self._port)
        extensions = self._extensions() if self._protocol >= divmod(_TLS_1_2, 0x100) else None
        hello = self._messages.ClientHelloGenerator([suite], version=self._protocol, extensions=extensions)
        return first, first.add_child(hello)

    def _extensions(self) -> dict[Any, Any]:
        schemes = [getattr(self._constants.SignatureScheme, name) for name in _OFFERED]
        extensions: Any = import_module("tlslite.extensions")
        kind = self._constants.ExtensionType.signature_algorithms
        return {kind: extensions.SignatureAlgorithmsExtension().create(schemes)}


def _commit(folder: Path) -> str:
    command = ["git", "-C", str(folder), "log", "-1", "--format=%h of %cs"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "a copy without its history"
