"""Handshake messages and alerts of SSLv3 to TLS 1.3: values and pull/push pairs, fields named as in the RFCs.

A pull takes a message's body, raises DecodeError and nothing else, and loses nothing: `push(pull(body)) ==
body`. What a value means, and whether it is allowed here, is for the state machines. RFC 5246 section 7.4 and
RFC 8446 section 4 unless a function says otherwise. The ClientHello is in `client_hello`, framing in
`handshake_message`, key exchanges in `key_exchange`.
"""

from msgspec import Struct

from handshake.errors import DecodeError
from handshake.wire.buffer import Reader, Writer, pack_uint, pack_uints, pack_vector
from handshake.wire.client_hello import (
    RANDOM_SIZE,
    Extension,
    find_extension,
    pull_extensions,
    pull_optional_extensions,
    push_extensions,
)
from handshake.wire.key_exchange import DigitallySigned, pull_digitally_signed, push_digitally_signed
from handshake.wire.registry import ProtocolVersion

HELLO_RETRY_REQUEST_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""SHA-256 of "HelloRetryRequest", the random that makes a ServerHello one (RFC 8446 section 4.1.3)."""


DOWNGRADE_TO_TLS_1_2 = b"DOWNGRD\x01"
DOWNGRADE_BELOW_TLS_1_2 = b"DOWNGRD\x00"
DOWNGRADE_SENTINELS = frozenset({DOWNGRADE_TO_TLS_1_2, DOWNGRADE_BELOW_TLS_1_2})
"""The end of the random of a server that has TLS 1.3 and chooses a lower version (RFC 8446 section 4.1.3)."""
SENTINEL_SIZE = 8

OCSP = 1
"""CertificateStatusType of RFC 6066 section 8, the only one."""


class ServerHello(Struct, frozen=True):
    """A ServerHello of any version, or a HelloRetryRequest; `extensions` None means no block at all."""

    legacy_version: int
    random: bytes
    session_id: bytes
    cipher_suite: int
    compression_method: int = 0
    extensions: tuple[Extension, ...] | None = None

    @property
    def is_hello_retry_request(self) -> bool:
        """Whether the random says so (RFC 8446 section 4.1.3)."""
        return self.random == HELLO_RETRY_REQUEST_RANDOM

    def extension(self, extension_type: int) -> bytes | None:
        """The body of the first extension of that type, None without one."""
        return find_extension(self.extensions, extension_type)


def pull_server_hello(body: bytes) -> ServerHello:
    """From the body of a ServerHello message; its session id may be too long."""
    reader = Reader(body)
    return ServerHello(
        reader.pull_uint(2, "legacy_version"),
        reader.pull_bytes(RANDOM_SIZE, "random"),
        reader.pull_vector(1, "session_id"),
        reader.pull_uint(2, "cipher_suite"),
        reader.pull_uint(1, "compression_method"),
        pull_optional_extensions(reader),
    )


def push_server_hello(hello: ServerHello) -> bytes:
    """The body of a ServerHello message."""
    return b"".join(
        (
            pack_uint(2, hello.legacy_version),
            hello.random,
            pack_vector(1, hello.session_id),
            pack_uint(2, hello.cipher_suite),
            pack_uint(1, hello.compression_method),
            b"" if hello.extensions is None else push_extensions(hello.extensions),
        )
    )


class EncryptedExtensions(Struct, frozen=True):
    """TLS 1.3 only."""

    extensions: tuple[Extension, ...] = ()


def pull_encrypted_extensions(body: bytes) -> EncryptedExtensions:
    """From the body of an EncryptedExtensions message."""
    with Reader(body) as reader:
        return EncryptedExtensions(pull_extensions(reader))


def push_encrypted_extensions(message: EncryptedExtensions) -> bytes:
    """The body of an EncryptedExtensions message."""
    return push_extensions(message.extensions)


class Certificate(Struct, frozen=True):
    """Up to TLS 1.2: certificates in DER, leaf first; empty when a client has none."""

    chain: tuple[bytes, ...]


def pull_certificate(body: bytes) -> Certificate:
    """From the body of a Certificate message of SSLv3 to TLS 1.2."""
    chain = []
    with Reader(body) as reader, reader.block(3, "certificate_list") as block:
        while block.remaining:
            chain.append(_pull_der(block))
    return Certificate(tuple(chain))


def push_certificate(message: Certificate) -> bytes:
    """The body of a Certificate message of SSLv3 to TLS 1.2."""
    return pack_vector(3, b"".join([pack_vector(3, der) for der in message.chain]))


class Certificate13(Struct, frozen=True):
    """TLS 1.3: each entry is a certificate in DER and its extensions."""

    request_context: bytes
    entries: tuple[tuple[bytes, tuple[Extension, ...]], ...]


def pull_certificate_13(body: bytes) -> Certificate13:
    """From the body of a Certificate message of TLS 1.3."""
    entries = []
    with Reader(body) as reader:
        request_context = reader.pull_vector(1, "certificate_request_context")
        with reader.block(3, "certificate_list") as block:
            while block.remaining:
                entries.append((_pull_der(block), pull_extensions(block)))
    return Certificate13(request_context, tuple(entries))


def push_certificate_13(message: Certificate13) -> bytes:
    """The body of a Certificate message of TLS 1.3."""
    entries = [pack_vector(3, der) + push_extensions(extensions) for der, extensions in message.entries]
    return pack_vector(1, message.request_context) + pack_vector(3, b"".join(entries))


class CompressedCertificate(Struct, frozen=True):
    """A Certificate message of TLS 1.3 made smaller (RFC 8879 section 4); the length is that of its body in
    bytes.
    """

    algorithm: int
    uncompressed_length: int
    compressed: bytes


def pull_compressed_certificate(body: bytes) -> CompressedCertificate:
    """From the body of a CompressedCertificate message."""
    with Reader(body) as reader:
        algorithm = reader.pull_uint(2, "algorithm")
        length = reader.pull_uint(3, "uncompressed_length")
        return CompressedCertificate(
            algorithm, length, reader.pull_vector(3, "compressed_certificate_message")
        )


def push_compressed_certificate(message: CompressedCertificate) -> bytes:
    """The body of a CompressedCertificate message."""
    head = pack_uint(2, message.algorithm) + pack_uint(3, message.uncompressed_length)
    return head + pack_vector(3, message.compressed)


def _pull_der(reader: Reader) -> bytes:
    start = reader.offset
    der = reader.pull_vector(3, "certificate")
    if not der:
        raise DecodeError("certificate: empty", start, "certificate-entry-empty")
    return der


class CertificateRequest(Struct, frozen=True):
    """Up to TLS 1.2. `certificate_types` is one byte a type; the algorithms are None before TLS 1.2.

    `certificate_authorities` are distinguished names in DER.
    """

    certificate_types: bytes
    supported_signature_algorithms: tuple[int, ...] | None
    certificate_authorities: tuple[bytes, ...] = ()


def pull_certificate_request(body: bytes, version: int) -> CertificateRequest:
    """From the body of a CertificateRequest of the negotiated `version`, SSLv3 to TLS 1.2."""
    authorities = []
    with Reader(body) as reader:
        certificate_types = reader.pull_vector(1, "certificate_types")
        algorithms = (
            reader.pull_uint_vector(2, 2, "supported_signature_algorithms")
            if version >= ProtocolVersion.TLS_1_2
            else None
        )
        with reader.block(2, "certificate_authorities") as block:
            while block.remaining:
                authorities.append(block.pull_vector(2, "distinguished name"))
    return CertificateRequest(certificate_types, algorithms, tuple(authorities))


def push_certificate_request(message: CertificateRequest) -> bytes:
    """The body of a CertificateRequest of SSLv3 to TLS 1.2."""
    writer = Writer()
    writer.push_vector(1, message.certificate_types)
    if message.supported_signature_algorithms is not None:
        writer.push_vector(2, pack_uints(2, message.supported_signature_algorithms))
    with writer.block(2):
        for name in message.certificate_authorities:
            writer.push_vector(2, name)
    return writer.data()


class CertificateRequest13(Struct, frozen=True):
    """TLS 1.3: everything asked for is in extensions."""

    request_context: bytes
    extensions: tuple[Extension, ...]


def pull_certificate_request_13(body: bytes) -> CertificateRequest13:
    """From the body of a CertificateRequest of TLS 1.3."""
    with Reader(body) as reader:
        return CertificateRequest13(
            reader.pull_vector(1, "certificate_request_context"), pull_extensions(reader)
        )


def push_certificate_request_13(message: CertificateRequest13) -> bytes:
    """The body of a CertificateRequest of TLS 1.3."""
    return pack_vector(1, message.request_context) + push_extensions(message.extensions)


def pull_certificate_verify(body: bytes, version: int) -> DigitallySigned:
    """From the body of a CertificateVerify; the signature scheme is there from TLS 1.2 on."""
    with Reader(body) as reader:
        return pull_digitally_signed(reader, version)


def push_certificate_verify(signature: DigitallySigned) -> bytes:
    """The body of a CertificateVerify."""
    return push_digitally_signed(signature)


def pull_ocsp_response(body: bytes) -> bytes:
    """The OCSP answer of a CertificateStatus, which in TLS 1.3 is an extension of a certificate (RFC 6066
    section 8, RFC 8446 section 4.4.2.1). DecodeError for another type and for an empty answer.
    """
    with Reader(body) as reader:
        status_type = reader.pull_uint(1, "status_type")
        response = reader.pull_vector(3, "response")
    if status_type != OCSP or not response:
        raise DecodeError(f"CertificateStatus: type {status_type}, {len(response)} bytes")
    return response


def push_ocsp_response(response: bytes) -> bytes:
    """The body of a CertificateStatus."""
    return pack_uint(1, OCSP) + pack_vector(3, response)


class NewSessionTicket(Struct, frozen=True):
    """RFC 5077 section 3.3; the hint is in seconds."""

    ticket_lifetime_hint: int
    ticket: bytes


def pull_new_session_ticket(body: bytes) -> NewSessionTicket:
    """From the body of a NewSessionTicket up to TLS 1.2."""
    with Reader(body) as reader:
        return NewSessionTicket(reader.pull_uint(4, "ticket_lifetime_hint"), reader.pull_vector(2, "ticket"))


def push_new_session_ticket(message: NewSessionTicket) -> bytes:
    """The body of a NewSessionTicket up to TLS 1.2."""
    return pack_uint(4, message.ticket_lifetime_hint) + pack_vector(2, message.ticket)


class NewSessionTicket13(Struct, frozen=True):
    """RFC 8446 section 4.6.1; the lifetime is in seconds."""

    ticket_lifetime: int
    ticket_age_add: int
    ticket_nonce: bytes
    ticket: bytes
    extensions: tuple[Extension, ...] = ()


def pull_new_session_ticket_13(body: bytes) -> NewSessionTicket13:
    """From the body of a NewSessionTicket of TLS 1.3."""
    with Reader(body) as reader:
        return NewSessionTicket13(
            reader.pull_uint(4, "ticket_lifetime"),
            reader.pull_uint(4, "ticket_age_add"),
            reader.pull_vector(1, "ticket_nonce"),
            _pull_ticket(reader),
            pull_extensions(reader),
        )


def push_new_session_ticket_13(message: NewSessionTicket13) -> bytes:
    """The body of a NewSessionTicket of TLS 1.3."""
    return b"".join(
        (
            pack_uint(4, message.ticket_lifetime),
            pack_uint(4, message.ticket_age_add),
            pack_vector(1, message.ticket_nonce),
            pack_vector(2, message.ticket),
            push_extensions(message.extensions),
        )
    )


def _pull_ticket(reader: Reader) -> bytes:
    start = reader.offset
    ticket = reader.pull_vector(2, "ticket")
    if not ticket:
        raise DecodeError("ticket: empty", start, "tls13-ticket-empty")
    return ticket


class KeyUpdate(Struct, frozen=True):
    """RFC 8446 section 4.6.3; 1 asks the peer to update its keys too."""

    request_update: int


def pull_key_update(body: bytes) -> KeyUpdate:
    """From the body of a KeyUpdate."""
    with Reader(body) as reader:
        return KeyUpdate(reader.pull_uint(1, "request_update"))


def push_key_update(message: KeyUpdate) -> bytes:
    """The body of a KeyUpdate."""
    return pack_uint(1, message.request_update)


_NEXT_PROTOCOL_BLOCK = 32


def pull_next_protocol(body: bytes) -> bytes:
    """The protocol from the body of a NextProtocol (draft-agl-tls-nextprotoneg-04 section 3)."""
    with Reader(body) as reader:
        protocol = reader.pull_vector(1, "selected_protocol")
        reader.pull_vector(1, "padding")
        return protocol


def push_next_protocol(protocol: bytes) -> bytes:
    """The body of a NextProtocol, padded so that its length does not tell the protocol."""
    padding = bytes(_NEXT_PROTOCOL_BLOCK - (len(protocol) + 2) % _NEXT_PROTOCOL_BLOCK)
    return pack_vector(1, protocol) + pack_vector(1, padding)


class Alert(Struct, frozen=True):
    """RFC 5246 section 7.2: level 1 is warning, 2 fatal."""

    level: int
    description: int


def pull_alert(fragment: bytes) -> Alert:
    """From the plaintext of an alert record, which holds one alert (RFC 8446 section 5.1)."""
    with Reader(fragment) as reader:
        return Alert(reader.pull_uint(1, "level"), reader.pull_uint(1, "description"))


def push_alert(alert: Alert) -> bytes:
    """The plaintext of an alert record."""
    return pack_uint(1, alert.level) + pack_uint(1, alert.description)
