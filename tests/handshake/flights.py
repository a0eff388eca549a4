"""Flights of a server written message by message, so that any choice in them can be a wrong one."""

import os
from collections.abc import Iterable

from handshake.client.connection import ClientConnection
from handshake.crypto.key_schedule import Role
from handshake.crypto.key_shares import answer_key_share
from handshake.crypto.suite_parameters import suite_parameters
from handshake.record_layer import RecordLayer
from handshake.record_splitting import RecordSplitting
from handshake.schedule_13 import KeySchedule
from handshake.wire.client_hello import ClientHello, Extension
from handshake.wire.extensions import (
    pull_key_share_list,
    push_key_share,
    push_selected_group,
    push_selected_version,
)
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.key_exchange import (
    DigitallySigned,
    ECDHParameters,
    push_digitally_signed,
    push_ecdh_parameters,
)
from handshake.wire.messages import (
    HELLO_RETRY_REQUEST_RANDOM,
    Certificate,
    Certificate13,
    EncryptedExtensions,
    ServerHello,
    push_certificate,
    push_certificate_13,
    push_certificate_verify,
    push_encrypted_extensions,
    push_server_hello,
)
from handshake.wire.record import FirstRecord, Record, RecordRules, push_record
from handshake.wire.registry import ContentType, ExtensionType, HandshakeType, ProtocolVersion

SERVER_RANDOM = bytes(range(32))


def handshake_record(handshake_type: int, body: bytes, version: int = ProtocolVersion.TLS_1_2) -> bytes:
    """One message in a record of its own."""
    message = push_handshake_message(HandshakeMessage(handshake_type, body))
    return push_record(Record(ContentType.HANDSHAKE, version, message))


def hello_of(connection: ClientConnection) -> ClientHello:
    """The hello that the connection has sent last."""
    return connection.handshake.sent


def server_hello(
    version: int, suite: int, *extensions: Extension, session_id: bytes = b"", compression_method: int = 0
) -> bytes:
    """A ServerHello of SSLv3 to TLS 1.2, in its record."""
    hello = ServerHello(version, SERVER_RANDOM, session_id, suite, compression_method, extensions or None)
    return handshake_record(HandshakeType.SERVER_HELLO, push_server_hello(hello), version)


def server_hello_13(
    hello: ClientHello,
    suite: int,
    *extensions: Extension,
    version: int = ProtocolVersion.TLS_1_3,
    random: bytes = SERVER_RANDOM,
    compression_method: int = 0,
) -> ServerHello:
    """A ServerHello of TLS 1.3: supported_versions first, then these extensions."""
    selected = Extension(ExtensionType.SUPPORTED_VERSIONS, push_selected_version(version))
    return ServerHello(
        ProtocolVersion.TLS_1_2, random, hello.session_id, suite, compression_method, (selected, *extensions)
    )


def hello_retry_request(hello: ClientHello, group: int, suite: int = 0x1301) -> bytes:
    """A HelloRetryRequest for another group, in its record."""
    asked = Extension(ExtensionType.KEY_SHARE, push_selected_group(group))
    retry = server_hello_13(hello, suite, asked, random=HELLO_RETRY_REQUEST_RANDOM)
    return handshake_record(HandshakeType.SERVER_HELLO, push_server_hello(retry))


def key_share(group: int, key_exchange: bytes) -> Extension:
    """The server's key_share."""
    return Extension(ExtensionType.KEY_SHARE, push_key_share((group, key_exchange)))


def certificate(*chain: bytes) -> bytes:
    """A Certificate of SSLv3 to TLS 1.2, in its record."""
    return handshake_record(HandshakeType.CERTIFICATE, push_certificate(Certificate(chain)))


def ecdhe_key_exchange(group: int, point: bytes, signed: DigitallySigned | None = None) -> bytes:
    """A ServerKeyExchange on a named curve, in its record; unsigned for an anonymous suite."""
    body = push_ecdh_parameters(ECDHParameters(group, point))
    body += b"" if signed is None else push_digitally_signed(signed)
    return handshake_record(HandshakeType.SERVER_KEY_EXCHANGE, body)


class Server13:
    """A server of TLS 1.3 up to the message that is to be tried: it has the handshake traffic keys."""

    def __init__(self, connection: ClientConnection, group: int = 0x001D, suite: int = 0x1301) -> None:
        hello = hello_of(connection)
        shares = dict(pull_key_share_list(hello.extension(ExtensionType.KEY_SHARE) or b""))
        answered = answer_key_share(group, shares[group], os.urandom)
        body = push_server_hello(server_hello_13(hello, suite, key_share(group, answered.key_exchange)))
        answer = push_handshake_message(HandshakeMessage(HandshakeType.SERVER_HELLO, body))
        self.messages = connection.handshake.hello.message + answer
        self.schedule = KeySchedule(suite_parameters(suite))
        self.schedule.enter_handshake(answered.shared_secret, self.messages)
        self._records = RecordLayer(
            RecordRules(), FirstRecord.TLS, ProtocolVersion.TLS_1_2, RecordSplitting.NONE
        )
        self._records.write(ContentType.HANDSHAKE, answer, 0.0)
        self._records.write_protection = self.schedule.handshake_protection(Role.SERVER)

    def data(self) -> bytes:
        """What there is to send."""
        return self._records.data_to_send()

    def encrypted_extensions(self, *extensions: Extension) -> "Server13":
        """Go on with EncryptedExtensions."""
        body = push_encrypted_extensions(EncryptedExtensions(extensions))
        return self._write(HandshakeType.ENCRYPTED_EXTENSIONS, body)

    def certificate(self, chain: Iterable[bytes], *extensions: Extension) -> "Server13":
        """Go on with Certificate; the extensions stand at the leaf."""
        entries = tuple((der, extensions if not i else ()) for i, der in enumerate(chain))
        return self._write(HandshakeType.CERTIFICATE, push_certificate_13(Certificate13(b"", entries)))

    def certificate_verify(self, scheme: int, signature: bytes) -> "Server13":
        """Go on with CertificateVerify."""
        body = push_certificate_verify(DigitallySigned(scheme, signature))
        return self._write(HandshakeType.CERTIFICATE_VERIFY, body)

    def finished(self) -> "Server13":
        """Go on with Finished, and turn to the application traffic keys."""
        self._write(HandshakeType.FINISHED, self.schedule.finished_verify_data(Role.SERVER, self.messages))
        self.schedule.enter_application(self.messages)
        self._records.write_protection = self.schedule.application_protection(Role.SERVER)
        return self

    def message(self, handshake_type: int, body: bytes) -> "Server13":
        """Go on with any message."""
        return self._write(handshake_type, body)

    def _write(self, handshake_type: int, body: bytes) -> "Server13":
        message = push_handshake_message(HandshakeMessage(handshake_type, body))
        self.messages += message
        self._records.write(ContentType.HANDSHAKE, message, 0.0)
        return self
