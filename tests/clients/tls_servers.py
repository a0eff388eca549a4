"""Real TLS servers as scripts for `scripted_server`: OpenSSL through `ssl`, and tlslite-ng for SSLv3."""

import datetime
import hashlib
import socket
import ssl
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.clients.servers import Script

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore", DeprecationWarning
    )  # tlslite-ng 0.8.2 imports asyncore, gone from Python 3.12 on
    from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey

ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@dataclass(frozen=True)
class ServerCertificate:
    path: Path
    pem: str
    sha256: str


def make_certificate(directory: Path) -> ServerCertificate:
    """Make a self-signed RSA certificate; key and certificate in one PEM file."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server.example.test")])
    start = datetime.datetime(2012, 2, 1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36_500))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM) + key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    path = directory / "server.pem"
    path.touch(mode=0o600)
    path.write_bytes(pem)
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    return ServerCertificate(path, pem.decode(), digest)


def openssl(
    certificate: ServerCertificate, ciphers: str, version: ssl.TLSVersion, answer: bytes = ANSWER
) -> Script:
    """Answer one request over OpenSSL, then close in order."""
    context = _context(certificate, ciphers, version)

    def script(connection: socket.socket) -> bytes:
        with context.wrap_socket(connection.dup(), server_side=True) as tls:
            _read_request(tls)
            with suppress(OSError):  # a client that has had enough closes
                tls.sendall(answer)
        return b""

    return script


def openssl_that_stays(certificate: ServerCertificate, answer: bytes) -> Script:
    """Answer one request and wait for the client to close."""
    context = _context(certificate, "DEFAULT", ssl.TLSVersion.TLSv1_2)

    def script(connection: socket.socket) -> bytes:
        with context.wrap_socket(connection.dup(), server_side=True) as tls:
            _read_request(tls)
            tls.sendall(answer)
            with suppress(OSError):
                while tls.recv(4096):
                    pass
        return b""

    return script


def _context(certificate: ServerCertificate, ciphers: str, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.path)
    context.minimum_version = context.maximum_version = version
    context.set_ciphers(ciphers)
    return context


def tlslite_sslv3(certificate: ServerCertificate) -> Script:
    """Answer one request in SSLv3, then close in order."""
    chain = X509CertChain()
    chain.parsePemList(certificate.pem)
    key = parsePEMKey(certificate.pem, private=True)
    settings = HandshakeSettings()
    settings.minVersion, settings.maxVersion = (3, 0), (3, 0)
    settings.cipherNames = ["aes128"]
    settings.keyExchangeNames = ["rsa"]

    def script(connection: socket.socket) -> bytes:
        tls = TLSConnection(connection)
        tls.handshakeServer(certChain=chain, privateKey=key, settings=settings)
        _read_request(tls)
        tls.sendall(ANSWER)
        tls.close()
        return b""

    return script


def _read_request(tls: ssl.SSLSocket | TLSConnection) -> None:
    request = b""
    while b"\r\n\r\n" not in request:
        data = tls.recv(4096)
        assert data, "the client closed before its request was whole"
        request += data
