"""OpenSSL 1.1.1 and later, the library inside a `cryptography` package, through pyOpenSSL 19 to 26.

Blocking sockets whose reads and writes the kernel ends after a time; OpenSSL does everything else itself, its
alerts included. A request for /reneg makes the server ask for a renegotiation first, as OpenSSL's own
s_server does.
"""

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import OpenSSL
from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_PEM, load_certificate, load_privatekey

from handshake.wire.cipher_suites import cipher_suite_name, parse_cipher_suite
from handshake.wire.registry import ProtocolVersion, alert_name, version_name
from servers import contract
from servers.http import http_response, wants_keep_alive, wants_renegotiation
from servers.listener import (
    CONNECTION_TIMEOUT_SECONDS,
    Listener,
    linger,
    read_request,
    set_timeout,
)
from servers.openssl.settings import cipher_list, options
from servers.system import DH_PARAMETERS

CLIENT_CERTIFICATE = {
    "no": SSL.VERIFY_NONE,
    "request": SSL.VERIFY_PEER,
    "require": SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
}


def library_version() -> str:
    """What the library says it is: `OpenSSL 4.0.3 29 Sep 2026`."""
    # Called SSLeay_version until pyOpenSSL 22.
    version = SSL.OpenSSL_version if hasattr(SSL, "OpenSSL_version") else SSL.SSLeay_version
    return version(0).decode()


def make_context(configuration: contract.Configuration) -> SSL.Context:
    """A context set up as the toggles say."""
    context = SSL.Context(SSL.SSLv23_METHOD)  # every version there is; the name that every pyOpenSSL knows
    suites = cipher_list(configuration.toggles, has_security_levels=True)
    if suites is not None:
        context.set_cipher_list(suites.encode())
    context.set_options(options(configuration.toggles))
    context.set_info_callback(_note_alert)
    _ask_for_certificate(context, configuration)
    context.set_session_id(b"tls-matrix")
    context.load_tmp_dh(str(DH_PARAMETERS))
    for pem in configuration.presented().values():
        leaf, *others = (load_certificate(FILETYPE_PEM, each.encode()) for each in pem.certificates())
        context.use_certificate(leaf)
        for other in others:
            context.add_extra_chain_cert(other)
        context.use_privatekey(load_privatekey(FILETYPE_PEM, pem.private_key.encode()))
    return context


def _ask_for_certificate(context: SSL.Context, configuration: contract.Configuration) -> None:
    """Trust exactly the certificates given, as authorities of their own."""
    store = context.get_cert_store()
    for pem in configuration.client_certificates.values():
        if store is not None:
            store.add_cert(load_certificate(FILETYPE_PEM, pem.encode()))
    context.set_verify(CLIENT_CERTIFICATE[configuration.declared.client_certificate], _as_openssl_says)


def _note_alert(tls: SSL.Connection, where: int, value: int) -> None:
    if where == SSL.SSL_CB_WRITE_ALERT:
        tls.get_app_data().append(value & 0xFF)


def _as_openssl_says(_: SSL.Connection, certificate: object, error: int, depth: int, verified: int) -> bool:
    """The answer that changes nothing; a callback of None is for pyOpenSSL 20 and later."""
    return bool(verified)


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Listen, if the library is the one that the level names."""
    version = library_version()
    if version.split()[1:2] != [configuration.level]:
        yield contract.Failed(configuration.id, f"{version} is installed here, not {configuration.level}")
        return
    context = make_context(configuration)

    def serve(connection: socket.socket, peer_port: int) -> None:
        contract.emit(serve_connection(context, configuration.id, connection, peer_port))
        linger(connection)

    with Listener(configuration.host, configuration.port, serve) as listener:
        stack = f"{version} (pyOpenSSL {OpenSSL.__version__})"
        yield contract.Ready(configuration.id, listener.port, stack, configuration.certificate_sha256())


def serve_connection(
    context: SSL.Context, server_id: str, connection: socket.socket, peer_port: int
) -> contract.Connection:
    """One connection from its first byte to our close_notify, and what OpenSSL made of it."""
    set_timeout(connection, CONNECTION_TIMEOUT_SECONDS)
    alerts: list[int] = []
    tls = SSL.Connection(context, connection)
    tls.set_app_data(alerts)
    tls.set_accept_state()
    reason = None
    try:
        tls.do_handshake()
        _answer(tls, connection)
        tls.shutdown()
    except (SSL.WantReadError, SSL.WantWriteError):
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
        if wants_renegotiation(request) and tls.get_protocol_version() < ProtocolVersion.TLS_1_3:
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
