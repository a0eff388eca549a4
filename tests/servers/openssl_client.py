"""OpenSSL's client inside the `cryptography` package, for tests of a server that keeps connections open."""

from typing import Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from OpenSSL import SSL

from servers.contract import PrivateKeyAndChain
from servers.listener import set_timeout
from servers.running import RunningServer
from tests.servers.real_servers import CLIENT_TIMEOUT, connect

LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT: servers without RFC 5746 too


class OpenSSLClient:
    """One connection, in at most `version`; `credential` is shown when the server asks.

    An old server may have nothing better than what `cipher_list` allows.
    """

    def __init__(
        self,
        server: RunningServer,
        version: int = SSL.TLS1_3_VERSION,
        credential: PrivateKeyAndChain | None = None,
        cipher_list: bytes = b"ALL:@SECLEVEL=0",
    ) -> None:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(SSL.TLS1_VERSION)
        context.set_max_proto_version(version)
        context.set_cipher_list(cipher_list)
        context.set_options(LEGACY_SERVER_CONNECT)
        if credential is not None:
            context.use_certificate(load_pem_x509_certificate(credential.chain.encode()))
            context.use_privatekey(load_pem_private_key(credential.private_key.encode(), None))  # type: ignore[arg-type]
        self._plain = connect(server)
        self._plain.settimeout(None)  # OpenSSL takes the descriptor, which must block
        set_timeout(self._plain, CLIENT_TIMEOUT)
        self.tls = SSL.Connection(context, self._plain)
        self.tls.set_connect_state()
        self.port: int = self._plain.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._plain.close()

    def ask(self, request: bytes) -> bytes:
        """One answer, as long as its head says."""
        self.tls.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.tls.recv(4096)
        head, _, body = answer.partition(b"\r\n\r\n")
        lengths = [line.split()[1] for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")]
        while len(body) < int(lengths[0]):
            body += self.tls.recv(4096)
        return head + b"\r\n\r\n" + body

    def is_ended_orderly(self) -> bool:
        """Whether what comes next is close_notify.

        To be asked in TLS 1.2: in 1.3 JSSE says user_canceled first, and what follows that OpenSSL 4.0.3
        reports as an end without close_notify (OpenSSL 3.0 does not).
        """
        try:
            self.tls.recv(1)
        except SSL.ZeroReturnError:
            return True
        return False

    def certificate_sha256(self) -> str:
        certificate = self.tls.get_peer_certificate(as_cryptography=True)
        assert certificate is not None
        return certificate.fingerprint(SHA256()).hex()
