"""Both ends in one process: our engine, tlslite-ng and pyOpenSSL, joined by byte strings only."""

import atexit
import base64
import errno
import os
import tempfile
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

from Cryptodome.Util.asn1 import DerSequence
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import load_der_x509_certificate
from OpenSSL import SSL
from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
from tlslite.errors import TLSError
from tlslite.x509 import X509

from handshake.client.connection import ClientConnection
from handshake.connection import Connection
from handshake.crypto.credentials import Credential, generate_dsa, generate_ecdsa, generate_rsa
from handshake.crypto.dh_groups import JSSE_DH_GROUPS, modp_group
from handshake.crypto.signatures import MLDSAPrivateKey
from handshake.crypto.suite_parameters import suite_parameters
from handshake.events import ApplicationData, Event
from handshake.hello_template import (
    ClientLimits,
    ClientPolicy,
    ExtensionTemplate,
    Fill,
    HelloFormat,
    HelloTemplate,
)
from handshake.server import ServerConfiguration, ServerConnection
from handshake.wire.cipher_suites import CIPHER_SUITES
from handshake.wire.registry import ExtensionType, NamedGroup, ProtocolVersion

REQUEST = b"GET / HTTP/1.0\r\n\r\n"
ANSWER = b"HTTP/1.0 200 OK\r\n\r\n" + bytes(300)
LONG_ANSWER = ANSWER + bytes(20_000)  # more than one record
VERSIONS = tuple(version for version in ProtocolVersion if version >= ProtocolVersion.SSL_3_0)


@cache
def credentials() -> dict[str, Credential]:
    """One key of each kind, made once a process."""
    now = datetime.now(UTC)
    return {
        "rsa": generate_rsa(2048, subject="rsa", now=now, serial=1),
        "dsa": generate_dsa(1024, subject="dsa", now=now, serial=2),
        "ecdsa": generate_ecdsa(ec.SECP256R1(), subject="ecdsa", now=now, serial=3),
    }


def template(version: int, *suites: int, sslv2: bool = False) -> HelloTemplate:
    """A plain hello for one version: all the extensions a peer may want, none in SSLv3."""
    if sslv2:
        return HelloTemplate(version, (0x010080, *suites), format=HelloFormat.SSLV2)
    extensions = [
        ExtensionTemplate(ExtensionType.SERVER_NAME, fill=Fill.SERVER_NAME),
        ExtensionTemplate(ExtensionType.SUPPORTED_GROUPS, bytes.fromhex("000a001d00170018001900ff")),
        ExtensionTemplate(ExtensionType.EC_POINT_FORMATS, bytes.fromhex("0100")),
        ExtensionTemplate(ExtensionType.EXTENDED_MASTER_SECRET),
        ExtensionTemplate(ExtensionType.ENCRYPT_THEN_MAC),
    ]
    if version >= ProtocolVersion.TLS_1_2:
        schemes = "0804 0805 0806 0403 0503 0401 0501 0201 0202 0203 0402"
        body = bytes.fromhex(schemes)
        extensions.append(
            ExtensionTemplate(ExtensionType.SIGNATURE_ALGORITHMS, len(body).to_bytes(2, "big") + body)
        )
    if version >= ProtocolVersion.TLS_1_3:
        share = bytes.fromhex("0024001d0020") + bytes(32)
        extensions.append(ExtensionTemplate(ExtensionType.SUPPORTED_VERSIONS, bytes.fromhex("020304")))
        extensions.append(ExtensionTemplate(ExtensionType.KEY_SHARE, share, Fill.KEY_SHARE))
    return HelloTemplate(
        min(version, ProtocolVersion.TLS_1_2),
        (*suites, 0x00FF),
        record_version=min(version, ProtocolVersion.TLS_1_0),
        session_id_length=32 if version >= ProtocolVersion.TLS_1_3 else 0,
        extensions=tuple(extensions) if version >= ProtocolVersion.TLS_1_0 else None,
    )


def client(
    hello: HelloTemplate, limits: ClientLimits | None = None, policy: ClientPolicy | None = None
) -> ClientConnection:
    """Our client role, its hello queued."""
    connection = silent_client(hello, limits, policy)
    connection.start(0.0)
    return connection


def silent_client(
    hello: HelloTemplate, limits: ClientLimits | None = None, policy: ClientPolicy | None = None
) -> ClientConnection:
    """Our client role, which has said nothing yet."""
    return ClientConnection(
        hello,
        server_name="server.example.test",
        limits=limits or ClientLimits(),
        policy=policy or ClientPolicy(),
        entropy=os.urandom,
    )


def configuration(version: int, *suites: int, **quirks: Any) -> ServerConfiguration:
    """A server of one version with everything it needs for `suites`."""
    settings: dict[str, Any] = {
        "versions": (version,),
        "cipher_suites": suites,
        "credentials": credentials(),
        "dh_group": modp_group(1024),
        "export_dh_group": JSSE_DH_GROUPS[512],
        "named_groups": (NamedGroup.X25519, NamedGroup.SECP256R1, NamedGroup.SECP384R1),
        "default_named_group": NamedGroup.SECP256R1,
    }
    return ServerConfiguration(**(settings | quirks))


def server(version: int, *suites: int, **quirks: Any) -> ServerConnection:
    """Our server role."""
    return ServerConnection(configuration(version, *suites, **quirks), entropy=os.urandom)


class Peer(Protocol):
    """Anything that takes and gives bytes and ends up connected."""

    received: bytearray

    def take(self, data: bytes) -> None:
        """Bytes from the other side."""

    def give(self) -> bytes:
        """Bytes for the other side."""

    def send(self, data: bytes) -> None:
        """Queue application data."""

    @property
    def is_connected(self) -> bool:
        """Whether the handshake is complete."""


@dataclass
class Ours:
    """Our engine as a peer."""

    connection: Connection
    received: bytearray = field(default_factory=bytearray)
    events: list[Event] = field(default_factory=list)

    def take(self, data: bytes) -> None:
        self.connection.receive_data(data, 0.0)
        while (event := self.connection.next_event()) is not None:
            self.events.append(event)
            if isinstance(event, ApplicationData):
                self.received += event.data

    def give(self) -> bytes:
        return self.connection.data_to_send()

    def send(self, data: bytes) -> None:
        self.connection.send_application_data(data, 0.0)

    @property
    def is_connected(self) -> bool:
        return self.connection.is_connected


class OpenSSLPeer:
    """A pyOpenSSL connection over memory buffers."""

    def __init__(
        self,
        context: SSL.Context,
        role: str,
        session: SSL.Session | None = None,
        connection: SSL.Connection | None = None,
    ) -> None:
        self.connection = connection or SSL.Connection(context, None)
        if session is not None:
            self.connection.set_session(session)
        if role == "client":
            self.connection.set_connect_state()
        else:
            self.connection.set_accept_state()
        self.received = bytearray()
        self.is_connected = False
        self._advance()

    def _advance(self) -> None:
        try:
            if not self.is_connected:
                self.connection.do_handshake()
                self.is_connected = True
            while True:
                self.received += self.connection.recv(65536)
        except (SSL.WantReadError, SSL.ZeroReturnError):
            pass

    def take(self, data: bytes) -> None:
        self.connection.bio_write(data)
        self._advance()

    def give(self) -> bytes:
        data = b""
        try:
            while True:
                data += self.connection.bio_read(65536)
        except SSL.WantReadError:
            return data

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)


class _MemorySocket:
    """As much of a socket as tlslite-ng uses."""

    def __init__(self) -> None:
        self.incoming, self.outgoing = bytearray(), bytearray()

    def send(self, data: bytes) -> int:
        self.outgoing += data
        return len(data)

    def sendall(self, data: bytes) -> None:
        self.outgoing += data

    def recv(self, size: int) -> bytes:
        if not self.incoming:
            raise OSError(errno.EWOULDBLOCK, "nothing there")
        data = bytes(self.incoming[:size])
        del self.incoming[:size]
        return data

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


class TlslitePeer:
    """A tlslite-ng connection, driven through its generators."""

    def __init__(
        self,
        role: str,
        settings: HandshakeSettings,
        certificate: str | None,
        next_protocols: list[bytes] | None = None,
    ) -> None:
        self._socket = _MemorySocket()
        self.connection = TLSConnection(self._socket)
        self.received = bytearray()
        self.is_connected = False
        self.failure: TLSError | None = None
        self._reading: Generator[Any, None, None] | None = None
        if role == "client":
            kind = (
                self.connection.handshakeClientAnonymous
                if certificate is None
                else self.connection.handshakeClientCert
            )
            self._handshake = kind(settings=settings, async_=True)
        else:
            keys = {} if certificate is None else tlslite_credential(certificate)
            anonymous = certificate is None
            self._handshake = self.connection.handshakeServerAsync(
                anon=anonymous, settings=settings, nextProtos=next_protocols, **keys
            )
        self._advance()

    def _advance(self) -> None:
        try:
            if not self.is_connected:
                for state in self._handshake:
                    if state == 0:
                        return
                self.is_connected = True
            while True:
                self._reading = self._reading or self.connection.readAsync(max=65536)
                result = next(self._reading)
                if result in (0, 1):
                    return
                self._reading = None
                self.received += result
        except TLSError as error:
            self.failure = error

    def take(self, data: bytes) -> None:
        self._socket.incoming += data
        self._advance()

    def give(self) -> bytes:
        data = bytes(self._socket.outgoing)
        self._socket.outgoing.clear()
        return data

    def send(self, data: bytes) -> None:
        for _ in self.connection.writeAsync(data):
            pass


@cache
def tlslite_credential(certificate: str) -> dict[str, Any]:
    """The credential in tlslite-ng's own objects."""
    pem = credentials()[certificate].to_pem()
    x509 = X509()
    x509.parse(pem.chain)
    return {"certChain": X509CertChain([x509]), "privateKey": parsePEMKey(pem.private_key, private=True)}


def openssl_context(
    method_version: int, openssl_ciphers: str, certificates: tuple[str, ...] = (), *, tickets: bool = False
) -> SSL.Context:
    """A context for one version, everything else allowed; session tickets if wanted."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(method_version)
    context.set_max_proto_version(method_version)
    if not tickets:
        context.set_options(SSL.OP_NO_TICKET)
    if method_version >= ProtocolVersion.TLS_1_3:
        context.set_cipher_list(b"ALL:@SECLEVEL=0")  # CCM_8 counts as weak
        context.set_tls13_ciphersuites(openssl_ciphers.encode())
    else:
        context.set_cipher_list(f"{openssl_ciphers}:@SECLEVEL=0".encode())
    if "DH" in openssl_ciphers and certificates != ("ecdsa",):
        context.load_tmp_dh(_dh_parameters_file())
    for certificate in certificates:
        credential = credentials()[certificate]
        context.use_certificate(load_der_x509_certificate(credential.chain[0]))
        assert not isinstance(credential.private_key, MLDSAPrivateKey), "pyOpenSSL takes none of these"
        context.use_privatekey(credential.private_key)
    return context


@cache
def _dh_parameters_file() -> bytes:
    """PKCS #3 parameters in a file, which is how pyOpenSSL takes them."""
    group = modp_group(2048)
    der = base64.encodebytes(DerSequence([group.p, group.g]).encode()).decode()
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
        file.write(f"-----BEGIN DH PARAMETERS-----\n{der}-----END DH PARAMETERS-----\n")
    atexit.register(os.unlink, file.name)
    return file.name.encode()


def pump(one: Peer, other: Peer) -> None:
    """Carry bytes both ways until neither side has any."""
    while True:
        forth = one.give()
        if forth:
            other.take(forth)
        back = other.give()
        if back:
            one.take(back)
        if not forth and not back:
            return


def exchange(client_side: Peer, server_side: Peer, answer: bytes = ANSWER) -> None:
    """Complete a handshake and carry application data both ways; fails with what both sides saw."""
    pump(client_side, server_side)
    seen = [getattr(side, "events", getattr(side, "failure", None)) for side in (client_side, server_side)]
    assert client_side.is_connected, seen
    assert server_side.is_connected, seen
    client_side.send(REQUEST)
    pump(client_side, server_side)
    server_side.send(answer)
    pump(client_side, server_side)
    assert bytes(server_side.received) == REQUEST, seen
    assert bytes(client_side.received) == answer, seen


def suite_id(value: object) -> str:
    """A parameter's name in a test id: version and suite by name."""
    if isinstance(value, ProtocolVersion):
        return value.name
    if isinstance(value, int) and value in CIPHER_SUITES:
        return CIPHER_SUITES[value].iana
    return str(value)


def certificate_of(suite: int) -> str | None:
    """Which of `credentials` a suite needs; TLS 1.3 takes the RSA one."""
    parameters = suite_parameters(suite)
    if parameters.minimum_version >= ProtocolVersion.TLS_1_3:
        return "rsa"
    return parameters.certificate_type
