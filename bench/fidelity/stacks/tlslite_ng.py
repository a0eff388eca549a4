"""tlslite-ng as a server in this process, with its default settings but no version above TLS 1.0.

SSLv3 is on: the library accepts it by default (`minVersion` is its only limit, and that is lowered here as in
the measurements, research note on servers, section 7), and so is RC4.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from bench.fidelity.questions import Address
from bench.fidelity.stacks.running import Missing, Running
from servers.contract import PrivateKeyAndChain
from servers.listener import CONNECTION_TIMEOUT_SECONDS, Listener, linger

LOOPBACK = "127.0.0.1"
AT_ONCE = 16


@contextmanager
def start(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[Running | Missing]:
    """Listen, if the library is there."""
    try:
        import tlslite
        from tlslite.api import HandshakeSettings, SessionCache, TLSConnection, X509CertChain, parsePEMKey
    except ImportError:
        yield Missing("there is no tlslite-ng; get it with: pip install tlslite-ng==0.8.2")
        return
    settings: Any = HandshakeSettings()
    settings.minVersion, settings.maxVersion = (3, 0), (3, 1)
    settings.versions = [(3, 1), (3, 0)]
    settings.cipherNames = [*settings.cipherNames, "rc4"]
    key = parsePEMKey(credentials["rsa"].private_key, private=True)
    chain = X509CertChain()
    chain.parsePemList(credentials["rsa"].chain)
    sessions = SessionCache()

    def serve(connection: socket.socket, _peer_port: int) -> None:
        # The library closes what it is given, so it gets a descriptor of its own; whatever it raises, the
        # peer sees the end of the connection.
        with connection.dup() as own, suppress(Exception):
            own.settimeout(CONNECTION_TIMEOUT_SECONDS)
            tls: Any = TLSConnection(own)
            tls.handshakeServer(certChain=chain, privateKey=key, settings=settings, sessionCache=sessions)
        linger(connection)

    with Listener(LOOPBACK, 0, serve) as listener:
        yield Running(Address(LOOPBACK, [listener.port], AT_ONCE), f"tlslite-ng {tlslite.__version__}")
