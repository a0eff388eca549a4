"""OpenSSL through pyOpenSSL: the library inside the `cryptography` package that is installed here.

Blocking sockets whose reads and writes the kernel ends after a time; OpenSSL does everything else itself, its
alerts included. A request for /reneg makes the server ask for a renegotiation first, as OpenSSL's own
s_server does.
"""

import select
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import OpenSSL
from cryptography.hazmat.primitives.asymmetric.dsa import DSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates
from OpenSSL import SSL
from OpenSSL.crypto import X509

from handshake.wire.cipher_suites import cipher_suite_name, parse_cipher_suite
from handshake.wire.registry import alert_name, version_name
from servers import contract
from servers.http import http_response, wants_keep_alive, wants_renegotiation
from servers.listener import (
    CONNECTION_TIMEOUT_SECONDS,
    Listener,
    linger,
    read_request,
    set_timeout,
)

# include/openssl/ssl.h: pyOpenSSL has names for only some of the options.
SSL_OP_ALLOW_CLIENT_RENEGOTIATION = 1 << 8
SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION = 1 << 18
RENEGOTIATION = {
    "off": SSL.OP_NO_RENEGOTIATION,
    "secure": 0,
    "legacy": SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION,
}
CLIENT_INITIATED = {False: 0, True: SSL_OP_ALLOW_CLIENT_RENEGOTIATION}
CLIENT_CERTIFICATE = {
    "no": SSL.VERIFY_NONE,
    "request": SSL.VERIFY_PEER,
    "require": SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
}
# Only what a server with certificates can negotiate; @SECLEVEL=0 is what lets TLS 1.0 and 1.1 sign with
# SHA-1.
CIPHER_LISTS = {"default": b"DEFAULT:!PSK:!SRP", "legacy": b"ALL:!aNULL:!PSK:!SRP:@SECLEVEL=0"}
MINIMUM_VERSIONS = {"default": SSL.TLS1_2_VERSION, "legacy": SSL.TLS1_VERSION}
DH_PARAMETERS = Path(__file__).with_name("ffdhe2048.pem")


def library_version() -> str:
    """What the library says it is: `OpenSSL 4.0.3 29 Sep 2026`."""
    return SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode()


def make_context(configuration: contract.Configuration) -> tuple[SSL.Context, frozenset[str]]:
    """A context set up as the toggles say, and the digests of its certificates."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(MINIMUM_VERSIONS[configuration.toggles["protocols"]])
    context.set_cipher_list(CIPHER_LISTS[configuration.toggles["protocols"]])
    context.set_options(RENEGOTIATION[configuration.declared.renegotiation.allowed])
    context.set_options(CLIENT_INITIATED[configuration.declared.renegotiation.client_initiated])
    _ask_for_certificate(context, configuration)
    context.set_session_id(b"tls-matrix")
    context.load_tmp_dh(str(DH_PARAMETERS))
    digests = set()
    for kind in configuration.declared.certificates:
        if kind not in configuration.credentials:
            continue
        pem = configuration.credentials[kind]
        certificate, *_ = load_pem_x509_certificates(pem.chain.encode())
        context.use_certificate(certificate)
        context.use_privatekey(_private_key(pem.private_key))
        digests.add(certificate.fingerprint(SHA256()).hex())
    return context, frozenset(digests)


def _ask_for_certificate(context: SSL.Context, configuration: contract.Configuration) -> None:
    """Trust exactly the certificates given, as authorities of their own."""
    store = context.get_cert_store()
    for pem in configuration.client_certificates.values():
        (certificate,) = load_pem_x509_certificates(pem.encode())
        if store is not None:
            store.add_cert(X509.from_cryptography(certificate))
    context.set_verify(CLIENT_CERTIFICATE[configuration.declared.client_certificate], None)


def _private_key(pem: str) -> RSAPrivateKey | DSAPrivateKey | EllipticCurvePrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    if not isinstance(key, RSAPrivateKey | DSAPrivateKey | EllipticCurvePrivateKey):
        raise ValueError(f"a key of the kind {type(key).__name__} is none that a suite could use")
    return key


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Listen, if the library is the one that the level names."""
    version = library_version()
    if version.split()[1] != configuration.level:
        yield contract.Failed(configuration.id, f"{version} is installed here, not {configuration.level}")
        return
    context, digests = make_context(configuration)

    def serve(connection: socket.socket, peer_port: int) -> None:
        contract.emit(serve_connection(context, configuration.id, connection, peer_port))
        linger(connection)

    with Listener(configuration.host, configuration.port, serve) as listener:
        stack = f"{version} (pyOpenSSL {OpenSSL.__version__})"
        yield contract.Ready(configuration.id, listener.port, stack, digests)


def serve_connection(
    context: SSL.Context, server_id: str, connection: socket.socket, peer_port: int
) -> contract.Connection:
    """One connection from its first byte to our close_notify, and what OpenSSL made of it."""
    set_timeout(connection, CONNECTION_TIMEOUT_SECONDS)
    alerts: list[int] = []

    def note_alert(_: SSL.Connection, where: int, value: int) -> None:
        if where == SSL.SSL_CB_WRITE_ALERT:
            alerts.append(value & 0xFF)

    tls = SSL.Connection(context, connection)
    tls.set_info_callback(note_alert)
    tls.set_accept_state()
    reason = None
    try:
        tls.do_handshake()
        _answer(tls, connection)
        tls.shutdown()
    except SSL.WantReadError:
        reason = "timeout"
    except SSL.SysCallError as error:
        reason = f"connection lost: {error.args[-1]}"
    except SSL.Error as error:
        reason = _reason(error)
    failed = reason is not None and alerts
    suite = tls.get_cipher_name()
    return contract.Connection(
        server_id,
        peer_port,
        version=version_name(tls.get_protocol_version()) if suite else None,
        cipher_suite=cipher_suite_name(parse_cipher_suite(suite)) if suite else None,
        alert_sent=alert_name(alerts[-1]) if failed else None,
        reason=reason,
    )


def _answer(tls: SSL.Connection, connection: socket.socket) -> None:
    text, keeps_alive = f"{library_version()}: {tls.get_cipher_name()}", True
    while keeps_alive and (request := read_request(_until_end(tls.recv))):
        if wants_renegotiation(request) and tls.get_protocol_version() < SSL.TLS1_3_VERSION:
            _renegotiate(tls, connection)
        keeps_alive = wants_keep_alive(request)
        tls.sendall(b"".join(http_response(text, keeps_alive=keeps_alive)))


def _renegotiate(tls: SSL.Connection, connection: socket.socket) -> None:
    """Ask the client for a new handshake and go through it, unless that is off or it never answers."""
    try:
        tls.renegotiate()
    except SSL.Error:
        return
    tls.do_handshake()  # sends the HelloRequest only
    # OpenSSL goes through the handshake while it reads, and on a blocking socket would then wait for data.
    connection.setblocking(False)
    while tls.renegotiate_pending() and select.select([connection], [], [], CONNECTION_TIMEOUT_SECONDS)[0]:
        with suppress(SSL.WantReadError):
            tls.recv(1)
    connection.setblocking(True)


def _until_end(receive: Callable[[int], bytes]) -> Callable[[int], bytes]:
    def receive_or_end(size: int) -> bytes:
        try:
            return receive(size)
        except SSL.ZeroReturnError:
            return b""

    return receive_or_end


def _reason(error: SSL.Error) -> str:
    """The library's own words; the queue of errors is a list of (library, function, reason)."""
    queue = error.args[0] if error.args else []
    return "; ".join(entry[2] for entry in queue) or type(error).__name__


if __name__ == "__main__":
    sys.exit(contract.run(start))
