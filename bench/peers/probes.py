"""What is measured in this process: a cell beside pyOpenSSL, and a probe of `explain` beside tlsfuzzer's.

Both probes send the same two hellos: one whose only cipher suite the server refuses, and one that it answers.
Of the second tlsfuzzer reads the answer up to ServerHelloDone. `explain` does more there: it completes the
handshake, because what fails after the hello is a failure too.
"""

from importlib.metadata import version
from pathlib import Path

from OpenSSL import SSL

from bench.connect_cell import CLIENT, cell, pyopenssl_in_process
from bench.peers.measured import Missing, Peer, repeated
from bench.peers.targets import (
    ANSWERED,
    CELL,
    PYOPENSSL,
    REFUSED,
    TLSFUZZER_ANSWERED,
    TLSFUZZER_REFUSED,
)
from bench.tlsfuzzer import Tlsfuzzer
from clients.destination import Destination
from clients.profile import load_profiles
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.registry import ExtensionType, ProtocolVersion
from matrix.explain.asking import Asker
from matrix.results.environment import tool_version
from servers.contract import PrivateKeyAndChain

SECONDS = 1.0
DEADLINE_SECONDS = 2.0
RSA_WITH_AES_128_CBC_SHA = 0x002F
RSA_WITH_RC4_128_MD5 = 0x0004
"""No OpenSSL of these years takes it."""
_SCHEMES = bytes.fromhex("0008 0804 0403 0401 0201")
"""What a server with a key of RSA needs to be offered (RFC 5246 section 7.4.1.4.1)."""


def this_program(destination: Destination) -> list[Peer]:
    """Its cell, and both probes."""
    player = load_profiles()[CLIENT].player
    asker = Asker(destination, DEADLINE_SECONDS, asks_for_page=False)
    own = tool_version()

    def probe(name: str, suite: int, passes: bool) -> Peer:
        template = asker.sent(hello(suite))

        def once() -> None:
            answer = asker.ask(template)
            assert answer.passes is passes, answer

        return Peer(name, own, "probes", lambda: repeated(once, SECONDS))

    return [
        Peer(CELL, own, "handshakes", lambda: repeated(cell(player, destination), SECONDS)),
        probe(REFUSED, RSA_WITH_RC4_128_MD5, False),
        probe(ANSWERED, RSA_WITH_AES_128_CBC_SHA, True),
    ]


def pyopenssl(credential: PrivateKeyAndChain) -> Peer:
    """Its handshake and request: both ends are its own, and no socket is between them."""
    once = pyopenssl_in_process(credential)
    said = f"{version('pyOpenSSL')}, {SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode().split(' ')[1]}"
    return Peer(PYOPENSSL, said, "handshakes", lambda: repeated(once, SECONDS))


def tlsfuzzer(folder: Path | None, port: int) -> list[Peer | Missing]:
    """Its two probes, where a checkout is named."""
    if folder is None or not (folder / "tlsfuzzer" / "runner.py").is_file():
        advice = "name the folder of a checkout of github.com/tlsfuzzer/tlsfuzzer: --tlsfuzzer FOLDER"
        return [Missing(name, advice) for name in (TLSFUZZER_REFUSED, TLSFUZZER_ANSWERED)]
    fuzzer = Tlsfuzzer(folder, port, ProtocolVersion.TLS_1_2)
    refused, answered = fuzzer.refused(RSA_WITH_RC4_128_MD5), fuzzer.answered(RSA_WITH_AES_128_CBC_SHA)
    return [
        Peer(TLSFUZZER_REFUSED, fuzzer.version, "probes", lambda: repeated(refused, SECONDS)),
        Peer(TLSFUZZER_ANSWERED, fuzzer.version, "probes", lambda: repeated(answered, SECONDS)),
    ]


def hello(suite: int) -> HelloTemplate:
    """The hello of TLS 1.2 with one cipher suite, as `bench.tlsfuzzer` sends it."""
    schemes = ExtensionTemplate(ExtensionType.SIGNATURE_ALGORITHMS, _SCHEMES)
    return HelloTemplate(ProtocolVersion.TLS_1_2, (suite,), extensions=(schemes,))
