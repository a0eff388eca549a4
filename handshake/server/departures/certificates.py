"""The server's Certificate: its list, its form, and its size at the bounds of known stacks.

Sizes are those of the message's body. They are reached with certificates behind the leaf that nobody asked
for, which RFC 8446 section 4.4.2 has clients put up with; each is a real one, signed with the server's key.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    CertificateBuilder,
    ObjectIdentifier,
    UnrecognizedExtension,
    load_der_x509_certificate,
)
from msgspec.structs import replace

from handshake.crypto.credentials import Credential
from handshake.server.departures.departure import (
    ALL_VERSIONS,
    TLS_1_3,
    UP_TO_TLS_1_2,
    Departure,
    Situation,
    must_refuse,
    silent,
)
from handshake.server.departures.rewriting import (
    GREASE,
    UNKNOWN_TYPE,
    Rewrite,
    in_certificate_entry,
    one_byte_less,
    one_byte_more,
    with_extension,
)
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.messages import (
    Certificate,
    Certificate13,
    pull_certificate,
    pull_certificate_13,
    push_certificate,
    push_certificate_13,
)
from handshake.wire.registry import AlertDescription, ExtensionType, HandshakeType, ProtocolVersion

Chain = tuple[bytes, ...]

BOUNDS = {
    16_384: "as much as a record holds, and the bound of BoringSSL's certificate messages of old",
    32_768: "JDK 11 to 25 (jdk.tls.maxHandshakeMessageSize)",
    65_536: "Go's bound of a handshake message",
    102_400: "OpenSSL (SSL_MAX_CERT_LIST_DEFAULT)",
    131_072: "GnuTLS (MAX_HANDSHAKE_PACKET_SIZE) and NSS",
}
"""Sizes at which stacks begin to refuse, by their documents and sources; measuring them is what these
departures are for."""

_TRIES = 6
_PRIVATE_ARC = ObjectIdentifier("1.3.6.1.4.1.55555.1")
"""For an extension that says nothing and is only there for its size."""


def _chain(edit: Callable[[Situation, Chain], Chain]) -> Rewrite:
    """Rewrite the list of certificates, in the form of the version."""

    def rewrite(situation: Situation, message: HandshakeMessage) -> tuple[HandshakeMessage, ...]:
        if message.handshake_type != HandshakeType.CERTIFICATE:
            return (message,)
        if situation.version >= ProtocolVersion.TLS_1_3:
            entries = pull_certificate_13(message.body).entries
            chain = edit(situation, tuple(der for der, _ in entries))
            body = push_certificate_13(Certificate13(b"", tuple((der, ()) for der in chain)))
        else:
            chain = edit(situation, pull_certificate(message.body).chain)
            body = push_certificate(Certificate(chain))
        return (replace(message, body=body),)

    return rewrite


def _other_kind(situation: Situation, chain: Chain) -> Chain:
    """A chain of another of the server's kinds; the same where it has one kind alone."""
    others = (each.chain for each in situation.configuration.credentials.values() if each.chain != chain)
    return next(others, chain)


def _of_size(size: int) -> Callable[[Situation, Chain], Chain]:
    """Put certificates behind the chain until the body of the message has `size` bytes."""

    def edit(situation: Situation, chain: Chain) -> Chain:
        is_13 = situation.version >= ProtocolVersion.TLS_1_3
        header, per_entry = (4, 5) if is_13 else (3, 3)
        credentials = situation.configuration.credentials
        credential = credentials.get("rsa") or next(iter(credentials.values()))
        left = size - header - sum(len(der) + per_entry for der in chain)
        return (*chain, *_certificates_of_size(credential, left, per_entry))

    return edit


@lru_cache(maxsize=64)
def _certificates_of_size(credential: Credential, size: int, per_entry: int) -> Chain:
    """Certificates that take exactly that many bytes with what stands around each; `credential` signs them.

    Lengths of lengths leave gaps in what one can have, so that it may take a second one.
    """
    copies: list[bytes] = []
    while True:
        wanted = size - per_entry - sum(len(der) + per_entry for der in copies)
        padding = wanted - len(credential.chain[0])
        for _ in range(_TRIES):
            der = _padded_certificate(credential, padding)
            if len(der) == wanted or len(copies) == _TRIES:
                return (*copies, der)
            padding += wanted - len(der)
        copies.append(credential.chain[0])


def _padded_certificate(credential: Credential, padding: int) -> bytes:
    leaf = load_der_x509_certificate(credential.chain[0])
    builder = CertificateBuilder(
        issuer_name=leaf.issuer,
        subject_name=leaf.subject,
        public_key=leaf.public_key(),
        serial_number=leaf.serial_number + 1,
        not_valid_before=leaf.not_valid_before_utc,
        not_valid_after=leaf.not_valid_after_utc,
    ).add_extension(UnrecognizedExtension(_PRIVATE_ARC, bytes(padding)), critical=False)
    return builder.sign(credential.private_key, hashes.SHA256()).public_bytes(Encoding.DER)


def _sizes() -> Iterator[Departure]:
    for bound in BOUNDS:
        for size in (bound, bound + 1):
            yield Departure(
                f"certificate-of-{size}-bytes",
                f"sends a Certificate message whose body has {size:,} bytes",
                ALL_VERSIONS,
                silent("RFC 5246 section 7.4.2, RFC 8446 section 4.4.2"),
                rewrites=_chain(_of_size(size)),
            )


_DECODE = must_refuse("RFC 5246 section 7.2.2", AlertDescription.DECODE_ERROR)

DEPARTURES = (
    Departure(
        "certificate-list-empty",
        "sends no certificate in its Certificate message",
        UP_TO_TLS_1_2,
        silent("RFC 5246 section 7.4.2"),
        rewrites=_chain(lambda _, chain: ()),
    ),
    Departure(
        "certificate-list-empty-in-tls13",
        "sends no certificate in its Certificate message",
        TLS_1_3,
        must_refuse("RFC 8446 section 4.4.2.4", AlertDescription.DECODE_ERROR),
        rewrites=_chain(lambda _, chain: ()),
    ),
    Departure(
        "certificate-of-another-kind",
        "sends a certificate of another kind than the one it signs with",
        ALL_VERSIONS,
        must_refuse("RFC 5246 section 7.4.2, RFC 8446 section 4.4.2.2"),
        rewrites=_chain(_other_kind),
    ),
    Departure(
        "certificate-list-leaf-last",
        "sends its certificate behind one of another key",
        ALL_VERSIONS,
        silent("RFC 5246 section 7.4.2, RFC 8446 section 4.4.2"),
        rewrites=_chain(lambda situation, chain: (*_other_kind(situation, chain), *chain)),
    ),
    Departure(
        "certificate-list-leaf-twice",
        "sends its certificate twice",
        ALL_VERSIONS,
        silent("RFC 5246 section 7.4.2, RFC 8446 section 4.4.2"),
        rewrites=_chain(lambda _, chain: (*chain, *chain)),
    ),
    Departure(
        "certificate-list-with-a-stranger",
        "sends a certificate behind its own that has nothing to do with it",
        ALL_VERSIONS,
        silent("RFC 5246 section 7.4.2, RFC 8446 section 4.4.2"),
        rewrites=_chain(lambda situation, chain: (*chain, *_other_kind(situation, chain))),
    ),
    Departure(
        "certificate-list-of-30",
        "sends its certificate thirty times",
        ALL_VERSIONS,
        silent("RFC 5246 section 7.4.2, RFC 8446 section 4.4.2"),
        rewrites=_chain(lambda _, chain: chain * 30),
    ),
    Departure(
        "certificate-entry-empty",
        "sends an entry without a certificate behind its own",
        ALL_VERSIONS,
        _DECODE,
        rewrites=_chain(lambda _, chain: (*chain, b"")),
    ),
    Departure(
        "certificate-trailing-byte",
        "puts a byte behind the list of certificates",
        ALL_VERSIONS,
        _DECODE,
        rewrites=one_byte_more(HandshakeType.CERTIFICATE),
    ),
    Departure(
        "certificate-cut-off",
        "leaves out the last byte of the Certificate message",
        ALL_VERSIONS,
        _DECODE,
        rewrites=one_byte_less(HandshakeType.CERTIFICATE),
    ),
    Departure(
        "certificate-with-request-context",
        "sends a certificate_request_context in the server's Certificate",
        TLS_1_3,
        silent("RFC 8446 section 4.4.2"),
        rewrites=lambda _, message: (
            (replace(message, body=b"\x01\x00" + message.body[1:]),)
            if message.handshake_type == HandshakeType.CERTIFICATE
            else (message,)
        ),
    ),
    Departure(
        "certificate-entry-with-unknown-extension",
        "sends an extension with its certificate that has no registration",
        TLS_1_3,
        must_refuse("RFC 8446 section 4.2", AlertDescription.UNSUPPORTED_EXTENSION),
        rewrites=in_certificate_entry(with_extension(UNKNOWN_TYPE)),
    ),
    Departure(
        "certificate-entry-with-grease",
        "sends an extension of a GREASE value with its certificate",
        TLS_1_3,
        must_refuse("RFC 8701 section 3.1"),
        rewrites=in_certificate_entry(with_extension(GREASE)),
    ),
    Departure(
        "certificate-entry-with-timestamp-unasked",
        "sends signed_certificate_timestamp with its certificate, which was not asked for",
        TLS_1_3,
        must_refuse("RFC 8446 section 4.2", AlertDescription.UNSUPPORTED_EXTENSION),
        hello="not extension:signed_certificate_timestamp",
        rewrites=in_certificate_entry(
            with_extension(ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP, b"\x00\x00")
        ),
    ),
    Departure(
        "certificate-entry-with-supported-groups",
        "sends supported_groups with its certificate",
        TLS_1_3,
        must_refuse("RFC 8446 section 4.2", AlertDescription.ILLEGAL_PARAMETER),
        hello="extension:supported_groups",
        rewrites=in_certificate_entry(with_extension(ExtensionType.SUPPORTED_GROUPS, b"\x00\x02\x00\x1d")),
    ),
    *_sizes(),
)
