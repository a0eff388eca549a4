"""Certificates asked for after the first handshake, and KeyUpdate: OpenSSL at the other end, in both roles.

Python's `ssl` is OpenSSL's library in memory; `openssl s_server` and `s_client` are told what to do by
lines on their standard input.
"""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from handshake.crypto.credentials import Credential
from handshake.server import ClientCertificate
from handshake.wire.registry import AlertDescription
from tests.handshake.later_requests import TLS_1_2, TLS_1_3, alerts, asking, client, faults, requests, shown
from tests.handshake.peers import OpenSSLPeer, Ours, credentials, exchange, openssl_context, pump
from tests.handshake.renegotiation import exchange_again

REQUIRE = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT
RSA: Mapping[str, Credential] = {"rsa": credentials()["rsa"]}
SECONDS = 20.0


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The RSA key and certificate as programs read them."""
    folder = tmp_path_factory.mktemp("rsa")
    pem = credentials()["rsa"].to_pem()
    (folder / "key.pem").write_text(pem.private_key)
    (folder / "chain.pem").write_text(pem.chain)
    return {"key": str(folder / "key.pem"), "chain": str(folder / "chain.pem")}


class StandardLibraryPeer:
    """An end of Python's `ssl` over memory buffers."""

    def __init__(self, context: ssl.SSLContext, *, is_server: bool) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=is_server, server_hostname=None if is_server else "x"
        )
        self.received = bytearray()
        self.is_connected = False
        self.failure: ssl.SSLError | None = None
        self._advance()

    def _advance(self) -> None:
        try:
            if not self.is_connected:
                self.tls.do_handshake()
                self.is_connected = True
            while data := self.tls.read(65_536):
                self.received += data
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.failure = error

    def take(self, data: bytes) -> None:
        self._incoming.write(data)
        self._advance()

    def give(self) -> bytes:
        return self._outgoing.read()

    def send(self, data: bytes) -> None:
        self.tls.write(data)

    def ask(self) -> None:
        """Ask the client for a certificate."""
        self.tls.verify_client_post_handshake()
        with suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()


def library_server(files: Mapping[str, str], mode: ssl.VerifyMode) -> StandardLibraryPeer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(files["chain"], files["key"])
    context.load_verify_locations(files["chain"])
    context.verify_mode, context.post_handshake_auth = mode, True
    return StandardLibraryPeer(context, is_server=True)


def library_client(files: Mapping[str, str] | None) -> StandardLibraryPeer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.post_handshake_auth = True
    if files is not None:
        context.load_cert_chain(files["chain"], files["key"])
    return StandardLibraryPeer(context, is_server=False)


def forget(*sides: Ours | StandardLibraryPeer | OpenSSLPeer) -> None:
    for side in sides:
        side.received.clear()


@pytest.mark.parametrize("mode", [ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED], ids=["request", "require"])
@pytest.mark.parametrize("has_one", [True, False], ids=["shown", "none"])
def test_the_library_asks_us(mode: ssl.VerifyMode, has_one: bool, files: Mapping[str, str]) -> None:
    ours, theirs = client(TLS_1_3, RSA if has_one else {}), library_server(files, mode)
    exchange(ours, theirs)
    assert requests(ours) == 0
    assert theirs.tls.getpeercert(binary_form=True) is None
    forget(ours, theirs)
    theirs.ask()
    pump(ours, theirs)
    assert requests(ours) == 1
    if not has_one and mode is ssl.CERT_REQUIRED:
        assert alerts(ours) == [AlertDescription.CERTIFICATE_REQUIRED]
        return
    assert theirs.tls.getpeercert(binary_form=True) == (RSA["rsa"].chain[0] if has_one else None)
    exchange_again(ours, theirs)


def test_the_library_may_not_ask_a_client_that_does_not_offer_it(files: Mapping[str, str]) -> None:
    """The control: the same without the extension."""
    ours, theirs = client(TLS_1_3, RSA, offers=False), library_server(files, ssl.CERT_REQUIRED)
    exchange(ours, theirs)
    with pytest.raises(ssl.SSLError, match="EXTENSION_NOT_RECEIVED"):
        theirs.tls.verify_client_post_handshake()


@pytest.mark.parametrize("how", [ClientCertificate.REQUEST, ClientCertificate.REQUIRE])
@pytest.mark.parametrize("names", ["0 names", "3 names", "60000 bytes"])
@pytest.mark.parametrize("has_one", [True, False], ids=["shown", "none"])
def test_we_ask_the_library(
    how: ClientCertificate, names: str, has_one: bool, files: Mapping[str, str]
) -> None:
    ours, theirs = library_client(files if has_one else None), asking(TLS_1_3, how, names=names)
    exchange(ours, theirs)
    forget(ours, theirs)
    theirs.connection.request_certificate(0.0)
    pump(ours, theirs)
    assert shown(theirs) == ([RSA["rsa"].chain] if has_one else [])
    if not has_one and how is ClientCertificate.REQUIRE:
        assert faults(theirs) == ["certificate-required"]
        assert ours.failure is not None
        assert "CERTIFICATE_REQUIRED" in str(ours.failure)
        return
    assert faults(theirs) == []
    exchange_again(ours, theirs)


class OnSocket:
    """Our engine's end of a socket to a program, and lines for the program's standard input."""

    def __init__(self, side: Ours, plain: socket.socket, program: subprocess.Popen[bytes]) -> None:
        self.side = side
        self._plain = plain
        self._program = program
        plain.settimeout(SECONDS)

    def write_line(self, line: str) -> None:
        """Give the program a line."""
        assert self._program.stdin is not None
        self._program.stdin.write(f"{line}\n".encode())
        self._program.stdin.flush()

    def carry_until(self, is_there: Callable[[], bool]) -> None:
        """Read and answer until something is there. Fails with the events where it never is."""
        self.flush()
        while not is_there():
            data = self._plain.recv(65_536)
            assert data, self.side.events
            self.side.take(data)
            self.flush()
            assert not self.side.connection.is_ended or is_there(), self.side.events

    def flush(self) -> None:
        """Send what there is."""
        self._plain.sendall(self.side.give())

    def said(self, direction: str) -> list[str]:
        """The names of the messages in the transcript."""
        entries = self.side.connection.transcript
        return [each.name for each in entries if each.direction == direction and each.kind == "message"]

    def talk(self) -> None:
        """Let data go both ways: a line of the program's, and one of ours that it prints."""
        self.side.received.clear()
        self.write_line("from the program")
        self.carry_until(lambda: b"from the program" in self.side.received)
        self.side.send(b"from the engine\n")
        self.flush()
        assert self._program.stdout is not None
        while b"from the engine" not in self._program.stdout.readline():
            assert self._program.poll() is None


def program(*command: str, package: str) -> subprocess.Popen[bytes]:
    """Start a program, or skip the test where it is missing."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} program; get it with: apt-get install {package}")
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@contextmanager
def s_server(files: Mapping[str, str], shown_credential: Mapping[str, Credential]) -> Iterator[OnSocket]:
    """Our client connected to `openssl s_server`."""
    command = (
        *("openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_3", "-naccept", "1"),
        *("-key", files["key"], "-cert", files["chain"], "-CAfile", files["chain"]),
    )
    with program(*command, package="openssl") as running:
        try:
            assert running.stdout is not None
            while not (line := running.stdout.readline()).startswith(b"ACCEPT"):
                assert line, "it has ended"
            port = int(line.rpartition(b":")[2])
            with socket.create_connection(("127.0.0.1", port)) as plain:
                ours = OnSocket(client(TLS_1_3, shown_credential), plain, running)
                ours.carry_until(lambda: ours.side.is_connected)
                yield ours
        finally:
            running.kill()


@contextmanager
def s_client(*more: str) -> Iterator[OnSocket]:
    """`openssl s_client` connected to our server, which asks for a certificate when it is told to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)
        target = f"127.0.0.1:{listener.getsockname()[1]}"
        with program("openssl", "s_client", "-connect", target, *more, package="openssl") as running:
            try:
                accepted, _ = listener.accept()
                with accepted:
                    theirs = OnSocket(asking(TLS_1_3, ClientCertificate.REQUIRE), accepted, running)
                    theirs.carry_until(lambda: theirs.side.is_connected)
                    yield theirs
            finally:
                running.kill()


@pytest.mark.parametrize("has_one", [True, False], ids=["shown", "none"])
def test_s_server_asks_us(has_one: bool, files: Mapping[str, str]) -> None:
    with s_server(files, RSA if has_one else {}) as ours:
        ours.talk()
        assert requests(ours.side) == 0
        ours.write_line("c")
        ours.carry_until(lambda: requests(ours.side) == 1)
        sent = ours.said("sent")[-3:]
        expected = ["Certificate", "CertificateVerify", "Finished"]
        assert sent == (expected if has_one else ["Finished", "Certificate", "Finished"])
        ours.talk()
        assert not faults(ours.side)


@pytest.mark.parametrize("has_one", [True, False], ids=["shown", "none"])
def test_we_ask_s_client(has_one: bool, files: Mapping[str, str]) -> None:
    own = ("-cert", files["chain"], "-key", files["key"]) if has_one else ()
    with s_client("-tls1_3", "-enable_pha", *own) as theirs:
        theirs.talk()
        theirs.side.connection.request_certificate(0.0)
        if has_one:
            theirs.carry_until(lambda: not theirs.side.connection.awaits_certificate)
            assert shown(theirs.side) == [RSA["rsa"].chain]
            theirs.talk()
        else:
            theirs.carry_until(lambda: bool(faults(theirs.side)))
            assert faults(theirs.side) == ["certificate-required"]


@pytest.mark.parametrize("letter", ["K", "k"], ids=["requested", "not-requested"])
@pytest.mark.parametrize("role", ["client", "server"])
def test_a_key_update_of_openssls(role: str, letter: str, files: Mapping[str, str]) -> None:
    """s_server and s_client send one at such a line, K with update_requested (RFC 8446 section 4.6.3); data
    goes both ways before and after it.
    """
    opening = s_server(files, {}) if role == "client" else s_client("-tls1_3")
    with opening as ours:
        ours.talk()
        assert "KeyUpdate" not in ours.said("received")
        for number in (1, 2):
            ours.write_line(letter)
            ours.carry_until(lambda count=number: ours.said("received").count("KeyUpdate") == count)
            assert ours.said("sent").count("KeyUpdate") == (number if letter == "K" else 0)
            ours.talk()
        assert not faults(ours.side)


def asks_in_renegotiation(ours: Ours, mode: int) -> OpenSSLPeer:
    """OpenSSL's server in TLS 1.2, which has asked for nothing in the first handshake and now does."""
    theirs = OpenSSLPeer(openssl_context(TLS_1_2, "ECDHE-RSA-AES128-GCM-SHA256", ("rsa",)), "server")
    exchange(ours, theirs)
    assert (requests(ours), theirs.connection.get_peer_certificate()) == (0, None)
    forget(ours, theirs)
    theirs.connection.set_verify(mode, lambda *_: True)
    theirs.connection.renegotiate()
    theirs.connection.do_handshake()
    with suppress(SSL.Error):  # that is how it tells; what it tells the client counts
        pump(ours, theirs)
    return theirs


@pytest.mark.parametrize("mode", [SSL.VERIFY_PEER, REQUIRE], ids=["request", "require"])
@pytest.mark.parametrize("has_one", [True, False], ids=["shown", "none"])
def test_openssl_asks_us_in_a_renegotiation(mode: int, has_one: bool) -> None:
    ours = client(TLS_1_2, RSA if has_one else {})
    theirs = asks_in_renegotiation(ours, mode)
    assert requests(ours) == 1
    if mode == REQUIRE and not has_one:
        ours.take(theirs.give())
        assert alerts(ours) == [AlertDescription.HANDSHAKE_FAILURE]
        return
    found = theirs.connection.get_peer_certificate(as_cryptography=True)
    assert (found is not None) is has_one
    assert found is None or found.public_bytes(Encoding.DER) == RSA["rsa"].chain[0]
    exchange_again(ours, theirs)


def test_openssl_does_not_ask_us_where_it_does_not_verify() -> None:
    """The control: the same renegotiation without a request."""
    ours = client(TLS_1_2, RSA)
    theirs = asks_in_renegotiation(ours, SSL.VERIFY_NONE)
    assert (requests(ours), theirs.connection.get_peer_certificate()) == (0, None)
    exchange_again(ours, theirs)
