"""A client that goes on by hand from a raw first flight: RSA key exchange, Finished, one request.

It hashes the first flight as it was sent, whatever is wrong with it, as the test client of the measurements
did.
"""

import secrets
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_der_x509_certificate

from handshake.crypto.key_schedule import Role, finished_verify_data, master_secret
from handshake.crypto.record_protection import connection_protections
from handshake.crypto.suite_parameters import suite_parameters
from handshake.events import ApplicationData, Event
from handshake.server import ServerConnection
from handshake.wire.handshake_message import HandshakeMessage, MessageReader, push_handshake_message
from handshake.wire.messages import pull_alert, pull_certificate, pull_server_hello
from handshake.wire.record import FirstRecord, Record, RecordReader, RecordRules, SSLv2Record, push_record
from handshake.wire.registry import ContentType, HandshakeType, ProtocolVersion

REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def handshake_bytes(first_flight: bytes) -> bytes:
    """What of the first flight is hashed: the body of an SSLv2 record, or all fragments."""
    records = RecordReader(FirstRecord.SSLV2_OR_TLS, RecordRules(max_fragment=2**16 - 1))
    records.feed(first_flight)
    content = b""
    while (record := records.next()) is not None:
        content += record.body if isinstance(record, SSLv2Record) else record.fragment
    return content


class Continuation:
    """What the client sends after the server's flight, piece by piece, with the keys of a handshake."""

    def __init__(
        self, first_flight: bytes, server_flight: bytes, pre_master_version: int | None = None
    ) -> None:
        hello, flight, by_type = handshake_bytes(first_flight), b"", {}
        for fragment in _handshake_fragments(server_flight):
            flight += fragment
        messages = MessageReader()
        messages.feed(flight)
        while (message := messages.next()) is not None:
            by_type[message.handshake_type] = message.body
        server_hello = pull_server_hello(by_type[HandshakeType.SERVER_HELLO])
        self._version = server_hello.legacy_version
        self._suite = suite_parameters(server_hello.cipher_suite)
        version, random = _version_and_random(hello)
        secret = (pre_master_version or version).to_bytes(2, "big") + secrets.token_bytes(46)
        key_exchange = self._client_key_exchange(
            pull_certificate(by_type[HandshakeType.CERTIFICATE]).chain[0], secret
        )
        self._transcript = hello + flight + key_exchange
        self._master_secret = master_secret(
            self._version, self._suite.prf_hash, secret, random, server_hello.random
        )
        self._write, self._read = connection_protections(
            self._suite,
            self._version,
            self._master_secret,
            random,
            server_hello.random,
            secrets.token_bytes,
            encrypt_then_mac=False,
        )
        self.key_exchange = self.plain(ContentType.HANDSHAKE, key_exchange)
        self.change_cipher_spec = self.plain(ContentType.CHANGE_CIPHER_SPEC, b"\x01")

    def _client_key_exchange(self, leaf: bytes, secret: bytes) -> bytes:
        public_key = load_der_x509_certificate(leaf).public_key()
        assert isinstance(public_key, RSAPublicKey)
        encrypted = public_key.encrypt(secret, PKCS1v15())
        if self._version >= ProtocolVersion.TLS_1_0:
            encrypted = len(encrypted).to_bytes(2, "big") + encrypted
        return push_handshake_message(HandshakeMessage(HandshakeType.CLIENT_KEY_EXCHANGE, encrypted))

    def finished(self, *, wrong: bytes = b"") -> bytes:
        """The Finished message, encrypted; `wrong` replaces its first bytes."""
        verify_data = finished_verify_data(
            self._version, self._suite.prf_hash, self._master_secret, self._transcript, Role.CLIENT
        )
        body = wrong + verify_data[len(wrong) :]
        return self.protected(
            ContentType.HANDSHAKE, push_handshake_message(HandshakeMessage(HandshakeType.FINISHED, body))
        )

    def plain(self, content_type: int, content: bytes) -> bytes:
        """One record in the clear."""
        return push_record(Record(content_type, self._version, content))

    def protected(self, content_type: int, content: bytes) -> bytes:
        """One record with the new keys; each is to be sent, in order."""
        return self.plain(content_type, self._write.protect(content_type, self._version, content))

    def unprotected(self, data: bytes) -> list[tuple[int, bytes]]:
        """What the server has sent with the new keys: content types and contents, all records in order."""
        records = RecordReader()
        records.feed(data)
        read = []
        while isinstance(record := records.next(), Record):
            content = self._read.unprotect(record.content_type, record.record_version, record.fragment)
            read.append((record.content_type, content))
        return read

    @property
    def whole(self) -> bytes:
        """ClientKeyExchange, ChangeCipherSpec, Finished."""
        return self.key_exchange + self.change_cipher_spec + self.finished()


def connect(connection: ServerConnection, first_flight: bytes) -> Continuation:
    """Send the first flight, which must be accepted, and give what comes next."""
    connection.receive_data(first_flight, 0.0)
    return Continuation(first_flight, connection.data_to_send())


def establish(connection: ServerConnection, first_flight: bytes) -> Continuation:
    """A whole handshake."""
    client = connect(connection, first_flight)
    connection.receive_data(client.whole, 0.0)
    answer = connection.data_to_send()
    assert connection.is_connected
    change_cipher_spec = client.plain(ContentType.CHANGE_CIPHER_SPEC, b"\x01")
    assert answer.startswith(change_cipher_spec)
    [(content_type, _)] = client.unprotected(answer[len(change_cipher_spec) :])
    assert content_type == ContentType.HANDSHAKE
    return client


def complete(connection: ServerConnection, first_flight: bytes) -> str:
    """Send the first flight and go on: "completed" once the request is there, or how it ended."""
    connection.receive_data(first_flight, 0.0)
    flight = connection.data_to_send()
    if (outcome := ended_with(flight)) != "nothing":
        return outcome
    client = Continuation(first_flight, flight)
    connection.receive_data(client.whole, 0.0)
    if connection.is_ended:
        return ended_with(connection.data_to_send())
    connection.receive_data(client.protected(ContentType.APPLICATION_DATA, REQUEST), 0.0)
    return "completed" if ApplicationData(REQUEST) in events(connection) else "completed without request"


def events(connection: ServerConnection) -> list[Event]:
    """All events not fetched yet."""
    fetched = []
    while (event := connection.next_event()) is not None:
        fetched.append(event)
    return fetched


def ended_with(data: bytes) -> str:
    """The last alert sent in the clear."""
    records = RecordReader()
    records.feed(data)
    outcome = "nothing"
    while isinstance(record := records.next(), Record):
        if record.content_type == ContentType.ALERT:
            outcome = f"alert {pull_alert(record.fragment).description}"
    return outcome


def _handshake_fragments(data: bytes) -> Iterator[bytes]:
    records = RecordReader()
    records.feed(data)
    while isinstance(record := records.next(), Record):
        assert record.content_type == ContentType.HANDSHAKE
        yield record.fragment


def _version_and_random(hello: bytes) -> tuple[int, bytes]:
    if hello[1] == 0:  # a 24-bit length: no SSLv2-format hello, whose version would be here
        return int.from_bytes(hello[4:6], "big"), hello[6:38]
    specs, session_id, challenge = (int.from_bytes(hello[i : i + 2], "big") for i in (3, 5, 7))
    start = 9 + specs + session_id
    random = hello[start : start + challenge].rjust(32, b"\x00")[-32:]
    return int.from_bytes(hello[1:3], "big"), random
